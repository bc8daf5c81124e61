"""Every test here runs against a server of its own and must leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from tests.fastpath.net.venue import Venue, serving


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with serving() as fake:
        yield fake


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task survives a test, and what it dropped is collected while warnings are still its own."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect()
