"""Wait for a while, or until something happens."""

from __future__ import annotations

import asyncio

from fastpath.net.pacing import SECOND_NS


class Alarm:
    """For one waiting task. A ring before the wait begins ends it at once: nothing that happened is missed."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, limit_ns: int | None = None) -> None:
        """Until a ring, but no longer than `limit_ns` (None: without limit)."""
        try:
            async with asyncio.timeout(None if limit_ns is None else limit_ns / SECOND_NS):
                await self._rung.wait()
        except TimeoutError:
            return  # the other way to end a wait
        finally:
            self._rung.clear()
