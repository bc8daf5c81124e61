"""What a trading run counts as it goes: ends of cycles, money, refusals, and how long things took."""

from __future__ import annotations

from collections import Counter
from decimal import Context, Decimal

from arb.domain import (
    ClientId,
    Coin,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Fact,
    OrderSent,
    OrderStatus,
    OrderUpdate,
    Refused,
    RiskMoved,
)
from arb.interfaces import Clock
from arb.latency import Latency
from arb.status import TradeView

DAY_NS = 86_400_000_000_000
_EXACT = Context(prec=100)
_WAITS = (OrderStatus.PENDING, OrderStatus.UNKNOWN)


class Tally:
    """A listener of the publisher; the view hears of the ends of cycles and of the risk gate.

    ends: cycles by how they ended.   pnl: by quote coin.   sent: from the plan to both entry orders handed over;
    acked: from there until both were answered.
    """

    def __init__(self, clock: Clock, view: TradeView) -> None:
        self._clock = clock
        self._view = view
        self._open: dict[CycleId, CycleOpened] = {}
        self._unanswered: dict[ClientId, CycleId] = {}
        self._waiting: dict[CycleId, int] = {}  # entry orders without an answer
        self._day = clock.wall_ns() // DAY_NS
        self._today: dict[Coin, Decimal] = {}
        self.ends: Counter[CycleEnd] = Counter()
        self.refused: Counter[str] = Counter()
        self.pnl: dict[Coin, Decimal] = {}
        self.orders = 0
        self.sent = Latency()
        self.acked = Latency()

    @property
    def today(self) -> dict[Coin, Decimal]:
        """Of this run, since 00:00 UTC."""
        self._turn_day()
        return self._today

    def on_fact(self, fact: Fact) -> None:
        if isinstance(fact, OrderUpdate):
            self._answered(fact)
        elif isinstance(fact, Refused):
            self.refused[fact.limit] += 1
        elif isinstance(fact, CycleOpened):
            self._opened(fact)
        elif isinstance(fact, CycleClosed):
            self._closed(fact)
        elif isinstance(fact, OrderSent):
            self.orders += 1
        elif isinstance(fact, RiskMoved):
            self._view.moved(fact)

    def _opened(self, fact: CycleOpened) -> None:
        self.orders += len(fact.orders)
        self._open[fact.cycle] = fact
        if fact.orders:
            self.sent.add(self._clock.mono_ns() - fact.plan.planned_ns)
            self._waiting[fact.cycle] = len(fact.orders)
            self._unanswered.update((order.client_id, fact.cycle) for order in fact.orders)

    def _answered(self, update: OrderUpdate) -> None:
        if update.status in _WAITS:
            return
        cycle = self._unanswered.pop(update.client_id, None)
        if cycle is None:
            return
        self._waiting[cycle] -= 1
        if not self._waiting[cycle]:
            del self._waiting[cycle]
            self.acked.add(update.recv_ns - self._open[cycle].at_ns)

    def _closed(self, fact: CycleClosed) -> None:
        self.ends[fact.end] += 1
        opened = self._open.pop(fact.cycle, None)
        if opened is None:
            return  # of an earlier process
        self._waiting.pop(fact.cycle, None)
        for order in opened.orders:
            self._unanswered.pop(order.client_id, None)
        self._turn_day()
        quote = opened.plan.quote
        for sums in (self.pnl, self._today):
            sums[quote] = _EXACT.add(sums.get(quote, Decimal(0)), fact.pnl)
        self._view.closed(opened, fact)

    def _turn_day(self) -> None:
        day = self._clock.wall_ns() // DAY_NS
        if day != self._day:
            self._day = day
            self._today.clear()
