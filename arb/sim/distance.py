"""How far a venue is away: every byte takes its time, in each direction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Road:
    """What sets out arrives `delay_s` later, in order: of timers that are due at once, loops promise none."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[Callable[[], None]] = deque()

    def send(self, arrive: Callable[[], None]) -> None:
        self._under_way.append(arrive)
        self._loop.call_later(self._delay_s, self._next)

    def _next(self) -> None:
        self._under_way.popleft()()


class Distant:
    """A transport whose far end hears everything `delay_s` later, in order. By the loop's time."""

    def __init__(self, transport: asyncio.WriteTransport, delay_s: float) -> None:
        self._transport = transport
        self._road = Road(delay_s)

    def write(self, data: bytes) -> None:
        self._road.send(lambda: self._arrive(data))

    def _arrive(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._road.send(self._transport.close)

    def abort(self) -> None:
        self._road.send(self._transport.abort)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()
