"""What we make of it: states of books, opportunities with their evidence, intents."""

from __future__ import annotations

from decimal import Decimal

from arb.domain.codes import BookState, BreakerState, FeeSource, OppEvent, Part, Reason, Symbol, VenueId
from arb.domain.fact import Fact


class BookChange(Fact, frozen=True, gc=False):
    """A book advanced, became LIVE or stopped being LIVE; published to observers, never used to decide."""

    venue: VenueId
    symbol: Symbol
    state: BookState
    seq: int
    exch_ns: int
    recv_ns: int


class BookAudit(Fact, frozen=True, gc=False):
    """A REST answer held against a LIVE book. agrees: None where the two are not of the same moment."""

    venue: VenueId
    symbol: Symbol
    agrees: bool | None
    detail: str
    recv_ns: int


class BreakerMoved(Fact, frozen=True, gc=False):
    """A breaker changed its state. why: what failed last; "" where it is closed again."""

    venue: VenueId
    part: Part
    before: BreakerState
    after: BreakerState
    why: str
    at_ns: int


class Check(Fact, frozen=True, gc=False):
    """One question asked of an opportunity. ok: None where nobody can tell. why: the evidence, in words."""

    id: str
    ok: bool | None
    why: str
    reason: Reason = Reason.OK


class Leg(Fact, frozen=True, gc=False):
    """One side of an opportunity. limit: the worst price walked to; vwap: the average of what is walked."""

    venue: VenueId
    limit: Decimal | None
    vwap: Decimal | None
    seq: int
    age_ns: int
    fee_rate: Decimal | None
    fee_source: FeeSource | None


class Opportunity(Fact, frozen=True, gc=False):
    """An episode of a gap between two venues, at one moment of its life.

    size: base bought.   profit: quote received less quote spent, fees in.
    breakeven_size: the largest base quantity that does not lose; None if the book ends first.
    sell_size: base sold, what arrives of `size` after a fee in base, floored to the sell step.
    reason: OK, UNKNOWN or the first failing one.   life_ns: since the episode opened.
    """

    id: str
    event: OppEvent
    kind: str
    symbol: Symbol
    buy: Leg
    sell: Leg
    size: Decimal | None
    gross_bps: Decimal | None
    net_bps: Decimal | None
    profit: Decimal | None
    breakeven_size: Decimal | None
    checks: tuple[Check, ...]
    reason: Reason
    recv_ns: int
    decided_ns: int
    life_ns: int
    wall_ns: int
    sell_size: Decimal | None = None


class Intent(Fact, frozen=True, gc=False):
    """What a strategy wants done: two price-capped legs of one cycle. Nothing leaves without the risk gate."""

    strategy: str
    opportunity_id: str
    symbol: Symbol
    buy_venue: VenueId
    sell_venue: VenueId
    buy_qty: Decimal
    sell_qty: Decimal
    buy_limit: Decimal
    sell_limit: Decimal
    expected_profit: Decimal
