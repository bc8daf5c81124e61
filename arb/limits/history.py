"""What the gate remembers of the cycles so far: what is open, what stands naked, what was sent and what was lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from arb.domain import (
    Coin,
    CycleClosed,
    CycleId,
    CycleOpened,
    LegPlan,
    NakedMoved,
    Order,
    OrderSent,
    PrivateDown,
    PrivateUp,
    Purpose,
    VenueId,
)

MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
_NONE = Decimal(0)


class OpenCycle(msgspec.Struct):
    """spent: what the buy costs at most, in quote.   legs: notional by venue, in quote, hedges at third venues too."""

    base: Coin
    quote: Coin
    spent: Decimal
    legs: list[tuple[VenueId, Decimal]]


class Naked(msgspec.Struct, frozen=True):
    quote: Coin
    notional: Decimal
    since_ns: int


def notional(leg: LegPlan) -> Decimal:
    """Quote, at the cap or at what the book promised, whichever is more."""
    return leg.qty * max(leg.price, leg.vwap)


def spent(leg: LegPlan) -> Decimal:
    """Quote that a buy costs at most, its fee apart."""
    return leg.qty * leg.price


class History:
    """Fed with facts, in order; judges nothing.

    open: cycles that are not closed.   naked: those of them whose one leg stands without the other.
    losses: closed with a loss, one after the other; a cycle that moved nothing counts neither way.
    last_loss_ns: when the newest of them was.   down: venues whose private side is lost, and why.
    """

    def __init__(self) -> None:
        self.open: dict[CycleId, OpenCycle] = {}
        self.naked: dict[CycleId, Naked] = {}
        self.losses = 0
        self.last_loss_ns = 0
        self.down: dict[VenueId, str] = {}
        self._sent: deque[int] = deque()
        self._day = 0
        self._pnl: dict[Coin, Decimal] = {}

    def on_fact(self, fact: object, at_ns: int) -> None:
        """at_ns: when it happened, on our monotonic clock of this process."""
        if isinstance(fact, CycleOpened):
            self._on_opened(fact, at_ns)
        elif isinstance(fact, OrderSent):
            self._on_sent(fact, at_ns)
        elif isinstance(fact, NakedMoved):
            self._on_naked(fact, at_ns)
        elif isinstance(fact, CycleClosed):
            self._on_closed(fact, at_ns)
        elif isinstance(fact, PrivateDown):
            self.down[fact.venue] = fact.reason
        elif isinstance(fact, PrivateUp):
            self.down.pop(fact.venue, None)

    def orders_in_minute(self, now_ns: int) -> int:
        """Sent in the 60 s before `now_ns`."""
        while self._sent and now_ns - self._sent[0] >= MINUTE_NS:
            self._sent.popleft()
        return len(self._sent)

    def realised(self, wall_ns: int) -> Mapping[Coin, Decimal]:
        """Profit (or loss, < 0) by quote currency since 00:00 UTC of the day of `wall_ns`, or since `forgive`.

        A wall clock that is set back over midnight begins no new day: what was lost stays lost.
        """
        return self._pnl if wall_ns // DAY_NS <= self._day else {}

    def legs(self) -> Iterator[tuple[VenueId, Coin, Decimal]]:
        """Of the open cycles: venue, quote, notional."""
        for cycle in self.open.values():
            for venue, quantity in cycle.legs:
                yield venue, cycle.quote, quantity

    def forgive(self) -> None:
        """A person has looked at the losses: they are counted anew from here."""
        self.losses = 0
        self._pnl.clear()

    def _on_opened(self, fact: CycleOpened, at_ns: int) -> None:
        plan = fact.plan
        legs = [(leg.venue, notional(leg)) for leg in (plan.buy, plan.sell)]
        self.open[fact.cycle] = OpenCycle(plan.base, plan.quote, spent(plan.buy), legs)
        self._note_sent(at_ns, len(fact.orders))

    def _on_sent(self, fact: OrderSent, at_ns: int) -> None:
        self._note_sent(at_ns, 1)
        cycle = self.open.get(fact.cycle)
        if cycle is not None and fact.purpose is Purpose.HEDGE:  # every other step takes the place of an entry leg
            cycle.legs.append((fact.order.venue, _hedge(fact.order, cycle)))

    def _note_sent(self, at_ns: int, count: int) -> None:
        """Nobody asks how many there were while the gate is closed, and hedges leave all the same."""
        self.orders_in_minute(at_ns)
        self._sent.extend([at_ns] * count)

    def _on_naked(self, fact: NakedMoved, at_ns: int) -> None:
        if fact.notional:
            self.naked[fact.cycle] = Naked(fact.quote, fact.notional, min(fact.since_ns, at_ns))
        else:
            self.naked.pop(fact.cycle, None)

    def _on_closed(self, fact: CycleClosed, at_ns: int) -> None:
        self.open.pop(fact.cycle, None)
        self.naked.pop(fact.cycle, None)
        if fact.pnl < 0:
            self.losses += 1
            self.last_loss_ns = at_ns
        elif fact.pnl > 0:
            self.losses = 0
        day = fact.wall_ns // DAY_NS
        if day > self._day:
            self._day = day
            self._pnl.clear()
        quote = Coin(fact.symbol.partition("/")[2])
        self._pnl[quote] = self._pnl.get(quote, _NONE) + fact.pnl


def _hedge(order: Order, cycle: OpenCycle) -> Decimal:
    """Quote of a hedge; one without a price is worth at most what the cycle spent."""
    if order.price is not None:
        return order.qty * order.price
    return order.notional if order.notional is not None else cycle.spent
