"""What a test here may have to answer for."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(scope="module")
def young_heap() -> Iterator[None]:
    """What was there before the tests is kept out of their collections: half a million objects of ccxt alone."""
    import_module("ccxt.pro")
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def nothing_left(young_heap: None) -> AsyncIterator[None]:
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


@pytest.fixture
def hurried_ccxt(young_heap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """ccxt waits in real time between its requests, the simulated venues count them in theirs, which runs faster."""
    throttler = import_module("ccxt.async_support.base.throttler").Throttler
    make = throttler.__init__

    def make_hurried(self: Any, config: dict[str, Any], loop: Any = None) -> None:
        make(self, {**config, "refillRate": 20.0 * config.get("refillRate", 1.0)}, loop)

    monkeypatch.setattr(throttler, "__init__", make_hurried)
