"""What the queries answer with. Money is in the quote coin of the cycle's market, wall times since the epoch."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from arb.domain import (
    ClientId,
    Coin,
    CycleClosed,
    CycleId,
    CycleOpened,
    Fact,
    OrderType,
    Purpose,
    Side,
    Symbol,
    VenueId,
)


class CycleRow(msgspec.Struct, frozen=True):
    """end: "flat", "hedged", "reported", or "open" while it has none; then what only its end tells is None.

    qty: base that was to be bought.   naked: quote times seconds for which one leg stood without the other.
    """

    cycle: CycleId
    symbol: Symbol
    quote: Coin
    strategy: str
    buy: VenueId
    sell: VenueId
    qty: Decimal
    expected: Decimal
    end: str
    pnl: Decimal | None
    residual: Decimal | None
    naked: Decimal | None
    why: str
    opened_ns: int
    closed_ns: int | None


class OrderRow(msgspec.Struct, frozen=True):
    """status: the last one that the venue told; "unanswered" where it told none, "not_found" where it knew of none.

    filled, notional: by its fills, or by what the venue says of the order where that is more.   fees: by coin.
    open: it may still rest or fill, as far as the journal knows.
    """

    client_id: ClientId
    cycle: CycleId
    venue: VenueId
    symbol: Symbol
    side: Side
    type: OrderType
    purpose: Purpose
    step: int
    qty: Decimal
    price: Decimal | None
    venue_id: str
    status: str
    open: bool
    filled: Decimal
    notional: Decimal
    fees: tuple[tuple[Coin, Decimal], ...]
    reason: str
    sent_ns: int

    @property
    def average(self) -> Decimal | None:
        return self.notional / self.filled if self.filled else None


class Split(msgspec.Struct, frozen=True):
    """Where realised and expected part. The five parts add up to `total` exactly; above 0: better than expected.

    book_move: the best price was another one when the legs met the book, or what was promised there had gone
    (`missed`: that part of it, the edge of what was planned and not filled).
    slippage: beyond the best price, against what the walk through the book had promised.
    fees: less (or more) than planned, those in other coins at the price of the end.
    hedge: what was done besides the planned legs, against the price of the end, its fees in base and quote included.
    rounding: what is left: dust that rounding leaves, and what no book could price at the end.
    """

    total: Decimal
    book_move: Decimal
    missed: Decimal
    slippage: Decimal
    fees: Decimal
    rounding: Decimal
    hedge: Decimal


class Stage(msgspec.Struct, frozen=True):
    """A point that a cycle has passed. at_us: since it was detected.   took_us: since the stage before."""

    name: str
    at_us: float
    took_us: float


class Moment(msgspec.Struct, frozen=True):
    """A journalled fact of a cycle. at_us: since it was detected.   run: which process wrote it."""

    at_us: float
    run: str
    fact: Fact


class Explained(msgspec.Struct, frozen=True):
    """All that is known of one cycle. closed, split: None while it is open."""

    row: CycleRow
    opened: CycleOpened
    closed: CycleClosed | None
    stages: tuple[Stage, ...]
    orders: tuple[OrderRow, ...]
    split: Split | None
    story: tuple[Moment, ...]


class ReportRow(msgspec.Struct, frozen=True):
    """by: "total", "pair", "venue" or "day" (UTC, of the cycle's end); key: which one.

    A cycle counts for every venue it traded at, whose pnl is the worth of what the venue's account gained: these add up
    to the total. expected is not known by venue.   fees: what was paid, in quote.   volume: quote.
    """

    by: str
    key: str
    quote: Coin
    cycles: int
    won: int
    reported: int
    volume: Decimal
    fees: Decimal
    expected: Decimal | None
    pnl: Decimal
    naked: Decimal


class Point(msgspec.Struct, frozen=True):
    """All that was earned in one quote coin up to a moment."""

    wall_ns: int
    quote: Coin
    pnl: Decimal


class Report(msgspec.Struct, frozen=True):
    """since_ns: 0 for all there is.   until_ns: when it was made."""

    mode: str
    since_ns: int
    until_ns: int
    rows: tuple[ReportRow, ...]
    curve: tuple[Point, ...]
