"""An event loop that lives by a hand-turned clock: real sockets, and no waiting.

Every sleep, timeout and timer of a task counts in the clock's time. The clock is turned to the next timer when the loop
has nothing left to do: nothing is ready, no socket has anything to read, no thread is at work. So everything that was
sent is received before any time passes, and a run of a minute takes as long as its work does.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Callable
from math import ceil
from typing import Any

from arb.clock import ManualClock

_PATIENCE_S = 0.001  # real time that is given to threads


class Clockwork(asyncio.SelectorEventLoop):
    """All of a run must live on it: both ends of every socket, and what waits for them."""

    def __init__(self, clock: ManualClock, resolve: Callable[[str], str] = lambda host: host) -> None:
        """resolve: a name -> an address."""
        super().__init__(_Turned(clock, lambda: self._threads > 0))
        self._resolve = resolve
        self._clock = clock
        self._threads = 0

    def time(self) -> float:
        return self._clock.mono_ns() / 1e9

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """As ever, but time stands still until the thread has finished."""
        self._threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._joined)
        return future

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        """Only names that `resolve` knows, and addresses: no thread is needed."""
        return socket.getaddrinfo(self._resolve(host) if isinstance(host, str) else host, port, **hints)

    def _joined(self, _future: object) -> None:
        self._threads -= 1


class _Turned(selectors.DefaultSelector):
    def __init__(self, clock: ManualClock, working: Callable[[], bool]) -> None:
        super().__init__()
        self._clock = clock
        self._working = working

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._working():
            return super().select(_PATIENCE_S)
        self._clock.advance(ceil(timeout * 1e9))
        return []
