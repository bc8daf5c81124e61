"""What is worked out once for a direction."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.domain import FeeCoin, Reason
from arb.walk import PairRules, Walk, walk
from tests.arb.walk.oracle import fee, market

BASE, QUOTE = FeeCoin.BASE, FeeCoin.QUOTE


@pytest.mark.parametrize(
    ("steps", "buy_fee", "sell_fee", "bought", "sold"),
    [
        pytest.param(("0.1", "0.1"), fee("a", "0.002", QUOTE), fee("b", "0"), 100, 100, id="a quote fee leaves it all"),
        pytest.param(("0.1", "0.1"), fee("a", "0.002", BASE), fee("b", "0"), 100, 99, id="a base fee costs a step"),
        pytest.param(("0.1", "0.1"), fee("a", "0.002", BASE), fee("b", "0"), 500, 499, id="to the last crumb"),
        pytest.param(("1", "0.25"), fee("a", "0"), fee("b", "0"), 3, 12, id="finer steps to sell"),
        pytest.param(("0.1", "1"), fee("a", "0"), fee("b", "0"), 19, 1, id="coarser steps to sell: dust stays"),
        pytest.param(
            ("0.1", "0.1"), fee("a", "0"), fee("b", "0.25", sell=BASE), 5, 4, id="a base fee on top of a sale"
        ),
    ],
)
def test_sold(steps, buy_fee, sell_fee, bought, sold):
    rules = PairRules.of(market("a", steps[0]), buy_fee, market("b", steps[1]), sell_fee)
    assert rules.sold(bought) == sold
    assert rules.fewest_bought(sold) <= bought <= rules.most_bought(sold)
    assert rules.sold(rules.fewest_bought(sold)) == sold > rules.sold(rules.fewest_bought(sold) - 1)
    assert rules.sold(rules.most_bought(sold)) == sold < rules.sold(rules.most_bought(sold) + 1)


def test_quantity_limits_round_inwards():
    rules = PairRules.of(
        market("a", "0.3", min_qty="1", max_qty="2"),
        fee("a", "0"),
        market("b", "0.4", min_qty="1", max_qty="3"),
        fee("b", "0"),
    )
    assert (rules.min_bought, rules.max_bought) == (4, 6)
    assert (rules.min_sold, rules.max_sold) == (3, 7)


def test_without_a_minimum_a_step_must_be_sold():
    rules = PairRules.of(market("a", "0.1"), fee("a", "0"), market("b", "1"), fee("b", "0"))
    assert (rules.min_bought, rules.min_sold, rules.max_bought, rules.max_sold) == (1, 1, None, None)


rates = st.decimals("-0.001", "0.01", places=5)


@given(
    ask=st.decimals("0.00001", "100000", places=5),
    edge=st.decimals("-0.02", "0.02", places=6),
    buy_rate=rates,
    sell_rate=rates,
    coins=st.tuples(st.sampled_from(FeeCoin), st.sampled_from(FeeCoin)),
)
def test_the_float_test_never_says_no_to_what_pays(ask, edge, buy_rate, sell_rate, coins):
    ask_px = float(ask)
    bid_px = float(round(ask * (1 + edge), 8))
    rules = PairRules.of(
        market("a", "0.001"),
        fee("a", str(buy_rate), coins[0]),
        market("b", "0.001"),
        fee("b", str(sell_rate), sell=coins[1]),
    )
    assert pays(ask_px, bid_px, buy_rate, sell_rate, coins) <= rules.crossed_net(ask_px, bid_px)


def pays(ask, bid, buy_rate, sell_rate, coins):
    cost, gain = Fraction(repr(ask)), Fraction(repr(bid))
    cost = cost / (1 - Fraction(buy_rate)) if coins[0] is BASE else cost * (1 + Fraction(buy_rate))
    gain = gain / (1 + Fraction(sell_rate)) if coins[1] is BASE else gain * (1 - Fraction(sell_rate))
    return gain > cost


@pytest.mark.parametrize(
    ("bid", "profit"),
    [
        pytest.param(1001.0, None, id="exactly the fees do not pay"),
        pytest.param(1001.000001, "0.000001", id="a little more does"),
        pytest.param(1001.0000000001, "0.0000000001", id="so does a little more than a float's product can tell"),
    ],
)
def test_the_border(bid, profit):
    rules = PairRules.of(market("a", "1"), fee("a", "0.001"), market("b", "1"), fee("b", "0"))
    got = walk([(1000.0, 1.0)], [(bid, 1.0)], rules, Decimal(10**9))
    if profit is None:
        assert got is Reason.NO_NET_EDGE
    else:
        assert isinstance(got, Walk)
        assert got.profit == Decimal(profit)
