"""All books of a run: routes what the venues say to the right one, remembers which changed, asks for resyncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
from arb.sync import BookSync, Sync

Resync = Callable[[Symbol], None]

_LIVE, _ADVANCED, _RESYNC = BookState.LIVE, Sync.LIVE, Sync.RESYNC  # a global is looked up sooner than a member


class Books:
    """on_change: told of every frame that advanced a book, made it LIVE or ended its life; None: nobody looks."""

    def __init__(self, on_change: Callable[[BookChange], None] | None = None) -> None:
        self._books: dict[BookKey, BookSync] = {}
        self._resync: dict[VenueId, Resync] = {}
        self._dirty: dict[BookKey, None] = {}
        self._on_change = on_change

    def add_venue(self, venue: VenueId, resync: Resync) -> None:
        """resync: how to ask this venue for a book afresh; must neither wait nor raise."""
        self._resync[venue] = resync

    def add(self, venue: VenueId, symbol: Symbol, feed: Feed, now_ns: int) -> BookSync:
        book = self._books[venue, symbol] = BookSync(venue, symbol, feed, now_ns)
        return book

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

    def take_dirty(self) -> list[BookKey]:
        """Books that changed since the last call, each once, in the order of their first change."""
        dirty = list(self._dirty)
        self._dirty.clear()
        return dirty

    def sweep(self, now_ns: int, max_age_ns: int) -> None:
        """Turn silent books STALE; each is dirty then, so that what rests on it is decided again."""
        for key, book in self._books.items():
            if book.expire(now_ns, max_age_ns):
                self._dirty[key] = None
                self._changed(book, now_ns)

    def confirm(self, key: BookKey, seq: int, now_ns: int) -> None:
        """An audit found this book current as of `seq`."""
        book = self._books[key]
        if book.confirm(seq, now_ns):
            self._dirty[key] = None
            self._changed(book, now_ns)

    def distrust(self, key: BookKey, now_ns: int) -> None:
        """An audit condemned this book: throw it away and ask afresh."""
        book = self._books[key]
        was_live = book.state is BookState.LIVE
        book.distrust(now_ns)
        self._lost(key, book, was_live, now_ns)
        self._resync[book.venue](book.symbol)

    def take_over(self, venue: VenueId, others: Books, resync: Resync, now_ns: int) -> None:
        """All books of a venue go on as those of `others`, which another stream keeps; each is dirty then."""
        self._resync[venue] = resync
        for key, book in self._books.items():
            other = others.get(key)
            if key[0] == venue and other is not None:
                book.take_over(other, now_ns)
                self._dirty[key] = None
                self._changed(book, now_ns)

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
            self._dirty[key] = None
            if self._on_change is not None:
                self._changed(book, event.recv_ns)
        elif result is _RESYNC:
            self._lost(key, book, was_live, event.recv_ns)
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
            key = (event.venue, symbol)
            book = self._books.get(key)
            if book is None:
                continue
            was_live = book.state is BookState.LIVE
            book.on_lost(event.conn, event.recv_ns)
            self._lost(key, book, was_live and book.state is BookState.DOWN, event.recv_ns)

    def _lost(self, key: BookKey, book: BookSync, was_live: bool, now_ns: int) -> None:
        """What was LIVE a moment ago is news; what was not is none."""
        if was_live:
            self._dirty[key] = None
            self._changed(book, now_ns)

    def _changed(self, book: BookSync, now_ns: int) -> None:
        if self._on_change is not None:
            self._on_change(BookChange(book.venue, book.symbol, book.state, book.seq, book.exch_ns, now_ns))
