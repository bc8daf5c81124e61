"""A part that fails is told once, and the others go on."""

from __future__ import annotations

import asyncio

import pytest

from arb.app.apart import apart
from arb.errors import JournalError

FULL = JournalError("disk full")


async def failing():
    raise FULL


async def test_a_failure_is_told_and_the_task_stays_until_cancelled():
    told = []
    task = asyncio.create_task(apart(failing(), told.append))
    for _ in range(5):
        await asyncio.sleep(0)
    assert (told, task.done()) == ([FULL], False)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_part_that_ends_by_itself_is_no_failure():
    told = []
    await apart(asyncio.sleep(0), told.append)
    assert told == []


async def test_a_cancellation_that_ends_in_a_failure_ends_the_task():
    async def stubborn():
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            raise FULL from None

    told = []
    task = asyncio.create_task(apart(stubborn(), told.append))
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert told == [FULL]
