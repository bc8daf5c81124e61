"""How late a loop is, on a clock of numbers (milliseconds here)."""

from __future__ import annotations

import pytest

from arb.loop_lag import LoopLag

MS = 1_000_000


def fed(*fired_ms: int) -> LoopLag:
    """Begun at 1000, due every 50."""
    lag = LoopLag(50 * MS)
    lag.started(1000 * MS)
    for at_ms in fired_ms:
        lag.fired(at_ms * MS)
    return lag


@pytest.mark.parametrize(
    ("fired_ms", "now_ms", "late_ms"),
    [
        pytest.param((), 1040, 0, id="nothing was due yet"),
        pytest.param((), 1400, 350, id="the first firing is overdue"),
        pytest.param((1050, 1100), 1120, 0, id="all came in time"),
        pytest.param((1050, 1400), 1410, 300, id="the last one came late"),
        pytest.param((1050, 1400, 1450), 1460, 0, id="and the next in time again"),
        pytest.param((1050,), 1700, 600, id="while it hangs, without any firing"),
    ],
)
def test_lateness(fired_ms: tuple[int, ...], now_ms: int, late_ms: int) -> None:
    assert fed(*fired_ms).late_ns(now_ms * MS) == late_ms * MS


def test_a_loop_that_nobody_times_is_not_late() -> None:
    assert LoopLag(50 * MS).late_ns(10**15) == 0
    stopped = fed(1400)
    stopped.stopped()
    assert (stopped.late_ns(10**15), stopped.beat_ns) == (0, 0)


def test_every_firing_is_counted() -> None:
    lag = fed(1050, 1101, 1151, 1301)
    assert (lag.latency.count, lag.latency.worst_ns) == (4, 100 * MS)
