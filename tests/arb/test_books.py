"""The hub: who is asked for what, what is dirty, and that one symbol's trouble stays its own."""

from __future__ import annotations

from arb.books import Books
from arb.domain import (
    BookChange,
    BookDelta,
    BookSnapshot,
    BookState,
    Depth,
    Disconnected,
    Seed,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Trust,
    VenueId,
)
from arb.interfaces import Feed, SyncRule

V = VenueId("v")
A, B = Symbol("A/USDT"), Symbol("B/USDT")
FEED = Feed("f", Depth.FULL, 100, 10, SyncRule(Seed.REST), Trust.CHAINED)


def make(feed=FEED):
    asked, changes = [], []
    books = Books(on_change=changes.append)
    books.add_venue(V, asked.append)
    books.add(V, A, feed, 0)
    books.add(V, B, feed, 0)
    return books, asked, changes


def snap(symbol, seq, now=0):
    return BookSnapshot(V, symbol, ((1.0, 1.0),), ((2.0, 1.0),), seq, 0, now)


def delta(symbol, first, now=0, asks=()):
    return BookDelta(V, symbol, ((1.1, 1.0),), asks, first, first, 0, now, 1)


def live(books):
    books.on_event(Subscribed(V, (A, B), 0, 1))
    books.on_event(snap(A, 5))
    books.on_event(snap(B, 5))
    books.take_dirty()


def dirty(books):
    return [book.key for book in books.take_dirty()]


def test_an_accepted_subscription_asks_for_its_seed():
    books, asked, _ = make()
    books.on_event(Subscribed(V, (A,), 0, 1))
    assert asked == [A]


def test_a_feed_that_needs_no_seed_is_asked_for_none():
    books, asked, _ = make(Feed("f", Depth.FIVE, 5, 10, SyncRule(Seed.NONE), Trust.WHOLE))
    books.on_event(Subscribed(V, (A,), 0, 1))
    assert asked == []


def test_a_book_is_dirty_once_however_often_it_changed():
    books, _, _ = make()
    live(books)
    for first in (6, 7, 8):
        books.on_event(delta(B, first))
    books.on_event(delta(A, 6))
    assert dirty(books) == [(V, B), (V, A)]
    assert dirty(books) == []


def test_a_gap_condemns_its_own_symbol_only_and_asks_again():
    books, asked, changes = make()
    live(books)
    asked.clear()
    books.on_event(delta(A, 9, now=7))
    assert [b.state for b in books] == [BookState.GAP, BookState.LIVE]
    assert asked == [A]
    assert dirty(books) == [(V, A)]
    assert changes[-1] == BookChange(V, A, BookState.GAP, 5, 0, 7)


def test_a_lost_connection_is_dirt_at_once_for_what_it_carried():
    books, _, changes = make()
    live(books)
    books.on_event(Disconnected(V, 1, (A,), "reset", 9))
    assert [b.state for b in books] == [BookState.DOWN, BookState.LIVE]
    assert dirty(books) == [(V, A)]
    assert changes[-1].state is BookState.DOWN


def test_a_refused_symbol_is_down_and_the_other_lives():
    books, _, _ = make()
    live(books)
    books.on_event(SubscriptionRefused(V, (B,), "Blocked!", 9, 1))
    assert [b.state for b in books] == [BookState.LIVE, BookState.DOWN]


def test_silence_is_swept_per_book():
    books, _, _ = make()
    live(books)
    books.on_event(delta(B, 6, now=60))
    books.take_dirty()
    books.sweep(110, 100)
    assert [b.state for b in books] == [BookState.STALE, BookState.LIVE]
    assert dirty(books) == [(V, A)]


def test_an_older_answer_is_asked_again():
    books, asked, _ = make()
    books.on_event(Subscribed(V, (A,), 0, 1))
    books.on_event(delta(A, 9))
    books.on_event(snap(A, 5))
    assert asked == [A, A]


def test_what_an_audit_condemns_is_asked_afresh():
    books, asked, changes = make()
    live(books)
    asked.clear()
    books.distrust((V, A), 5)
    assert (asked, changes[-1].state) == ([A], BookState.GAP)


def test_symbols_nobody_asked_for_are_nothing():
    books, asked, changes = make()
    books.on_event(snap(Symbol("C/USDT"), 1))
    books.on_event(Subscribed(V, (Symbol("C/USDT"),), 0, 1))
    assert (dirty(books), asked, changes) == ([], [], [])


def test_a_venue_goes_on_with_the_books_of_another_stream_all_at_once():
    books, asked, changes = make()
    live(books)
    other = Books()
    other.add_venue(V, lambda _symbol: None)
    unchecked = Feed("g", Depth.FULL, 100, 10, SyncRule(Seed.NONE), Trust.UNCHECKED)
    for symbol, seq in ((A, 9), (B, 0)):
        other.add(V, symbol, unchecked, 0)
        if seq:
            other.on_event(BookSnapshot(V, symbol, ((5.0, 1.0),), ((6.0, 1.0),), seq, 0, 70, 1))
    kept = {symbol: books.get((V, symbol)) for symbol in (A, B)}
    changes.clear()
    asked.clear()
    anew: list[Symbol] = []
    books.take_over(V, other, anew.append, 80)
    assert dirty(books) == [(V, A), (V, B)]
    assert {symbol: books.get((V, symbol)) for symbol in (A, B)} == kept, "whoever holds a book holds the new one"
    first, second = kept[A], kept[B]
    assert (first.seq, first.state, first.feed, first.live(80, 100).best_bid) == (9, BookState.LIVE, unchecked, 5.0)
    assert second.state is BookState.SYNCING
    assert [(change.symbol, change.state) for change in changes] == [(A, BookState.LIVE), (B, BookState.SYNCING)]
    books.distrust((V, A), 90)
    assert (anew, asked) == ([A], []), "and it is asked for afresh where it comes from now"


def test_other_venues_books_are_not_touched():
    books, _asked, _changes = make()
    live(books)
    books.take_over(VenueId("w"), books, lambda _symbol: None, 80)
    assert dirty(books) == []
