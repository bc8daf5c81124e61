"""What a run says about itself: snapshots of its counters, its end, and the views that are told.

The app fills these, the command line shows them; neither knows the other's insides.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from arb.domain import BookState, Levels, NativeSymbol, Opportunity, Reason, Symbol, Trust, VenueId


class VenueStatus(msgspec.Struct, frozen=True):
    """One venue's share. books: how many in each state (states without books may be left out).

    native: false where ccxt serves it.   feed: the name of its feed.   Counters are since the start.
    repeats: updates that said nothing new, doubled ones among them.   rest_errors: book requests that failed.
    not_live_s: summed over its books.   live_share: of all its books' time; None before there was any.
    """

    venue: VenueId
    native: bool
    feed: str
    trust: Trust
    books: tuple[tuple[BookState, int], ...] = ()
    messages: int = 0
    messages_per_s: float = 0.0
    gaps: int = 0
    resyncs: int = 0
    crossed: int = 0
    reconnects: int = 0
    refused: int = 0
    decode_errors: int = 0
    repeats: int = 0
    rest_errors: int = 0
    not_live_s: float = 0.0
    live_share: float | None = None


class Stage(msgspec.Struct, frozen=True):
    """One step of the funnel: pairs that are past it now, and pairs that ever were."""

    name: str
    now: int
    ever: int


class ScanStatus(msgspec.Struct, frozen=True):
    """A cheap snapshot of a running scan. Latencies are wire to decision; None before the first."""

    uptime_s: float = 0.0
    venues: tuple[VenueStatus, ...] = ()
    funnel: tuple[Stage, ...] = ()
    rejected: tuple[tuple[Reason, int], ...] = ()
    latency_p50_us: float | None = None
    latency_p99_us: float | None = None
    open: tuple[Opportunity, ...] = ()


class ScanSummary(msgspec.Struct, frozen=True):
    """How a run ended, whatever its command.

    ended: "duration", "interrupted", "once" or "end" (of a tape).   records: raw frames and replies written or read.
    opened, updated, closed: opportunity events.   notes: what a person should know ("the tape's tail is torn").
    """

    command: str
    ended: str
    wall_ns: int
    status: ScanStatus
    records: int = 0
    opened: int = 0
    updated: int = 0
    closed: int = 0
    notes: tuple[str, ...] = ()


class BookShot(msgspec.Struct, frozen=True):
    """The top of one book at one moment. bids, asks: best first, empty unless LIVE.

    frame: 0-based record of a tape, line of a session, or change of a live run.   recv_ns: monotonic.
    path: "native" or "ccxt", who keeps this book.
    """

    venue: VenueId
    symbol: Symbol
    native: NativeSymbol
    state: BookState
    trust: Trust
    seq: int
    frame: int
    exch_ns: int
    recv_ns: int
    bids: Levels
    asks: Levels
    path: str = "native"


class StatusSource(Protocol):
    def status(self) -> ScanStatus: ...


class ScanView(Protocol):
    """Called synchronously, between frames: neither waits nor works long. `finished` is the last call of a run."""

    def started(self, source: StatusSource) -> None: ...

    def opportunity(self, opp: Opportunity) -> None: ...

    def finished(self, summary: ScanSummary) -> None: ...


class BookView(Protocol):
    """Told of every change of the books that are watched, in order; the same rules."""

    def book(self, shot: BookShot) -> None: ...

    def finished(self, summary: ScanSummary) -> None: ...
