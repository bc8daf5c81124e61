"""Quantiles within a step of the truth, whatever the scale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arb.latency import Latency


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_quantiles_are_right_within_seven_percent(values, share):
    histogram = Latency()
    for value in values:
        histogram.add(value)
    ranked = sorted(values)
    rank = next(v for i, v in enumerate(ranked, 1) if i >= share * len(ranked))
    assert rank <= histogram.quantile_ns(share) <= rank * 1.07 + 1
    assert histogram.worst_ns == max(values)
    assert histogram.count == len(values)


def test_empty():
    assert Latency().quantile_ns(0.5) == 0


def test_a_clock_that_steps_back_counts_as_nothing():
    histogram = Latency()
    histogram.add(-5)
    assert histogram.quantile_ns(1.0) == 0
