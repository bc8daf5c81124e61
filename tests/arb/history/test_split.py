"""Realised less expected, part by part: each part means what its name says, and nothing is left over."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.domain import CycleClosed, Delta, Fill, Plan, Purpose, Side
from arb.history import Split
from arb.history.split import Traded, split
from arb.history.sums import ZERO, less, plus, times, total
from tests.arb.journal.facts import GATE, MEXC, D, closed, delta, fill, order
from tests.plans import a_plan

BUY, SELL = order("b", qty="2"), order("s", GATE, Side.SELL, qty="2")
PLAN = a_plan(qty="2", buy_price="100", sell_price="101", fee_rate="0.001")  # expects 2 - 0.2 - 0.202 = 1.598
KUCOIN = order("h", GATE, Side.SELL)


def bought(qty: str, price: str, fee: str = "0.2", coin: str = "USDT") -> Fill:
    return fill(BUY, f"b{price}", qty, price, fee, coin)


def sold(qty: str, price: str, fee: str = "0.202", coin: str = "USDT") -> Fill:
    return fill(SELL, f"s{price}", qty, price, fee, coin)


def hedged(qty: str, price: str, fee: str = "0") -> Fill:
    return fill(KUCOIN, f"h{price}", qty, price, fee)


def end(fills: Iterable[Fill], mark: str | None, prices: dict[str, str] | None = None) -> CycleClosed:
    """As the executor ends a cycle: exact deltas, the residual at the mark, other coins at their prices."""
    sums: dict[tuple[str, str], Decimal] = {}

    def add(venue: str, coin: str, qty: Decimal) -> None:
        sums[venue, coin] = plus(sums.get((venue, coin), ZERO), qty)

    for each in fills:
        sign = D(1 if each.side is Side.BUY else -1)
        add(each.venue, "BTC", times(each.qty, sign))
        add(each.venue, "USDT", less(ZERO, times(times(each.price, each.qty), sign)))
        add(each.venue, each.fee_coin, less(ZERO, each.fee))
    deltas = tuple(delta(MEXC if venue == MEXC else GATE, coin, str(qty)) for (venue, coin), qty in sums.items() if qty)
    worth = {"USDT": D(1), "BTC": D(mark or 0), **{coin: D(price) for coin, price in (prices or {}).items()}}
    pnl = total(times(each.qty, worth[each.coin]) for each in deltas)
    return closed(deltas=deltas, mark=mark, pnl=str(pnl), expected=str(PLAN.profit))


def parts(entries: Iterable[Fill], others: Iterable[Fill] = (), mark: str | None = "100.5", **prices: str) -> Split:
    entries, others = tuple(entries), tuple(others)
    traded = [
        Traded(purpose, side, [each for each in fills if each.side is side])
        for purpose, fills in ((Purpose.ENTRY, entries), (Purpose.HEDGE, others))
        for side in Side
    ]
    return split(PLAN, end((*entries, *others), mark, prices), traded)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(parts([bought("2", "100"), sold("2", "101")]), {}, id="all as planned"),
        pytest.param(
            parts([bought("2", "100.1"), sold("2", "101")]), {"book_move": "-0.2"}, id="the best price has moved"
        ),
        pytest.param(
            parts([bought("2", "99"), sold("2", "102")]), {"book_move": "4"}, id="it has moved in our favour, twice"
        ),
        pytest.param(
            parts([bought("1", "100", "0.1"), bought("1", "100.3", "0.1"), sold("2", "101")]),
            {"slippage": "-0.3"},
            id="the second half was dearer than the first",
        ),
        pytest.param(
            parts([bought("2", "100", "0.3"), sold("2", "101")]), {"fees": "-0.1"}, id="a fee higher than planned"
        ),
        pytest.param(
            parts([bought("2", "100", "0"), sold("2", "101", "0.01", "MX")], MX="3"),
            {"fees": "0.372"},
            id="a fee in another coin, at its price of the end",
        ),
        pytest.param(
            parts([bought("2", "100", "0.002", "BTC"), sold("2", "101")]),
            {"fees": "-0.001"},
            id="a fee in base, at the price of the end",
        ),
        pytest.param(
            parts([bought("1", "100", "0.1"), sold("1", "101", "0.101")]),
            {"book_move": "-1", "missed": "-1", "fees": "0.201"},
            id="half of both legs: half of the edge is missed, and so are its fees",
        ),
        pytest.param(parts([]), {"book_move": "-2", "missed": "-2", "fees": "0.402"}, id="nothing was filled"),
        pytest.param(
            parts([bought("2", "100")], [hedged("2", "99", "0.1")]),
            {"book_move": "-1", "missed": "-1", "fees": "0.202", "hedge": "-3.1"},
            id="the sell leg was missed and hedged below the price of the end",
        ),
        pytest.param(
            parts([bought("2", "100"), sold("1.9", "101", "0.202")], mark="110"),
            {"book_move": "0.9", "missed": "0.9"},
            id="a residual that is worth more at the end than its leg would have got",
        ),
        pytest.param(
            parts([bought("2", "100"), sold("1.9", "101", "0.202")], mark=None),
            {"book_move": "-0.1", "missed": "-0.1", "rounding": "-10"},
            id="a residual that nobody prices counts for nothing, and that is told apart",
        ),
    ],
)
def test_each_part(found: Split, expected: dict[str, str]) -> None:
    named = {name: D(value) for name, value in expected.items()}
    told = {name: getattr(found, name) for name in Split.__struct_fields__ if name != "total"}
    assert {name: value for name, value in told.items() if value} == named
    assert found.total == total(value for name, value in named.items() if name != "missed")


def test_dust_that_rounding_leaves_is_told_as_rounding() -> None:
    plan = a_plan(qty="2", sell_qty="1.99", fee_rate="0", buy_price="100", sell_price="101")
    fills = (bought("2", "100", "0"), fill(SELL, "s", "1.99", "101"))
    traded = [Traded(Purpose.ENTRY, each.side, [each]) for each in fills]
    found = split(plan, end(fills, "100.5"), traded)
    # the plan counts what it does not sell for nothing; at the end it is worth its price
    assert (found.rounding, found.total) == (D("0.01") * D("100.5"), D("0.01") * D("100.5"))


def test_a_cycle_without_a_plan_of_its_own_is_a_hedge_from_end_to_end() -> None:
    fills = (hedged("2", "99", "0.1"),)
    found = split(a_plan(qty="2", profit="0"), end(fills, "100"), [Traded(Purpose.FLATTEN, Side.SELL, fills)])
    assert found.total == D("197.9") - 200
    assert (found.hedge, found.rounding) == (D("-2.1"), 0)


amounts = st.decimals("0.000000000001", "1000000", places=12)
coins = st.sampled_from(["USDT", "BTC", "MX"])


@st.composite
def some_fills(draw: st.DrawFn) -> list[tuple[Purpose, Fill]]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        of = draw(st.sampled_from([BUY, SELL, KUCOIN]))
        qty, price, fee = draw(amounts), draw(amounts), draw(amounts)
        each = fill(of, str(number), str(qty), str(price), str(fee), draw(coins))
        found.append((Purpose.HEDGE if of is KUCOIN else Purpose.ENTRY, each))
    return found


@st.composite
def a_case(draw: st.DrawFn) -> tuple[Plan, CycleClosed, list[Traded]]:
    fills = draw(some_fills())
    plan = a_plan(
        qty=draw(amounts),
        sell_qty=draw(amounts),
        buy_price=draw(amounts),
        sell_price=draw(amounts),
        profit=draw(amounts),
    )
    mark = draw(st.none() | amounts)
    ended = end((each for _, each in fills), None if mark is None else str(mark), {"MX": str(draw(amounts))})
    return plan, ended, [Traded(purpose, each.side, [each]) for purpose, each in fills]


@given(a_case())
def test_the_parts_always_add_up_to_the_last_digit(case: tuple[Plan, CycleClosed, list[Traded]]) -> None:
    plan, ended, traded = case
    found = split(plan, ended, traded)
    assert found.total == less(ended.pnl, plan.profit)
    assert total((found.book_move, found.slippage, found.fees, found.rounding, found.hedge)) == found.total


@given(a_case())
def test_rounding_holds_nothing_of_what_was_traded(case: tuple[Plan, CycleClosed, list[Traded]]) -> None:
    """With every coin priced it is the plan's own arithmetic at the price of the end, whatever was filled."""
    plan, ended, traded = case
    if ended.mark is None or not any(order.purpose is Purpose.ENTRY for order in traded):
        return
    buy, sell, mark = plan.buy, plan.sell, ended.mark
    edges = plus(times(buy.qty, less(mark, buy.vwap)), times(sell.qty, less(sell.vwap, mark)))
    assert split(plan, ended, traded).rounding == less(less(edges, plus(buy.fee, sell.fee)), plan.profit)


def test_deltas_are_what_these_tests_say() -> None:
    assert end([bought("1", "100", "0.1")], "1").deltas == (Delta(MEXC, BUY_COIN, D(1)), delta(MEXC, "USDT", "-100.1"))


BUY_COIN = delta(MEXC, "BTC", "1").coin
