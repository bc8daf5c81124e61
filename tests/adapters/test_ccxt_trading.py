"""Orders through ccxt at the simulated exchanges, whose ledgers are the truth."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from arb.domain import BalancesRead, NotFound, OrderStatus, OrderType, PrivateUp, Side, Symbol
from arb.interfaces import Lane
from tests.adapters.ccxt_account import BTC, VENUES, account
from tests.adapters.ccxt_fakes import until

FAR = -20_000  # ticks below the ask: nothing trades there
NOTHING = Decimal(0)
REFUSED = (OrderStatus.CANCELLED, OrderStatus.REJECTED)
venues = pytest.mark.parametrize("venue", VENUES)


@venues
@pytest.mark.parametrize(
    ("kind", "away", "size", "statuses", "share"),
    [
        pytest.param(OrderType.LIMIT, 0, "half", (OrderStatus.FILLED,), "whole", id="limit that takes is filled"),
        pytest.param(OrderType.LIMIT, FAR, "half", (OrderStatus.OPEN,), "none", id="limit away rests"),
        pytest.param(OrderType.LIMIT, 0, "double", (OrderStatus.PARTIAL, OrderStatus.OPEN), "part", id="limit in part"),
        pytest.param(OrderType.IOC, 0, "half", (OrderStatus.FILLED,), "whole", id="ioc filled"),
        pytest.param(OrderType.IOC, 0, "double", (OrderStatus.CANCELLED,), "part", id="ioc in part does not rest"),
        pytest.param(OrderType.IOC, FAR, "half", (OrderStatus.CANCELLED,), "none", id="ioc away does not rest"),
        pytest.param(OrderType.FOK, 0, "half", (OrderStatus.FILLED,), "whole", id="fok filled"),
        pytest.param(OrderType.FOK, 0, "double", REFUSED, "none", id="fok is whole or nothing"),
        pytest.param(OrderType.POST_ONLY, FAR, "half", (OrderStatus.OPEN,), "none", id="post-only rests"),
        pytest.param(OrderType.POST_ONLY, 100, "half", REFUSED, "none", id="post-only never takes"),
    ],
)
async def test_orders_do_what_they_mean(
    venue: str, kind: OrderType, away: int, size: str, statuses: tuple[OrderStatus, ...], share: str
) -> None:
    async with account(venue) as at:
        qty, top = (at.half if size == "half" else at.top * 2), at.top
        order = at.order(kind, qty, away)
        await at.send(order)
        filled = {"whole": qty, "part": top, "none": NOTHING}[share]
        await until(lambda: sum(f.qty for f in at.fills(order)) == filled)
        await at.agrees()
        last = at.updates(order)[-1]
        assert last.status in statuses
        assert last.filled_qty in (filled, None)
        assert {f.client_id for f in at.fills(order)} <= {order.client_id}
        resting = await at.trading.open_orders()
        rests = last.status in (OrderStatus.OPEN, OrderStatus.PARTIAL)
        assert [u.client_id for u in resting] == ([order.client_id] if rests else [])
        assert at.errors == []


@venues
async def test_a_market_buy_spends_its_notional(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.MARKET, Decimal("0.0005"), notional=Decimal("40.5"))
        assert (await at.send(order)).status is OrderStatus.FILLED
        await at.agrees()
        spent = sum(f.price * f.qty for f in at.fills(order))
        assert Decimal(35) < spent <= Decimal("40.5")


@venues
async def test_a_market_sell_sells_its_quantity(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.MARKET, Decimal("0.0123"), side=Side.SELL)
        assert (await at.send(order)).status is OrderStatus.FILLED
        await at.agrees()
        assert sum(f.qty for f in at.fills(order)) == Decimal("0.0123")


@venues
async def test_a_resting_order_is_asked_for_cancelled_and_asked_for_again(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.LIMIT, at.half, FAR)
        await at.send(order)
        by_client = await at.asked(order)
        assert not isinstance(by_client, NotFound)
        assert (by_client.status, by_client.filled_qty, by_client.symbol) == (OrderStatus.OPEN, NOTHING, BTC)
        (resting,) = await at.trading.open_orders(BTC)
        assert (resting.client_id, resting.venue_id) == (order.client_id, by_client.venue_id)
        ended = await at.cancelled(order)
        assert ended.filled_qty == NOTHING
        asked = await at.asked(order)
        assert not isinstance(asked, NotFound)
        assert asked.status is OrderStatus.CANCELLED
        assert await at.trading.open_orders() == ()
        await at.agrees()


@venues
async def test_a_query_by_either_id_brings_the_fills(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.IOC, at.half)
        venue_id = (await at.send(order)).venue_id
        await at.agrees()
        for number in ("", venue_id):
            at.heard.events.clear()
            at.trading.query(BTC, order.client_id, number)
            await until(lambda: at.fills(order))
            (update,) = at.updates(order)
            assert (update.status, update.filled_qty, update.venue_id) == (OrderStatus.FILLED, order.qty, venue_id)
            assert sum(fill.qty for fill in at.fills(order)) == order.qty
            assert type(at.heard.events[0]) is type(update)


@venues
async def test_another_session_finds_orders_by_our_id(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.IOC, at.half)
        await at.send(order)
        at.trading._sent.__init__()  # type: ignore[misc]  as after a restart
        found = await at.asked(order)
        assert not isinstance(found, NotFound)
        assert (found.client_id, found.filled_qty) == (order.client_id, order.qty)


@venues
async def test_what_the_venue_does_not_know_is_not_found(venue: str) -> None:
    async with account(venue) as at:
        before_ns = at.trading._clock.mono_ns()
        answer = await at.asked(at.order(OrderType.LIMIT, at.half))
        assert isinstance(answer, NotFound)
        assert before_ns <= answer.asked_ns < answer.recv_ns
        assert at.errors == []


@venues
async def test_cancelling_what_is_filled_changes_nothing_and_is_told_by_nothing(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.LIMIT, at.half)
        await at.send(order)
        await at.agrees()
        at.trading.cancel(BTC, order.client_id)
        await until(lambda: at.trading.counters["cancels_failed"])
        await at.agrees()
        assert at.updates(order)[-1].status is OrderStatus.FILLED
        assert at.errors == []


@venues
@pytest.mark.parametrize(
    ("qty", "away", "words"),
    [
        pytest.param("0.0000001", FAR, "minimum|small", id="too small"),
        pytest.param("20", FAR, "(?i)balance|position|funds", id="too little money"),
        pytest.param("0.00100000001", FAR, "(?i)precision|decimal", id="too many digits: refused, not cut"),
        pytest.param("1000000", FAR, "maximum", id="too large"),
    ],
)
async def test_a_refusal_is_rejected_with_its_reason(venue: str, qty: str, away: int, words: str) -> None:
    async with account(venue) as at:
        answer = await at.send(at.order(OrderType.LIMIT, Decimal(qty), away))
        assert (answer.status, answer.filled_qty, answer.filled_notional) == (OrderStatus.REJECTED, NOTHING, NOTHING)
        assert at.ledger.orders == {}
        assert re.search(words, answer.reason), answer.reason
        assert at.trading.refusal(1, Lane.ORDER) == ""


@venues
async def test_a_market_that_is_not_ours_is_refused_here(venue: str) -> None:
    async with account(venue) as at:
        known = at.order(OrderType.LIMIT, at.half, FAR)
        order = type(known)(known.venue, Symbol("ETH/USDT"), *[getattr(known, f) for f in known.__struct_fields__[2:]])
        at.trading.submit(order)
        assert at.updates(order) == []  # never while `submit` runs
        await until(lambda: at.updates(order))
        assert at.updates(order)[0].status is OrderStatus.REJECTED
        assert at.ledger.orders == {}


@venues
async def test_both_orders_of_a_turn_leave_in_it(venue: str) -> None:
    async with account(venue) as at:
        orders = [at.order(OrderType.LIMIT, at.half, FAR - n) for n in range(3)]
        assert at.trading.refusal(3, Lane.ORDER) == ""
        for order in orders:
            at.trading.submit(order)
        await until(lambda: len(at.ledger.orders) == 3)
        sent = [facts.client_id.removeprefix("t-") for facts in at.ledger.orders.values()]
        assert sent == [order.client_id for order in orders]


@venues
async def test_what_the_rate_limit_does_not_let_pass_is_refused_and_never_queued(venue: str) -> None:
    async with account(venue) as at:
        orders = [at.order(OrderType.LIMIT, Decimal("0.0002"), FAR - n) for n in range(30)]
        for order in orders:
            at.trading.submit(order)
        await until(lambda: all(at.updates(order) for order in orders))
        rejected = [o for o in orders if at.updates(o)[0].status is OrderStatus.REJECTED]
        assert 15 <= len(rejected) < 30
        assert "rate limit" in at.updates(rejected[0])[0].reason
        assert at.trading.refusal(1, Lane.ORDER)
        at.trading.cancel(BTC, orders[0].client_id)  # cancels always find room
        await until(lambda: at.updates(orders[0])[-1].status is OrderStatus.CANCELLED, 0.9)
        assert len(at.ledger.orders) == 30 - len(rejected)


@venues
async def test_fills_of_a_time_are_all_there(venue: str) -> None:
    async with account(venue) as at:
        since_ns = at.trading._clock.wall_ns() - 10**9
        for kind in (OrderType.IOC, OrderType.IOC):
            await at.send(at.order(kind, at.half))
        await at.agrees()
        at.heard.events.extend(await at.trading.fills(BTC, since_ns))
        assert at._fills() == at._ledger_fills()
        assert len(at._fills()) >= 2
        assert await at.trading.fills(BTC, since_ns - 10**12, since_ns) == ()


@venues
async def test_it_comes_up_with_the_balances_and_a_measured_clock(venue: str) -> None:
    async with account(venue) as at:
        first, second = at.heard.events[:2]
        assert isinstance(first, PrivateUp)
        assert isinstance(second, BalancesRead)
        assert {b.coin: b.free for b in second.balances} == {c: v for c, v in at.ledger.start.items() if v}
        assert {b.coin: b.free for b in (await at.trading.balances()).balances}["USDT"] == Decimal(25_000)
        await until(lambda: at.trading.clock_error_ns() is not None)
        error_ns = at.trading.clock_error_ns()
        assert error_ns is not None
        assert 0 < error_ns < 500_000_000


@venues
async def test_an_account_that_trades_with_itself_has_two_fills(venue: str) -> None:
    """Which have one id at Gate."""
    async with account(venue) as at:
        resting = at.order(OrderType.LIMIT, at.half, -1)
        await at.send(resting)
        taking = at.order(OrderType.IOC, at.half, -1, side=Side.SELL)
        await at.send(taking)
        await at.agrees()
        both = [fill.maker for order in (resting, taking) for fill in at.fills(order)]
        assert sorted(both) == [False, True]
