"""Balances are pushed, and a push can be lost: so they are read anew every now and then while the stream stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from loguru import logger

from arb.domain import VenueId
from arb.errors import VenueError
from arb.interfaces import Lane, Sink, Trading

EVERY_S = 30.0


async def reread(
    sides: Mapping[VenueId, Trading],
    sink: Sink,
    every_s: float = EVERY_S,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Until cancelled. Each answer goes where the pushes go; a venue whose private side is down is left alone."""
    while True:
        await sleep(every_s)
        for venue, side in sides.items():
            if side.refusal(1, Lane.RECONCILE):
                continue
            try:
                read = await side.balances()
            except VenueError as error:
                logger.debug("{}: balances were not read anew: {}", venue, error)  # the next time comes soon
                continue
            sink.on_event(read)
            sink.on_idle(read.recv_ns)
