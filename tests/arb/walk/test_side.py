"""Exact integers of one side, against adding up step by step."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.walk.side import Side, integers


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([100.0, 0.25, 3.1], ([10000, 25, 310], 2), id="one scale for all, as fine as the finest"),
        pytest.param([5.0, 70.0], ([5, 70], 0), id="whole numbers need no places"),
        pytest.param([1e-07, 1.5e-05], ([1, 150], 7), id="small ones are written with an exponent"),
        pytest.param([1e16, 0.5], ([10**17, 5], 1), id="large ones too"),
        pytest.param([0.1 + 0.2], ([30000000000000004], 17), id="a float is the decimal that reads back as itself"),
        pytest.param([], ([], 0), id="nothing"),
    ],
)
def test_integers(values, expected):
    assert integers(values) == expected


@given(st.lists(st.floats(1e-12, 1e15), max_size=5))
def test_integers_lose_nothing(values):
    numbers, places = integers(values)
    assert [Fraction(n, 10**places) for n in numbers] == [Fraction(repr(v)) for v in values]


levels = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), min_size=1, max_size=6)


@given(levels=levels, step=st.integers(1, 7), notional=st.integers(0, 300))
def test_notionals_and_their_inverses(levels, step, notional):
    units = [price for price, quantity in levels for _ in range(quantity)]
    side = Side([p for p, _ in levels], [q for _, q in levels], step)
    worth = [sum(units[: n * step]) for n in range(len(units) // step + 1)]
    ends = [sum(q for _, q in levels[: i + 1]) for i in range(len(levels))]

    assert side.total == len(worth) - 1
    assert [side.notional(n) for n in range(side.total + 1)] == worth
    assert [side.level(n) for n in range(1, side.total + 1)] == [
        next(i for i, end in enumerate(ends) if end >= n * step) for n in range(1, side.total + 1)
    ]
    reached = next((n for n, w in enumerate(worth) if w >= notional), None)
    assert side.reaching(notional) > side.total if reached is None else side.reaching(notional) == reached
    assert side.within(notional) == max(n for n, w in enumerate(worth) if w <= notional)
