"""From an intent to orders on one page, and back from what the venues say of them: plan -> risk -> execution.

All of it happens in the callback that brought the frame: no await, no queue, no task.
"""

from __future__ import annotations

from typing import Protocol

from arb.domain import (
    BookKey,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Event,
    Fact,
    Fill,
    Intent,
    Opportunity,
    Plan,
    PrivateEvent,
    Refused,
)
from arb.errors import JournalError
from arb.inventory import Inventory
from arb.publisher import Publisher
from arb.risk import Approved


class Plans(Protocol):
    def plan(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> Plan | Refused: ...


class Gate(Protocol):
    def check(self, plan: Plan, now_ns: int) -> Approved | Refused: ...

    def on_timer(self, now_ns: int) -> None: ...


class Executes(Protocol):
    def start(self, approved: Approved, now_ns: int) -> None: ...

    def on_event(self, event: PrivateEvent) -> None: ...

    def on_timer(self, now_ns: int) -> None: ...


class Flushes(Protocol):
    def flush(self) -> None: ...


class Trader:
    """A Sink for the private sides of all venues, and where strategies' intents end up.

    No two cycles are open on one book. A book that was traded on counts again only once the venue has told it anew,
    and has stamped it later than our last fill in it: before that, what we took is still in it.
    open_for_business: False until recovery is done, and again when a run ends.   max_cycles: start no more than these.
    started, closed: cycles of this process.   reported: those that ended REPORTED, an earlier process's among them.
    """

    def __init__(
        self,
        *,
        planner: Plans,
        risk: Gate,
        executor: Executes,
        inventory: Inventory,
        publisher: Publisher,
        journal: Flushes,
        max_cycles: int | None = None,
    ) -> None:
        self._planner = planner
        self._risk = risk
        self._executor = executor
        self._inventory = inventory
        self._publisher = publisher
        self._journal = journal
        self._max_cycles = max_cycles
        self._used: dict[BookKey, int] = {}  # the sequence that each book had when we traded on it
        self._filled_ns: dict[BookKey, int] = {}  # the venue's time of our last fill in each book
        self._busy: dict[BookKey, CycleId] = {}  # whose cycle is open on it
        self._keys: dict[CycleId, tuple[BookKey, ...]] = {}
        self.open_for_business = False
        self.started = self.closed = self.reported = 0
        publisher.listen(self._on_fact)

    @property
    def enough(self) -> bool:
        """As many cycles as were asked for have begun and ended."""
        return self._max_cycles is not None and self.closed >= self._max_cycles

    def on_intent(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> None:
        if not self.open_for_business or (self._max_cycles is not None and self.started >= self._max_cycles):
            return
        verdict = self._judge(intent, opportunity, now_ns)
        if isinstance(verdict, Refused):
            self._publisher.publish(verdict)
            return
        try:
            self._executor.start(verdict, now_ns)
        except JournalError as error:  # nothing has left; the socket whose callback this is must not pay for it
            self._publisher.publish(Refused(intent, "journal", str(error), now_ns))

    def _judge(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> Approved | Refused:
        for venue in (intent.buy_venue, intent.sell_venue):
            cycle = self._busy.get((venue, intent.symbol))
            if cycle is not None:
                return Refused(intent, "busy", f"{cycle} is open on {venue} {intent.symbol}", now_ns)
        plan = self._planner.plan(intent, opportunity, now_ns)
        if isinstance(plan, Refused):
            return plan
        for seen in plan.books:
            key = (seen.venue, seen.symbol)
            same = seen.seq and self._used.get(key) == seen.seq
            if same or 0 < seen.exch_ns <= self._filled_ns.get(key, 0):
                why = f"{seen.venue} {seen.symbol} is still the book that was traded on ({seen.seq})"
                return Refused(intent, "book_used", why, now_ns)
        return self._risk.check(plan, now_ns)

    # ------------------------------------------------------------------------------------------- from the venues

    def on_event(self, event: Event) -> None:
        if isinstance(event, PrivateEvent):
            self._publisher.publish(event)
            self._inventory.on_event(event)
            self._executor.on_event(event)

    def on_idle(self, recv_ns: int) -> None:  # noqa: ARG002  a Sink's signature
        self._journal.flush()

    def on_timer(self, now_ns: int) -> None:
        self._executor.on_timer(now_ns)
        self._risk.on_timer(now_ns)
        self._journal.flush()

    def _on_fact(self, fact: Fact) -> None:
        if isinstance(fact, Fill):
            key = (fact.venue, fact.symbol)
            self._filled_ns[key] = max(self._filled_ns.get(key, 0), fact.exch_ns)
        elif isinstance(fact, CycleOpened) and fact.orders:  # one without takes back what is held: a person's, not ours
            self.started += 1
            self._keys[fact.cycle] = keys = tuple((seen.venue, seen.symbol) for seen in fact.plan.books)
            self._busy.update(dict.fromkeys(keys, fact.cycle))
            self._used.update(((seen.venue, seen.symbol), seen.seq) for seen in fact.plan.books)
        elif isinstance(fact, CycleClosed):
            self.reported += fact.end is CycleEnd.REPORTED
            if fact.cycle in self._keys:  # else of an earlier process
                self.closed += 1
                for key in self._keys.pop(fact.cycle):
                    del self._busy[key]
