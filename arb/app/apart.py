"""One part of a run that fails must not take the others with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from arb.exhausted import survive


async def apart(part: Coroutine[Any, Any, None], failed: Callable[[Exception], None]) -> None:
    """Run it until cancelled. failed: told once of what ended it; then it waits, as if it were still there."""
    try:
        await part
    except Exception as exc:  # noqa: BLE001  the part's task ends here: the run winds down and raises it
        survive(exc)
        failed(exc)
        task = asyncio.current_task()
        if task is not None and not task.cancelling():  # a cancellation may have ended in what it failed of
            await asyncio.get_running_loop().create_future()
