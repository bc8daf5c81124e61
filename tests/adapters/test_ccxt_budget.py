"""What may leave now, and what has to wait or is refused."""

from __future__ import annotations

import asyncio

import pytest

from adapters.ccxt_budget import Budget
from arb.clock import ManualClock
from arb.interfaces import Lane

SECOND_NS = 10**9


class Turning:
    """A sleep that lets the clock go on by as much."""

    def __init__(self, clock: ManualClock) -> None:
        self.slept: list[float] = []
        self._clock = clock

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._clock.advance(int(seconds * SECOND_NS))
        await asyncio.sleep(0)


def budget(order_ms: float = 100.0, read_ms: float = 50.0) -> tuple[Budget, ManualClock, Turning]:
    clock = ManualClock(1)
    sleep = Turning(clock)
    return Budget(clock, sleep, order_ms, read_ms), clock, sleep


@pytest.mark.parametrize(
    ("lane", "fits"),
    [
        pytest.param(Lane.ORDER, 8, id="orders leave room"),
        pytest.param(Lane.HEDGE, 9, id="hedges nearly none"),
        pytest.param(Lane.CANCEL, 10, id="cancels may take all that the venue allows"),
        pytest.param(Lane.RECONCILE, 20, id="questions have a window of their own"),
        pytest.param(Lane.DATA, 10, id="half of which is for what became of orders"),
    ],
)
def test_shares(lane: Lane, fits: int) -> None:
    made, _, _ = budget()
    taken = 0
    while not made.refusal(1, lane):
        made.take(lane)
        taken += 1
    assert taken == fits


def test_orders_are_counted_together() -> None:
    made, _, _ = budget()
    assert made.refusal(8, Lane.ORDER) == ""
    assert "rate limit" in made.refusal(9, Lane.ORDER)


def test_room_comes_back_when_the_window_has_passed() -> None:
    made, clock, _ = budget()
    for _ in range(8):
        made.take(Lane.ORDER)
    clock.advance(SECOND_NS - 1)
    assert made.refusal(1, Lane.ORDER)
    clock.advance(1)
    assert made.refusal(8, Lane.ORDER) == ""


def test_a_slow_venue_still_lets_a_cycle_pass() -> None:
    made, _, _ = budget(order_ms=3000.0)
    assert made.refusal(3, Lane.ORDER) == ""


def test_a_pause_is_for_everybody_but_cancels() -> None:
    made, clock, _ = budget()
    made.pause(2.0)
    assert "pause" in made.refusal(1, Lane.HEDGE)
    assert made.refusal(1, Lane.CANCEL) == ""
    clock.advance(2 * SECOND_NS)
    assert made.refusal(1, Lane.HEDGE) == ""


async def test_a_turn_is_waited_for() -> None:
    made, _, sleep = budget(read_ms=250.0)
    for _ in range(4):
        await made.turn(Lane.RECONCILE)
    assert sleep.slept == []
    await made.turn(Lane.RECONCILE)
    assert sleep.slept == [1.0]


async def test_what_ccxt_says_a_read_costs_is_counted_and_its_turn_only_once() -> None:
    made, _, _ = budget()
    await made.turn(Lane.RECONCILE)
    await made(11.0)
    assert made.refusal(9, Lane.RECONCILE) == ""
    assert made.refusal(10, Lane.RECONCILE)


async def test_the_request_of_an_order_is_no_read() -> None:
    made, _, _ = budget()
    made.take(Lane.ORDER)
    made.begin(Lane.ORDER)
    await made(20.0)
    assert made.refusal(20, Lane.RECONCILE) == ""
    await made(20.0)  # a second request of that task is one
    assert made.refusal(1, Lane.RECONCILE)
