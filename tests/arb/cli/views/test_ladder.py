"""The ladder of one book, and of two keepers of the same one."""

from __future__ import annotations

import io

from rich.console import Console

from arb.cli.views.ladder import Ladder
from arb.clock import ManualClock
from arb.domain import BookState
from arb.status import BookShot
from tests.arb.cli.fakes import shot


def drawn(*shots: BookShot) -> str:
    ladder = Ladder(ManualClock(17_000_000))
    for one in shots:
        ladder.book(one)
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(ladder.picture(console))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_levels_state_sequence_and_age() -> None:
    text = drawn(shot())
    assert "mexc BTC/USDT (native)" in text
    assert "LIVE  trust chained  seq 42  age 12 ms" in text
    rows = [[cell.strip() for cell in line.rstrip().split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert rows == [["0.25", "100.5", "101", "0.0000001"], ["1000", "100", "", ""]]


def test_only_the_newest_shot_counts() -> None:
    text = drawn(shot(), shot(seq=43, state=BookState.GAP, bids=(), asks=()))
    assert "GAP  trust chained  seq 43" in text
    assert "100.5" not in text


def test_two_keepers_stand_side_by_side_with_their_differences() -> None:
    text = drawn(shot(), shot(path="ccxt", recv_ns=6_000_000, bids=((100.5, 0.25), (99.0, 1.0))))
    assert "(native)" in text.splitlines()[0]
    assert "(ccxt)" in text.splitlines()[0]
    assert "100 *" in text
    assert "99 *" in text
    assert "100.5 *" not in text
    assert "different: 1 bid and 0 ask levels (*); 1 ms apart" in text


def test_equal_books_are_told_equal() -> None:
    assert "equal; 0 ms apart" in drawn(shot(), shot(path="ccxt"))


def test_a_keeper_without_a_book_is_told() -> None:
    assert "one of the two has no book" in drawn(shot(), shot(path="ccxt", bids=(), asks=()))


def test_before_the_first_book_it_waits() -> None:
    assert "waiting for the first book" in drawn()
