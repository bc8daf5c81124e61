"""What is timed of a cycle, and by whom."""

from __future__ import annotations

from time import perf_counter_ns

import msgspec

from arb.domain import (
    ClientId,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Fact,
    OrderSent,
    OrderStatus,
    OrderUpdate,
)
from arb.interfaces import Clock
from arb.journal import SqliteJournal

_WAITS = (OrderStatus.PENDING, OrderStatus.UNKNOWN)


class Lap(msgspec.Struct):
    """One cycle. Times are on the engine's monotonic clock, 0: not yet.   orders: the two entry legs.

    approved_ns: the risk gate has let it pass.   handed_ns: both orders are handed to their sockets.
    arrived_ns: the later of both has come to its venue's door, in the other process.   acked_ns: both were answered.
    """

    planned_in_ns: int
    judged_in_ns: int
    approved_ns: int
    committed_in_ns: int = 0
    handed_ns: int = 0
    arrived_ns: int = 0
    acked_ns: int = 0
    closed_ns: int = 0
    end: CycleEnd | None = None
    steps: int = 0
    orders: tuple[ClientId, ...] = ()


class Stopwatch:
    """A listener of the publisher: one lap at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lap: Lap | None = None
        self._cycle: CycleId | None = None
        self._waiting: set[ClientId] = set()

    def start(self, lap: Lap) -> None:
        self._lap, self._cycle = lap, None

    def on_fact(self, fact: Fact) -> None:
        lap = self._lap
        if lap is None:
            return
        if isinstance(fact, CycleOpened):
            self._cycle = fact.cycle
            lap.orders = tuple(order.client_id for order in fact.orders)
            self._waiting = set(lap.orders)
        elif isinstance(fact, OrderUpdate):
            if fact.status not in _WAITS and fact.client_id in self._waiting:
                self._waiting.discard(fact.client_id)
                if not self._waiting:
                    lap.acked_ns = self._clock.mono_ns()
        elif isinstance(fact, OrderSent):
            lap.steps += 1
        elif isinstance(fact, CycleClosed) and fact.cycle == self._cycle:
            lap.closed_ns, lap.end = self._clock.mono_ns(), fact.end
            self._lap = None


class TimedJournal(SqliteJournal):
    """The real one. took_ns: what the last write ahead has cost."""

    took_ns = 0

    def ahead(self, *facts: Fact) -> None:
        before = perf_counter_ns()
        super().ahead(*facts)
        self.took_ns = perf_counter_ns() - before


class NullJournal(TimedJournal):
    """Forgets everything: what is left of a cycle's time is not the journal's."""

    def ahead(self, *facts: Fact) -> None:
        pass

    def note(self, fact: Fact) -> None:
        pass

    def flush(self) -> None:
        pass
