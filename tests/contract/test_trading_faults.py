"""What a private side still promises when the venue or the way to it misbehaves. Paper has no such faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from arb.domain import BalancesRead, Depth, Disconnected, NotFound, Order, OrderStatus, PrivateDown, PrivateUp
from arb.errors import VenueError
from arb.interfaces import Lane
from arb.sim import FaultRule
from tests.contract.following import following
from tests.contract.raw.rules import parser
from tests.contract.test_trading import BUY, IOC, LIMIT, NONE, SELL, check_fills, too_much
from tests.contract.trader import FINAL, Trader, trader
from tests.contract.venues import WIRED, Column, every

pytestmark = pytest.mark.usefixtures("nothing_left", "hurried_ccxt")

LONG_S = 90.0  # until nobody can believe any more that a silent socket lives
UNKNOWN, OPEN, CANCELLED, REJECTED = (
    OrderStatus.UNKNOWN,
    OrderStatus.OPEN,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
)


def placing(column: Column, kind: Any, **more: Any) -> tuple[FaultRule, ...]:
    """On every way to place an order."""
    topics = parser(column.venue).PLACING
    return tuple(FaultRule(kind=kind, venue=column.venue, topic=topic, probability=1.0, **more) for topic in topics)


def pushes(column: Column, kind: Any, probability: float = 1.0, **more: Any) -> tuple[FaultRule, ...]:
    """On every private push."""
    raw = parser(column.venue)
    return tuple(
        FaultRule(kind=kind, venue=column.venue, topic=topic, probability=probability, **more)
        for topic in (raw.ORDERS, raw.FILLS, raw.BALANCES)
    )


# ---------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize("kind", ["lost_answer", "error_after"])
@every(WIRED)
async def test_an_order_whose_answer_is_lost_is_unknown_and_a_question_proves_it(column: Column, kind: str) -> None:
    async with trader(column, *placing(column, kind), *pushes(column, "drop")) as run:
        order = run.resting()
        run.submit(order)
        await run.until(lambda: run.updates(order), "answered")
        assert [update.status for update in run.updates(order)] == [UNKNOWN]
        assert run.trading.counters["unknown"] == 1
        run.trading.query(order.symbol, order.client_id)
        await run.until(lambda: run.outcome(order).status is OPEN, "proven")
        assert run.outcome(order).venue_id
        assert run.truth.accepted() == 1, "sent once"


@pytest.mark.parametrize("kind", ["lost_answer", "error_after"])
@every(WIRED)
async def test_a_lost_answer_hides_no_push(column: Column, kind: str) -> None:
    async with trader(column, *placing(column, kind)) as run:
        order = run.taking()
        told = await run.settle(order)
        assert told.status is OrderStatus.FILLED
        assert REJECTED not in {update.status for update in run.updates(order)}
        check_fills(run, order)
        await run.check_money()
        assert run.truth.accepted() == 1


@pytest.mark.parametrize("kind", ["lost_request", "server_error"])
@every(WIRED)
async def test_an_order_that_is_lost_on_its_way_is_unknown_and_then_not_found(column: Column, kind: str) -> None:
    async with trader(column, *placing(column, kind)) as run:
        order = run.taking()
        run.submit(order)
        await run.until(lambda: run.updates(order), "answered")
        assert {update.status for update in run.updates(order)} == {UNKNOWN}
        run.trading.query(order.symbol, order.client_id)
        await run.until(lambda: run.of(NotFound), "told that it is not there")
        assert run.of(NotFound)[0].client_id == order.client_id
        await asyncio.sleep(0.1)
        assert run.truth.accepted() == 0, "sent once"
        await run.check_money()


@pytest.mark.parametrize(("kind", "more"), [("rate_limit", {"retry_after_s": 1}), ("expired", {})])
@every(WIRED)
async def test_an_order_that_the_venue_did_not_look_at_is_rejected(
    column: Column, kind: str, more: dict[str, Any]
) -> None:
    async with trader(column, *placing(column, kind, **more)) as run:
        order = run.taking()
        told = await run.settle(order)
        assert (told.status, told.filled) == (REJECTED, NONE)
        assert told.reason
        assert run.truth.accepted() == 0


@every(WIRED)
async def test_an_answer_after_every_push_changes_nothing_that_is_known(column: Column) -> None:
    async with trader(column, *placing(column, "late_answer", delay_ms=400)) as run:
        order = run.taking()
        await run.settle(order)
        before = run.outcome(order)
        await asyncio.sleep(0.2)
        assert run.outcome(order) == before
        assert before.status is OrderStatus.FILLED
        check_fills(run, order)
        await run.check_money()


@every(WIRED)
async def test_what_nobody_answered_is_unknown_at_the_end(column: Column) -> None:
    rules = (*placing(column, "late_answer", delay_ms=60_000), *pushes(column, "drop"))
    async with trader(column, *rules) as run:
        order = run.resting()
        run.submit(order)
        await run.until(run.truth.accepted, "there")
        assert run.updates(order) == []
        await run.stop()
        assert [update.status for update in run.updates(order)] == [UNKNOWN]
        assert run.updates(order)[0].filled_qty is None


# ---------------------------------------------------------------------------------------------- pushes

PUSHES = [
    pytest.param(("duplicate", {}), id="doubled"),
    pytest.param(("delay", {"delay_ms": 300}), id="late"),
    pytest.param(("delay", {"delay_ms": 300, "probability": 0.5}), id="out of order"),
    pytest.param(("reorder", {"probability": 0.5}), id="swapped"),
]


@pytest.mark.parametrize("fault", PUSHES)
@every(WIRED)
async def test_pushes_that_come_amiss_leave_the_same_totals(column: Column, fault: tuple[str, dict[str, Any]]) -> None:
    kind, more = fault
    async with trader(column, *pushes(column, kind, **more)) as run:
        orders = [run.taking(BUY), too_much(IOC, SELL)(run), run.resting()]
        for order in orders:
            run.submit(order)
        await run.until(lambda: all(run.updates(order) for order in orders), "answered")
        run.trading.cancel(orders[2].symbol, orders[2].client_id)
        await ask_until_whole(run, orders)
        for order in orders:
            check_fills(run, order)
        assert run.truth.accepted() == len(orders)
        await run.check_read()


@every(WIRED)
async def test_lost_pushes_are_made_good_by_asking(column: Column) -> None:
    async with trader(column, *pushes(column, "drop")) as run:
        orders = [run.taking(BUY), too_much(IOC, SELL)(run)]
        for order in orders:
            run.submit(order)
        await run.until(lambda: all(run.updates(order) for order in orders), "answered")
        await ask_until_whole(run, orders)
        for order in orders:
            check_fills(run, order)
        await run.check_read()


async def ask_until_whole(run: Trader, orders: list[Order]) -> None:
    """As an executor does: wait a little, then ask for what is not over."""
    async with asyncio.timeout(10):
        while unsure := [order for order in orders if not run.outcome(order).whole]:
            await asyncio.sleep(0.15)
            for order in unsure:
                run.trading.query(order.symbol, order.client_id, run.outcome(order).venue_id)


# ---------------------------------------------------------------------------------------------- what venues do


@every(WIRED)
async def test_an_order_that_the_venue_cancels_halfway_says_how_far_it_came(column: Column) -> None:
    async with trader(column, FaultRule(kind="partial_cancel", venue=column.venue, probability=1.0)) as run:
        order = run.order(BUY, LIMIT, run.there(BUY), run.price(BUY))
        told = await run.settle(order)
        assert told.status is CANCELLED
        assert NONE < told.qty < order.qty
        check_fills(run, order)
        await run.check_money()


@every(WIRED)
async def test_an_order_that_is_filled_while_its_cancel_is_on_the_way_is_told_with_its_fills(column: Column) -> None:
    async with trader(column, FaultRule(kind="fill_on_cancel", venue=column.venue, probability=1.0)) as run:
        orders = [run.order(side, LIMIT, run.small() * 2, run.price(side, off=1)) for side in (BUY, SELL)]
        for order in orders:
            opened = await run.rest(order)
            run.trading.cancel(order.symbol, order.client_id, opened.venue_id)
        await ask_until_whole(run, orders)
        assert {run.outcome(order).status for order in orders} == {OrderStatus.FILLED, CANCELLED}
        for order in orders:
            assert run.outcome(order).qty
            check_fills(run, order)
        await run.check_money()


@every(WIRED)
async def test_an_order_may_be_unknown_to_the_venue_for_a_while(column: Column) -> None:
    rule = FaultRule(kind="lookup_lag", venue=column.venue, probability=1.0, delay_ms=400)
    async with trader(column, rule, *pushes(column, "drop")) as run:
        order = run.taking()
        sent_ns = run.world.clock.mono_ns()
        run.submit(order)
        await run.until(lambda: run.updates(order), "answered")
        await ask_until_whole(run, [order])
        assert all(told.asked_ns - sent_ns < run.trading.settle_ns for told in run.of(NotFound))
        check_fills(run, order)


# ---------------------------------------------------------------------------------------------- losses


def private(column: Column, kind: Any, **more: Any) -> FaultRule:
    """On the sockets that carry our orders, at 0.7 s of sim time."""
    return FaultRule(kind=kind, venue=column.venue, topic=parser(column.venue).ORDERS, at_ms=(700,), **more)


def closed(column: Column) -> FaultRule:
    return private(column, "close")


def mute(column: Column) -> FaultRule:
    """Nothing comes any more, not even an answer to a ping, though it stays open."""
    return private(column, "stall", scope="socket", duration_ms=10**9)


@pytest.mark.parametrize("loss", [closed, pytest.param(mute, marks=pytest.mark.prove)])
@every(WIRED)
async def test_a_private_side_that_dies_is_told_at_once_and_comes_back(
    column: Column, loss: Callable[[Column], FaultRule]
) -> None:
    async with trader(column, loss(column)) as run, following(run.world, Depth.TOP) as public:
        order = run.resting()
        await run.rest(order)
        await run.until(lambda: run.of(PrivateDown), "told of the loss", LONG_S)
        assert run.trading.refusal(1, Lane.ORDER)
        assert run.of(PrivateDown)[0].reason
        gone = len(run.events)
        await run.until(lambda: len(run.of(BalancesRead)) == 2, "up again")
        assert [type(event) for event in run.events[gone:] if isinstance(event, PrivateUp | BalancesRead)] == [
            PrivateUp,
            BalancesRead,
        ]
        assert not run.trading.refusal(1, Lane.ORDER)
        assert not public.of(Disconnected), "what the books come from is another matter"
        [listed] = await run.trading.open_orders()
        assert listed.client_id == order.client_id
        after = run.taking()
        assert (await run.settle(after)).status is OrderStatus.FILLED
        check_fills(run, after)


@every(WIRED)
async def test_what_is_filled_while_nobody_listens_is_found_by_asking(column: Column) -> None:
    async with trader(column) as run:
        order = run.resting()
        opened = await run.rest(order)
        run.world.way.shut()
        await run.until(lambda: run.of(PrivateDown), "told of the loss")
        run.hit(order)
        await run.world.way.open()
        await run.until(lambda: len(run.of(PrivateUp)) == 2, "up again")
        run.trading.query(order.symbol, order.client_id, opened.venue_id)
        await ask_until_whole(run, [order])
        assert run.outcome(order).status is OrderStatus.FILLED
        assert all(each.maker for each in run.outcome(order).done)
        check_fills(run, order)
        await run.check_read()


@every(WIRED)
async def test_an_expired_listen_key_is_replaced(column: Column) -> None:
    async with trader(column, FaultRule(kind="listen_key", venue=column.venue, at_ms=(700,))) as run:
        await run.until(lambda: run.world.sim.counters[f"{column.venue}.listen_key"], "expired")
        await run.quiet()
        await run.until(lambda: not run.trading.refusal(1, Lane.ORDER), "ready")
        order = run.taking()
        run.submit(order)
        await ask_until_whole(run, [order])
        check_fills(run, order)


@every(WIRED)
async def test_orders_in_the_air_when_all_is_lost_are_each_answered(column: Column) -> None:
    async with trader(column) as run:
        orders = [run.taking(BUY), run.taking(SELL)]
        for order in orders:
            run.submit(order)
        run.world.rest.shut()
        run.world.ws.shut()
        await run.until(lambda: all(run.updates(order) for order in orders), "answered")
        with pytest.raises(VenueError):
            await run.trading.open_orders()
        await run.world.rest.open()
        await run.world.ws.open()
        await run.until(lambda: not run.trading.refusal(1, Lane.ORDER), "ready")
        unsure = [order for order in orders if run.outcome(order).status not in FINAL]
        for order in unsure:
            run.trading.query(order.symbol, order.client_id)
        await run.until(
            lambda: all(run.outcome(o).whole or o.client_id in {n.client_id for n in run.of(NotFound)} for o in orders),
            "proven",
        )
        for order in orders:
            check_fills(run, order)
        await run.check_read()
