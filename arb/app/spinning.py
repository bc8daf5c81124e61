"""`--spin`: an event loop that never sleeps need not be woken to hear of a frame, for the price of a whole core."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def spinning(wanted: bool = True) -> Iterator[None]:
    """Until left, the loop has something to do in every turn, and so asks its sockets without waiting for them."""
    if not wanted:
        yield
        return
    loop = asyncio.get_running_loop()

    handle = loop.call_soon(lambda: None)

    def turn() -> None:
        nonlocal handle
        handle = loop.call_soon(turn)

    turn()
    try:
        yield
    finally:
        handle.cancel()
