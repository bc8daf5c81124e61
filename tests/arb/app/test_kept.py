"""A poller that fails begins anew; what no retry mends ends it, and so does having nothing left to do."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from arb.app.kept import kept
from arb.errors import AuthFailed


class Poller:
    """ends: what each run of it ends with; None: it returns."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)
        self.slept: list[float] = []

    async def run(self) -> None:
        end = self.ends.pop(0)
        if end is not None:
            raise end

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def kept(self) -> None:
        await kept("the poller", self.run, sleep=self.sleep, rng=Random(1))


async def test_one_that_fails_begins_anew_after_a_while() -> None:
    poller = Poller(ValueError("a bug"), KeyError("another"), None)
    await poller.kept()
    assert poller.ends == []
    assert len(poller.slept) == 2


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(AuthFailed("mexc", "the key is refused"), id="told as it is"),
        pytest.param(ExceptionGroup("tasks", [AuthFailed("mexc", "the key is refused")]), id="out of a group of tasks"),
    ],
)
async def test_what_no_retry_mends_is_raised(failure: Exception) -> None:
    poller = Poller(failure)
    with pytest.raises(AuthFailed):
        await poller.kept()
    assert poller.slept == []


async def test_it_ends_when_it_is_cancelled() -> None:
    task = asyncio.create_task(kept("the poller", asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
