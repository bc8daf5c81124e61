"""Outages as they are counted: when a book was last right, when it was given up, when it was back."""

from __future__ import annotations

from arb.books import Books
from arb.domain import BookDelta, BookSnapshot, Depth, Disconnected, Seed, Subscribed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule
from arb.status import UptimeRow
from arb.uptime import RECENT, Uptime

V = VenueId("v")
A, B = Symbol("A/USDT"), Symbol("B/USDT")
FEED = Feed("f", Depth.FULL, 100, 10, SyncRule(Seed.REST), Trust.CHAINED)
MS = 1_000_000


class Watched:
    """Two books, both LIVE at 0 unless `started` says otherwise. Times in ms."""

    def __init__(self, *, started: bool = True) -> None:
        self.books = Books()
        self.uptime = Uptime()
        self.books.listen(self.uptime.on_turn)
        self.books.add_venue(V, lambda _symbol: None)
        for symbol in (A, B):
            self.books.add(V, symbol, FEED, 0)
        if started:
            self.connected(0)

    def connected(self, at_ms: float, seq: int = 5) -> None:
        self.books.on_event(Subscribed(V, (A, B), round(at_ms * MS), 1))
        for symbol in (A, B):
            self.seeded(symbol, at_ms, seq)

    def seeded(self, symbol: Symbol, at_ms: float, seq: int) -> None:
        self.books.on_event(BookSnapshot(V, symbol, ((1.0, 1.0),), ((2.0, 1.0),), seq, 0, round(at_ms * MS)))

    def told(self, symbol: Symbol, at_ms: float, seq: int) -> None:
        self.books.on_event(BookDelta(V, symbol, ((1.1, 1.0),), (), seq, seq, 0, round(at_ms * MS), 1))

    def cut(self, at_ms: float) -> None:
        self.books.on_event(Disconnected(V, 1, (A, B), "cut", round(at_ms * MS)))

    def rows(self, at_ms: float) -> dict[Symbol, UptimeRow]:
        return {row.symbol: row for row in self.uptime.rows(self.books, round(at_ms * MS))}

    def venue(self, at_ms: float) -> UptimeRow:
        return self.uptime.venue(V, self.books, round(at_ms * MS))


def test_a_book_that_was_never_lost_has_its_share_and_no_outage() -> None:
    watched = Watched()
    assert watched.rows(100)[A] == UptimeRow(V, A, 1.0)


def test_the_start_is_no_outage_and_counts_against_the_share() -> None:
    watched = Watched(started=False)
    watched.connected(25)
    row = watched.rows(100)[A]
    assert (row.live_share, row.outages, row.recover_p50_ms) == (0.75, 0, None)


def test_a_missing_message_is_noticed_by_the_next_one_and_over_with_the_seed() -> None:
    watched = Watched()
    watched.told(A, 10, 6)
    watched.told(A, 30, 8)  # 7 was lost
    watched.told(A, 40, 9)
    watched.seeded(A, 50, 8)
    rows = watched.rows(100)
    assert rows[A] == UptimeRow(V, A, 0.8, 1, 20.0, 20.0, 20.0, 20.0)
    assert rows[B].outages == 0


def test_silence_is_measured_from_the_last_word() -> None:
    watched = Watched()
    watched.told(A, 10, 6)
    watched.books.sweep(60 * MS, 45 * MS)
    watched.told(A, 90, 7)
    row = watched.rows(100)[A]
    assert (row.detect_worst_ms, row.recover_worst_ms) == (50.0, 30.0)


def test_trouble_on_top_of_trouble_is_one_outage() -> None:
    watched = Watched()
    watched.books.sweep(60 * MS, 45 * MS)  # STALE
    watched.cut(70)
    watched.connected(80, seq=9)
    row = watched.rows(100)[A]
    assert (row.outages, row.recover_worst_ms) == (1, 20.0)


def test_an_outage_that_goes_on_is_told_as_that() -> None:
    watched = Watched()
    watched.cut(40)
    row = watched.rows(100)[A]
    assert (row.outages, row.recover_p50_ms, row.down_ms) == (1, None, 60.0)


def test_a_venue_is_the_sum_of_its_books() -> None:
    watched = Watched()
    watched.told(A, 10, 6)
    watched.cut(20)
    watched.connected(60, seq=20)
    assert watched.venue(100) == UptimeRow(V, Symbol(""), 0.6, 2, 10.0, 20.0, 40.0, 40.0)


def test_the_median_is_of_the_last_ones_and_the_worst_of_all() -> None:
    watched, seq = Watched(), 5
    for number in range(RECENT + 1):
        at_ms, length_ms = 1000.0 * number, 900.0 if number == 0 else 10.0
        watched.cut(at_ms + 1)
        seq += 1
        watched.connected(at_ms + 1 + length_ms, seq)
    row = watched.rows(100_000)[A]
    assert (row.outages, row.recover_p50_ms, row.recover_worst_ms) == (RECENT + 1, 10.0, 900.0)
