"""arb.supervise: one connection kept alive, without a socket and without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice
from random import Random

import pytest

from arb.errors import AuthFailed, ConfigError, ProtocolError, Transient
from arb.supervise import backoff, minded, supervise


class Top(Random):
    """Chance that always draws the upper end: the ceilings become visible."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Scene:
    """Plays one step for each connection attempt and keeps what the supervisor did in between."""

    def __init__(self, *steps: Exception | str | None) -> None:
        self._steps = list(steps)
        self.lost: list[Exception | None] = []
        self.slept: list[float] = []

    async def connection(self, up: Callable[[], None]) -> None:
        if not self._steps:
            raise asyncio.CancelledError
        step = self._steps.pop(0)
        if step == "works":
            up()
        elif isinstance(step, Exception):
            raise step

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)

    async def play(self) -> None:
        await supervise(self.connection, self.lost.append, sleep=self.sleep, rng=Top(), first_s=1.0, cap_s=4.0)


BROKEN = Transient("v", "broken")
SLOW_DOWN = Transient("v", "too many", retry_after_s=60.0)


@pytest.mark.parametrize(
    ("steps", "slept"),
    [
        pytest.param([BROKEN] * 5, [1, 2, 4, 4, 4], id="ceilings double up to the cap"),
        pytest.param([BROKEN, BROKEN, "works", BROKEN], [1, 2, 1, 2], id="up() starts a fresh backoff"),
        pytest.param([None, None], [1, 2], id="a connection that merely returns is retried"),
        pytest.param([ValueError("bug"), OSError("net")], [1, 2], id="any other loss is retried"),
        pytest.param([SLOW_DOWN, BROKEN], [60, 2], id="a venue that names a time is given it"),
        pytest.param([ProtocolError("v", "odd")], [1], id="a misread venue is retried"),
    ],
)
async def test_waits(steps: list[Exception | str | None], slept: list[float]) -> None:
    scene = Scene(*steps)
    with pytest.raises(asyncio.CancelledError):
        await scene.play()
    assert scene.slept == slept
    assert len(scene.lost) == len(steps)


async def test_each_loss_is_told_with_its_cause() -> None:
    scene = Scene(BROKEN, None, "works")
    with pytest.raises(asyncio.CancelledError):
        await scene.play()
    assert scene.lost == [BROKEN, None, None]


@pytest.mark.parametrize("fatal", [AuthFailed("v", "key"), ConfigError("url")], ids=lambda e: type(e).__name__)
async def test_what_no_retry_mends_ends_it(fatal: Exception) -> None:
    scene = Scene(BROKEN, fatal)
    with pytest.raises(type(fatal)):
        await scene.play()
    assert scene.lost == [BROKEN]
    assert scene.slept == [1]


async def test_cancelling_is_no_loss() -> None:
    lost: list[Exception | None] = []

    async def forever(up: Callable[[], None]) -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(supervise(forever, lost.append, sleep=asyncio.sleep, rng=Random(1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lost == []


def test_full_jitter_covers_the_range_below_the_ceiling() -> None:
    draws = [next(backoff(Random(seed), 1.0, 8.0)) for seed in range(300)]
    assert min(draws) < 0.1
    assert 0.9 < max(draws) <= 1.0
    later = [list(islice(backoff(Random(seed), 1.0, 8.0), 6))[5] for seed in range(300)]
    assert 7.0 < max(later) <= 8.0
    assert min(later) < 0.5


def test_the_same_seed_waits_the_same() -> None:
    first, second = (list(islice(backoff(Random(7)), 10)) for _ in range(2))
    assert first == second


async def _failing() -> None:
    raise ValueError("nobody waits for it")


async def test_a_task_that_nobody_waits_for_is_looked_at() -> None:
    told: list[Exception] = []
    for work in (_failing(), asyncio.sleep(0)):
        minded(asyncio.create_task(work), told.append)
    cancelled = asyncio.create_task(asyncio.sleep(60))
    minded(cancelled, told.append)
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.sleep(0.01)
    assert [str(failure) for failure in told] == ["nobody waits for it"]
