from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.sim.market import Listing, SimBook, padded, text


@pytest.fixture
def book() -> SimBook:
    return SimBook(Listing("here", "A/B", "A", "B", 2, 3, "", "1", "1000", 0.001, 0.0, 0.001), 100)


def test_a_bid_and_an_ask_sort_best_first(book: SimBook) -> None:
    for key in (105, 101, -99, -95, 103, -97):
        book.put(key, 5)
    assert (book.asks, book.bids) == ([101, 103, 105], [-99, -97, -95])
    assert (book.best_bid, book.best_ask) == (99, 101)


def test_each_change_counts_one_and_no_change_counts_none(book: SimBook) -> None:
    book.put(101, 5)
    book.put(101, 5)
    book.put(101, 6)
    book.put(102, 0)
    assert book.version == 102


def test_the_touch_keeps_the_version_of_its_own_last_change(book: SimBook) -> None:
    book.put(101, 5)
    book.put(103, 5)
    assert (book.version, book.touch_version) == (102, 101)
    book.put(101, 0)
    assert book.touch_version == 103


def test_a_tap_sees_keys_once_until_emptied(book: SimBook) -> None:
    tap = book.tap()
    book.put(101, 5)
    book.put(-99, 1)
    book.put(101, 6)
    assert list(tap) == [101, -99]
    book.untap(tap)
    book.put(105, 1)
    assert 105 not in tap


def test_a_trade_takes_no_more_than_the_best_level(book: SimBook) -> None:
    book.put(101, 5)
    book.put(102, 5)
    book.trade(9, buy=True)
    assert (book.asks, book.last, book.trades[-1].lots) == ([102], 101, 5)


def test_the_past_can_be_seen_again() -> None:
    rng = Random(3)
    book = SimBook(Listing("here", "A/B", "A", "B", 2, 3, "", "1", "1000", 0.001, 0.0, 0.001), 7)
    book.remember()
    seen = {}
    for at in range(400):
        book.now_ns = at
        for _ in range(rng.randrange(4)):
            book.put(rng.choice((-1, 1)) * rng.randrange(1, 30), rng.randrange(4))
        seen[at] = (book.version, dict(book.lots))
    for at, (version, lots) in seen.items():
        old = book.as_of(at)
        assert (old.version, old.lots) == (version, lots)
        assert old.asks == sorted(k for k in lots if k > 0)


@given(st.integers(0, 10**15), st.integers(0, 12))
def test_text_is_the_exact_number_without_padding(units: int, decimals: int) -> None:
    made = text(units, decimals)
    assert Decimal(made) == Decimal(units).scaleb(-decimals)
    assert "." not in made or not made.endswith(("0", "."))


@given(st.integers(0, 10**15), st.integers(0, 12), st.integers(0, 12))
def test_padding_changes_the_text_and_not_the_number(units: int, decimals: int, to: int) -> None:
    made = padded(units, decimals, to)
    assert Decimal(made) == Decimal(units).scaleb(-decimals)
    assert len(made.partition(".")[2]) == max(decimals, to)
