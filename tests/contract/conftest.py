"""What a test here may have to answer for."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """No task survives the test, and the loop had nothing to complain of: no exception that nobody fetched."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)  # for what was scheduled to happen at once
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
