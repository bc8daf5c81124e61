"""How far a venue is away: every byte takes its time, in each direction."""

from __future__ import annotations

import asyncio


class Distant:
    """A transport whose far end hears everything `delay_s` later, in order. By real time: made for benchmarks."""

    def __init__(self, transport: asyncio.WriteTransport, delay_s: float) -> None:
        self._transport = transport
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()

    def write(self, data: bytes) -> None:
        self._loop.call_later(self._delay_s, self._arrive, data)

    def _arrive(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._loop.call_later(self._delay_s, self._transport.close)

    def abort(self) -> None:
        self._loop.call_later(self._delay_s, self._transport.abort)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()
