"""A busy book is missed soon, a quiet one only when the user's patience ends."""

from __future__ import annotations

import pytest

from arb.books import Books
from arb.domain import BookSnapshot, BookState, Depth, Seed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule

MS = 1_000_000
VENUE, SYMBOL = VenueId("mexc"), Symbol("BTC/USDT")
MAX_AGE = 3000 * MS
FEED = Feed("limit.depth@20", Depth.TWENTY, 20, 0, SyncRule(seed=Seed.NONE), Trust.WHOLE)


class Stage:
    """One book that is told and looked at by hand."""

    def __init__(self) -> None:
        self.books = Books()
        self.books.add_venue(VENUE, lambda _symbol: None)
        self.book = self.books.add(VENUE, SYMBOL, FEED, 0)
        self.now_ms = self.seq = 0

    def talk(self, for_ms: int, every_ms: int) -> None:
        """Messages at this pace, and looks every 50 ms."""
        for _ in range(for_ms // 10):
            self.now_ms += 10
            if self.now_ms % every_ms == 0:
                self.seq += 1
                self.books.on_event(
                    BookSnapshot(VENUE, SYMBOL, ((1.0, 1.0),), ((2.0, 1.0),), self.seq, 0, self.now_ms * MS, 1)
                )
            if self.now_ms % 50 == 0:
                self.books.sweep(self.now_ms * MS, MAX_AGE)

    def silence_ms(self) -> int:
        """How long it must be silent until it is STALE."""
        since = self.book.recv_ns // MS
        while self.book.state is BookState.LIVE:
            self.now_ms += 50
            self.books.sweep(self.now_ms * MS, MAX_AGE)
        return self.now_ms - since


@pytest.mark.parametrize(
    ("paces", "at_most_ms", "at_least_ms"),
    [
        pytest.param([(20_000, 20)], 600, 500, id="fifty a second: half a second, networks hiccup"),
        pytest.param([(20_000, 100)], 900, 800, id="ten a second: eight of its intervals"),
        pytest.param([(20_000, 1000)], 3100, 3000, id="one a second: nobody can tell before the end of patience"),
        pytest.param([(10_000, 100), (5_000, 10)], 900, 800, id="a burst does not make the calm after it silence"),
        pytest.param([(4_000, 20)], 3100, 3000, id="its pace is not known yet"),
        pytest.param([(20_000, 20), (12_000, 1000)], 3100, 3000, id="it was busy once"),
    ],
)
def test_silence_is_judged_by_the_books_own_pace(
    paces: list[tuple[int, int]], at_most_ms: int, at_least_ms: int
) -> None:
    stage = Stage()
    for for_ms, every_ms in paces:
        stage.talk(for_ms, every_ms)
    assert stage.book.state is BookState.LIVE
    assert at_least_ms < stage.silence_ms() <= at_most_ms


def test_the_next_message_ends_it() -> None:
    stage = Stage()
    stage.talk(20_000, 20)
    stage.silence_ms()
    stage.talk(100, 20)
    assert stage.book.state is BookState.LIVE
