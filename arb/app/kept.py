"""Pollers and writers under the supervisor: one that fails is told of and begins anew, and the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from traceback import extract_tb

from loguru import logger

from arb.errors import VenueError
from arb.supervise import Sleep, Up, first, supervise


async def kept(
    name: str, run: Callable[[], Awaitable[None]], *, sleep: Sleep = asyncio.sleep, rng: Random | None = None
) -> None:
    """Until cancelled, or until it raises what no retry can mend. One that returns has nothing left to do.

    name: what it does, for the log.   run: the poller; it may be begun again and again.
    """

    async def work(_up: Up) -> None:
        try:
            await run()
        except BaseExceptionGroup as failures:
            raise first(failures) from None

    def lost(failure: Exception | None) -> None:
        if failure is None:
            raise _Over
        if isinstance(failure, VenueError):
            logger.warning("{} begins anew: {}", name, failure)
        else:  # a bug of ours: where it is helps whoever mends it
            logger.error("{} has failed and begins anew: {!r} ({})", name, failure, _where(failure))
            logger.opt(exception=failure).debug("{} failed here", name)

    try:
        await supervise(work, lost, sleep=sleep, rng=Random() if rng is None else rng)
    except _Over:
        return


class _Over(Exception):
    """It has returned."""


def _where(failure: BaseException) -> str:
    """The innermost place, as file:line."""
    found = extract_tb(failure.__traceback__)
    return f"{Path(found[-1].filename).name}:{found[-1].lineno}" if found else "nowhere"
