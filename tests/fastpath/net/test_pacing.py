"""fastpath.net.pacing: rates and waits, on a clock made of numbers."""

from __future__ import annotations

from random import Random

import pytest

from fastpath.net.pacing import SECOND_NS, Bucket, Ladder, Pace

MS = SECOND_NS // 1000


def gone(bucket: Bucket, until_ns: int, step_ns: int = MS) -> list[int]:
    """When things went, in ms, for somebody who always has one more."""
    times = []
    for now_ns in range(0, until_ns, step_ns):
        while not bucket.wait_ns(now_ns):
            bucket.take(now_ns)
            times.append(now_ns // MS)
    return times


@pytest.mark.parametrize(
    ("rate_hz", "burst", "times"),
    [
        pytest.param(10.0, 1.0, [0, 100, 200, 300], id="without burst evenly from the first on"),
        pytest.param(10.0, 3.0, [0, 0, 0, 100, 200, 300], id="a burst goes first, the rate holds after"),
        pytest.param(4.0, 2.0, [0, 0, 250], id="slower"),
    ],
)
def test_bucket(rate_hz: float, burst: float, times: list[int]) -> None:
    assert gone(Bucket(rate_hz, burst), 400 * MS) == times


def test_a_bucket_fills_no_further_than_its_burst() -> None:
    bucket = Bucket(10.0, 2.0)
    now_ns = 3600 * SECOND_NS
    bucket.take(now_ns)
    bucket.take(now_ns)
    assert bucket.wait_ns(now_ns) == 100 * MS


def test_a_wait_is_exact() -> None:
    bucket = Bucket(10.0)
    bucket.take(0)
    assert bucket.wait_ns(30 * MS) == 70 * MS
    bucket.take(100 * MS)
    assert bucket.wait_ns(100 * MS) == 100 * MS


@pytest.mark.parametrize(
    ("rate_hz", "at_ms", "waits_ms"),
    [
        pytest.param(2.0, [0, 0, 0], [0, 0, 1000], id="a second's worth at once, then not"),
        pytest.param(2.0, [0, 400, 500, 1000], [0, 0, 500, 0], id="the oldest makes room"),
        pytest.param(0.5, [0, 0, 2000], [0, 2000, 0], id="less than one a second"),
    ],
)
def test_pace(rate_hz: float, at_ms: list[int], waits_ms: list[int]) -> None:
    pace, waits = Pace(rate_hz), []
    for ms in at_ms:
        waits.append(pace.wait_ns(ms * MS) // MS)
        if not waits[-1]:
            pace.take(ms * MS)
    assert waits == waits_ms


@pytest.mark.parametrize("seed", range(3))
def test_no_second_ever_sees_more_than_the_pace(seed: int) -> None:
    pace, rng, now_ns, sent = Pace(10.0), Random(seed), 0, []
    while len(sent) < 200:
        now_ns += pace.wait_ns(now_ns) if rng.random() < 0.8 else round(rng.uniform(0, 2) * SECOND_NS)
        if not pace.wait_ns(now_ns):
            pace.take(now_ns)
            sent.append(now_ns)
    assert max(sum(at <= other < at + SECOND_NS for other in sent) for at in sent) <= 10


class Longest(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def steps(ladder: Ladder, gaps_s: list[float], key: str = "x") -> list[float]:
    """The wait given each time, when each is asked for `gap` seconds after the previous wait was over."""
    now_ns, waits = 0, []
    for gap in gaps_s:
        now_ns += round(gap * SECOND_NS)
        wait_ns = ladder.step_ns(key, now_ns)
        waits.append(wait_ns / SECOND_NS)
        now_ns += wait_ns
    return waits


@pytest.mark.parametrize(
    ("free", "gaps_s", "waits_s"),
    [
        pytest.param(0, [0, 0, 0, 0, 0, 0], [1, 2, 4, 8, 8, 8], id="doubles up to the cap"),
        pytest.param(1, [0, 0, 0], [0, 1, 2], id="the first may be free"),
        pytest.param(1, [0, 0, 59, 0], [0, 1, 2, 4], id="a pause that is not quiet enough forgets nothing"),
        pytest.param(1, [0, 0, 61, 0], [0, 1, 0, 1], id="after a quiet time it starts anew"),
    ],
)
def test_ladder(free: int, gaps_s: list[float], waits_s: list[float]) -> None:
    assert steps(Ladder(1.0, 8.0, 60.0, Longest(), free), gaps_s) == waits_s


@pytest.mark.parametrize(
    ("gaps_s", "waits_s"),
    [
        pytest.param([0, 0, 0, 4, 4], [0, 1, 2, 4, 8], id="too little calm forgives nothing"),
        pytest.param([0, 0, 0, 5, 5], [0, 1, 2, 2, 2], id="each calm takes one of the times back"),
        pytest.param([0, 0, 0, 11, 0], [0, 1, 2, 1, 2], id="two of them two"),
        pytest.param([0, 0, 55, 0], [0, 1, 0, 1], id="nobody is forgiven more than there was"),
    ],
)
def test_calm_brings_a_key_down_again(gaps_s: list[float], waits_s: list[float]) -> None:
    assert steps(Ladder(1.0, 8.0, 60.0, Longest(), free=1, calm_s=5.0), gaps_s) == waits_s


def test_keys_climb_separately() -> None:
    ladder = Ladder(1.0, 8.0, 60.0, Longest())
    assert steps(ladder, [0, 0], "a") == [1, 2]
    assert steps(ladder, [0], "b") == [1]
    assert steps(ladder, [0], "a") == [4]


def test_jitter_takes_at_most_half_of_a_wait() -> None:
    waits = [Ladder(1.0, 8.0, 60.0, Random(seed)).step_ns("x", 0) / SECOND_NS for seed in range(300)]
    assert 0.5 <= min(waits) < 0.55
    assert 0.95 < max(waits) <= 1.0


def test_a_ladder_climbed_for_ever_stays_finite() -> None:
    assert steps(Ladder(1.0, 8.0, 60.0, Longest()), [0] * 3000)[-1] == 8
