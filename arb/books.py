"""All books of a run: routes what the venues say to the right one, remembers which changed, asks for resyncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from arb.cursor import Cursor
from arb.domain import (
    BookChange,
    BookDelta,
    BookKey,
    BookSnapshot,
    BookState,
    Disconnected,
    Event,
    Quote,
    Seed,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Unsubscribed,
    VenueId,
)
from arb.interfaces import Feed
from arb.pace import Paces
from arb.shelf import Shelf
from arb.sync import BookSync, Sync

Resync = Callable[[Symbol], None]
Turn = Callable[[BookSync, int], None]  # a book has become LIVE, or has just stopped being it; when

_LIVE, _ADVANCED, _RESYNC = BookState.LIVE, Sync.LIVE, Sync.RESYNC  # a global is looked up sooner than a member


class Books:
    """on_change: told of every frame that advanced a book, made it LIVE or ended its life; None: nobody looks.

    dirty: the books that changed since they were last taken, each marked and once, in the order of their first change;
    the same list for as long as these books live.
    """

    def __init__(self, on_change: Callable[[BookChange], None] | None = None) -> None:
        self._books: dict[BookKey, BookSync] = {}
        self._resync: dict[VenueId, Resync] = {}
        self._shelves: dict[VenueId, Shelf] = {}
        self.dirty: list[Cursor] = []
        self._on_change = on_change
        self._paces = Paces()
        self._on_turn: Turn | None = None

    def listen(self, on_turn: Turn) -> None:
        """Be told of turns, not of frames."""
        self._on_turn = on_turn

    def add_venue(self, venue: VenueId, resync: Resync) -> None:
        """resync: how to ask this venue for a book afresh; must neither wait nor raise."""
        self._resync[venue] = resync

    def add(self, venue: VenueId, symbol: Symbol, feed: Feed, now_ns: int) -> BookSync:
        book = self._books[venue, symbol] = BookSync(venue, symbol, feed, now_ns)
        self.shelf(venue).put(symbol, book)
        return book

    def shelf(self, venue: VenueId) -> Shelf:
        """Where a reader finds this venue's books; the same object each time."""
        shelf = self._shelves.get(venue)
        if shelf is None:
            told = None if self._on_change is None else self._changed
            shelf = self._shelves[venue] = Shelf(self.dirty, told, self._crossed)  # type: ignore[arg-type]  # as below
        return shelf

    def close(self) -> None:
        """Nothing reaches a book past its events any more."""
        for shelf in self._shelves.values():
            shelf.clear()

    def get(self, key: BookKey) -> BookSync | None:
        return self._books.get(key)

    def __iter__(self) -> Iterator[BookSync]:
        return iter(self._books.values())

    def __len__(self) -> int:
        return len(self._books)

    def on_event(self, event: Event) -> None:
        """Feed one event. Events of symbols nobody asked for are dropped."""
        kind = type(event)
        if kind is BookDelta or kind is Quote or kind is BookSnapshot:
            self._on_stream(event, kind)  # type: ignore[arg-type]  # the three kinds just tested
        elif kind is Subscribed:
            self._on_subscribed(event)  # type: ignore[arg-type]
        elif kind is Disconnected or kind is SubscriptionRefused or kind is Unsubscribed:
            self._on_lost(event)  # type: ignore[arg-type]

    def take_dirty(self) -> list[Cursor]:
        """What is dirty, and then no longer is."""
        taken = self.dirty[:]
        for book in taken:
            book.dirty = False
        self.dirty.clear()
        return taken

    def sweep(self, now_ns: int, max_age_ns: int) -> None:
        """Turn silent books STALE, busy ones by their own pace; each is dirty then, to be decided on again."""
        self._paces.measure(self._books, now_ns, max_age_ns)
        limits = self._paces.limits
        for key, book in self._books.items():
            if book.expire(now_ns, min(max_age_ns, limits.get(key, max_age_ns))):
                self._mark(book)
                self._turned(book, now_ns)

    def confirm(self, key: BookKey, seq: int, now_ns: int) -> None:
        """An audit found this book current as of `seq`."""
        book = self._books[key]
        if book.confirm(seq, now_ns):
            self._mark(book)
            self._turned(book, now_ns)

    def distrust(self, key: BookKey, now_ns: int) -> None:
        """An audit condemned this book: throw it away and ask afresh."""
        book = self._books[key]
        was_live = book.state is BookState.LIVE
        book.distrust(now_ns)
        self._lost(book, was_live, now_ns)
        self._resync[book.venue](book.symbol)

    def take_over(self, venue: VenueId, others: Books, resync: Resync, now_ns: int) -> None:
        """All books of a venue go on as those of `others`, which another stream keeps; each is dirty then."""
        self._resync[venue] = resync
        for key, book in self._books.items():
            other = others.get(key)
            if key[0] == venue and other is not None:
                was_live = book.state is _LIVE
                book.take_over(other, now_ns)
                self._mark(book)
                if was_live is (book.state is _LIVE):
                    self._changed(book, now_ns)
                else:
                    self._turned(book, now_ns)

    def _on_stream(self, event: BookDelta | Quote | BookSnapshot, kind: type[Event]) -> None:
        key = (event.venue, event.symbol)
        book = self._books.get(key)
        if book is None:
            return
        was_live = book.state is _LIVE
        if kind is BookDelta:
            result = book.on_delta(event)  # type: ignore[arg-type]
        elif kind is Quote:
            result = book.on_quote(event)  # type: ignore[arg-type]
        else:
            result = book.on_snapshot(event)  # type: ignore[arg-type]
        if result is _ADVANCED:
            if not book.dirty:
                book.dirty = True
                self.dirty.append(book)
            if not was_live:
                self._turned(book, event.recv_ns)
            elif self._on_change is not None:
                self._changed(book, event.recv_ns)
        elif result is _RESYNC:
            self._lost(book, was_live, event.recv_ns)
            self._resync[book.venue](book.symbol)

    def _on_subscribed(self, event: Subscribed) -> None:
        for symbol in event.symbols:
            book = self._books.get((event.venue, symbol))
            if book is None:
                continue
            book.on_subscribed(event.conn, event.recv_ns)
            if book.feed.rule.seed is Seed.REST and book.state is not BookState.LIVE:
                self._resync[event.venue](symbol)

    def _on_lost(self, event: Disconnected | SubscriptionRefused | Unsubscribed) -> None:
        for symbol in event.symbols:
            book = self._books.get((event.venue, symbol))
            if book is None:
                continue
            was_live = book.state is BookState.LIVE
            book.on_lost(event.conn, event.recv_ns)
            self._lost(book, was_live and book.state is BookState.DOWN, event.recv_ns)

    def _crossed(self, crossed: Cursor, now_ns: int) -> None:
        book: BookSync = crossed  # type: ignore[assignment]  # all of them were made here
        was_live = book.state is _LIVE
        book.lose_crossed(now_ns)
        self._lost(book, was_live, now_ns)
        self._resync[book.venue](book.symbol)

    def _lost(self, book: BookSync, was_live: bool, now_ns: int) -> None:
        """What was LIVE a moment ago is news; what was not is none."""
        if was_live:
            self._mark(book)
            self._turned(book, now_ns)

    def _turned(self, book: BookSync, now_ns: int) -> None:
        if self._on_turn is not None:
            self._on_turn(book, now_ns)
        self._changed(book, now_ns)

    def _mark(self, book: BookSync) -> None:
        if not book.dirty:
            book.dirty = True
            self.dirty.append(book)

    def _changed(self, book: BookSync, now_ns: int) -> None:
        if self._on_change is not None:
            self._on_change(BookChange(book.venue, book.symbol, book.state, book.seq, book.exch_ns, now_ns))
