"""The walk against trying every quantity, and its rules one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from arb.domain import FeeCoin, Reason
from arb.walk import PairRules, Walk, search, walk, walk_books
from tests.arb.walk.oracle import Setup, fee, market, solve

BASE, QUOTE = FeeCoin.BASE, FeeCoin.QUOTE
COMPILED = search._compiled
BUILT = pytest.mark.skipif(COMPILED is None, reason="the compiled core was not built here, or ARB_PURE is set")


@pytest.fixture(scope="module", autouse=True, params=["pure", pytest.param("compiled", marks=BUILT)])
def form(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_compiled", COMPILED if request.param == "compiled" else None)
        yield request.param


def setup(asks, bids, *, steps=("0.1", "0.1"), fees=("0", "0"), coins=(QUOTE, QUOTE), buy=None, sell=None, size="1e9"):
    return Setup(
        asks,
        bids,
        market("a", steps[0], **(buy or {})),
        fee("a", fees[0], coins[0]),
        market("b", steps[1], **(sell or {})),
        fee("b", fees[1], sell=coins[1]),
        None if size is None else Decimal(size),
    )


def run(x):
    return walk(x.asks, x.bids, PairRules.of(x.buy, x.buy_fee, x.sell, x.sell_fee), x.size)


def figures(outcome):
    return asdict(outcome) if isinstance(outcome, Walk) else outcome


DEEP = ([(100.0, 1.0), (101.0, 2.0), (103.0, 9.0)], [(102.0, 2.0), (101.5, 5.0), (99.0, 9.0)])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        pytest.param(setup([], [(5.0, 1.0)]), Reason.NO_GROSS_EDGE, id="nobody sells"),
        pytest.param(setup([(5.0, 1.0)], []), Reason.NO_GROSS_EDGE, id="nobody buys"),
        pytest.param(setup([(5.0, 1.0)], [(5.0, 1.0)]), Reason.NO_GROSS_EDGE, id="equal touches are no gap"),
        pytest.param(setup([(5.0, 1.0)], [(5.01, 1.0)], fees=("0.001", "0.001")), Reason.NO_NET_EDGE, id="fees eat it"),
        pytest.param(setup([(5.0, 1.0)], [(6.0, 1.0)], size=None), Reason.NO_SIZE, id="no size for this quote"),
        pytest.param(setup([(5.0, 1.0)], [(5.0, 1.0)], size=None), Reason.NO_GROSS_EDGE, id="no gap before no size"),
        pytest.param(setup([(5.0, 1.0)], [(6.0, 1.0)], size="0.4"), Reason.BELOW_MINIMUM, id="size below one step"),
        pytest.param(
            setup([(5.0, 1.0)], [(6.0, 1.0)], buy={"min_notional": "5.1"}),
            Reason.BELOW_MINIMUM,
            id="book below a minimum",
        ),
        pytest.param(
            setup([(5.0, 1.0)], [(6.0, 1.0)], sell={"min_qty": "0.6"}, buy={"max_qty": "0.5"}),
            Reason.BELOW_MINIMUM,
            id="one side's minimum above the other's maximum",
        ),
        pytest.param(
            setup([(5.0, 0.1), (9.0, 9.0)], [(6.0, 9.0)], buy={"min_qty": "1"}),
            Reason.NO_NET_EDGE,
            id="the minimum lies beyond what pays",
        ),
        pytest.param(setup([(5.0, 0.05)], [(6.0, 9.0)]), Reason.BELOW_MINIMUM, id="less than a step on offer"),
        pytest.param(
            setup([(5.0, 9.0)], [(6.0, 9.0)], steps=("0.1", "1"), size="4.9"),
            Reason.BELOW_MINIMUM,
            id="only dust to sell",
        ),
    ],
)
def test_why_not(x, expected):
    assert run(x) is expected is solve(x)


@pytest.mark.parametrize(
    ("x", "size", "sell_qty", "profit", "breakeven"),
    [
        pytest.param(setup(*DEEP), "3", "3", "3.5", "5.3", id="to the last level that pays"),
        pytest.param(setup(*DEEP, size="150.5"), "1.5", "1.5", "2.5", "5.3", id="what size buys, to the cent"),
        pytest.param(setup(*DEEP, size="150.4"), "1.4", "1.4", "2.4", "5.3", id="a cent less is a step less"),
        pytest.param(
            setup(*DEEP, size="150.6", fees=("0.001", "0")), "1.4", "1.4", "2.2596", "4.9", id="size includes the fee"
        ),
        pytest.param(setup(*DEEP, buy={"max_qty": "0.25"}), "0.2", "0.2", "0.4", "5.3", id="a maximum quantity"),
        pytest.param(setup(*DEEP, sell={"max_notional": "51"}), "0.5", "0.5", "1", "5.3", id="a maximum notional"),
        pytest.param(setup(*DEEP, buy={"min_qty": "4"}), "4", "4", "2", "5.3", id="a minimum beyond the best"),
        pytest.param(setup([(100.0, 1.0)], [(101.0, 1.0)]), "1", "1", "1", None, id="the book ends before the profit"),
        pytest.param(
            setup([(100.0, 1.0), (102.0, 1.0)], [(102.0, 9.0)]), "1", "1", "2", None, id="of equal profits the smallest"
        ),
        pytest.param(
            setup([(100.0, 1.0), (103.0, 1.0)], [(102.0, 1.0), (101.0, 1.0)]),
            *("1", "1", "2", None),
            id="a book that ends at no profit ends without a loss",
        ),
        pytest.param(
            setup([(100.0, 20.0)], [(200.0, 20.0)], coins=(BASE, QUOTE), fees=("0.01", "0"), size="1010"),
            *("10", "9.9", "980", None),
            id="a fee in base leaves dust, and a step that only adds to it is not bought",
        ),
        pytest.param(
            setup([(100.0, 9.0)], [(110.0, 9.0)], steps=("0.1", "1"), size="290"),
            *("2", "2", "20", None),
            id="nothing is bought that the sell step would leave behind",
        ),
        pytest.param(
            setup([(100.0, 9.0)], [(110.0, 9.0)], steps=("1", "0.4"), size="500"),
            *("4", "4", "40", None),
            id="coprime steps meet where both come out even",
        ),
        pytest.param(
            setup([(100.0, 9.0)], [(200.0, 9.0)], coins=(QUOTE, BASE), fees=("0", "0.25"), size="500"),
            *("5", "4", "300", None),
            id="a sell fee in base needs its share of what was bought",
        ),
    ],
)
def test_best(x, size, sell_qty, profit, breakeven):
    got = run(x)
    assert isinstance(got, Walk)
    assert (got.size, got.sell_qty, got.profit) == (Decimal(size), Decimal(sell_qty), Decimal(profit))
    assert got.breakeven_size == (None if breakeven is None else Decimal(breakeven))
    assert figures(got) == solve(x)


def test_figures():
    got = run(setup(*DEEP, fees=("0.001", "0.002")))
    assert isinstance(got, Walk)
    assert got == Walk(
        size=Decimal("3"),
        sell_qty=Decimal("3"),
        spent=Decimal("302.302"),  # 302 * 1.001
        received=Decimal("304.889"),  # 305.5 * 0.998
        profit=Decimal("2.587"),
        gross_bps=Decimal("115.8940"),
        net_bps=Decimal("85.5767"),
        buy_limit=Decimal("101"),
        sell_limit=Decimal("101.5"),
        buy_vwap=Decimal("100.6666666666667"),
        sell_vwap=Decimal("101.8333333333333"),
        breakeven_size=Decimal("4.4"),
    )


def test_bps_are_rounded_half_even_from_the_exact_ratio():
    # 1e4 * (bid / ask - 1) is 0.00005 and 0.00015: both half way, so both go to the even neighbour
    down = run(setup([(2e8, 1.0)], [(200000001.0, 1.0)]))
    up = run(setup([(2e8, 1.0)], [(200000003.0, 1.0)]))
    assert (down.gross_bps, up.gross_bps) == (Decimal("0.0000"), Decimal("0.0002"))
    assert (down.net_bps, up.net_bps) == (Decimal("0.0000"), Decimal("0.0002"))


@pytest.mark.parametrize("levels", [1, 7, 8, 9, 31, 33])
def test_breakeven_is_found_however_deep_it_lies(levels):
    asks = [(100.0 + i, 1.0) for i in range(levels)] + [(300.0, 50.0)]
    x = setup(asks, [(100.0 + levels, 100.0)], steps=("1", "1"))
    got = run(x)
    assert isinstance(got, Walk)
    assert got.size == levels
    assert got.breakeven_size is not None
    assert figures(got) == solve(x)


def test_without_a_break_even_all_else_is_the_same():
    x = setup(*DEEP)
    rules, most = PairRules.of(x.buy, x.buy_fee, x.sell, x.sell_fee), max(len(x.asks), len(x.bids))
    full = run(x)
    bare = walk_books(lambda n: x.asks[:n], lambda n: x.bids[:n], most, rules, x.size, breakeven=False)
    assert figures(full)["breakeven_size"] is not None
    assert figures(bare) == {**figures(full), "breakeven_size": None}


def test_a_minimum_is_reached_however_many_levels_it_takes():
    asks = [(100.0 + i / 100, 0.1) for i in range(30)]
    x = setup(asks, [(101.0, 0.5), (90.0, 10.0)], buy={"min_qty": "2.5"})
    assert run(x) is solve(x) is Reason.NO_NET_EDGE
    x = setup(asks, [(101.0, 10.0)], buy={"min_qty": "2.5"})
    assert figures(run(x)) == solve(x)


def test_books_are_read_no_further_than_it_takes():
    read = []

    def take(levels):
        def first(n):
            read.append(n)
            return levels[:n]

        return first

    asks = [(100.0 + i / 10, 1.0) for i in range(60)]
    bids = [(101.0 - i / 10, 1.0) for i in range(60)]
    x = setup(asks, bids, steps=("1", "1"))
    got = walk_books(take(asks), take(bids), 60, PairRules.of(x.buy, x.buy_fee, x.sell, x.sell_fee), x.size)
    assert read == [8, 8, 32, 32]
    assert figures(got) == solve(x)


def test_steps_by_the_trillion_are_no_loop():
    x = setup(
        [(100.0, 1e6), (102.0, 1e6)], [(101.5, 1e6), (100.2, 1e6)],
        steps=("0.00000001", "0.00000003"), fees=("0.002", "0.0007"), coins=(BASE, QUOTE),
    )  # fmt: skip
    got = run(x)
    assert isinstance(got, Walk)
    assert got.sell_qty <= got.size * Decimal("0.998") < got.sell_qty + Decimal("0.00000003")
    assert got.breakeven_size is not None
    assert got.breakeven_size > got.size > Decimal(999_999)


prices = st.integers(90, 115).map(float) | st.integers(9900, 10300).map(lambda p: p / 100)
quantities = st.sampled_from([0.1, 0.25, 0.5, 1.0]) | st.integers(1, 130).map(lambda q: q / 100)
steps = st.sampled_from(["0.05", "0.1", "0.03", "0.07", "0.25", "0.125", "0.5", "1"])
rates = st.sampled_from(["0", "0.001", "0.0005", "0.002", "0.01", "-0.0002", "0.00037"])


def side(reverse):
    distinct = st.dictionaries(prices, quantities, min_size=1, max_size=6)
    return distinct.map(lambda levels: sorted(levels.items(), reverse=reverse))


def limits(**highest):
    def one(high):
        return st.none() | st.integers(1, high).map(lambda v: str(Decimal(v) / 100))

    return st.fixed_dictionaries({name: one(high) for name, high in highest.items()}).map(
        lambda chosen: {name: value for name, value in chosen.items() if value is not None}
    )


rules = limits(min_qty=150, min_notional=15_000) | limits(max_qty=900, max_notional=90_000) | st.just({})
setups = st.builds(
    lambda asks, bids, s, f, c, buy, sell, size: setup(
        asks, bids, steps=s, fees=f, coins=c, buy=buy, sell=sell, size=size
    ),
    side(False),
    side(True),
    st.tuples(steps, steps),
    st.tuples(rates, rates),
    st.tuples(st.sampled_from(FeeCoin), st.sampled_from([QUOTE, QUOTE, BASE])),
    rules,
    rules,
    st.just("1e9") | st.integers(1, 90_000).map(lambda v: str(Decimal(v) / 100)),
)


@settings(max_examples=400, deadline=None)
@given(setups)
@example(setup([(100.0, 1.0), (101.0, 1.0)], [(101.0, 1.0), (100.0, 1.0)]))
def test_equals_trying_every_quantity(x):
    assert figures(run(x)) == solve(x)


def fits(x):
    """Whether the compiled form takes it."""
    rules = PairRules.of(x.buy, x.buy_fee, x.sell, x.sell_fee)
    return COMPILED is not None and COMPILED.search(x.asks, x.bids, rules) is not None


@BUILT
@pytest.mark.parametrize(
    ("x", "fitting"),
    [
        pytest.param(setup(*DEEP), True, id="usual"),
        pytest.param(setup([(5e-9, 1e6)], [(6e-9, 1e6)], steps=("1", "1")), True, id="tiny prices"),
        pytest.param(setup([(1 / 3, 1.0)], [(0.5, 1.0)]), False, id="more digits than 15"),
        pytest.param(setup([(5e15, 1.0)], [(6e15, 1.0)]), False, id="a price beyond"),
        pytest.param(setup([(5.0, 1e-16)], [(6.0, 1.0)]), False, id="a quantity with too many decimals"),
        pytest.param(
            setup([(123456789.0, 1e6)], [(223456789.0, 1e6)], steps=("1e-8", "1e-8"), fees=("1e-12", "0"),
                  coins=(BASE, QUOTE)),
            False, id="products beyond 128 bits",
        ),
        pytest.param(setup(*DEEP, buy={"max_qty": "1e30"}), False, id="a limit beyond"),
        pytest.param(setup(*DEEP, steps=("1e-17", "0.1")), False, id="a step with too many decimals"),
    ],
)  # fmt: skip
def test_what_might_not_fit_is_left_to_the_pure_form(x, fitting):
    assert fits(x) is fitting
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_compiled", None)
        pure = run(x)
    assert repr(run(x)) == repr(pure)


texts = st.integers(0, 8).flatmap(lambda places: st.integers(1, 10**9).map(lambda v: v / 10**places))
wild = st.dictionaries(texts, texts, min_size=1, max_size=12)
many = st.builds(
    lambda asks, bids, apart, s, f, c, buy, sell, size: setup(
        sorted(asks.items()), sorted(((p * apart, q) for p, q in bids.items()), reverse=True),
        steps=s, fees=f, coins=c, buy=buy, sell=sell, size=size,
    ),
    wild,
    wild,
    st.sampled_from([1.0, 2.0, 8.0]),
    st.tuples(*[st.sampled_from(["0.00000001", "0.000003", "0.01", "0.25", "1", "7"])] * 2),
    st.tuples(rates, rates),
    st.tuples(st.sampled_from(FeeCoin), st.sampled_from(FeeCoin)),
    rules,
    rules,
    st.none() | st.decimals(-1, 10**9, places=4).map(str),
)  # fmt: skip


@BUILT
@settings(max_examples=400, deadline=None)
@given(many)
def test_both_forms_agree_digit_for_digit(x):
    got = []
    for form in (None, COMPILED):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "_compiled", form)
            got.append(repr(run(x)))
    assert got[0] == got[1]
