"""A journal of an earlier run, two venues as they are now, and everybody that recovery talks to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from arb.clock import ManualClock
from arb.domain import (
    Baseline,
    CycleClosed,
    CycleId,
    CycleOpened,
    Event,
    Fact,
    Fill,
    Order,
    OrderSent,
    OrderUpdate,
    PrivateEvent,
    Side,
    VenueId,
)
from arb.execution import Unproven
from arb.exposure import Exposure
from arb.journal import Records, SqliteJournal
from arb.recovery import Recovered, recover
from tests.arb.journal.facts import GATE, MEXC, WALL_NS, D, baseline, closed, fill, order
from tests.fake_trading import FakeTrading
from tests.plans import a_plan

C1, C2 = CycleId("00000000aa1"), CycleId("00000000aa2")
BUY = order(f"arb-{C1}-1", qty="2", price="100")
SELL = order(f"arb-{C1}-2", GATE, Side.SELL, qty="2", price="101")
FILL = fill(BUY, "t1", "2", "100", "0.4")
HELD = {"USDT": D("1000"), "BTC": D("5")}
AFTER_FILL = {"USDT": D("799.6"), "BTC": D("7")}


def opened(cycle: CycleId = C1, orders: tuple[Order, ...] = (BUY, SELL), wall_ns: int = WALL_NS) -> CycleOpened:
    return CycleOpened(cycle, a_plan(qty="2"), orders, 1_000, wall_ns)


def ended(cycle: CycleId = C1, wall_ns: int = WALL_NS) -> CycleClosed:
    fact = closed(wall_ns=wall_ns)
    return CycleClosed(cycle, *[getattr(fact, name) for name in fact.__struct_fields__[1:]])


class FakeExecutor:
    """Keeps what it is told. ends: a cycle is over after so many looks at the time; None: never.

    owed: what only the account can tell of; the first word about an order settles it.
    """

    def __init__(self, ends: int | None = 0) -> None:
        self.open: dict[CycleId, object] = {}
        self.adopted: list[tuple[CycleOpened, Sequence[OrderSent], Sequence[OrderUpdate | Fill]]] = []
        self.events: list[PrivateEvent] = []
        self.looks = 0
        self.owed: list[Unproven] = []
        self._ends = ends

    def adopt(self, opened: CycleOpened, sent: Sequence[OrderSent], events: Sequence[OrderUpdate | Fill]) -> None:
        self.adopted.append((opened, sent, events))
        if self._ends != 0:
            self.open[opened.cycle] = opened

    def on_event(self, event: PrivateEvent) -> None:
        self.events.append(event)
        if isinstance(event, OrderUpdate) and self.owed:
            self.owed = [each for each in self.owed if each.order.client_id != event.client_id]
            if not self.owed:
                self.open.clear()

    def unproven(self, now_ns: int) -> tuple[Unproven, ...]:
        return tuple(self.owed)

    def on_timer(self, now_ns: int) -> None:
        self.looks += 1
        if self.looks == self._ends:
            self.open.clear()


class FakeRisk:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def restore(self, facts: Iterable[Fact], now_ns: int) -> None:
        self.facts += facts


class Scene:
    """held: what both venues hold at first.   on_sleep: called after each wait.   slept: seconds of each."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(50_000_000_000, WALL_NS + 3_600_000_000_000)
        self.journal = SqliteJournal(path, self.clock, mode="sim", run="r2")
        self.records = Records(path)
        self.mexc = FakeTrading("mexc", self.clock, held=HELD)
        self.gate = FakeTrading("gateio", self.clock, held=HELD)
        self.venues: dict[VenueId, FakeTrading] = {MEXC: self.mexc, GATE: self.gate}
        for side in self.venues.values():
            side.attach(self)
            side.gain()
        self.executor = FakeExecutor()
        self.exposure = Exposure()
        self.risk = FakeRisk()
        self.published: list[Fact] = []
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def on_event(self, event: Event) -> None:
        assert isinstance(event, PrivateEvent)
        self.journal.note(event)

    def on_idle(self, recv_ns: int) -> None: ...

    def had(self, *facts: Fact) -> None:
        """What the earlier run had journalled."""
        for fact in facts:
            self.journal.note(fact)
        self.journal.flush()

    def publish(self, fact: Fact) -> None:
        self.published.append(fact)
        self.journal.note(fact)

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.clock.advance(int(delay_s * 1e9))
        self.on_sleep()

    async def recover(self, *, accept_balances: bool = False) -> Recovered:
        return await recover(
            self.records,
            self.venues,
            self.executor,
            self.exposure,
            self.risk,
            clock=self.clock,
            sleep=self.sleep,
            publish=self.publish,
            flush=self.journal.flush,
            patience_s=5.0,
            accept_balances=accept_balances,
        )

    def told(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.published if type(fact) is kind]

    def close(self) -> None:
        self.records.close()
        self.journal.close()


def bases(**changes: dict[str, str]) -> tuple[Baseline, Baseline]:
    held = {"USDT": "1000", "BTC": "5"}
    return baseline(MEXC, **(changes.get("mexc") or held)), baseline(GATE, **(changes.get("gateio") or held))
