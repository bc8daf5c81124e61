"""`--spin`: an event loop that never sleeps hears of a frame some 30 µs sooner, for the price of a whole core."""

from __future__ import annotations

import asyncio


async def spin() -> None:
    """Until cancelled. A loop that has something ready asks the sockets without waiting for them."""
    while True:
        await asyncio.sleep(0)
