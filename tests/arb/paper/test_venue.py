"""How paper orders meet the live book, and what becomes of the money. One way is 20 ms, the share of a level a half."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from fractions import Fraction

import pytest

from arb.domain import BookState, FeeCoin, Fill, NotFound, OrderStatus, OrderType, OrderUpdate, Side
from tests.arb.paper.world import ASKS, PAIR, Desk, book_of, market, order, schedule

IOC, FOK, LIMIT, MARKET, POST = OrderType.IOC, OrderType.FOK, OrderType.LIMIT, OrderType.MARKET, OrderType.POST_ONLY
BUY, SELL = Side.BUY, Side.SELL
FILLED, CANCELLED, OPEN, PARTIAL = OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.OPEN, OrderStatus.PARTIAL
REJECTED = OrderStatus.REJECTED


# asks: 2 at 101, 4 at 102, 10 at 103; bids: 2 at 100, 4 at 99, 10 at 98; half of each may be had
@pytest.mark.parametrize(
    ("asked", "status", "fills"),
    [
        pytest.param(order(BUY, IOC, "1", "101"), FILLED, [("101", "1")], id="an IOC is filled"),
        pytest.param(
            order(BUY, IOC, "2.5", "102"), FILLED, [("101", "1"), ("102", "1.5")], id="level by level, best first"
        ),
        pytest.param(order(BUY, IOC, "2", "101"), CANCELLED, [("101", "1")], id="in part, and the rest is cancelled"),
        pytest.param(order(BUY, IOC, "1", "100.5"), CANCELLED, [], id="not at all below the best ask"),
        pytest.param(order(SELL, IOC, "2", "99"), FILLED, [("100", "1"), ("99", "1")], id="a sell meets the bids"),
        pytest.param(order(SELL, IOC, "1", "100.5"), CANCELLED, [], id="a sell above the best bid meets nobody"),
        pytest.param(order(BUY, FOK, "3", "102"), FILLED, [("101", "1"), ("102", "2")], id="a FOK is filled whole"),
        pytest.param(order(BUY, FOK, "3.01", "102"), CANCELLED, [], id="or not at all"),
        pytest.param(order(SELL, MARKET, "2", None), FILLED, [("100", "1"), ("99", "1")], id="a MARKET sell"),
        pytest.param(
            order(SELL, MARKET, "10", None),
            CANCELLED,
            [("100", "1"), ("99", "2"), ("98", "5")],
            id="a MARKET sell takes all there is and is cancelled",
        ),
        pytest.param(
            order(BUY, MARKET, "1", None, spend="152"), FILLED, [("101", "1"), ("102", "0.5")], id="a MARKET buy"
        ),
        pytest.param(
            order(BUY, MARKET, "1", None, spend="152.9"),
            FILLED,
            [("101", "1"), ("102", "0.5")],
            id="a MARKET buy does not spend what pays for less than a step",
        ),
        pytest.param(order(BUY, LIMIT, "1", "101"), FILLED, [("101", "1")], id="a LIMIT takes what it can"),
        pytest.param(order(BUY, LIMIT, "2", "101"), PARTIAL, [("101", "1")], id="and rests with what is left"),
        pytest.param(order(BUY, LIMIT, "1", "100"), OPEN, [], id="a LIMIT that meets nobody rests"),
        pytest.param(order(BUY, POST, "1", "100.5"), OPEN, [], id="a POST_ONLY rests"),
        pytest.param(order(BUY, POST, "1", "101"), REJECTED, [], id="a POST_ONLY that would take is refused"),
    ],
)
async def test_an_order_on_arrival(asked: object, status: OrderStatus, fills: list[tuple[str, str]]) -> None:
    async with Desk().up() as desk:
        [told] = desk.send(asked)  # type: ignore[arg-type]
        found = desk.heard.of(Fill)
        expected = [(D(price), D(qty)) for price, qty in fills]
        assert (told.status, [(fill.price, fill.qty) for fill in found]) == (status, expected)
        assert told.filled_qty == sum((qty for _, qty in expected), D(0))
        assert told.filled_notional == sum((price * qty for price, qty in expected), D(0))
        assert not any(fill.maker for fill in found)
        assert all((fill.venue_id, fill.client_id) == (told.venue_id, told.client_id) for fill in found)
        assert len({fill.trade_id for fill in found}) == len(found)
        assert bool(told.venue_id) is (status is not REJECTED)


async def test_a_level_is_not_taken_twice_however_often_it_is_asked() -> None:
    async with Desk().up() as desk:
        assert desk.send(order(qty="1"))[0].status is FILLED
        assert desk.send(order(qty="1"))[0].filled_qty == 0
        desk.show(asks=((101.0, 2.5), *ASKS[1:]))
        assert desk.send(order(qty="1"))[0].filled_qty == D("0.75")
        desk.show(asks=ASKS[1:])
        desk.turn(100)
        desk.show()
        assert desk.send(order(qty="1"))[0].filled_qty == 1


async def test_what_rests_is_filled_only_when_somebody_trades_through_it() -> None:
    async with Desk(fee=schedule(maker="0.0005")).up() as desk:
        asked = order(BUY, LIMIT, "2", "100")
        desk.send(asked)
        desk.show(((99.5, 1.0),), ((100.0, 50.0), (101.0, 2.0)))
        desk.turn(100)
        assert [told.status for told in desk.heard.updates(asked)] == [OPEN], "at the price is not through it"
        desk.show(((98.0, 1.0),), ((99.0, 3.0), (100.0, 50.0)))
        desk.turn(100)
        [fill] = desk.heard.of(Fill)
        assert (fill.price, fill.qty, fill.fee, fill.maker) == (D(100), D("1.5"), D("0.075"), True)
        assert [told.status for told in desk.heard.updates(asked)] == [OPEN, PARTIAL]
        desk.turn(100)
        assert len(desk.heard.of(Fill)) == 1, "the same level again"
        desk.show(((98.0, 1.0),), ((98.5, 3.0), (100.0, 50.0)))
        desk.turn(100)
        last = desk.heard.updates(asked)[-1]
        assert (last.status, last.filled_qty, last.filled_notional) == (FILLED, D(2), D(200))
        assert desk.money()["USDT"] == (D("799.9"), D(0))


async def test_a_resting_sell_mirrors_that() -> None:
    async with Desk().up() as desk:
        asked = order(SELL, LIMIT, "2", "101")
        desk.send(asked)
        desk.show(((101.0, 4.0),), ((102.0, 1.0),))
        desk.turn(100)
        assert not desk.heard.of(Fill)
        desk.show(((101.5, 4.0),), ((102.0, 1.0),))
        desk.turn(100)
        assert [(fill.price, fill.qty) for fill in desk.heard.of(Fill)] == [(D(101), D(2))]
        assert desk.heard.updates(asked)[-1].status is FILLED


# ---------------------------------------------------------------------------------------------- money

QUOTE, BASE = FeeCoin.QUOTE, FeeCoin.BASE


@pytest.mark.parametrize(
    ("side", "coin", "usdt", "btc", "fee"),
    [
        pytest.param(BUY, QUOTE, "898.899", "11", "0.101", id="a buy pays its fee in quote, on top"),
        pytest.param(BUY, BASE, "899", "10.999", "0.001", id="a buy pays its fee in base, out of what it gets"),
        pytest.param(SELL, QUOTE, "1099.9", "9", "0.1", id="a sell pays its fee in quote, out of what it gets"),
        pytest.param(SELL, BASE, "1100", "8.999", "0.001", id="a sell pays its fee in base, on top"),
    ],
)
async def test_fees_are_taken_in_the_right_coin(side: Side, coin: FeeCoin, usdt: str, btc: str, fee: str) -> None:
    async with Desk(fee=schedule(buy=coin, sell=coin)).up() as desk:
        desk.send(order(side, IOC, "1", "101" if side is BUY else "100"))
        [fill] = desk.heard.of(Fill)
        assert (fill.fee, fill.fee_coin) == (D(fee), "USDT" if coin is QUOTE else "BTC")
        assert desk.money() == {"USDT": (D(usdt), D(0)), "BTC": (D(btc), D(0))}


async def test_a_rebate_is_a_negative_fee() -> None:
    async with Desk(fee=schedule(taker="-0.001")).up() as desk:
        desk.send(order(BUY, IOC, "1", "101"))
        assert desk.heard.of(Fill)[0].fee == D("-0.101")
        assert desk.money()["USDT"] == (D("899.101"), D(0))


@pytest.mark.parametrize(
    ("asked", "coin", "locked"),
    [
        pytest.param(order(BUY, LIMIT, "2", "99"), "USDT", "198.198", id="a buy with the dearer of its fees"),
        pytest.param(order(SELL, LIMIT, "2", "105"), "BTC", "2", id="a sell"),
        pytest.param(order(BUY, LIMIT, "2", "101"), "USDT", "101.101", id="what is left of a partial fill"),
    ],
)
async def test_an_open_order_locks_what_it_may_cost(asked: object, coin: str, locked: str) -> None:
    async with Desk().up() as desk:
        told = desk.send(asked)[-1]  # type: ignore[arg-type]
        assert desk.money()[coin][1] == D(locked)
        desk.paper.cancel(told.symbol, told.client_id)
        desk.turn(100)
        assert desk.money()[coin][1] == 0
        assert desk.heard.updates(asked)[-1].status is CANCELLED  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "enough"),
    [
        pytest.param(order(BUY, IOC, "9.9", "101"), False, id="a buy whose fee is not covered"),
        pytest.param(order(BUY, IOC, "9.89", "101"), True, id="a buy that is covered to the fee"),
        pytest.param(order(BUY, MARKET, "1", None, spend="999.9"), False, id="a MARKET buy"),
        pytest.param(order(SELL, IOC, "10.01", "100"), False, id="a sell of more than there is"),
        pytest.param(order(SELL, IOC, "10", "100"), True, id="a sell of all there is"),
    ],
)
async def test_too_little_money_is_refused(asked: object, enough: bool) -> None:
    async with Desk().up() as desk:
        [told] = desk.send(asked)  # type: ignore[arg-type]
        assert (told.status is not REJECTED) is enough
        assert ("not enough" in told.reason) is not enough


async def test_a_fee_that_rises_while_an_order_rests_does_not_overdraw_it() -> None:
    async with Desk(balances={"USDT": D("100.1")}, fee=schedule(maker="0.001")).up() as desk:
        desk.send(order(BUY, LIMIT, "1", "100"))
        desk.fee = schedule(taker="0.01", maker="0.01")
        desk.show(((98.0, 1.0),), ((99.0, 3.0),))
        desk.turn(100)
        assert desk.money()["USDT"] == (D(0), D(0))


# ---------------------------------------------------------------------------------------------- refusals


async def test_everything_that_the_rules_refuse_is_refused_before_it_costs_anything() -> None:
    async with Desk().up() as desk:
        [told] = desk.send(order(qty="0.01"))
        assert (told.status, told.venue_id, told.filled_qty, told.filled_notional) == (REJECTED, "", D(0), D(0))
        assert told.reason == "mexc: quantity 0.01 is below the minimum 0.02"
        assert desk.money() == {}


async def test_only_a_live_and_young_book_fills() -> None:
    async with Desk().up() as desk:
        assert desk.book is not None
        desk.book.distrust(desk.clock.mono_ns())
        [told] = desk.send(order())
        assert (told.status, told.reason) == (REJECTED, "mexc: its book cannot be used: BOOK_GAP")
        desk.book = None
        assert desk.send(order())[0].reason == "mexc: its book cannot be used: BOOK_DOWN"
        desk.book = book_of(desk.clock)
        asked = order()
        desk.paper.submit(asked)
        desk.clock.advance(1_501_000_000)
        desk.paper.advance(desk.clock.mono_ns())
        desk.turn(100)
        assert desk.book.state is BookState.LIVE, "nobody has swept it yet: its age alone speaks against it"
        assert desk.heard.updates(asked)[0].reason == "mexc: its book cannot be used: BOOK_STALE"


async def test_what_rests_waits_while_the_book_cannot_be_trusted() -> None:
    async with Desk().up() as desk:
        desk.send(order(BUY, LIMIT, "1", "100"))
        desk.show(((98.0, 1.0),), ((99.0, 3.0),))
        assert desk.book is not None
        desk.book.distrust(desk.clock.mono_ns())
        desk.turn(100)
        assert not desk.heard.of(Fill)


async def test_a_market_without_a_known_fee_or_one_that_is_not_there_is_refused() -> None:
    async with Desk().up() as desk:
        desk.fee = None
        assert "fee is not known" in desk.send(order())[0].reason
        assert desk.send(order(symbol="ETH/USDT"))[0].reason == "mexc: no market ETH/USDT"


async def test_a_client_id_serves_once() -> None:
    async with Desk().up() as desk:
        first = order(client_id="same")
        assert [told.status for told in desk.send(first)] == [FILLED]
        assert [told.status for told in desk.send(order(client_id="same"))] == [FILLED, REJECTED]


async def test_what_ended_an_hour_ago_is_forgotten_and_what_rests_is_not() -> None:
    async with Desk().up() as desk:
        resting, early = order(BUY, LIMIT, "0.1", "90"), order(BUY, IOC, "0.1", "101")
        desk.send(resting)
        desk.send(early)
        desk.turn(3_000_000, 500_000)
        late = order(BUY, IOC, "0.1", "101")
        desk.send(late)
        desk.turn(700_000, 100_000)
        desk.send(order(BUY, IOC, "0.1", "100"))
        desk.heard.events.clear()
        for asked in (resting, early, late):
            desk.paper.query(asked.symbol, asked.client_id)
        reading = asyncio.create_task(desk.paper.fills(PAIR, 0))
        await asyncio.sleep(0)
        desk.turn(100)
        assert [told.client_id for told in desk.heard.of(OrderUpdate)] == [resting.client_id, late.client_id]
        assert [told.client_id for told in desk.heard.of(NotFound)] == [early.client_id]
        assert {fill.client_id for fill in await reading} == {late.client_id}


async def test_of_many_that_have_ended_the_oldest_are_forgotten_and_none_that_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("arb.paper.orders.MOST_ENDED", 2)
    async with Desk().up() as desk:
        resting = order(BUY, LIMIT, "0.1", "90")
        many = [order(BUY, IOC, "0.1", "101") for _ in range(5)]
        for each in (resting, *many):
            desk.send(each)
        desk.heard.events.clear()
        for asked in (resting, *many):
            desk.paper.query(asked.symbol, asked.client_id)
        reading = asyncio.create_task(desk.paper.fills(PAIR, 0))
        await asyncio.sleep(0)
        desk.turn(100)
        kept = [many[2].client_id, many[3].client_id, many[4].client_id]  # the last one came after the last look
        assert [told.client_id for told in desk.heard.of(OrderUpdate)] == [resting.client_id, *kept]
        assert [fill.client_id for fill in await reading] == kept


async def test_orders_are_refused_at_random_as_often_as_configured() -> None:
    async with Desk(reject_share=0.3).up() as desk:
        asked = [order(BUY, IOC, "0.1", "100.5") for _ in range(400)]
        for one in asked:
            desk.paper.submit(one)
        desk.turn(100)
        refused = [one for one in asked if desk.heard.updates(one)[0].status is REJECTED]
        assert 90 < len(refused) < 150
        assert {desk.heard.updates(one)[0].reason for one in refused} == {"mexc: refused at random, as configured"}
        assert desk.paper.counters["refused"] == len(refused)


async def test_long_numbers_are_not_rounded() -> None:
    rules = market(tick=D("0.000000000001"), step=D("0.000000000001"), max_qty=None, max_notional=None)
    price, qty = 1234567.890123, 98765.432101234
    async with Desk(rules=rules, balances={"USDT": D("1e15")}, depth_share=1.0).up() as desk:
        desk.show(((1.0, 1.0),), ((price, qty),))
        desk.send(order(BUY, IOC, str(qty), str(price)))
        [fill] = desk.heard.of(Fill)
        left = desk.money()["USDT"][0]
    assert (fill.price, fill.qty) == (D(str(price)), D(str(qty)))
    atoms = int(fill.price.scaleb(6)) * int(fill.qty.scaleb(9)) * 1001  # of 10 to the -18, the fee included
    assert Fraction(left) == 10**15 - Fraction(atoms, 10**18)
