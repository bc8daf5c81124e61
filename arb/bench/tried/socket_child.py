"""The process that is measured: WebSocket clients on one kind of event loop, one at a time, connected anew each time.

`python -m arb.bench.tried.socket_child LOOP` answers each `Asked` with `true` once that client is connected, and with
`Arrived` once all frames were handed to the callback.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic_ns, process_time_ns
from typing import Any

import aiohttp
import msgspec
import picows

from arb.bench.tried.socket_talk import Arrived, Asked
from arb.bench.wire.talk import Play, answer, lines


class Count:
    """The callback: counts, and notes the time where that is asked for."""

    def __init__(self, play: Play) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.at_ns: list[int] = []
        self._left = play.frames
        self._timed = play.stamps

    def __call__(self, _payload: object) -> None:
        if self._timed:
            self.at_ns.append(monotonic_ns())
        self._left -= 1
        if not self._left:
            self.ended.set_result(None)


class Listener(picows.WSListener):
    def __init__(self, count: Count) -> None:
        self._count = count

    def on_ws_frame(self, _transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        self._count(frame.get_payload_as_bytes())


@asynccontextmanager
async def by_picows(url: str, count: Count) -> AsyncIterator[None]:
    transport, _ = await picows.ws_connect(lambda _request, _response: Listener(count), url)
    try:
        yield
    finally:
        transport.disconnect(graceful=False)


@asynccontextmanager
async def by_aiohttp(url: str, count: Count) -> AsyncIterator[None]:
    async def read(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            count(message.data)

    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket, _task(read(socket)):
        yield


@asynccontextmanager
async def by_websockets(url: str, count: Count) -> AsyncIterator[None]:
    import websockets

    async def read(socket: Any) -> None:
        async for message in socket:
            count(message)

    async with websockets.connect(url, compression=None, max_size=None) as socket, _task(read(socket)):
        yield


CLIENTS = {"picows": by_picows, "aiohttp": by_aiohttp, "websockets": by_websockets}


@asynccontextmanager
async def _task(reading: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(reading)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def serve() -> None:
    told = await lines()
    while line := await told.readline():
        asked = msgspec.json.decode(line, type=Asked)
        count = Count(asked.play)
        async with CLIENTS[asked.client](f"ws://127.0.0.1:{asked.play.port}/", count):
            before = process_time_ns()
            answer(True)
            await count.ended
            answer(Arrived(process_time_ns() - before, tuple(count.at_ns)))


def main(loop: str) -> None:
    run: Callable[[Any], None] = asyncio.run
    if loop == "uvloop":
        import uvloop

        run = uvloop.run
    run(serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
