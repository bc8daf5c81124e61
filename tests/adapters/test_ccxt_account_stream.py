"""Exchanges that can do less than MEXC and Gate: what cannot be watched is asked for, or searched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    NotFound,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
)
from arb.interfaces import Lane
from tests.adapters.ccxt_account_fakes import BTC, ETH, Desk, order, raw_order, raw_trade
from tests.adapters.ccxt_fakes import turns

WATCHES = ("watchOrders", "watchMyTrades", "watchBalance", "fetchOrder", "fetchOrderTrades")


async def test_up_means_subscribed_and_read() -> None:
    desk = Desk(WATCHES)
    async with desk.running():
        assert [type(event) for event in desk.heard.events] == [PrivateUp, BalancesRead]
        names = [call[0] for call in desk.stream.calls]
        assert sorted(names) == ["watch_balance", "watch_my_trades", "watch_orders"]
        assert desk.trading.refusal(1, Lane.ORDER) == ""
        assert desk.trading.clock_error_ns() is None  # no fetchTime
    assert [type(event) for event in desk.heard.events[2:]] == [PrivateDown]


async def test_pushes_are_told() -> None:
    desk = Desk(WATCHES, create_order=raw_order(status=None))
    async with desk.running():
        desk.trading.submit(order())
        await turns()
        desk.stream.push("watch_my_trades", [raw_trade()])
        desk.stream.push("watch_orders", [raw_order(status="closed", filled="2")])
        desk.stream.push("watch_balance", {"free": {"USDT": "4", "BTC": "0"}, "used": {"USDT": "1", "BTC": "0"}})
        await turns()
        (fill,) = desk.of(Fill)
        assert (fill.client_id, fill.qty, fill.fee) == ("c1", Decimal(2), Decimal("0.1"))
        assert [u.status for u in desk.of(OrderUpdate)] == [OrderStatus.OPEN, OrderStatus.FILLED]
        assert {b.coin: (b.free, b.locked) for b in desk.of(Balance)} == {
            "USDT": (Decimal(4), Decimal(1)),
            "BTC": (Decimal(0), Decimal(0)),
        }


@pytest.mark.parametrize("key", ["watch_orders", "watch_my_trades", "watch_balance"])
async def test_a_stream_that_fails_takes_the_whole_client_with_it(key: str) -> None:
    desk = Desk(WATCHES)
    async with desk.running():
        desk.stream.push(key, RuntimeError("gap, said by hush"))
        await turns()
        (down,) = desk.of(PrivateDown)
        assert "hush" not in down.reason
        assert desk.trading.refusal(1, Lane.HEDGE)
        await desk.sleep.pass_(1.0)  # the backoff
        await desk.sleep.pass_(1.0)
        kinds = [type(event) for event in desk.heard.events]
        assert kinds == [PrivateUp, BalancesRead, PrivateDown, PrivateUp, BalancesRead]
        assert len(desk.clients) == 3  # one for single requests stays


@pytest.mark.parametrize(
    ("key", "pushed"),
    [
        pytest.param("watch_orders", [raw_order(filled="plenty")], id="an order"),
        pytest.param("watch_my_trades", [raw_trade(amount="plenty")], id="a trade"),
        pytest.param("watch_balance", {"free": {"USDT": "plenty"}, "used": {}}, id="balances"),
    ],
)
async def test_a_push_that_nobody_can_read_may_have_been_a_fill_and_ends_the_connection(
    key: str, pushed: object
) -> None:
    desk = Desk(WATCHES)
    async with desk.running():
        desk.stream.push(key, pushed)
        await turns()
        assert len(desk.of(PrivateDown)) == 1
        await desk.sleep.pass_(1.0)
        await desk.sleep.pass_(1.0)
        assert [type(event) for event in desk.heard.events][-2:] == [PrivateUp, BalancesRead]


async def test_what_can_be_watched_one_market_at_a_time_is() -> None:
    desk = Desk(WATCHES, watch_orders="one market at a time")
    async with desk.running():
        asked = [call[1] for call in desk.stream.calls if call[0] == "watch_orders"]
        assert asked == [None, BTC, ETH]
        desk.stream.push(f"watch_orders:{BTC}", [raw_order(status="open", filled="0")])
        await turns()
        assert [u.symbol for u in desk.of(OrderUpdate)] == [BTC]


async def test_what_cannot_be_watched_is_asked_for() -> None:
    found = raw_order(status="open", filled="0")
    desk = Desk((), create_order=raw_order(), fetch_open_orders=lambda symbol: [found], fetch_my_trades=[raw_trade()])
    async with desk.running():
        desk.trading.submit(order())
        await turns()
        await desk.sleep.pass_(1.0)
        assert [u.status for u in desk.of(OrderUpdate)][-1] is OrderStatus.OPEN
        found.update(status="closed", filled="2")
        desk.answers["fetch_balance"] = {"free": {"USDT": "3"}, "used": {"USDT": "0"}}
        await desk.sleep.pass_(1.0)
        assert desk.of(OrderUpdate)[-1].status is OrderStatus.FILLED
        assert [fill.trade_id for fill in desk.of(Fill)] == ["t1"]
        assert [b.free for b in desk.of(Balance)][-1] == Decimal(3)
        polls = len(desk.calls("fetch_open_orders"))
        await desk.sleep.pass_(1.0)
        assert len(desk.calls("fetch_open_orders")) == polls  # it has ended
        assert desk.counters["polls"] > 2


async def test_fills_that_are_not_pushed_are_asked_for() -> None:
    desk = Desk(("watchOrders", "watchBalance", "fetchOrderTrades"), fetch_order_trades=[raw_trade()])
    async with desk.running():
        desk.stream.push("watch_orders", [raw_order(status="closed", filled="2")])
        await turns()
        assert desk.calls("fetch_order_trades") == [("v1", BTC)]
        assert [fill.trade_id for fill in desk.of(Fill)] == ["t1"]


@pytest.mark.parametrize(
    ("asked", "fee"),
    [
        pytest.param(raw_trade(), Decimal("0.1"), id="it is asked for"),
        pytest.param(raw_trade(fee=None), Decimal(0), id="and nothing where nobody tells it"),
    ],
)
async def test_a_fill_without_its_fee(asked: dict[str, Any], fee: Decimal) -> None:
    desk = Desk(WATCHES, fetch_order_trades=[asked])
    async with desk.running():
        desk.stream.push("watch_my_trades", [raw_trade(fee=None)])
        await turns()
        assert [fill.fee for fill in desk.of(Fill)] == [fee]


@pytest.mark.parametrize(
    ("resting", "closed", "found"),
    [
        pytest.param([raw_order(status="open", filled="0")], [], OrderStatus.OPEN, id="among what rests"),
        pytest.param([], [raw_order(status="canceled", filled="0")], OrderStatus.CANCELLED, id="among what has ended"),
        pytest.param([raw_order(2)], [], None, id="nowhere"),
    ],
)
async def test_an_order_known_by_our_id_alone_is_searched(
    resting: list[Any], closed: list[Any], found: OrderStatus | None
) -> None:
    can = (*WATCHES, "fetchClosedOrders")
    desk = Desk(can, fetch_open_orders=lambda symbol: resting, fetch_closed_orders=lambda symbol: closed)
    async with desk.running():
        desk.clock.advance(7)
        desk.trading.query(BTC, ClientId("c1"))
        await turns()
        assert [u.status for u in desk.of(OrderUpdate)] == ([found] if found else [])
        assert [n.asked_ns for n in desk.of(NotFound)] == ([] if found else [8])


async def test_a_question_that_fails_is_no_answer() -> None:
    desk = Desk(WATCHES, fetch_order=TimeoutError())
    async with desk.running():
        told = len(desk.heard.events)
        desk.trading.query(BTC, ClientId("c1"), "v1")
        await turns()
        assert len(desk.heard.events) == told
        assert len(desk.errors) == 1


async def test_a_cancel_goes_by_the_venues_id() -> None:
    desk = Desk(WATCHES, fetch_open_orders=lambda symbol: [raw_order(status="open", filled="0")], cancel_order={})
    async with desk.running():
        desk.trading.cancel(BTC, ClientId("c1"))
        desk.trading.cancel(BTC, ClientId("c2"), "v2")
        await turns()
        assert sorted(desk.calls("cancel_order")) == [("v1", BTC, {}), ("v2", BTC, {})]


async def test_what_keeps_failing_is_not_called_any_more() -> None:
    desk = Desk(WATCHES, create_order=TimeoutError())
    async with desk.running():
        for number in range(5):
            desk.trading.submit(order(number))
            await turns()
        assert [u.status for u in desk.of(OrderUpdate)] == [OrderStatus.UNKNOWN] * 5
        assert "failed" in desk.trading.refusal(1, Lane.ORDER)
        assert desk.trading.refusal(1, Lane.HEDGE) == ""  # an open position is closed all the same
        desk.trading.submit(order(9))
        await turns()
        assert desk.of(OrderUpdate)[-1].status is OrderStatus.REJECTED
        assert len(desk.calls("create_order")) == 5


async def test_orders_go_over_the_socket_where_there_is_one() -> None:
    desk = Desk((*WATCHES, "createOrderWs", "cancelOrderWs"), create_order_ws=raw_order(status="open", filled="0"))
    desk.answers["cancel_order_ws"] = {}
    async with desk.running():
        desk.trading.submit(order())
        await turns()
        desk.trading.cancel(BTC, ClientId("c1"))
        await turns()
        assert [call[0] for call in desk.stream.calls][-2:] == ["create_order_ws", "cancel_order_ws"]
        assert desk.calls("create_order") == desk.calls("cancel_order") == []


async def test_a_clock_that_is_too_far_off_stops_orders() -> None:
    """fetch_time says 1970: this machine's clock, turned by hand, says so too, and then no more."""
    desk = Desk((*WATCHES, "fetchTime"), fetch_time=0)
    async with desk.running():
        assert desk.trading.refusal(1, Lane.ORDER) == ""
        desk.answers["fetch_time"] = 3_000
        for _ in range(13):  # as many as are kept: the fastest would count otherwise
            await desk.sleep.pass_(10.0)
        assert (desk.trading.clock_error_ns() or 0) >= 3_000_000_000
        assert "clocks" in desk.trading.refusal(1, Lane.ORDER)
        assert desk.trading.refusal(1, Lane.HEDGE) == ""
