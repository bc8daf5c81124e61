"""Whoever sets the wall clock is noticed, and a machine that sleeps grows older."""

from __future__ import annotations

import pytest

from arb.clock import ManualClock, Steps, SystemClock

MS = 1_000_000


@pytest.mark.parametrize(
    ("by_ms", "told_ms"),
    [
        pytest.param(3_600_000, 3_600_000, id="set forward"),
        pytest.param(-3_600_000, -3_600_000, id="set back"),
        pytest.param(250, 250, id="by just enough"),
        pytest.param(249, 0, id="by less than anybody would set it"),
    ],
)
def test_a_step_is_told_once(by_ms: int, told_ms: int) -> None:
    clock = ManualClock(5, 1_000)
    steps = Steps(clock)
    clock.advance(50 * MS)
    assert steps.look() == 0
    clock.set(clock.mono_ns() + 50 * MS, clock.wall_ns() + (50 + by_ms) * MS)
    assert steps.look() == told_ms * MS
    clock.advance(50 * MS)
    assert steps.look() == 0


def test_a_clock_that_is_drawn_right_is_not_set() -> None:
    clock = ManualClock(5, 1_000)
    steps = Steps(clock)
    for _ in range(100):  # a second too fast in all
        clock.set(clock.mono_ns() + 50 * MS, clock.wall_ns() + 60 * MS)
        assert steps.look() == 0


class Held:
    """A clock whose reader is held up between its two readings, once."""

    def __init__(self) -> None:
        self.inner = ManualClock(5, 1_000)
        self.held_ns = 0

    def mono_ns(self) -> int:
        return self.inner.mono_ns()

    def wall_ns(self) -> int:
        self.inner.advance(self.held_ns)
        self.held_ns = 0
        return self.inner.wall_ns()


def test_to_be_held_up_between_two_readings_is_no_step() -> None:
    clock = Held()
    steps = Steps(clock)
    clock.held_ns = 2_000 * MS
    assert steps.look() == 0
    clock.inner.advance(50 * MS)
    assert steps.look() == 0


def test_the_real_clock_goes_forward_in_nanoseconds() -> None:
    clock = SystemClock()
    readings = [clock.mono_ns() for _ in range(100)]
    assert readings == sorted(readings)
    assert all(type(reading) is int for reading in readings)
