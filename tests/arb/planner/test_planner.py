"""What becomes of an intent on the books, balances and rules of this moment: a plan, or the limit that refused it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.book import Book
from arb.config import UnwindStep
from arb.domain import BookSeen, BookState, FeeCoin, LegPlan, PrivateDown, Side
from arb.sync import PureSync
from tests.arb.planner.world import BASE, MS, NOW, QUOTE, SYMBOL, A, B, World, an_intent

D = Decimal
THREE = ((100.0, 1.0), (100.1, 2.0), (100.2, 3.0))  # asks
BIDS = ((101.0, 1.0), (100.9, 2.0), (100.8, 3.0))
DEEP = {"buy_limit": D("100.2"), "sell_limit": D("100.8")}


def test_a_plan_says_all_that_it_rests_on():
    world = World()
    plan = world.planned()
    assert plan.intent == an_intent()
    assert (plan.symbol, plan.base, plan.quote) == (SYMBOL, BASE, QUOTE)
    assert plan.buy == LegPlan(A, Side.BUY, D(10), D(100), QUOTE, D(1001), D(100), D(1))
    assert plan.sell == LegPlan(B, Side.SELL, D(10), D(101), BASE, D(10), D(101), D("1.01"))
    assert plan.profit == D("7.99")  # 1010 - 1.01 - 1000 - 1
    assert plan.books == (
        BookSeen(A, SYMBOL, BookState.LIVE, 7, 20 * MS, D(99), D(100)),
        BookSeen(B, SYMBOL, BookState.LIVE, 7, 20 * MS, D(101), D(102)),
    )
    assert plan.unknowns == ("transfer",)
    assert (plan.detected_ns, plan.planned_ns) == (NOW - 8 * MS, NOW)


def test_sides_without_anybody_are_seen_as_such():
    world = World()
    world.hear(A, bids=(), asks=((100.0, 10.0),))
    world.hear(B, bids=((101.0, 10.0),), asks=())
    first, second = world.planned().books
    assert (first.bid, second.ask) == (None, None)


# ------------------------------------------------------------------------------------------- refused


def _cut(world: World) -> None:
    world.inventory.on_event(PrivateDown(B, "cut", NOW))


def _silent(world: World) -> None:
    world.hear(A, bids=((99.0, 1.0),), asks=((100.0, 1.0),), now_ns=NOW - 1_001 * MS)


@pytest.mark.parametrize(
    ("spoil", "limit", "why"),
    [
        pytest.param(lambda w: w.markets.pop((A, SYMBOL)), "market", "a does not list", id="a market that is gone"),
        pytest.param(lambda w: w.rule(A, buyable=False, why="halted"), "market", "closed to buys of AAA/USDT: halted",
                     id="a side that is closed"),
        pytest.param(lambda w: w.rule(B, sellable=False), "market", "b is closed to sales", id="the other side"),
        pytest.param(lambda w: w.rule(A, sellable=False), None, "", id="the side that is not used may be closed"),
        pytest.param(lambda w: w.rule(B, step=D(0)), "market", "no quantity step", id="no step"),
        pytest.param(lambda w: w.rule(B, tick=D(0)), "market", "no tick", id="no tick"),
        pytest.param(lambda w: w.rule(A, tick=D("0.3")), "market", "finer than the tick", id="a book off its tick"),
        pytest.param(lambda w: w.fees.pop((A, SYMBOL)), "market", "fee of a", id="a fee that is not known"),
        pytest.param(lambda w: w.charge(B, taker=D(1)), "market", "fee of b", id="a fee that cannot be"),
        pytest.param(lambda w: w.books.pop((B, SYMBOL)), "book", "b has no book", id="no book"),
        pytest.param(_silent, "book", "BOOK_STALE: a is LIVE at seq 7, 1001 ms old", id="a book that has become old"),
        pytest.param(lambda w: w.books[A, SYMBOL].on_lost(1, NOW), "book", "BOOK_DOWN", id="a book that was lost"),
        pytest.param(lambda w: w.sizes.clear(), "size", "no size is set for USDT", id="a quote coin without a size"),
        pytest.param(_cut, "balance_unusable", "b: its private side is lost: cut", id="balances of a lost stream"),
        pytest.param(lambda w: w.own(A, USDT="0"), "balance", "free are 0 USDT at a and 1000000 AAA at b",
                     id="no money to buy with"),
        pytest.param(lambda w: w.own(B, AAA="0.0009"), "balance", "0.0009 AAA at b", id="nothing to sell"),
        pytest.param(lambda w: w.rule(B, min_qty=D(11)), "minimum", "both venues' minimums", id="a minimum quantity"),
        pytest.param(lambda w: w.rule(A, min_notional=D(1001)), "minimum", "1000000 USDT", id="a minimum notional"),
        pytest.param(lambda w: w.hear(A, bids=(), asks=((100.01, 9.0),)), "edge", "NO_GROSS_EDGE: ask 100.01 at a",
                     id="beyond the buy limit nothing is bought"),
        pytest.param(lambda w: w.hear(B, bids=((100.99, 9.0),), asks=()), "edge", "bid 100.99 at b",
                     id="nor sold beyond the sell limit"),
        pytest.param(lambda w: w.hear(A, bids=(), asks=()), "edge", "no ask at a", id="nobody sells any more"),
        pytest.param(lambda w: w.charge(A, taker=D("0.01")), "edge", "NO_NET_EDGE", id="the fees eat the edge"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named(spoil, limit, why):
    world = World()
    spoil(world)
    if limit is None:
        assert world.planned()
    else:
        refused = world.refused()
        assert (refused.limit, refused.at_ns) == (limit, NOW)
        assert why in refused.why


@pytest.mark.parametrize(
    ("min_profit", "slippage", "planned"),
    [
        pytest.param("79.8", "0", True, id="enough: 799/1001 of a percent"),
        pytest.param("79.9", "0", False, id="too little"),
        pytest.param("0", "39", True, id="what slippage gives away is earned"),
        pytest.param("0", "41", False, id="or it is not"),
        pytest.param("59.6", "10", True, id="what is left after slippage is enough"),
        pytest.param("59.9", "10", False, id="or it is not enough"),
        pytest.param("0", "10000", False, id="nothing pays for everything"),
    ],
)
def test_the_plan_pays_at_the_prices_that_slippage_may_make(min_profit, slippage, planned):
    world = World(min_profit_bps=D(min_profit), slippage_bps=D(slippage))
    if planned:
        assert world.planned().profit == D("7.99")  # of the books as they are
    else:
        assert world.refused().limit == "edge"


# ------------------------------------------------------------------------------------------- quantities


def _fee_in_base(world: World) -> None:
    world.charge(A, buy_coin=FeeCoin.BASE)
    world.charge(B, sell_coin=FeeCoin.BASE)


@pytest.mark.parametrize(
    ("change", "buy_qty", "sell_qty"),
    [
        pytest.param(lambda w: None, "10", "10", id="all of it"),
        pytest.param(lambda w: w.hear(A, bids=(), asks=((100.0, 4.0),)), "4", "4", id="what the asks still hold"),
        pytest.param(lambda w: w.hear(B, bids=((101.0, 3.0),), asks=()), "3", "3", id="what the bids still hold"),
        pytest.param(lambda w: w.hear(A, bids=(), asks=((100.0, 40.0),)), "10", "10", id="never more than intended"),
        pytest.param(lambda w: w.sizes.update({QUOTE: D("500.5")}), "5", "5", id="the size, fee included"),
        pytest.param(lambda w: w.own(A, USDT="500.5"), "5", "5", id="the money there is, fee included"),
        pytest.param(lambda w: w.own(A, USDT="500.49"), "4.999", "4.999", id="and not a step more"),
        pytest.param(lambda w: w.own(B, AAA="2.0019"), "2.001", "2.001", id="the coins there are"),
        pytest.param(lambda w: w.rule(B, step=D("0.3")), "9.9", "9.9", id="what both venues' steps allow"),
        pytest.param(lambda w: w.rule(A, step=D(3)), "9", "9", id="whichever is coarser"),
        pytest.param(lambda w: w.rule(A, max_notional=D(400)), "4", "4", id="the most notional of one order"),
        pytest.param(lambda w: w.rule(B, max_qty=D("1.5")), "1.5", "1.5", id="the most of one order"),
        pytest.param(lambda w: w.charge(A, buy_coin=FeeCoin.BASE), "10", "9.99", id="what arrives after a fee in base"),
        pytest.param(_fee_in_base, "10", "9.98", id="less the fee in base of the sale"),
    ],
)
def test_no_more_is_taken_than(change, buy_qty, sell_qty):
    world = World()
    change(world)
    plan = world.planned()
    assert (plan.buy.qty, plan.sell.qty) == (D(buy_qty), D(sell_qty))


def test_the_sale_is_never_more_than_intended():
    assert World().planned(sell_qty=D(6)).buy.qty == 6


@pytest.mark.parametrize(
    ("buy_coin", "sell_coin", "costs"),
    [
        pytest.param(FeeCoin.QUOTE, FeeCoin.QUOTE, ("1001", "10"), id="the buyer's fee on top of the price"),
        pytest.param(FeeCoin.BASE, FeeCoin.QUOTE, ("1000", "9.99"), id="not where it is taken of what arrives"),
        pytest.param(FeeCoin.QUOTE, FeeCoin.BASE, ("1001", "9.99999"), id="the seller's fee on top of what is sold"),
    ],
)
def test_a_leg_costs_what_the_venue_may_take(buy_coin, sell_coin, costs):
    world = World()
    world.charge(A, buy_coin=buy_coin)
    world.charge(B, sell_coin=sell_coin)
    plan = world.planned()
    assert (plan.buy.cost, plan.sell.cost) == (D(costs[0]), D(costs[1]))


def test_a_rebate_is_not_there_before_it_is_paid():
    world = World()
    world.charge(A, taker=D("-0.001"))
    plan = world.planned()
    assert plan.buy.cost == 1000
    assert plan.buy.fee == -1
    assert plan.profit == D("9.99")


# ------------------------------------------------------------------------------------------- caps


@pytest.mark.parametrize(
    ("slippage", "caps"),
    [
        pytest.param("0", ("100.2", "100.8"), id="the last prices walked to"),
        pytest.param("1", ("100.21", "100.79"), id="as much worse as allowed, on the tick"),
        pytest.param("0.5", ("100.2", "100.8"), id="less than a tick is none"),
    ],
)
def test_a_cap_is_no_worse_than_slippage_beyond_the_walk(slippage, caps):
    world = World(slippage_bps=D(slippage))
    world.hear(A, bids=(), asks=THREE)
    world.hear(B, bids=BIDS, asks=())
    plan = world.planned(**DEEP)
    assert plan.buy.qty == 6
    assert (plan.buy.price, plan.sell.price) == (D(caps[0]), D(caps[1]))


def test_filled_at_its_cap_a_buy_still_costs_no_more_than_its_size():
    world = World()
    world.hear(A, bids=(), asks=THREE)
    world.hear(B, bids=BIDS, asks=())
    world.sizes[QUOTE] = D(500)
    plan = world.planned(**DEEP)
    assert plan.buy.price == D("100.2")
    assert plan.buy.cost <= 500 < plan.buy.cost / plan.buy.qty * (plan.buy.qty + D("0.001"))


# ------------------------------------------------------------------------------------------- minimums


@pytest.mark.parametrize(
    ("rules", "loss", "fee_coin", "planned"),
    [
        pytest.param({"min_notional": D(1000)}, "0", FeeCoin.QUOTE, True, id="a minimum that is just met"),
        pytest.param({"min_notional": D(1000)}, "1", FeeCoin.QUOTE, False, id="must be met when it is taken back"),
        pytest.param({"min_notional": D(995)}, "50", FeeCoin.QUOTE, True, id="at the worst price of the ladder"),
        pytest.param({"min_notional": D("995.01")}, "50", FeeCoin.QUOTE, False, id="and not a cent more"),
        pytest.param({"min_notional": D(900)}, "9000", FeeCoin.QUOTE, True, id="a ladder without end asks for 10 %"),
        pytest.param({"min_notional": D(1000)}, "0", FeeCoin.BASE, False, id="of what is left after a fee in base"),
        pytest.param({"min_qty": D(10)}, "50", FeeCoin.QUOTE, True, id="a quantity does not depend on prices"),
        pytest.param({"min_qty": D(10)}, "0", FeeCoin.BASE, False, id="but on a fee in base"),
    ],
)
def test_a_leg_that_stands_alone_can_be_taken_back(rules, loss, fee_coin, planned):
    world = World(unwind=(UnwindStep(action="reverse", max_loss_bps=D(loss)),))
    world.rule(A, **rules)
    world.charge(A, buy_coin=fee_coin)
    if planned:
        assert world.planned().buy.qty == 10
    else:
        assert world.refused().limit == "minimum"


def test_a_sale_meets_its_minimum_at_its_cap():
    world = World(unwind=())
    world.hear(A, bids=(), asks=((100.0, 10.0),))
    world.hear(B, bids=((102.0, 5.0), (101.0, 5.0)), asks=())
    world.rule(B, min_notional=D(1012))  # 1015 at the prices walked, 1010 at the cap
    assert world.refused(sell_limit=D(101)).limit == "minimum"


# ------------------------------------------------------------------------------------------- facts that change


def test_rules_are_those_of_the_moment():
    world = World()
    assert world.planned().buy.qty == 10
    world.rule(A, step=D(3))
    assert world.planned().buy.qty == 9
    world.charge(A, taker=D("0.01"))
    assert world.refused().limit == "edge"
    world.charge(A, taker=D(0))
    world.rule(A, buyable=False)
    assert world.refused().limit == "market"


def test_books_are_read_no_deeper_than_needed(monkeypatch):
    asked: list[int] = []
    real = Book.asks

    def asks(self: Book, n: int) -> list[tuple[float, float]]:
        asked.append(n)
        return real(self, n)

    monkeypatch.setattr(Book, "asks", asks)
    monkeypatch.setattr("tests.arb.planner.world.BookSync", PureSync)  # the compiled one's cannot be exchanged
    world = World()
    world.planned()
    assert max(asked) < 100
