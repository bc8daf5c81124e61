"""Facts are read anew when a venue itself gives a reason to doubt them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from arb.app.upkeep import REST_S, Upkeep
from arb.domain import Coin, FeeCoin, FeeSchedule, FeeSource, Fill, Side, Symbol, VenueId
from arb.errors import Cause, Rejected, Transient, VenueError
from arb.interfaces import Statics

V, S = VenueId("v"), Symbol("ABC/USDT")
FEE = FeeSchedule(V, S, Decimal("0.001"), Decimal("0.001"), FeeSource.MARKET, FeeCoin.BASE, FeeCoin.QUOTE)
OLD, NEW = Statics((), (FEE,)), Statics((), ())


class Loader:
    def __init__(self) -> None:
        self.asked = 0

    async def refresh(self, _factory: object) -> Statics:
        self.asked += 1
        return NEW


class Stage:
    """An Upkeep whose facts grow old only when it is told so."""

    def __init__(self) -> None:
        self.loader, self.notes, self.rests = Loader(), list[str](), list[asyncio.Future[None]]()
        self.told: list[Statics] = []
        loader: Any = self.loader
        factories: Any = {V: object()}
        self.upkeep = Upkeep(
            loader, factories, {V: OLD}, {V: [S]}, frozenset(), ttl_s=3600.0,
            changed=lambda _venue, statics: self.told.append(statics), note=self.notes.append, sleep=self._sleep,
        )  # fmt: skip

    async def _sleep(self, delay_s: float) -> None:
        future = asyncio.get_running_loop().create_future()
        if delay_s == REST_S:
            self.rests.append(future)
        await future

    async def turn(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def fill(**changes: Any) -> Fill:
    given: dict[str, Any] = {
        "venue": V, "symbol": S, "client_id": "c", "trade_id": "1", "side": Side.SELL, "price": Decimal(10),
        "qty": Decimal(3), "fee": Decimal("0.03"), "fee_coin": Coin("USDT"), "maker": False, "exch_ns": 0, "recv_ns": 0,
    }  # fmt: skip
    return Fill(**(given | changes))


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        pytest.param(Rejected("v", "too many digits", cause=Cause.PRECISION), 1, id="a step that is another now"),
        pytest.param(Rejected("v", "suspended", cause=Cause.MARKET), 1, id="a market that is closed"),
        pytest.param(Rejected("v", "no money", cause=Cause.BALANCE), 0, id="not our own poverty"),
        pytest.param(Transient("v", "too many", cause=Cause.RATE_LIMIT), 0, id="never one who wants less of us"),
        pytest.param(Rejected("w", "too many digits", cause=Cause.PRECISION), 0, id="nor another venue"),
    ],
)
async def test_a_refusal_by_a_rule_of_the_market_is_a_reason(error: VenueError, asked: int) -> None:
    stage = Stage()
    running = asyncio.create_task(stage.upkeep.run())
    await stage.turn()
    stage.upkeep.on_error(error)
    await stage.turn()
    assert (stage.loader.asked, stage.told) == (asked, [NEW] * asked)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        pytest.param({}, 0, id="what was due, in quote"),
        pytest.param({"fee": Decimal("0.003"), "fee_coin": Coin("ABC")}, 0, id="what was due, in base"),
        pytest.param({"fee": Decimal("0.0301")}, 0, id="rounded"),
        pytest.param({"fee": Decimal("0.06")}, 1, id="twice as much"),
        pytest.param({"fee": Decimal(0)}, 1, id="nothing at all"),
        pytest.param({"fee": Decimal("0.06"), "maker": True}, 0, id="a maker pays another rate"),
        pytest.param({"fee": Decimal(1), "fee_coin": Coin("GT")}, 0, id="a discount in a third coin"),
    ],
)
async def test_a_fee_that_was_not_due_is_a_reason(changes: dict[str, Any], asked: int) -> None:
    stage = Stage()
    running = asyncio.create_task(stage.upkeep.run())
    await stage.turn()
    stage.upkeep.on_fact(fill(**changes))
    await stage.turn()
    assert stage.loader.asked == asked
    assert bool(stage.notes) is bool(asked)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_however_often_it_is_doubted_a_venue_is_asked_once_in_a_while() -> None:
    stage = Stage()
    running = asyncio.create_task(stage.upkeep.run())
    await stage.turn()
    error = Rejected("v", "too many digits", cause=Cause.PRECISION)
    for _ in range(5):
        stage.upkeep.on_error(error)
        await stage.turn()
    assert (stage.loader.asked, len(stage.rests), len(stage.notes)) == (1, 1, 1)
    stage.rests[0].set_result(None)
    await stage.turn()
    stage.upkeep.on_error(error)
    await stage.turn()
    assert stage.loader.asked == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
