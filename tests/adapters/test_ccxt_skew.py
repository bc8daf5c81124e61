"""What is known of the venue's clock."""

from __future__ import annotations

import pytest

from adapters.ccxt_skew import KEEP_NS, Skew

MS = 1_000_000


@pytest.mark.parametrize(
    ("readings", "now_ns", "error_ns"),
    [
        pytest.param([], 0, None, id="nothing was read"),
        pytest.param([(10, 20 * MS, 1000 * MS, 1000)], 10, 11 * MS, id="half the round trip and a millisecond"),
        pytest.param([(10, 20 * MS, 1000 * MS, 1300)], 10, 311 * MS, id="and how far the clocks differ, ahead"),
        pytest.param([(10, 20 * MS, 1000 * MS, 700)], 10, 311 * MS, id="or behind"),
        pytest.param([(10, 9 * MS, 0, 0), (11, 2 * MS, 0, 0), (12, 9 * MS, 0, 0)], 12, 2 * MS, id="the fastest counts"),
        pytest.param([(10, 2 * MS, 0, 0)], KEEP_NS + 11, None, id="not for ever"),
    ],
)
def test_error(readings: list[tuple[int, int, int, int]], now_ns: int, error_ns: int | None) -> None:
    skew = Skew()
    for reading in readings:
        skew.read(*reading)
    assert skew.error_ns(now_ns) == error_ns
