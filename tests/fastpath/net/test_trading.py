"""fastpath.net.trading at the simulated venues: orders, their answers, questions, the stream and its loss."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest

from arb.clock import SystemClock
from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    Fill,
    NotFound,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
    Symbol,
)
from arb.errors import AuthFailed
from arb.interfaces import Lane, Trading
from arb.sim import FaultRule
from fastpath import gateio, mexc
from fastpath.net import private_stream, trading
from tests.fastpath.net.desk import BTC, desk
from tests.fastpath.net.venue import CLOCK

VENUES = (mexc, gateio)
PLACE = {mexc: "POST /api/v3/order", gateio: "spot.order_place"}
PRIVATE = {mexc: "private", gateio: "spot.orders"}

every_venue = pytest.mark.parametrize("module", VENUES, ids=lambda module: module.SPEC.name)


def fault(kind: Any, module: ModuleType, topic: str = "", **more: Any) -> FaultRule:
    return FaultRule(kind=kind, topic=topic or PLACE[module], **({"probability": 1.0} | more))


@every_venue
async def test_it_comes_up_with_the_balances_of_the_account(module: ModuleType) -> None:
    async with desk(module) as d:
        side: Trading = d.trading
        assert [type(e) for e in d.heard.all if e != "idle"][:2] == [PrivateUp, BalancesRead]
        [read] = d.heard.of(BalancesRead)
        held = {b.coin: (b.free, b.locked) for b in read.balances if b.free or b.locked}
        assert held == d.sim.ledger(d.venue).balances
        error_ns = side.clock_error_ns()
        assert error_ns is not None
        assert error_ns < 500_000_000
        assert side.refusal(1, Lane.ORDER) == ""
        assert d.errors == []


@every_venue
async def test_an_order_is_on_its_way_before_submit_returns(module: ModuleType) -> None:
    async with desk(module) as d:
        before = dict(d.trading.counters)
        d.trading.submit(d.order())
        sent = d.trading.counters
        if module is mexc:
            assert sent["rest_requests"] == before["rest_requests"] + 1
        else:
            assert sent["rest_requests"] == before["rest_requests"]  # it went over the socket
        assert d.updates() == []
        assert (await d.ended()).status is OrderStatus.FILLED
        await d.heard.until(lambda: bool(d.fills()))
        assert d.fills() == {fill.trade_id for fill in d.sim.ledger(d.venue).fills}


@every_venue
async def test_an_order_rests_until_it_is_cancelled(module: ModuleType) -> None:
    async with desk(module) as d:
        d.trading.submit(d.order(rests=True))
        await d.heard.until(lambda: OrderStatus.OPEN in d.statuses())
        [resting] = await d.trading.open_orders()
        assert (resting.client_id, resting.status) == ("arb-1", OrderStatus.OPEN)
        d.trading.cancel(BTC, ClientId("arb-1"))
        assert (await d.ended()).status is OrderStatus.CANCELLED
        assert await d.trading.open_orders(BTC) == ()


@every_venue
async def test_a_refused_order_says_why(module: ModuleType) -> None:
    async with desk(module) as d:
        d.trading.submit(d.order(qty="100"))
        update = await d.ended()
        assert (update.status, update.filled_qty) == (OrderStatus.REJECTED, 0)
        assert update.reason


@every_venue
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({"client_id": "no such id!"}, "is no client id", id="a bad name"),
        pytest.param({"price": None}, "has a price", id="no price"),
        pytest.param({"symbol": Symbol("NO/WAY")}, "no market", id="an unknown market"),
    ],
)
async def test_what_cannot_be_written_is_refused_afterwards_not_raised(
    module: ModuleType, changes: dict[str, Any], text: str
) -> None:
    async with desk(module) as d:
        order = msgspec.structs.replace(d.order(), **changes)
        d.trading.submit(order)
        assert d.updates(order.client_id) == []
        assert text in (await d.ended(order.client_id)).reason
        assert d.orders == []


@every_venue
async def test_a_name_on_its_way_is_not_sent_again(module: ModuleType) -> None:
    async with desk(module) as d:
        d.trading.submit(d.order(rests=True))
        d.trading.submit(d.order(rests=True))
        assert "on its way" in (await d.ended()).reason
        await d.heard.until(lambda: OrderStatus.OPEN in d.statuses())
        assert len(d.orders) == 1


@every_venue
async def test_orders_beyond_the_budget_are_refused_at_once_and_a_hedge_has_the_last(module: ModuleType) -> None:
    async with desk(module) as d:
        most = {mexc: 12, gateio: 10}[module]
        for number in range(most):
            d.trading.submit(d.order(f"arb-{number}"))
        assert "budget" in d.trading.refusal(1, Lane.ORDER)
        assert d.trading.refusal(1, Lane.HEDGE) == ""
        d.trading.submit(d.order("hedge"), Lane.HEDGE)
        assert (await d.ended("hedge")).status is OrderStatus.FILLED
        assert "budget" in (await d.ended(f"arb-{most - 1}")).reason
        assert len(d.orders) == most
        assert d.trading.counters["refused"] == 1


# ------------------------------------------------------------------------------------------------ no answer


@every_venue
@pytest.mark.parametrize("kind", ["lost_answer", "late_answer", "error_after"])
async def test_an_order_without_an_answer_is_unknown_until_it_is_asked_for(module: ModuleType, kind: str) -> None:
    rule = fault(kind, module, delay_ms=400.0, status=503)
    async with desk(module, rule, answer_s=0.1) as d:
        d.trading.submit(d.order())
        await d.heard.until(lambda: OrderStatus.UNKNOWN in d.statuses())
        unknown = next(update for update in d.updates() if update.status is OrderStatus.UNKNOWN)
        assert unknown.filled_qty is None
        assert d.trading.counters["unknown"] == 1
        d.heard.all.clear()
        d.trading.query(BTC, ClientId("arb-1"))
        assert (await d.ended()).status is OrderStatus.FILLED
        await d.heard.until(lambda: bool(d.fills()))
        assert len(d.orders) == 1


async def test_an_answer_that_comes_too_late_is_told_all_the_same() -> None:
    rule = fault("late_answer", gateio, delay_ms=300.0)
    pushes = (FaultRule(kind="drop", topic=topic, probability=1.0) for topic in ("spot.orders", "spot.usertrades"))
    async with desk(gateio, rule, *pushes, answer_s=0.1) as d:
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.UNKNOWN
        await d.heard.until(lambda: d.statuses()[-1] is OrderStatus.FILLED)


@every_venue
@pytest.mark.parametrize("kind", ["rate_limit", "expired"])
async def test_what_is_turned_away_at_the_door_did_not_happen(module: ModuleType, kind: str) -> None:
    rule = fault(kind, module, probability=0.0, at_ms=(0.0,), retry_after_s=1)
    async with desk(module, rule) as d:
        d.trading.submit(d.order())
        update = await d.ended()
        assert (update.status, update.filled_qty) == (OrderStatus.REJECTED, 0)
        assert d.trading.refusal(1, Lane.ORDER)  # a pause, or a clock to be measured
        assert d.orders == []
        if kind == "expired":
            async with asyncio.timeout(2):
                while d.trading.refusal(1, Lane.ORDER):  # noqa: ASYNC110  it is measured again by itself
                    await asyncio.sleep(0.01)
            d.trading.submit(d.order("arb-2"))
            assert (await d.ended("arb-2")).status is OrderStatus.FILLED


@every_venue
async def test_the_end_of_a_run_tells_of_every_order_without_an_answer(module: ModuleType) -> None:
    async with desk(module, fault("late_answer", module, delay_ms=5_000.0)) as d:
        d.trading.submit(d.order(rests=True))
        async with asyncio.timeout(2):
            while not d.orders:  # noqa: ASYNC110  the venue tells nobody
                await asyncio.sleep(0.01)
        await d.stop()
        assert d.statuses().count(OrderStatus.UNKNOWN) == 1
        heard = len(d.heard.all)
        d.trading.submit(d.order("arb-2"))
        d.trading.cancel(BTC, ClientId("arb-1"))
        d.trading.query(BTC, ClientId("arb-1"))
        assert len(d.heard.all) == heard
        assert d.trading.refusal(1, Lane.HEDGE) == "not running"


# ------------------------------------------------------------------------------------------------ questions


@every_venue
async def test_what_the_venue_does_not_know_is_not_found(module: ModuleType) -> None:
    async with desk(module) as d:
        before_ns = CLOCK.mono_ns()
        d.trading.query(BTC, ClientId("arb-9"))
        d.trading.query(BTC, ClientId("arb-9"))
        await d.heard.until(lambda: bool(d.heard.of(NotFound)))
        [told] = d.heard.of(NotFound)
        assert (told.client_id, told.symbol) == ("arb-9", BTC)
        assert before_ns <= told.asked_ns <= told.recv_ns
        assert d.trading.counters["queries"] == 1


@every_venue
async def test_a_query_by_the_venues_id_brings_the_fills(module: ModuleType) -> None:
    async with desk(module) as d:
        d.trading.submit(d.order())
        venue_id = (await d.ended()).venue_id
        d.heard.all.clear()
        d.trading.query(BTC, ClientId("arb-1"), venue_id)
        await d.heard.until(lambda: bool(d.heard.of(Fill)))
        kinds = [type(e) for e in d.heard.all if isinstance(e, OrderUpdate | Fill)]
        assert kinds[-2:] == [OrderUpdate, Fill]
        [fill] = d.heard.of(Fill)
        assert (fill.client_id, fill.qty, fill.venue_id) == ("arb-1", Decimal("0.001"), venue_id)


@every_venue
async def test_a_question_that_fails_is_complained_of_and_tells_nothing(module: ModuleType) -> None:
    path = {mexc: "GET /api/v3/order", gateio: "GET /api/v4/spot/orders"}[module]
    async with desk(module, fault("server_error", module, path)) as d:
        d.heard.all.clear()
        d.trading.query(BTC, ClientId("arb-1"))
        async with asyncio.timeout(5):
            while not d.errors:  # noqa: ASYNC110  a list has no event
                await asyncio.sleep(0.01)
        assert d.heard.of(OrderUpdate, NotFound) == []


@every_venue
async def test_the_accounts_fills_are_read_back_oldest_first(module: ModuleType) -> None:
    async with desk(module) as d:
        since_ns = CLOCK.wall_ns() - 10**10
        for number in range(3):
            d.trading.submit(d.order(f"arb-{number}"))
            await d.ended(f"arb-{number}")
        fills = await d.trading.fills(BTC, since_ns)
        assert [fill.trade_id for fill in fills] == [fill.trade_id for fill in d.sim.ledger(d.venue).fills]
        assert (await d.trading.balances()).balances


@every_venue
async def test_questions_need_no_run(module: ModuleType) -> None:
    async with desk(module) as d:
        await d.stop()
        read = await d.trading.balances()
        assert {b.coin for b in read.balances} >= {"USDT", "BTC"}


# ------------------------------------------------------------------------------------------------ the stream


@every_venue
async def test_a_lost_stream_is_told_at_once_and_mended(module: ModuleType) -> None:
    async with desk(module, fault("close", module, PRIVATE[module], probability=0.0, at_ms=(400.0,))) as d:
        await d.heard.until(lambda: bool(d.heard.of(PrivateDown)))
        assert "private stream is down" in d.trading.refusal(1, Lane.ORDER)
        assert d.trading.refusal(1, Lane.HEDGE) == ""
        await d.heard.until(lambda: len(d.heard.of(BalancesRead)) == 2)
        kinds = [type(e) for e in d.heard.all if isinstance(e, PrivateUp | PrivateDown | BalancesRead)]
        assert kinds == [PrivateUp, BalancesRead, PrivateDown, PrivateUp, BalancesRead]
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.FILLED


@every_venue
async def test_without_its_stream_an_order_stays_here_and_a_hedge_leaves(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(module) as d:
        monkeypatch.setattr(private_stream.PrivateStream, "_open", _never)
        link = d.trading._stream.link
        assert link is not None
        await link.close("cut")
        assert [down.reason for down in d.heard.of(PrivateDown)] == ["cut"]
        d.trading.submit(d.order())
        d.trading.submit(d.order("hedge"), Lane.HEDGE)
        assert (await d.ended()).reason == "the private stream is down"
        d.trading.query(BTC, ClientId("hedge"))
        assert (await d.ended("hedge")).status is OrderStatus.FILLED
        assert len(d.orders) == 1


async def _never(self: private_stream.PrivateStream) -> None:
    await asyncio.Event().wait()


@every_venue
async def test_a_push_that_nobody_can_read_ends_the_stream(module: ModuleType) -> None:
    topic = {mexc: "private.orders", gateio: "spot.orders"}[module]
    async with desk(module, fault("garble", module, topic, probability=0.0, at_ms=(0.0,))) as d:
        d.trading.submit(d.order(rests=True))
        await d.heard.until(lambda: bool(d.heard.of(PrivateDown)) or len(d.updates()) >= 2)
        if d.heard.of(PrivateDown):  # four changed bytes may leave a frame that still can be read
            await d.heard.until(lambda: len(d.heard.of(PrivateUp)) == 2)


@every_venue
async def test_balances_pushed_during_a_read_are_not_overwritten_by_it(module: ModuleType) -> None:
    async with desk(module) as d:
        reading = asyncio.create_task(d.trading.balances())
        await asyncio.sleep(0)
        d.trading._questions.on_balance(Balance(d.venue, Coin("USDT"), Decimal(7), Decimal(0), 0, 1, CLOCK.mono_ns()))
        read = await reading
        assert [b.free for b in read.balances if b.coin == "USDT"] == [7]


@every_venue
async def test_a_bad_key_ends_the_run(module: ModuleType) -> None:
    async def run() -> None:
        async with desk(module, up=False) as d:
            d.sim.venues[d.venue].key = "another"
            await asyncio.wait([d.task], timeout=5)
            assert d.heard.of(PrivateUp) == []

    with pytest.raises(AuthFailed):
        await run()


async def test_what_the_sink_raises_ends_the_run() -> None:
    def broken(event: object) -> None:
        if isinstance(event, OrderUpdate):
            raise ZeroDivisionError

    async def run() -> None:
        async with desk(gateio) as d:
            d.heard.on = broken
            d.trading.submit(d.order())
            await asyncio.wait([d.task], timeout=5)

    with pytest.raises(ZeroDivisionError):
        await run()


def test_a_clock_that_is_not_known_well_enough_stops_orders() -> None:
    assert trading.MAX_CLOCK_ERROR_MS < 1_000  # MEXC refuses what is a second ahead


async def test_the_limit_of_the_clocks_error_is_given() -> None:
    async with desk(mexc, max_clock_error_ms=0) as d:
        d.trading.submit(d.order())
        assert "the venue's time is known to" in (await d.ended()).reason
        assert d.orders == []


class SetWrong(SystemClock):
    """A machine whose wall clock somebody has set."""

    __slots__ = ("by_ns",)

    def __init__(self) -> None:
        self.by_ns = 0

    def wall_ns(self) -> int:  # type: ignore[override]  # of the real one it is an attribute
        return SystemClock.wall_ns() + self.by_ns


@every_venue
@pytest.mark.parametrize("hours", [pytest.param(1, id="forward"), pytest.param(-1, id="back")])
async def test_fills_are_found_by_a_clock_that_was_set(module: ModuleType, hours: int) -> None:
    """An order that was sent a minute ago was sent a minute ago: else what it has filled would be missed."""
    clock = SetWrong()
    async with desk(module, clock=clock) as d:
        clock.by_ns = hours * 3_600_000_000_000
        sent_ns = clock.wall_ns()
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.FILLED
        fills = await d.trading.fills(BTC, sent_ns - 60_000_000_000, clock.wall_ns() + 60_000_000_000)
    assert {fill.trade_id for fill in fills} == {fill.trade_id for fill in d.sim.ledger(d.venue).fills} != set()
