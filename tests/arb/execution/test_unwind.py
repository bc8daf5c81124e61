"""Which order the ladder sends: where, how much and at what worst price; and when it sends none."""

from __future__ import annotations

import msgspec
import pytest

from arb.config import UnwindStep
from arb.domain import BookKey, CycleEnd, FeeCoin, Market, Side
from tests.arb.execution.world import (
    BTC,
    GATE,
    HEDGE,
    KUCOIN,
    MEXC,
    RETRY,
    REVERSE,
    SYMBOL,
    USDT,
    D,
    World,
)


def bought(world: World, qty: str = "1", price: str = "100", *, fee: str = "0", coin: str = "USDT") -> World:
    """The BUY is filled, the SELL is not."""
    buy, sell = world.start()
    world.end(sell, "0")
    world.end(buy, qty, price, fee, coin)
    return world


def sold(world: World) -> World:
    buy, sell = world.start()
    world.end(buy, "0")
    world.end(sell, "1")
    return world


def rules(world: World, venue: str, **changes: object) -> None:
    key: BookKey = (world.venues[venue].venue, SYMBOL)  # type: ignore[index]  # a venue of the world
    market: Market = msgspec.structs.replace(world.markets[key], **changes)
    world.markets[key] = market


@pytest.mark.parametrize(
    ("rung", "venue", "price"),
    [
        pytest.param(RETRY, GATE, "98.98", id="retry: where it was to be sold, 1 % below what was paid, on the tick"),
        pytest.param(REVERSE, MEXC, "97.98", id="reverse: where it was bought, 2 % below"),
        pytest.param(HEDGE, KUCOIN, "96.98", id="hedge: at a third venue, 3 % below"),
    ],
)
def test_caps_are_a_loss_against_the_price_of_the_filled_leg(rung: UnwindStep, venue: str, price: str) -> None:
    world = World((rung,))
    world.inventory.balance[KUCOIN, BTC] = D(5)
    bought(world, price="99.973")
    (order,) = (sent.order for sent in world.sent)
    assert (order.venue, order.side, order.qty, order.price) == (venue, Side.SELL, 1, D(price))


def test_buying_back_is_capped_above() -> None:
    world = World((REVERSE,))
    world.quote(GATE, 101, 103)
    sold(world)
    (sent,) = world.sent
    assert (sent.order.venue, sent.order.side, sent.order.price) == (GATE, Side.BUY, D("103.02"))


def test_a_cap_above_is_on_the_tick_and_never_beyond_the_loss() -> None:
    world = World((REVERSE,))
    rules(world, GATE, tick=D(5))
    sold(world)
    assert world.sent[0].order.price == 100  # 103.02 allows no more


def test_a_price_beyond_the_cap_is_not_tried() -> None:
    world = World((RETRY, REVERSE))
    world.quote(GATE, 98, 99)
    bought(world)
    assert [(sent.purpose.name, sent.step) for sent in world.sent] == [("REVERSE", 2)]


def test_every_rung_has_its_attempts() -> None:
    world = World((RETRY.model_copy(update={"attempts": 2}), REVERSE))
    bought(world)
    for _ in range(3):
        world.end(world.sent[-1].order, "0")
    assert [sent.purpose.name for sent in world.sent] == ["RETRY", "RETRY", "REVERSE"]
    assert world.closed.why == "BUY filled, SELL none, retry, retry, reverse; every rung of the ladder is used up"


def test_no_live_book_no_order_and_the_next_rung_is_taken() -> None:
    world = World((RETRY, REVERSE))
    world.lose_book(GATE)
    bought(world)
    assert [sent.purpose.name for sent in world.sent] == ["REVERSE"]


def test_a_book_that_comes_back_soon_is_waited_for() -> None:
    world = World((RETRY,))
    world.lose_book(GATE)
    bought(world)
    world.pass_time(3_000)
    assert (world.turns, len(world.out)) == (["UNWINDING"], 2)
    world.quote(GATE, 99.5, 100)
    world.pass_time(100)
    assert [sent.order.venue for sent in world.sent] == [GATE]


def test_every_wait_begins_anew() -> None:
    world = World((RETRY.model_copy(update={"attempts": 2}),))
    world.lose_book(GATE)
    bought(world)
    world.pass_time(4_000)
    world.quote(GATE, 99.5, 100)
    world.pass_time(100)
    world.lose_book(GATE)
    world.end(world.last(GATE), "0")
    world.pass_time(4_000)
    assert world.executor.open


@pytest.mark.parametrize("cause", ["book", "nobody", "private side", "balance"])
def test_but_not_for_ever(cause: str) -> None:
    world = World((HEDGE,))
    world.inventory.balance[KUCOIN, BTC] = D(5)
    if cause == "book":
        world.lose_book(KUCOIN)
    elif cause == "nobody":
        world.quote(KUCOIN, 0, 100)
    elif cause == "private side":
        world.venues[KUCOIN].refusal_text = "private side down"
    else:
        world.inventory.balance.clear()
    bought(world)
    world.pass_time(4_900)
    assert world.executor.open
    world.pass_time(200)
    assert world.closed.end is CycleEnd.REPORTED
    expected = {
        "book": "hedge at kucoin: no book to price it by: DOWN",
        "nobody": "hedge at kucoin: nobody to trade with",
        "private side": "hedge at kucoin: private side down",
        "balance": "hedge at kucoin: its balance is not known",
    }
    assert world.closed.why.endswith(f"; {expected[cause]}")


@pytest.mark.parametrize("side", Side)
def test_the_best_third_venue_after_its_fee(side: Side) -> None:
    world = World((HEDGE,))
    other = msgspec.structs.replace(world.markets[KUCOIN, SYMBOL], venue="okx")
    world.venues["okx"] = type(world.venues[KUCOIN])("okx", world.clock)  # type: ignore[index]
    world.venues["okx"].up = True  # type: ignore[index]
    world.markets["okx", SYMBOL] = other  # type: ignore[index]
    world.fees["okx", SYMBOL] = msgspec.structs.replace(world.fees[KUCOIN, SYMBOL], taker=D("0.02"))  # type: ignore[index]
    world.executor = world.another("bb")
    world.quote("okx", 99.5, 100.5)  # type: ignore[arg-type]  # better, but for the fee
    world.quote(KUCOIN, 99, 101)
    for venue in ("okx", "kucoin"):
        world.inventory.balance[venue, BTC] = world.inventory.balance[venue, USDT] = D(5000)
    (bought if side is Side.SELL else sold)(world)
    assert [sent.order.venue for sent in world.sent] == [KUCOIN]


def test_a_hedge_is_no_larger_than_the_balance_there() -> None:
    world = World((HEDGE, REVERSE))
    world.inventory.balance[KUCOIN, BTC] = D("0.305")
    bought(world)
    world.end(world.sent[-1].order, "0.3", "99")
    assert [(sent.order.venue, sent.order.qty) for sent in world.sent] == [(KUCOIN, D("0.3")), (MEXC, D("0.7"))]
    world.end(world.sent[-1].order, "0.7", "99")
    assert world.closed.end is CycleEnd.HEDGED
    world.check_books()


def test_a_fee_in_base_is_not_sold_and_is_bought_on_top() -> None:
    world = World((RETRY,))
    bought(world, fee="0.02", coin="BTC")
    assert world.sent[0].order.qty == D("0.98")
    world = World((RETRY,))
    for key, fee in world.fees.items():
        world.fees[key] = msgspec.structs.replace(fee, taker=D("0.02"), buy_coin=FeeCoin.BASE)
    sold(world)
    assert world.sent[0].order.qty == D("1.02"), "1.02 less 2 % is the most that does not overshoot"
    assert world.inventory.reserved[world.sent[0].order.client_id][2] == D("1.02") * D("102.01")


@pytest.mark.parametrize(
    ("changes", "qty", "price"),
    [
        pytest.param({"step": D("0.3")}, "0.9", "99", id="on the step"),
        pytest.param({"max_qty": D("0.5")}, "0.5", "99", id="no more than the venue takes"),
        pytest.param({"max_notional": D(50)}, "0.5", "99", id="no more than it takes in quote"),
        pytest.param({"min_notional": D("99.4")}, "1", "99.40", id="a cap so low that it were too small is raised"),
        pytest.param({"tick": D(5)}, "1", "100", id="on the tick, never beyond the loss"),
    ],
)
def test_the_rules_of_the_market_hold(changes: dict[str, object], qty: str, price: str) -> None:
    world = World((RETRY,))
    world.quote(GATE, 100, 101)
    rules(world, GATE, **changes)
    bought(world)
    (sent,) = world.sent
    assert (sent.order.qty, sent.order.price) == (D(qty), D(price))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"sellable": False, "why": "delisted"}, "closed to SELL orders: delisted", id="closed"),
        pytest.param({"min_qty": D(2)}, "1 is below the minimum", id="too small"),
        pytest.param({"min_notional": D(500)}, "1 at 99 is below the minimum of 500", id="too small in quote"),
    ],
)
def test_what_the_market_does_not_take_is_not_sent(changes: dict[str, object], why: str) -> None:
    world = World((RETRY,))
    rules(world, GATE, **changes)
    bought(world)
    assert len(world.out) == 2
    assert world.closed.end is CycleEnd.REPORTED
    assert world.closed.why.endswith(f"; retry at gateio: {why}")


def test_a_closed_market_does_not_turn_a_position_into_dust() -> None:
    world = World((RETRY, REVERSE))
    for venue in (MEXC, GATE, KUCOIN):
        rules(world, venue, sellable=False)
    bought(world)
    assert world.closed.end is CycleEnd.REPORTED


def test_nor_does_a_market_that_is_gone() -> None:
    world = World((RETRY, REVERSE))
    buy, sell = world.start()
    world.markets.clear()
    world.end(sell, "0")
    world.end(buy, "1")
    assert world.closed.end is CycleEnd.REPORTED
    assert world.closed.why.endswith("; retry at gateio: not listed; reverse at mexc: not listed")


def test_dust_is_what_no_venue_takes() -> None:
    world = World((RETRY,))
    rules(world, KUCOIN, min_qty=D("0.01"))
    bought(world, qty="0.04")
    assert world.closed.end is CycleEnd.REPORTED, "kucoin would take it, but the ladder does not go there"
