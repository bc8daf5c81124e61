"""What a run says about itself: snapshots of its counters, its end, and the views that are told.

The app fills these, the command line shows them; neither knows the other's insides.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from arb.domain import (
    BookState,
    BreakerState,
    ClientId,
    Coin,
    CycleClosed,
    CycleOpened,
    Levels,
    NativeSymbol,
    Opportunity,
    Part,
    Reason,
    RiskMoved,
    RiskState,
    Side,
    Symbol,
    Trust,
    VenueId,
)


class UptimeRow(msgspec.Struct, frozen=True):
    """One book, or with symbol "" all books of a venue together.

    live_share: of the time since the book was asked for, its start included; None before there was any.
    outages: how often a book stopped being LIVE.   detect: from the last moment at which it was known to be right to
    the moment from which it was no longer used.   recover: from there until it was LIVE again.
    p50: of each book's last outages; worst: of all.   down_ms: of the longest outage that still goes on; None: none.
    """

    venue: VenueId
    symbol: Symbol
    live_share: float | None = None
    outages: int = 0
    detect_p50_ms: float | None = None
    detect_worst_ms: float | None = None
    recover_p50_ms: float | None = None
    recover_worst_ms: float | None = None
    down_ms: float | None = None


class BreakerRow(msgspec.Struct, frozen=True):
    """rest_s: until somebody may try again.   why: what failed last."""

    part: Part
    state: BreakerState
    rest_s: float = 0.0
    why: str = ""


class LoopStatus(msgspec.Struct, frozen=True):
    """How late the event loop came to what was due, since the start; None before the first look."""

    p50_us: float | None = None
    p99_us: float | None = None
    worst_us: float | None = None


class VenueStatus(msgspec.Struct, frozen=True):
    """One venue's share. books: how many in each state (states without books may be left out).

    native: false where ccxt serves it.   feed: the name of its feed.   Counters are since the start.
    repeats: updates that said nothing new, doubled ones among them.   rest_errors: book requests that failed.
    not_live_s: summed over its books.   live_share: of all its books' time; None before there was any.
    uptime: outages of all its books; None: nobody counts them.
    path: how its path is shown where that has changed ("ccxt (demoted)"); "": as `native` says.
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
    uptime: UptimeRow | None = None
    breakers: tuple[BreakerRow, ...] = ()
    path: str = ""


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
    loop: LoopStatus = LoopStatus()


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


class PrivateStatus(msgspec.Struct, frozen=True):
    """One venue of a trading engine. path: "native", "ccxt" or "paper": who carries the orders.

    clock_error_ms: how far our idea of its time may be wrong; None: not measured.
    orders_left: that its budget would let go now; None: nobody counts.   balances_age_ms: None: there are none to use.
    why: what keeps orders from it now; "": nothing.   data: the path of its books, "native", "ccxt (demoted)"...
    """

    venue: VenueId
    path: str
    private_up: bool
    clock_error_ms: float | None = None
    orders_left: int | None = None
    balances_age_ms: float | None = None
    books: int = 0
    books_live: int = 0
    losses: int = 0
    why: str = ""
    uptime: UptimeRow | None = None
    breakers: tuple[BreakerRow, ...] = ()
    data: str = ""


class ExposureRow(msgspec.Struct, frozen=True):
    """What is held because of cycles and not by choice. value: in `EngineStatus.currency`, None: no book tells."""

    venue: VenueId
    coin: Coin
    qty: Decimal
    value: Decimal | None = None


class EngineStatus(msgspec.Struct, frozen=True):
    """A trading engine at one moment. pnl_today: realised since 00:00 UTC, in `currency`.

    limit, why: what brought the risk state about.   refused: plans by the limit that refused them.
    Latencies: from a decision to both orders handed to their sockets, and to both acknowledged; None before the first.
    """

    mode: str
    pid: int
    wall_ns: int
    uptime_s: float
    risk: RiskState
    currency: str
    limit: str = ""
    why: str = ""
    cycles_open: int = 0
    cycles_closed: int = 0
    cycles_reported: int = 0
    orders_sent: int = 0
    pnl_today: Decimal = Decimal(0)
    pnl_total: Decimal = Decimal(0)
    exposure: tuple[ExposureRow, ...] = ()
    venues: tuple[PrivateStatus, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    sent_p50_us: float | None = None
    sent_p99_us: float | None = None
    acked_p50_us: float | None = None
    acked_p99_us: float | None = None
    journal: str = ""
    loop: LoopStatus = LoopStatus()


class BalanceRow(msgspec.Struct, frozen=True):
    """One coin at one venue. free: as the venue says.   reserved: of it, for orders on their way.

    usable: False where its stream is lost; the amounts are then the last ones known.   age_ms: since they were told.
    """

    venue: VenueId
    coin: Coin
    free: Decimal
    locked: Decimal
    reserved: Decimal
    age_ms: float
    usable: bool


class OrderRow(msgspec.Struct, frozen=True):
    """An order of ours. price: None for a market order."""

    venue: VenueId
    symbol: Symbol
    client_id: ClientId
    side: Side
    qty: Decimal
    price: Decimal | None


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


class TradeSummary(msgspec.Struct, frozen=True):
    """How a trading run ended. engine: its last status.

    ended: "duration", "cycles", "interrupted", or "failed" where a private side did for good: `notes` say of what.
    halted_by: the limit that had halted it; "": none.
    flat, hedged, reported: cycles by their end.   left_open: cycles whose outcome was still being asked for.
    pnl: realised by this run, by quote coin.   notes: what a person should know.
    """

    mode: str
    ended: str
    wall_ns: int
    engine: EngineStatus
    scan: ScanStatus
    halted_by: str = ""
    flat: int = 0
    hedged: int = 0
    reported: int = 0
    left_open: int = 0
    pnl: tuple[tuple[Coin, Decimal], ...] = ()
    notes: tuple[str, ...] = ()


class EngineSource(Protocol):
    def engine(self) -> EngineStatus: ...

    def scan(self) -> ScanStatus: ...


class TradeView(Protocol):
    """Called synchronously, between frames: neither waits nor works long. `finished` is the last call of a run."""

    def started(self, source: EngineSource) -> None: ...

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None: ...

    def moved(self, moved: RiskMoved) -> None: ...

    def finished(self, summary: TradeSummary) -> None: ...
