"""Snapshot + deltas -> a trusted book, or "resync". The machine is fed and never fetches.

One machine for every venue: what differs is data (`SyncRule`). It takes the same stream from several connections at
once, so that a socket can be replaced without a hole: whichever brings the next update first is applied, the other's
copy is dropped, and a hole on one is no gap while the other still lives.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import dropwhile
from typing import TYPE_CHECKING

from arb import core
from arb.book import Book
from arb.cursor import NOBODY, Cursor, Step
from arb.domain import BookDelta, BookKey, BookSnapshot, BookState, Quote, Reason, Seed, Symbol, VenueId
from arb.errors import BookUnusable
from arb.interfaces import Feed

MANY_LEVELS = 10  # a first delta of so many levels without a deletion is a window, whatever ids it claims
MAX_BEHIND = 2  # one may have been overtaken; of two in a row nobody believes that the newest is the newest
MAX_EARLY = 4096  # deltas kept while a snapshot is on its way; more means that it will never join

_REFUSALS = {
    BookState.SYNCING: Reason.BOOK_SYNCING,
    BookState.STALE: Reason.BOOK_STALE,
    BookState.GAP: Reason.BOOK_GAP,
    BookState.CROSSED: Reason.BOOK_CROSSED,
    BookState.DOWN: Reason.BOOK_DOWN,
}


class Sync(IntEnum):
    """What a message did."""

    IGNORED = 0  # old, doubled, or not for this book
    PENDING = 1  # kept until a snapshot joins it
    LIVE = 2  # the book advanced or became LIVE
    RESYNC = 3  # the book cannot be trusted: ask for it afresh


# To look a member up in its enum costs sixteen times what a global costs, and every frame comes by here.
_LIVE, _STALE = BookState.LIVE, BookState.STALE
_USABLE = Reason.OK
_EVERY_FRAME_WHOLE = Seed.NONE
_ADVANCED = Sync.LIVE
_REFUSED_STEP, _ADVANCED_STEP = Step.REFUSED, Step.ADVANCED
# What goes along when a book goes on as another. The rest is its name, its times and what was counted of it.
_TAKEN_OVER = (
    "_book", "_conn", "_first", "_straddle", "_behind", "seq", "exch_ns", "recv_ns", "top_only", "trust",
    "feed", "_rule", "_early", "_sources", "_heard", "_min_seed",
)  # fmt: skip

if TYPE_CHECKING:
    _Base = Cursor
else:
    _Base = object


_SLOTS = (
    "_early",
    "_heard",
    "_min_seed",
    "_rule",
    "_since_ns",
    "_sources",
    "audits",
    "conflicts",
    "crossed",
    "feed",
    "gaps",
    "key",
    "live_ns",
    "not_live_ns",
    "repeats",
    "resyncs",
    "symbol",
    "venue",
)


class Rules(_Base):
    """One book of one venue with its state, sequence, times and counters, on whichever cursor it is mixed with.

    `recv_ns` is the last moment at which the book was known to be current (our monotonic clock): a message that
    advanced it, a repeated whole frame, or an audit of the same sequence.
    """

    if not TYPE_CHECKING:
        __slots__ = ()  # those of `_SLOTS` have their place beside the cursor's

    def __init__(self, venue: VenueId, symbol: Symbol, feed: Feed, now_ns: int) -> None:
        super().__init__()
        self.venue = venue
        self.symbol = symbol
        self.key: BookKey = (venue, symbol)
        self.feed = feed
        self.top_only = feed.levels == 1
        self.trust = int(feed.trust)
        self.recv_ns = now_ns
        self.repeats = self.gaps = self.resyncs = self.crossed = self.audits = self.conflicts = 0
        self.live_ns = self.not_live_ns = 0
        self._rule = feed.rule
        self._early: list[BookDelta] = []  # no deque: an empty one takes 700 bytes, and every book has one
        self._sources: set[int] = set()
        self._heard: set[int] = set()  # connections that have delivered a delta
        self._min_seed = 0  # a seed older than this cannot join
        self._since_ns = now_ns

    # ------------------------------------------------------------------------------------------- use

    def refusal(self, now_ns: int, max_age_ns: int) -> Reason:
        """Why the book may not be used at `now_ns`; Reason.OK where it may."""
        if self.state is _LIVE:
            return _USABLE if now_ns - self.recv_ns <= max_age_ns else Reason.BOOK_STALE
        return _REFUSALS[self.state]

    def live(self, now_ns: int, max_age_ns: int) -> Book:
        """The levels: the only way to them. Raises BookUnusable unless LIVE and younger than `max_age_ns`."""
        if self.state is _LIVE and now_ns - self.recv_ns <= max_age_ns:
            return self._book
        raise BookUnusable(self.refusal(now_ns, max_age_ns).name, f"{self.venue}:{self.symbol}")

    # ------------------------------------------------------------------------------------------- connections

    def on_subscribed(self, conn: int, now_ns: int) -> None:
        """`conn` carries this symbol from now on."""
        self._sources.add(conn)
        self._heard.discard(conn)
        self._follow()
        if self.state is BookState.DOWN:
            self._enter(BookState.SYNCING, now_ns)

    def on_lost(self, conn: int, now_ns: int) -> Sync:
        """`conn` no longer carries it: DOWN at once when it was the last."""
        self._sources.discard(conn)
        self._heard.discard(conn)
        if self._sources:
            if conn == self._conn:
                self._conn = 0
            self._follow()
            return Sync.IGNORED
        was_live = self.state in (BookState.LIVE, BookState.STALE)
        self._invalidate(BookState.DOWN, now_ns)
        return Sync.RESYNC if was_live else Sync.IGNORED

    # ------------------------------------------------------------------------------------------- stream

    def on_snapshot(self, snap: BookSnapshot) -> Sync:
        """A whole book: pushed by the stream (conn > 0) or answered by REST (conn 0)."""
        step = self.succeed(snap.bids, snap.asks, snap.seq, snap.exch_ns, snap.recv_ns, snap.conn)
        if step is _REFUSED_STEP:
            done = self._take_whole(snap)
            self._follow()
            return done
        if step is _ADVANCED_STEP:
            return _ADVANCED
        return Sync.IGNORED if step is Step.REPEATED else self.lose_crossed(snap.recv_ns)

    def _take_whole(self, snap: BookSnapshot) -> Sync:
        """A whole book that may not be the next one."""
        if snap.conn == 0 and self._rule.seed is Seed.REST:
            return self._on_rest_seed(snap)
        if snap.conn:
            self._sources.add(snap.conn)
        elif not self._sources and self.state is BookState.DOWN:
            return Sync.IGNORED  # an answer that outlived its stream
        held = self.state is _LIVE or self.state is _STALE
        if held and 0 < snap.seq < self.seq:
            if snap.conn != self._conn and self._conn in self._sources:
                return Sync.IGNORED  # the other connection is behind
            if self._rule.seed is not _EVERY_FRAME_WHOLE:
                return self._lose(BookState.GAP, snap.recv_ns)  # frames out of order, or a counter that was restarted
        if self._rule.seed is _EVERY_FRAME_WHOLE and self.state is _LIVE and 0 < snap.seq <= self.seq:
            if snap.seq == self.seq:
                self._repeated(snap.recv_ns)
                return Sync.IGNORED
            self._behind += 1
            if self._behind < MAX_BEHIND:
                return Sync.IGNORED
        self._heard.add(snap.conn)
        return self._begin(snap)

    def on_quote(self, quote: Quote) -> Sync:
        """A best bid and ask: the whole book of a top-of-book feed."""
        if not self.top_only:
            return Sync.IGNORED
        if quote.seq == self.seq and quote.seq and self.state is _LIVE:
            self._repeated(quote.recv_ns)  # most of a 10 ms ticker is repetition
            return Sync.IGNORED
        bids = ((quote.bid, quote.bid_qty),)
        asks = ((quote.ask, quote.ask_qty),)
        return self.on_snapshot(
            BookSnapshot(quote.venue, quote.symbol, bids, asks, quote.seq, quote.exch_ns, quote.recv_ns, quote.conn)
        )

    def on_delta(self, delta: BookDelta) -> Sync:
        """Changed levels. Applied only where the sequence proves that nothing is missing."""
        if self._rule.seed is _EVERY_FRAME_WHOLE:
            return Sync.IGNORED
        step = self.advance(
            delta.bids, delta.asks, delta.first, delta.last, delta.exch_ns, delta.recv_ns, delta.conn
        )  # nearly always it is the next update of the connection that is followed
        if step is _ADVANCED_STEP:
            return _ADVANCED
        if step is not _REFUSED_STEP:
            return self.lose_crossed(delta.recv_ns)
        doubt = self._doubt(delta)
        if doubt is None:
            self._take(delta)
            doubt = self._check(delta.recv_ns)
        self._follow()
        return doubt

    def lose_crossed(self, now_ns: int) -> Sync:
        """Bid at or above ask: a deletion was lost, whatever the sequence says."""
        self.crossed += 1
        return self._lose(BookState.CROSSED, now_ns)

    def _doubt(self, delta: BookDelta) -> Sync | None:
        """What to do about a delta that may not be the next one; None: it is."""
        conn = delta.conn
        self._sources.add(conn)
        if conn not in self._heard:
            self._heard.add(conn)
            if self._rule.dump_guard and is_dump(delta, self._rule.window):
                return self._on_dump(delta)
        if self.state is not _LIVE and self.state is not _STALE:
            return self._keep(delta)
        if delta.last <= self.seq:
            if conn == self._conn:
                if self.state is _STALE:
                    return self._gap(delta)  # silence, then ids from the past: the venue has restarted its counter
                if delta.first >= self._first and delta.last < self.seq:
                    return self._gap(delta)  # part of what the last update claims to cover: it was not what it said
            self.repeats += 1
            return Sync.IGNORED
        if not self._chains(delta):
            if delta.first > self.seq + 1 and conn != self._conn and self._conn in self._sources:
                return Sync.IGNORED  # the connection we follow may still bring what is missing
            return self._gap(delta)
        return None

    # ------------------------------------------------------------------------------------------- time and audit

    def expire(self, now_ns: int, max_age_ns: int) -> bool:
        """Turn a LIVE book that has been silent for too long STALE. True where it did."""
        if self.state is _LIVE and now_ns - self.recv_ns > max_age_ns:
            self._enter(BookState.STALE, now_ns)
            self._follow()
            return True
        return False

    def held(self) -> Book | None:
        """The levels for an audit: of a LIVE book or one that is merely STALE. Nothing may be decided on them."""
        return self._book if self.state is BookState.LIVE or self.state is BookState.STALE else None

    def confirm(self, seq: int, now_ns: int) -> bool:
        """The venue has just said that `seq` is still its newest: the book is as old as that answer.

        True where a STALE book is LIVE again.
        """
        if seq != self.seq or self.held() is None:
            return False
        self.recv_ns = now_ns
        revived = self.state is BookState.STALE
        self._enter(BookState.LIVE, now_ns)
        self._follow()
        return revived

    def distrust(self, now_ns: int) -> Sync:
        """An audit found levels that the venue does not have: throw the book away."""
        self.conflicts += 1
        return self._lose(BookState.GAP, now_ns)

    def take_over(self, other: BookSync, now_ns: int) -> None:
        """Go on as `other`, which was kept of the same market from another stream and is nobody's from here on.

        Whoever holds this object holds the new book. Where that is behind what was said here already, it is STALE
        until its stream says more: time does not run backwards for those who decide.
        """
        behind = self.held() is not None and 0 < other.seq < self.seq
        for name in _TAKEN_OVER:
            setattr(self, name, getattr(other, name))
        self._enter(_STALE if behind and other.state is _LIVE else other.state, now_ns)
        self._follow()

    def settle(self, now_ns: int) -> None:
        """Account for the time spent in the present state up to now."""
        spent = max(0, now_ns - self._since_ns)
        if self.state is BookState.LIVE:
            self.live_ns += spent
        else:
            self.not_live_ns += spent
        self._since_ns = now_ns

    # ------------------------------------------------------------------------------------------- inside

    def _on_rest_seed(self, snap: BookSnapshot) -> Sync:
        if self.state in (BookState.LIVE, BookState.STALE) or not self._sources:
            return Sync.IGNORED  # nobody is waiting, or the stream it would join is gone
        early = self._early = list(dropwhile(lambda delta: delta.last <= snap.seq, self._early))
        if snap.seq < self._min_seed or (early and early[0].first > snap.seq + 1):
            self.resyncs += 1
            return Sync.RESYNC  # older than what the stream has already told
        return self._begin(snap)

    def _begin(self, snap: BookSnapshot) -> Sync:
        """Take a whole book and join to it what the stream has said since."""
        self._book.replace(snap.bids, snap.asks)
        self.seq, self.exch_ns, self.recv_ns = snap.seq, snap.exch_ns, snap.recv_ns
        self._conn = snap.conn
        self._first = snap.seq + 1
        self._straddle = snap.conn == 0
        self._min_seed = 0
        self._behind = 0
        early, self._early = self._early, []
        for delta in early:
            if delta.last <= self.seq:
                continue
            if not self._chains(delta):
                return self._gap(delta, [d for d in early if d.first >= delta.first])
            self._take(delta)
            self.recv_ns = snap.recv_ns  # the snapshot's arrival is what made the book current
        return self._check(snap.recv_ns)

    def _chains(self, delta: BookDelta) -> bool:
        following = self.seq + 1
        if delta.first == following:
            return True
        loose = self._rule.overlap or self._straddle or delta.conn != self._conn
        return loose and delta.first < following

    def _take(self, delta: BookDelta) -> None:
        self._book.apply(delta.bids, delta.asks)
        self.seq = delta.last
        self._first = delta.first
        self._conn = delta.conn
        self._straddle = False
        self.recv_ns = delta.recv_ns
        if delta.exch_ns:
            self.exch_ns = delta.exch_ns

    def _repeated(self, now_ns: int) -> None:
        """Said again: nothing new, but still so."""
        self.recv_ns = now_ns
        self._behind = 0

    def _check(self, now_ns: int) -> Sync:
        if self._book.crossed:
            return self.lose_crossed(now_ns)
        self.updates += 1
        if self.state is not _LIVE:
            self._enter(_LIVE, now_ns)
        return _ADVANCED

    def _keep(self, delta: BookDelta) -> Sync:
        if self._rule.seed is Seed.PUSHED:
            return Sync.IGNORED  # only a full push can start this book
        if len(self._early) >= MAX_EARLY:
            self._early.clear()
            self._early.append(delta)
            self.resyncs += 1
            return Sync.RESYNC
        self._early.append(delta)
        return Sync.PENDING

    def _on_dump(self, delta: BookDelta) -> Sync:
        """A whole window that pretends to be a delta: it deletes nothing, so applying it would leave ghosts."""
        if self.state in (BookState.LIVE, BookState.STALE):
            if delta.last <= self.seq or (self._conn and self._conn != delta.conn):
                return Sync.IGNORED
            result = self._lose(BookState.SYNCING, delta.recv_ns)
            self._min_seed = delta.last
            return result
        self._min_seed = max(self._min_seed, delta.last)
        return Sync.PENDING

    def _gap(self, delta: BookDelta, keep: list[BookDelta] | None = None) -> Sync:
        self.gaps += 1
        result = self._lose(BookState.GAP, delta.recv_ns)
        if self._rule.seed is Seed.REST:
            self._early.extend(keep if keep is not None else [delta])
        return result

    def _lose(self, state: BookState, now_ns: int) -> Sync:
        self.resyncs += 1
        self._invalidate(state, now_ns)
        return Sync.RESYNC

    def _invalidate(self, state: BookState, now_ns: int) -> None:
        self._enter(state, now_ns)
        self._book.clear()
        self._early.clear()
        self._conn = 0
        self._straddle = False
        self._min_seed = 0
        self._follow()

    def _follow(self) -> None:
        """Work out from whom the next update needs no question. Due after whatever changes state or connections."""
        conn = self._conn
        known = conn if conn and self.state is _LIVE and conn in self._heard else NOBODY
        whole = self._rule.seed is _EVERY_FRAME_WHOLE
        self._sure, self._whole = (NOBODY, known) if whole else (known, NOBODY)

    def _enter(self, state: BookState, now_ns: int) -> None:
        if state is not self.state:
            self.settle(now_ns)
            self.state = state


class PureSync(Rules, Cursor):
    """The reference."""

    __slots__ = _SLOTS


if TYPE_CHECKING or core.cursors is None:
    BookSync = PureSync
else:

    class CompiledSync(Rules, core.cursors.Cursor):
        """The same on the compiled cursor."""

        __slots__ = _SLOTS

    BookSync = CompiledSync


def is_dump(delta: BookDelta, window: int) -> bool:
    """Whether a first delta is the whole window in disguise: it deletes nothing and holds more than its ids explain.

    Every update id changes one level, so an ordinary delta has at most as many levels as ids. A dump that claims a long
    range of ids gives itself away by a side as deep as the window, or by many levels none of which is a deletion. To be
    wrong here costs one snapshot; to miss one leaves levels that do not exist.
    """
    if any(not qty for side in (delta.bids, delta.asks) for _, qty in side):
        return False
    levels = len(delta.bids) + len(delta.asks)
    ids = delta.last - delta.first + 1
    return levels > ids or levels >= MANY_LEVELS or max(len(delta.bids), len(delta.asks)) >= window > 0
