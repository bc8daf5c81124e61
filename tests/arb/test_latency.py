"""Quantiles within a step of the truth, whatever the scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.latency import Latency
from tests.cores import LATENCIES

VALUES = st.lists(st.integers(0, 10**12), min_size=1, max_size=200)
SHARES = st.sampled_from([0.5, 0.9, 0.99, 1.0])


@pytest.mark.parametrize("kind", LATENCIES)
@given(VALUES, SHARES)
def test_quantiles_are_right_within_seven_percent(kind, values, share):
    histogram = kind()
    for value in values:
        histogram.add(value)
    ranked = sorted(values)
    rank = next(v for i, v in enumerate(ranked, 1) if i >= share * len(ranked))
    assert rank <= histogram.quantile_ns(share) <= rank * 1.07 + 1
    assert histogram.worst_ns == max(values)
    assert histogram.count == len(values)


@pytest.mark.parametrize("kind", LATENCIES)
@given(st.lists(st.integers(-(2**62), 2**62)), SHARES)
def test_every_form_says_the_same(kind, values, share):
    one, other = Latency(), kind()
    for value in values:
        one.add(value)
        other.add(value)
    assert (one.count, one.worst_ns) == (other.count, other.worst_ns)
    assert one.quantile_ns(share) == other.quantile_ns(share)


@pytest.mark.parametrize("kind", LATENCIES)
def test_empty(kind):
    assert kind().quantile_ns(0.5) == 0


@pytest.mark.parametrize("kind", LATENCIES)
def test_a_clock_that_steps_back_counts_as_nothing(kind):
    histogram = kind()
    histogram.add(-5)
    assert histogram.quantile_ns(1.0) == 0
