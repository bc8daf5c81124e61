"""The whole way with the real executor: killed at any point of a cycle, it ends, and all books agree."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from arb.domain import (
    CycleClosed,
    CycleOpened,
    Event,
    Fact,
    Fill,
    NotFound,
    Order,
    OrderSent,
    OrderStatus,
    PrivateEvent,
    Purpose,
    Side,
)
from arb.execution import Executor, Ids
from arb.execution.sums import plus, times
from arb.exposure import Exposure
from arb.journal import Records, SqliteJournal
from arb.recovery import Recovered, recover
from arb.recovery.balances import deltas, summed
from tests.arb.execution.world import MS, World
from tests.arb.recovery.scene import FakeRisk
from tests.plans import approved

START = {"USDT": Decimal(10_000), "BTC": Decimal(10)}


class Truth:
    """What the venues did with every order, whoever has heard of it: all of it at its price, or nothing.

    filled: the sides of entry legs that are filled; whatever comes after them always is.
    """

    def __init__(self, world: World, filled: set[Side]) -> None:
        self.fills: list[Fill] = []
        self._world = world
        self._filled = filled
        self._seen: set[str] = set()
        for venue in world.venues.values():
            venue.held = dict(START)

    def work(self) -> None:
        """Match what has come in and push the outcome, then answer what was asked."""
        for order in self._world.out:
            if order.client_id not in self._seen:
                self._seen.add(order.client_id)
                self._match(order)
                self._answer(order)
        for venue in self._world.venues.values():
            asked = {client_id for _, client_id, _ in venue.queried}
            venue.queried.clear()
            for order in self._world.out:
                if order.client_id in asked:
                    self._answer(order)

    def _match(self, order: Order) -> None:
        if order.side not in self._filled and order.client_id.endswith(("-1", "-2")):
            return
        assert order.price is not None
        venue = self._world.venues[order.venue]
        fill = venue.filling(order, order.qty, order.price, f"t-{order.client_id}", fee=Decimal("0.01"))
        self.fills.append(fill)
        venue.history.append(fill)
        for (_, coin), qty in summed(deltas(fill)).items():
            venue.held[coin] = plus(venue.held.get(coin, Decimal(0)), qty)

    def _answer(self, order: Order) -> None:
        venue = self._world.venues[order.venue]
        now_ns = self._world.clock.mono_ns()
        mine = [fill for fill in self.fills if fill.client_id == order.client_id]
        for fill in mine:
            venue.tell(venue.update(order, OrderStatus.FILLED, fill.qty, times(fill.qty, fill.price)), fill)
        if not mine:
            venue.tell(NotFound(order.venue, order.symbol, order.client_id, now_ns, now_ns))


class Process:
    """A run of the engine. hears: so many answers about orders, then it is dead; None: all."""

    def __init__(self, world: World, truth: Truth, path: Path, run: str, hears: int | None = None) -> None:
        self.world = world
        self.truth = truth
        self.path = path
        self.hears = hears
        self.journal = SqliteJournal(path, world.clock, mode="sim", run=run)
        self.exposure = Exposure()
        self.executor = Executor(
            trading=world.venues, market=world.markets.get, fee=world.fees.get, book=world.books.get,
            inventory=world.inventory, exposure=self.exposure, journal=self.journal,
            permits=world.permitted.__contains__, price=lambda coin, now_ns: world.prices.get(coin),
            publish=self.publish, clock=world.clock, ids=Ids(world.clock.wall_ns(), run), config=world.config,
        )  # fmt: skip
        for venue in world.venues.values():
            venue.attach(self)

    def publish(self, fact: Fact) -> None:
        if not isinstance(fact, CycleOpened | OrderSent):
            self.journal.note(fact)

    def on_event(self, event: Event) -> None:
        assert isinstance(event, PrivateEvent)
        if self.hears == 0:
            return
        self.hears = None if self.hears is None else self.hears - 1
        self.journal.note(event)
        self.executor.on_event(event)

    def on_idle(self, recv_ns: int) -> None: ...

    async def recover(self) -> Recovered:
        async def sleep(delay_s: float) -> None:
            self.world.clock.advance(int(delay_s * 1_000) * MS)
            self.truth.work()

        with closing(Records(self.path)) as records:
            return await recover(
                records, self.world.venues, self.executor, self.exposure, FakeRisk(), clock=self.world.clock,
                sleep=sleep, publish=self.publish, flush=self.journal.flush, patience_s=20.0,
            )  # fmt: skip


@pytest.mark.parametrize("forget_s", [pytest.param(0, id="never forgets"), pytest.param(30, id="forgets")])
@pytest.mark.parametrize("hears", range(7))
@pytest.mark.parametrize(
    ("filled", "orders"),
    [
        pytest.param({Side.BUY, Side.SELL}, 2, id="both legs filled"),
        pytest.param({Side.BUY}, 3, id="one leg filled, and what is left is ended"),
        pytest.param(set(), 2, id="no leg reached its venue"),
    ],
)
async def test_a_cycle_that_was_cut_short(
    tmp_path: Path, filled: set[Side], orders: int, hears: int, forget_s: int
) -> None:
    world = World(forget_ns=forget_s * 1_000 * MS)
    truth = Truth(world, filled)
    first = Process(world, truth, tmp_path / "j.sqlite", "r1")
    assert (await first.recover()).cycles == ()  # the base line
    first.hears = hears
    first.executor.start(approved(world.plan()), world.clock.mono_ns())
    for _ in range(3):
        truth.work()
    first.journal.close()

    world.clock.advance(61_000 * MS)
    second = Process(world, truth, tmp_path / "j.sqlite", "r2")
    with closing(Records(second.path)) as records:
        open_before = [opened.cycle for opened in records.open_cycles()]
        recovered = await second.recover()
        assert (list(recovered.cycles), recovered.mismatches) == (open_before, ())
        assert records.open_cycles() == ()
        (closed,) = records.facts(CycleClosed)
        ledger = summed(delta for fill in truth.fills for delta in deltas(fill))
        assert {(each.venue, each.coin): each.qty for each in closed.deltas} == ledger
        assert {(venue, coin): qty for venue, coin, qty in second.exposure} == ledger
        assert sorted(fill.trade_id for fill in records.fills()) == sorted(fill.trade_id for fill in truth.fills)
        names = [order.client_id for order in world.out]
        assert len(names) == len(set(names)) == orders
        assert [sent.order.client_id for sent in records.orders()] == names
        assert {sent.purpose for sent in records.orders()} >= {Purpose.ENTRY}
    second.journal.close()
