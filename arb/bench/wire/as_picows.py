"""The floor: a picows callback that counts."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

import picows

from arb.bench.frames import Recording
from arb.bench.wire.talk import Play, Taken


class Counting(picows.WSListener):
    def __init__(self, wanted: int) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._left = wanted

    def on_ws_frame(self, _transport: picows.WSTransport, _frame: picows.WSFrame) -> None:
        self._left -= 1
        if not self._left:
            self.ended.set_result(monotonic_ns())


class Floor:
    def __init__(self, transport: picows.WSTransport, counting: Counting) -> None:
        self._transport = transport
        self._counting = counting

    async def ready(self) -> None:
        pass  # connected is all there is

    async def done(self) -> None:
        await self._counting.ended

    async def close(self) -> None:
        self._transport.disconnect(graceful=False)

    def taken(self, cpu_ns: int) -> Taken:
        return Taken(cpu_ns, self._counting.ended.result())


async def opens(_recording: Recording, play: Play) -> Floor:
    counting = Counting(play.frames)
    transport, _ = await picows.ws_connect(lambda _request, _response: counting, f"ws://127.0.0.1:{play.port}/")
    return Floor(transport, counting)
