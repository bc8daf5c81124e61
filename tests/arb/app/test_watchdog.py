"""When a hang is told of, and where it is said to be."""

from __future__ import annotations

import asyncio
import time

import pytest
from loguru import logger

from arb.app.watchdog import AGAIN_NS, LOOK_S, LOOKS, Watchdog, watched
from arb.clock import ManualClock, SystemClock
from arb.loop_lag import LoopLag

MS = 1_000_000
EVERY_NS = 50 * MS
LOOK_NS = round(LOOK_S * 1e9)


def begun() -> tuple[Watchdog, LoopLag, ManualClock]:
    lag, clock = LoopLag(EVERY_NS), ManualClock(10**12)
    lag.started(clock.mono_ns())
    return Watchdog(lag, clock), lag, clock


def test_a_loop_that_turns_is_left_alone() -> None:
    dog, lag, clock = begun()
    for _ in range(100):
        clock.advance(EVERY_NS)
        lag.fired(clock.mono_ns())
        assert not dog.hangs_ns()


def looked(dog: Watchdog, clock: ManualClock, looks: int = LOOKS) -> list[int]:
    """What each look says while the loop does not turn."""
    said = []
    for _ in range(looks):
        clock.advance(LOOK_NS)
        said.append(dog.hangs_ns())
    return said


def test_a_hang_is_told_once() -> None:
    dog, _lag, clock = begun()
    said = looked(dog, clock, 3 * LOOKS)
    assert [ns for ns in said if ns] == [(LOOKS + 1) * LOOK_NS]
    clock.advance(AGAIN_NS * 2)
    assert not any(looked(dog, clock))


@pytest.mark.parametrize(
    ("pause_ns", "told"),
    [
        pytest.param(0, False, id="too soon after the last report"),
        pytest.param(AGAIN_NS, True, id="long after it"),
    ],
)
def test_the_next_hang_is_told_if_the_last_was_long_ago(pause_ns: int, told: bool) -> None:
    dog, lag, clock = begun()
    assert any(looked(dog, clock, 2 * LOOKS))
    clock.advance(pause_ns)
    lag.fired(clock.mono_ns())
    assert any(looked(dog, clock, 2 * LOOKS)) is told


def test_a_process_that_stood_still_has_no_hanging_loop() -> None:
    """Nor has one whose clock was turned: the watchdog stood still with it."""
    dog, lag, clock = begun()
    looked(dog, clock, 1)
    for _ in range(10):
        clock.advance(AGAIN_NS)
        assert not dog.hangs_ns()
        lag.fired(clock.mono_ns())


def test_nobody_is_watched_who_does_not_turn() -> None:
    assert not Watchdog(LoopLag(EVERY_NS), ManualClock(10**12)).hangs_ns()


async def test_the_line_that_holds_the_loop_up_is_named() -> None:
    clock, lag, lines = SystemClock(), LoopLag(EVERY_NS), []
    sink = logger.add(lines.append, level="ERROR", format="{message}")
    try:
        with watched(lag, clock):
            lag.started(clock.mono_ns())
            await asyncio.sleep(0)
            for _ in range(60):
                held_up_here()
                if lines:
                    break
    finally:
        logger.remove(sink)
    (line,) = lines
    assert "the event loop has not turned for" in line
    assert "held_up_here" in line


def held_up_here() -> None:
    time.sleep(0.1)  # the very thing that is to be found
