"""Whatever books, rules and balances there are: a plan keeps every promise, reckoned anew in fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from arb.config import UnwindStep
from arb.domain import FeeCoin, LegPlan, Plan
from tests.arb.planner.world import QUOTE, A, B, World, an_intent

D, F = Decimal, Fraction


def walked(levels: list[tuple[float, float]], qty: Decimal) -> tuple[Fraction, Fraction]:
    """Notional of the first `qty` of one side, and the last price reached."""
    left, notional, last = F(qty), F(0), F(0)
    for price, size in levels:
        if left <= 0:
            break
        part = min(left, F(repr(size)))
        last = F(repr(price))
        notional += part * last
        left -= part
    assert left <= 0, "more than the book holds"
    return notional, last


def side(top: int, down: bool) -> st.SearchStrategy[list[tuple[float, float]]]:
    def levels(steps: list[tuple[int, int]]) -> list[tuple[float, float]]:
        at, made = top, []
        for gap, qty in steps:
            at += -gap if down else gap
            made.append((at / 100, qty / 100))
        return made

    return st.lists(st.tuples(st.integers(1, 20), st.integers(1, 900)), min_size=3, max_size=12).map(levels)


rules = st.fixed_dictionaries(
    {
        "step": st.sampled_from([D("0.01"), D("0.03"), D("0.1"), D(1)]),
        "min_notional": st.sampled_from([None, D(5), D(100)]),
        "min_qty": st.sampled_from([None, D("0.05"), D(1)]),
        "max_notional": st.none() | st.just(D(400)),
    }
)
fees = st.tuples(st.sampled_from([D("-0.0001"), D(0), D("0.0005"), D("0.002")]), st.sampled_from(list(FeeCoin)))
amounts = st.sampled_from(["100000", "100000", "777.7", "50.05", "3", "0"])


def locks(leg: LegPlan, fee: tuple[Decimal, FeeCoin], own: FeeCoin) -> Fraction:
    return 1 + max(F(0), F(fee[0])) if fee[1] is own else F(1)


@given(
    asks=side(10_000, down=False), bids=side(10_150, down=True), buy=rules, sell=rules, buy_fee=fees, sell_fee=fees,
    money=amounts, coins=amounts, size=amounts.filter(lambda a: a != "0"), qty=st.sampled_from([D(2), D(40)]),
    slip=st.sampled_from([D(0), D("0.5"), D(7)]), least=st.sampled_from([D(0), D(5)]),
)  # fmt: skip
def test_a_plan_keeps_its_promises(
    asks: Any, bids: Any, buy: Any, sell: Any, buy_fee: Any, sell_fee: Any, money: str, coins: str, size: str,
    qty: Decimal, slip: Decimal, least: Decimal,
) -> None:  # fmt: skip
    loss = D(50)
    world = World(slippage_bps=slip, min_profit_bps=least, unwind=(UnwindStep(action="reverse", max_loss_bps=loss),))
    world.hear(A, bids=(), asks=tuple(asks))
    world.hear(B, bids=tuple(bids), asks=())
    world.rule(A, **buy)
    world.rule(B, **sell)
    world.charge(A, taker=buy_fee[0], buy_coin=buy_fee[1])
    world.charge(B, taker=sell_fee[0], sell_coin=sell_fee[1])
    world.own(A, USDT=money)
    world.own(B, AAA=coins)
    world.sizes[QUOTE] = D(size)
    intent = an_intent(buy_qty=qty, sell_qty=qty, buy_limit=D("101.0"), sell_limit=D("100.4"))
    plan = world.plan(**{name: getattr(intent, name) for name in ("buy_qty", "sell_qty", "buy_limit", "sell_limit")})
    if not isinstance(plan, Plan):
        assert plan.limit in ("edge", "balance", "minimum")
        return
    bought, sold = F(plan.buy.qty), F(plan.sell.qty)
    # whole steps of both venues, a residual below one of them, nothing sold that was not bought
    assert bought % F(buy["step"]) == 0
    assert sold % F(sell["step"]) == 0
    arrives = bought * (1 - (F(buy_fee[0]) if buy_fee[1] is FeeCoin.BASE else 0))
    leaves = sold * (1 + (F(sell_fee[0]) if sell_fee[1] is FeeCoin.BASE else 0))
    one = F(sell["step"]) * (1 + (F(sell_fee[0]) if sell_fee[1] is FeeCoin.BASE else 0))
    assert 0 <= arrives - leaves < one or plan.sell.qty == qty
    # within the intent, the books and their limits
    assert max(bought, sold) <= F(qty)
    paid, dearest = walked(asks, plan.buy.qty)
    proceeds, cheapest = walked(bids, plan.sell.qty)
    assert dearest <= F(intent.buy_limit)
    assert cheapest >= F(intent.sell_limit)
    # caps on the tick, no worse than slippage allows, and reaching all that was walked
    give = F(slip) / 10_000
    assert F(plan.buy.price) % F(1, 100) == 0 == F(plan.sell.price) % F(1, 100)
    assert dearest <= F(plan.buy.price) <= dearest * (1 + give)
    assert cheapest >= F(plan.sell.price) >= cheapest * (1 - give)
    # the money is there, whatever the venue takes
    assert F(plan.buy.cost) == bought * F(plan.buy.price) * locks(plan.buy, buy_fee, FeeCoin.QUOTE)
    assert F(plan.sell.cost) == sold * locks(plan.sell, sell_fee, FeeCoin.BASE)
    assert F(plan.buy.cost) <= min(F(money), F(size))
    assert F(plan.sell.cost) <= F(coins)
    # every limit of the venues, at the caps, with room to take either leg back
    for rule, leg, net in ((buy, plan.buy, min(arrives, bought)), (sell, plan.sell, sold)):
        notional = paid if leg is plan.buy else proceeds
        back = notional / F(leg.qty) * net * (1 - F(loss) / 10_000)
        if rule["min_notional"] is not None:
            assert min(F(leg.qty) * F(leg.price), back) >= F(rule["min_notional"])
        if rule["max_notional"] is not None:
            assert F(leg.qty) * F(leg.price) <= F(rule["max_notional"])
        if rule["min_qty"] is not None:
            assert net // F(rule["step"]) * F(rule["step"]) >= F(rule["min_qty"])
    # the figures, to the last digit
    cost = 1 + (F(buy_fee[0]) if buy_fee[1] is FeeCoin.QUOTE else 0)
    gain = 1 - (F(sell_fee[0]) if sell_fee[1] is FeeCoin.QUOTE else 0)
    assert F(plan.profit) == proceeds * gain - paid * cost
    assert F(plan.buy.fee) == paid * F(buy_fee[0])
    assert F(plan.sell.fee) == proceeds * F(sell_fee[0])
    # and it pays at prices that slippage has made worse
    worst, spent = proceeds * gain * (1 - give), paid * cost * (1 + give)
    assert worst > spent
    assert (worst - spent) * 10_000 >= spent * F(least)
