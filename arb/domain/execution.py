"""What we do with an opportunity: a plan, its orders, the steps and the end of a cycle. All of it is journalled.

Times: `at_ns` on our monotonic clock, `wall_ns` since the epoch. Amounts are exact.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from arb.domain.codes import BookState, Coin, CycleId, Side, Symbol, VenueId
from arb.domain.conclusions import Check, Intent
from arb.domain.fact import Fact
from arb.domain.private import Order


class Purpose(IntEnum):
    """Why an order is sent."""

    ENTRY = 1  # a leg of the opportunity
    RETRY = 2  # what a leg did not get, once more
    REVERSE = 3  # a filled leg taken back where it was filled
    HEDGE = 4  # against a filled leg, at a third venue
    FLATTEN = 5  # a person asked for it


class CycleState(IntEnum):
    """SENT: the legs are out.   ASKING: an outcome is unknown, nothing else may happen before it is proven.

    UNWINDING: one leg has more than the other, and a step of the ladder is out.   CLOSED: see CycleEnd.
    """

    SENT = 1
    ASKING = 2
    UNWINDING = 3
    CLOSED = 4


class CycleEnd(IntEnum):
    FLAT = 1  # nothing is left of it but dust below every minimum, which the exposure ledger keeps
    HEDGED = 2  # bought and sold the same, at whichever venues
    REPORTED = 3  # something is left: told, kept in the exposure ledger, and up to a person


class RiskState(IntEnum):
    """Both below ACTIVE start nothing new. HALTED lasts until a person resumes; where a person has halted, nothing

    leaves at all but cancels and what a person asks for.
    """

    ACTIVE = 1
    REDUCING = 2
    HALTED = 3


class BookSeen(Fact, frozen=True, gc=False):
    """A book at the moment a plan was made on it. bid, ask: the best; None: that side is empty.

    exch_ns: of the venue's last word on it, 0 where it sends no time.
    """

    venue: VenueId
    symbol: Symbol
    state: BookState
    seq: int
    age_ns: int
    bid: Decimal | None
    ask: Decimal | None
    exch_ns: int = 0


class LegPlan(Fact, frozen=True, gc=False):
    """One order of a plan. price: its cap, on the tick.   qty: on the lot.   cost: what must be free, in `coin`.

    vwap: what the book promised for `qty`.   fee: expected, in quote.
    """

    venue: VenueId
    side: Side
    qty: Decimal
    price: Decimal
    coin: Coin
    cost: Decimal
    vwap: Decimal
    fee: Decimal


class Plan(Fact, frozen=True, gc=False):
    """An intent, checked against the books, balances and rules of this very moment. What the risk gate judges.

    profit: quote, after fees, of exactly these quantities in the books seen.
    """

    intent: Intent
    symbol: Symbol
    base: Coin
    quote: Coin
    buy: LegPlan
    sell: LegPlan
    profit: Decimal
    books: tuple[BookSeen, ...]
    unknowns: tuple[str, ...]  # what nobody can tell of this pair: "identity", "transfer"
    detected_ns: int
    planned_ns: int
    checks: tuple[Check, ...] = ()  # of the opportunity, as the strategy saw them


class Refused(Fact, frozen=True, gc=False):
    """An intent that became nothing. limit: the key of what refused it ("max_trade", "balance", "edge"...)."""

    intent: Intent
    limit: str
    why: str
    at_ns: int


class CycleOpened(Fact, frozen=True, gc=False):
    """Written ahead: what will be sent, and on what grounds. Nothing of it has left when this is committed."""

    cycle: CycleId
    plan: Plan
    orders: tuple[Order, ...]
    at_ns: int
    wall_ns: int


class OrderSent(Fact, frozen=True, gc=False):
    """Written ahead for every order but the entry legs, which CycleOpened holds. step: of the ladder, from 1."""

    cycle: CycleId
    order: Order
    purpose: Purpose
    step: int
    at_ns: int
    wall_ns: int


class CycleMoved(Fact, frozen=True, gc=False):
    """A cycle took a turn. why: in words."""

    cycle: CycleId
    before: CycleState
    after: CycleState
    why: str
    at_ns: int


class Delta(Fact, frozen=True, gc=False):
    """By how much one coin at one venue became more (or less, < 0)."""

    venue: VenueId
    coin: Coin
    qty: Decimal


class NakedMoved(Fact, frozen=True, gc=False):
    """How much one leg of a cycle stands without the other: `notional` in `quote`, since `since_ns`; 0: covered."""

    cycle: CycleId
    quote: Coin
    notional: Decimal
    since_ns: int
    at_ns: int


class CycleClosed(Fact, frozen=True, gc=False):
    """The end of a cycle; every order of it is terminal with a known quantity.

    deltas: the sum of all its fills and their fees, by venue and coin.   residual: base bought less base sold, fees in.
    mark: the price that residual and foreign fees are valued at, None where no book told.
    pnl: quote of all deltas at `mark`.   naked: quote times seconds for which one leg stood without the other.
    """

    cycle: CycleId
    symbol: Symbol
    end: CycleEnd
    deltas: tuple[Delta, ...]
    residual: Decimal
    mark: Decimal | None
    pnl: Decimal
    expected: Decimal
    naked: Decimal
    why: str
    at_ns: int
    wall_ns: int


class ExposureMoved(Fact, frozen=True, gc=False):
    """The exposure ledger after a cycle: `qty` of `coin` at `venue` is held because of cycles, not by choice."""

    cycle: CycleId
    venue: VenueId
    coin: Coin
    change: Decimal
    qty: Decimal
    at_ns: int


class RiskMoved(Fact, frozen=True, gc=False):
    """limit: the key that was tripped, or the verb of the person who did it ("halt", "resume")."""

    before: RiskState
    after: RiskState
    limit: str
    why: str
    at_ns: int
    wall_ns: int


class Stopped(Fact, frozen=True, gc=False):
    """A run ends otherwise than it was asked to. left_open: cycles whose outcome is not known yet."""

    why: str
    left_open: int
    at_ns: int
    wall_ns: int


class Unwritten(Fact, frozen=True, gc=False):
    """The journal cannot be written, or has only its reserve left: nothing new begins while this is so."""

    why: str
    at_ns: int


class Mismatch(Fact, frozen=True, gc=False):
    """A difference between our journal and a venue that no record explains."""

    venue: VenueId
    what: str
    ours: str
    theirs: str
    at_ns: int


class Baseline(Fact, frozen=True, gc=False):
    """What a venue held, free and locked, when all of ours was accounted for: later balances follow from it by fills.

    totals: every coin held.   accepted: a person took a difference that nothing explained as it is.
    """

    venue: VenueId
    totals: tuple[Delta, ...]
    accepted: bool
    at_ns: int
    wall_ns: int
