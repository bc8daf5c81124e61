"""What a venue has forgotten by name is read off the account, before an engine trades and while it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from arb.domain import ClientId, Coin, CycleId, Fill, OrderStatus, OrderUpdate, PrivateEvent
from arb.errors import ReconcileError
from arb.execution import Unproven
from arb.recovery import keep_proving
from arb.recovery.proving import LOOK_S, SKEW_NS
from tests.arb.journal.facts import MEXC, WALL_NS, D, order, update
from tests.arb.recovery.scene import BUY, C1, FILL, FakeExecutor, Scene, bases, opened

OWED = Unproven(BUY, "", WALL_NS)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path / "j.sqlite")
    scene.executor = FakeExecutor(ends=None)
    scene.executor.owed = [OWED]
    yield scene
    scene.close()


def statuses(events: list[PrivateEvent]) -> list[tuple[ClientId, OrderStatus, Decimal | None]]:
    return [(e.client_id, e.status, e.filled_qty) for e in events if isinstance(e, OrderUpdate)]


class TestRecovery:
    async def test_nothing_rests_and_nothing_was_filled(self, scene: Scene) -> None:
        scene.had(*bases(), opened())
        assert (await scene.recover()).cycles == (C1,)
        assert statuses(scene.executor.events) == [(BUY.client_id, OrderStatus.CANCELLED, 0)]
        assert [fact for fact in scene.published if isinstance(fact, OrderUpdate)] == scene.executor.events
        assert sum(scene.slept) == pytest.approx(0.5), "what was asked by name has the time to answer"

    async def test_its_fills_are_told_and_journalled_once(self, scene: Scene) -> None:
        scene.had(*bases(), opened())
        scene.mexc.history = [FILL]
        scene.mexc.held = {"USDT": D("799.6"), "BTC": D("7")}
        recovered = await scene.recover()
        assert recovered.fills == recovered.mismatches == ()
        assert scene.executor.events[0] == FILL
        assert statuses(scene.executor.events) == [(BUY.client_id, OrderStatus.FILLED, 2)]
        assert list(scene.records.facts(Fill)) == [FILL]

    async def test_one_that_rests_is_told_as_it_stands(self, scene: Scene) -> None:
        scene.had(*bases(), opened())
        scene.mexc.resting = [update(BUY, OrderStatus.OPEN)]
        scene.on_sleep = lambda: scene.mexc.resting.clear() if scene.executor.events else None
        await scene.recover()
        assert scene.executor.events == [update(BUY, OrderStatus.OPEN)]

    async def test_where_the_account_says_nothing_either_the_start_is_stopped(self, scene: Scene) -> None:
        nameless = Fill(
            MEXC, BUY.symbol, ClientId(""), "t5", BUY.side, D(100), D(1), D(0), Coin("USDT"), False, WALL_NS, 0
        )
        scene.had(*bases(), opened())
        scene.mexc.history = [nameless]
        with pytest.raises(ReconcileError, match="cannot be learnt from the venues"):
            await scene.recover()
        assert scene.executor.events == []


async def test_while_an_engine_runs_an_account_that_cannot_be_read_is_read_at_the_next_look(scene: Scene) -> None:
    told: list[PrivateEvent] = []
    other = Unproven(order(f"arb-{CycleId('00000000aa9')}-1"), "", WALL_NS)
    scene.executor.owed = [OWED, other]
    scene.mexc.lose("gone")
    looks: list[float] = []
    asked_since: list[int] = []
    fills = scene.mexc.fills

    async def read(symbol: object, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        asked_since.append(since_ns)
        return await fills(BUY.symbol, since_ns, until_ns)

    scene.mexc.fills = read  # type: ignore[method-assign]

    async def sleep(delay_s: float) -> None:
        looks.append(delay_s)
        if len(looks) == 2:
            assert told == []
            scene.mexc.gain()
        if len(looks) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_proving(scene.executor, scene.venues, scene.clock, told.append, sleep)
    assert looks == [LOOK_S] * 3
    assert [name for name, _, _ in statuses(told)] == [BUY.client_id, other.order.client_id]
    assert asked_since == [WALL_NS - SKEW_NS] * 2
