"""The logarithmic answer against looking at every step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.walk.staircase import climb


def look(rise, fall, num, den, carry, steps):
    heights = [rise * ((num * m + carry) // den) - fall * m for m in range(steps + 1)]
    best = max(heights)
    return heights.index(best), best


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param((5, 9, 1, 1, 0, 100), (0, 0), id="a path that falls is best where it begins"),
        pytest.param((9, 5, 1, 1, 0, 100), (100, 400), id="a path that rises is best where it ends"),
        pytest.param((5, 5, 1, 1, 0, 100), (0, 0), id="of equal heights the first"),
        pytest.param((10, 3, 1, 3, 0, 11), (9, 3), id="best just after the last step up, not at the end"),
        pytest.param((10, 1, 1, 3, 2, 2), (1, 9), id="what is carried in brings the first step up forward"),
        pytest.param((7, 1, 5, 2, 0, 0), (0, 0), id="no way to go"),
        pytest.param((3, 7, 5, 2, 1, 4), (3, 3), id="several steps up for one to the right"),
    ],
)
def test_rule(path, expected):
    assert climb(*path) == expected == look(*path)


@given(
    rise=st.integers(1, 40),
    fall=st.integers(1, 40),
    num=st.integers(1, 60),
    den=st.integers(1, 60),
    carry=st.integers(0, 59),
    steps=st.integers(0, 150),
)
def test_equals_looking_at_every_step(rise, fall, num, den, carry, steps):
    path = (rise, fall, num, den, carry % den, steps)
    assert climb(*path) == look(*path)


def test_a_trillion_steps_cost_no_more_than_their_ratio_has_digits():
    steps = 10**12
    at, height = climb(1_000_000_007, 999_000_000, 999, 1000, 0, steps)  # falls a little less than it rises
    assert at == steps
    assert height == 1_000_000_007 * (999 * steps // 1000) - 999_000_000 * steps
