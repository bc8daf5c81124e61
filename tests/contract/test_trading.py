"""What every private side promises, against the simulated exchanges and the live books of paper.

Nobody trades but us, so that what an order finds is known. What goes wrong has a file of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    NotFound,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PrivateUp,
    Side,
)
from arb.errors import ConfigError
from arb.interfaces import Lane
from arb.units import floor_to
from tests.contract.following import unlisted
from tests.contract.trader import EVERYBODY, FINAL, TRADERS, Trader, trader
from tests.contract.truth import done_of
from tests.contract.venues import WIRED, Column, every, world

pytestmark = pytest.mark.usefixtures("nothing_left", "hurried_ccxt")

BUY, SELL = Side.BUY, Side.SELL
LIMIT, MARKET, IOC = OrderType.LIMIT, OrderType.MARKET, OrderType.IOC
FOK, POST = OrderType.FOK, OrderType.POST_ONLY
FILLED, CANCELLED, REJECTED = OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED
NONE = Decimal(0)

# ---------------------------------------------------------------------------------------------- up


@every(EVERYBODY)
async def test_it_comes_up_and_tells_what_the_account_holds(column: Column) -> None:
    async with trader(column, up=False) as run:
        assert run.trading.venue == column.venue
        assert run.trading.refusal(1, Lane.ORDER)
        assert run.trading.settle_ns >= 0
        assert run.trading.forget_ns >= 0
        await run.start()
        assert [type(event) for event in run.events[:2]] == [PrivateUp, BalancesRead]
        [read] = run.of(BalancesRead)
        assert {b.coin: b.free for b in read.balances if b.free} == {c: q for c, q in run.truth.start.items() if q}
        assert not any(b.locked for b in read.balances)
        [up] = run.of(PrivateUp)
        assert {up.venue, read.venue, *(balance.venue for balance in read.balances)} == {column.venue}
        assert max(up.recv_ns, read.recv_ns) <= run.world.clock.mono_ns()
        await run.until(lambda: not run.trading.refusal(2, Lane.ORDER), "ready for orders")
        await run.until(lambda: run.trading.clock_error_ns() is not None, "sure of the time")
        assert 0 <= (run.trading.clock_error_ns() or 0) < 10**9
        assert run.idles


@every(WIRED)
async def test_without_a_key_there_is_no_private_side(column: Column) -> None:
    async with world(column) as made:
        with pytest.raises(ConfigError, match=column.venue):
            made.factory.trading(made.markets)


@every(WIRED)
async def test_it_connects_to_nothing_before_it_runs(column: Column) -> None:
    async with trader(column, up=False) as run:
        await asyncio.sleep(0.02)
        assert (run.world.rest.entered, run.world.ws.entered) == (0, 0)
        assert set(run.trading.counters.values()) <= {0}


# ---------------------------------------------------------------------------------------------- what orders become


class Case(NamedTuple):
    """what: makes the order.   statuses: how it may end.   filled: how much of it, by the book before it came."""

    what: Callable[[Trader], Order]
    statuses: tuple[OrderStatus, ...]
    filled: Callable[[Trader, Order], Decimal]


def whole(_: Trader, order: Order) -> Decimal:
    return order.qty


def best_level(run: Trader, order: Order) -> Decimal:
    return run.there(order.side)


def nothing(_: Trader, __: Order) -> Decimal:
    return NONE


def small(kind: OrderType, side: Side) -> Callable[[Trader], Order]:
    return lambda run: run.order(side, kind, run.small(), run.price(side, 8))


def too_much(kind: OrderType, side: Side) -> Callable[[Trader], Order]:
    """More than is there, at the best price."""
    return lambda run: run.order(side, kind, run.there(side) + run.small(), run.price(side))


def short_of(kind: OrderType, side: Side) -> Callable[[Trader], Order]:
    """A tick before anybody is met."""
    return lambda run: run.order(side, kind, run.small(), run.price(side, off=1))


CASES = [
    *(
        pytest.param(Case(what, statuses, filled), side, id=f"{name} {side.name.lower()}")
        for side in Side
        for name, what, statuses, filled in (
            ("a LIMIT that meets enough is filled:", small(LIMIT, side), (FILLED,), whole),
            ("an IOC that meets enough is filled:", small(IOC, side), (FILLED,), whole),
            ("an IOC that meets too little ends with what there is:", too_much(IOC, side), (CANCELLED,), best_level),
            ("an IOC that meets nobody ends:", short_of(IOC, side), (CANCELLED,), nothing),
            ("a FOK that meets enough is filled:", small(FOK, side), (FILLED,), whole),
            ("a FOK that meets too little does nothing:", too_much(FOK, side), (CANCELLED, REJECTED), nothing),
            ("a FOK that meets nobody does nothing:", short_of(FOK, side), (CANCELLED, REJECTED), nothing),
            ("a POST_ONLY that would take does nothing:", small(POST, side), (CANCELLED, REJECTED), nothing),
        )
    ),
    pytest.param(
        Case(lambda run: run.order(SELL, MARKET, run.small(), None), (FILLED,), whole), SELL, id="a MARKET sell"
    ),
]


@pytest.mark.parametrize(("case", "side"), CASES)
@every(TRADERS)
async def test_an_order_that_ends_on_arrival(column: Column, case: Case, side: Side) -> None:
    async with trader(column) as run:
        order = case.what(run)
        expected = case.filled(run, order)
        told = await run.settle(order)
        assert order.side is side
        assert told.status in case.statuses
        assert (told.qty, told.filled) == (expected, expected)
        check_fills(run, order)
        await run.check_money(read=False)
        await run.until(lambda: not any(balance.locked for balance in run.pushed().values()), "told that all is free")


@every(TRADERS)
async def test_a_market_buy_spends_no_more_than_it_says(column: Column) -> None:
    async with trader(column) as run:
        spend = floor_to(run.small() * run.price(BUY) * 2, run.market.tick)
        order = run.order(BUY, MARKET, run.small(), None, spend)
        told = await run.settle(order)
        assert told.status in (FILLED, CANCELLED)
        assert told.notional is not None
        assert spend * Decimal("0.9") < told.notional <= spend
        check_fills(run, order)
        await run.check_money()


def check_fills(run: Trader, order: Order) -> None:
    """What was told of its fills is what was done, field by field, and adds up to what was told of the order."""
    told = run.outcome(order)
    assert set(told.done) == run.truth.done(order.client_id)
    if told.notional is not None:
        assert told.notional == sum((each.qty * each.price for each in told.done), NONE)
    for fill in run.fills(order):
        assert (fill.venue, fill.symbol, fill.side) == (order.venue, order.symbol, order.side)
        assert fill.client_id == order.client_id or fill.venue_id == told.venue_id
        assert fill.trade_id
        assert fill.exch_ns > 0
        if order.price is not None:
            assert fill.price <= order.price if order.side is BUY else fill.price >= order.price
    for update in run.updates(order):
        assert (update.venue, update.symbol) in ((order.venue, order.symbol), (order.venue, ""))
        assert update.status is not REJECTED or update.reason


@pytest.mark.parametrize("side", Side, ids=lambda side: side.name.lower())
@pytest.mark.parametrize("kind", [LIMIT, POST], ids=lambda kind: kind.name)
@every(TRADERS)
async def test_what_rests_locks_its_money_is_listed_and_can_be_cancelled(
    column: Column, kind: OrderType, side: Side
) -> None:
    async with trader(column) as run:
        order = run.order(side, kind, run.small(), run.price(side, off=2))
        opened = await run.rest(order)
        assert opened.filled_qty in (None, NONE)
        assert opened.client_id == order.client_id
        coin = run.market.quote if side is BUY else run.market.base
        await run.until(lambda: run.pushed()[coin].locked, "told of the lock")
        locked = run.pushed()[coin].locked
        worth = order.qty * (order.price or NONE) if side is BUY else order.qty
        assert worth <= locked <= worth * Decimal("1.01")

        for symbol in (None, order.symbol):
            [listed] = await run.trading.open_orders(symbol)
            assert (listed.client_id, listed.venue_id) == (order.client_id, opened.venue_id)
            assert (listed.status, listed.filled_qty, listed.symbol) == (OrderStatus.OPEN, NONE, order.symbol)

        run.trading.cancel(order.symbol, order.client_id, opened.venue_id if side is BUY else "")
        await run.until(lambda: run.outcome(order).status is CANCELLED, "cancelled")
        assert run.outcome(order).filled == NONE
        assert await run.trading.open_orders() == ()
        await run.check_money(read=False)


@every(TRADERS)
async def test_orders_of_one_turn_are_all_answered_and_kept_apart(column: Column) -> None:
    async with trader(column) as run:
        orders = [run.taking(BUY), run.taking(SELL), run.resting(), run.resting()]
        for order in orders:
            run.submit(order)
        await run.until(lambda: all(run.updates(order) for order in orders), "all answered")
        await run.until(lambda: all(run.outcome(order).whole for order in orders[:2]), "settled")
        await run.until(lambda: all(run.outcome(order).venue_id for order in orders), "known by the venue's id")
        assert len({run.outcome(order).venue_id for order in orders}) == len(orders)
        assert run.truth.accepted() == len(orders)
        assert {update.client_id for update in await run.trading.open_orders()} == {o.client_id for o in orders[2:]}
        for order in orders:
            check_fills(run, order)
        assert run.trading.counters["orders"] == len(orders)


# ---------------------------------------------------------------------------------------------- cancels and questions


@every(TRADERS)
async def test_cancelling_what_is_over_or_never_was_changes_nothing_that_is_known(column: Column) -> None:
    async with trader(column) as run:
        order = run.taking()
        told = await run.settle(order)
        run.trading.cancel(order.symbol, order.client_id, told.venue_id)
        run.trading.cancel(order.symbol, order.client_id)
        run.trading.cancel(order.symbol, ClientId("never"))
        before = len(run.events)
        run.trading.query(order.symbol, order.client_id, told.venue_id)
        await run.until(lambda: run.updates(order, before), "told what became of it")
        await asyncio.sleep(0.05)
        assert {update.status for update in run.updates(order, before)} == {FILLED}
        assert run.outcome(order) == told
        assert not [update for update in run.of(OrderUpdate) if update.client_id == "never"]
        await run.check_money()


@pytest.mark.parametrize("by", ["our id", "the venue's id"])
@pytest.mark.parametrize("state", ["open", "filled", "partly filled"])
@every(TRADERS)
async def test_a_question_is_answered_with_the_order_and_then_its_fills(column: Column, state: str, by: str) -> None:
    async with trader(column) as run:
        if state == "open":
            order = run.resting()
            await run.rest(order)
        else:
            order = run.taking() if state == "filled" else too_much(IOC, BUY)(run)
            await run.settle(order)
        await run.quiet()
        known, before = run.outcome(order), len(run.events)
        run.trading.query(order.symbol, order.client_id, known.venue_id if by == "the venue's id" else "")
        done = run.truth.done(order.client_id)
        await run.until(lambda: len(run.fills(order, before)) >= len(done) and run.updates(order, before), "answered")
        [update] = run.updates(order, before)
        assert (update.status, update.filled_qty) == (known.status, known.filled or NONE)
        assert update.venue_id == known.venue_id
        answered = [event for event in run.events[before:] if isinstance(event, OrderUpdate | Fill)]
        assert answered[0] is update
        assert len(answered) == 1 + len(done), "each fill once"
        check_fills(run, order)


@every(TRADERS)
async def test_an_order_that_never_was_is_not_found(column: Column) -> None:
    async with trader(column) as run:
        before_ns, symbol = run.world.clock.mono_ns(), run.market.symbol
        run.trading.query(symbol, ClientId("never"))
        await run.until(lambda: run.of(NotFound), "told that it is not there")
        [told] = run.of(NotFound)
        assert (told.venue, told.symbol, told.client_id) == (column.venue, symbol, "never")
        assert before_ns <= told.asked_ns <= told.recv_ns <= run.world.clock.mono_ns()
        assert run.trading.counters["queries"] == 1


@every(TRADERS)
async def test_the_fills_of_a_market_since_a_time(column: Column) -> None:
    async with trader(column) as run:
        since_ns = run.world.clock.wall_ns() - 5 * 10**9
        orders = [run.taking(side) for side in Side]
        for order in orders:
            await run.settle(order)
        found = await run.trading.fills(run.market.symbol, since_ns)
        expected = set.union(*(run.truth.done(order.client_id) for order in orders))
        assert set(map(done_of, found)) == expected
        assert {fill.venue_id for fill in found} == {run.outcome(order).venue_id for order in orders}
        other = next(market.symbol for market in run.markets if market != run.market)
        assert await run.trading.fills(other, since_ns) == ()
        assert await run.trading.fills(run.market.symbol, since_ns - 3600 * 10**9, since_ns) == ()


# ---------------------------------------------------------------------------------------------- refusals


def poor(run: Trader, side: Side) -> Order:
    """More than the account has, but no more than the venue takes."""
    coin = run.market.quote if side is BUY else run.market.base
    price = run.price(side, off=1)
    held = run.truth.start[coin] * Decimal("1.2")
    return run.order(side, LIMIT, floor_to(held / price if side is BUY else held, run.market.step), price)


def finer(run: Trader, *, price: bool) -> Order:
    order = run.resting()
    if price:
        return msgspec.structs.replace(order, price=(order.price or NONE) + run.market.tick / 10)
    return msgspec.structs.replace(order, qty=order.qty + run.market.step / 10)


def foreign(run: Trader) -> Order:
    return run.order(BUY, LIMIT, run.small(), run.price(BUY), market=unlisted(run.world))


REFUSALS = [
    pytest.param(lambda run: msgspec.structs.replace(run.resting(), qty=run.market.step), id="worth too little"),
    pytest.param(lambda run: msgspec.structs.replace(run.resting(), qty=NONE), id="nothing at all"),
    pytest.param(lambda run: poor(run, BUY), id="more than there is money for"),
    pytest.param(lambda run: poor(run, SELL), id="more than there is"),
    pytest.param(lambda run: finer(run, price=True), id="a price between two ticks"),
    pytest.param(lambda run: finer(run, price=False), id="a quantity between two steps"),
    pytest.param(foreign, id="no such market"),
    pytest.param(lambda run: run.order(BUY, LIMIT, run.small(), None), id="a LIMIT without a price"),
    pytest.param(lambda run: run.order(BUY, MARKET, run.small(), None, NONE), id="a MARKET buy that spends nothing"),
]


@pytest.mark.parametrize("what", REFUSALS)
@every(TRADERS)
async def test_what_the_venue_would_not_take_is_rejected(column: Column, what: Callable[[Trader], Order]) -> None:
    async with trader(column) as run:
        order = what(run)
        told = await run.settle(order)
        assert (told.status, told.filled, told.notional, told.done) == (REJECTED, NONE, NONE, frozenset())
        assert told.reason
        assert run.truth.accepted() == 0
        assert run.trading.counters["refused"] == 1
        assert (await run.settle(run.taking())).status is FILLED, "it goes on"


# ---------------------------------------------------------------------------------------------- the end


@every(EVERYBODY)
async def test_the_end_tells_what_nobody_answered_and_nothing_after_it(column: Column) -> None:
    async with trader(column) as run:
        order = run.taking()
        run.submit(order)
        await run.stop()
        assert run.updates(order)
        told = len(run.events)
        await run.world.turn(200)
        assert len(run.events) == told
        assert run.trading.refusal(1, Lane.HEDGE)


@every(EVERYBODY)
async def test_before_it_is_up_orders_are_refused_and_questions_are_harmless(column: Column) -> None:
    async with trader(column, up=False) as run:
        await run.start(up=False)
        await asyncio.sleep(0)
        order = run.taking()
        run.submit(order)
        run.trading.cancel(order.symbol, order.client_id)
        run.trading.query(order.symbol, order.client_id)
        if column.path != "fake":
            await run.until(lambda: run.updates(order), "answered")
            assert run.outcome(order).status in (*FINAL, OrderStatus.UNKNOWN)
        await run.until(lambda: run.of(BalancesRead), "up")


@every(TRADERS)
async def test_it_can_run_once_more(column: Column) -> None:
    async with trader(column) as run:
        order = run.resting()
        await run.rest(order)
        await run.stop()
        run.events.clear()
        await run.start()
        assert [type(event) for event in run.events[:2]] == [PrivateUp, BalancesRead]
        [listed] = await run.trading.open_orders()
        assert listed.client_id == order.client_id
        run.trading.cancel(order.symbol, order.client_id)
        await run.until(lambda: run.outcome(order).status is CANCELLED, "cancelled")
        await run.until(lambda: run.of(Balance), "told that its money is free")
