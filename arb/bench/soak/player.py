"""The other process: venues that play their recordings without end, and hang up when they are told to.

`python -m arb.bench.soak.player FILE` (a list of recordings) answers with the port of each venue, then does what each
line asks for and says so. On asyncio's own loop, whose transports write at once.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from time import time_ns

import msgspec
import picows

from arb.bench.frames import Recording
from arb.bench.soak.loop import Loop
from arb.bench.soak.talk import Done, Manner, Task
from arb.bench.wire.player import FULL, wrapped
from arb.bench.wire.talk import answer, lines

_AT_ONCE = 25  # frames in a write, which is about what a busy venue's socket holds when it is read
_SILENT = logging.Logger("picows", logging.CRITICAL + 1)  # a client that goes is no news here


class Client(picows.WSListener):
    """One connection: what it first says is answered as it was when the recording was made, with every book whole."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._asked = False

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._stage.loop.begin()
        self._stage.transport = transport

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        if self._stage.transport is transport:
            self._stage.transport = None

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type is picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is picows.WSMsgType.TEXT and not self._asked:
            self._asked = True
            for said in self._stage.answers:
                transport.send(picows.WSMsgType.TEXT, said)
            self._stage.write(self._stage.loop.opening)


class Stage:
    """One venue. transport: of the connection that stands."""

    def __init__(self, recording: Recording) -> None:
        self.venue = recording.venue
        self.answers = recording.answers
        self.loop = Loop(recording)
        self.transport: picows.WSTransport | None = None

    async def serve(self) -> tuple[asyncio.AbstractServer, int]:
        server = await picows.ws_create_server(
            lambda _request: Client(self), "127.0.0.1", 0, logger_name=_SILENT, enable_auto_ping=False
        )
        return server, server.sockets[0].getsockname()[1]

    @property
    def full(self) -> bool:
        """Whether the reader is behind."""
        return self.transport is not None and self.transport.underlying_transport.get_write_buffer_size() > FULL

    def write(self, count: int) -> None:
        if self.transport is not None:
            frames = self.loop.take(count, time_ns() // 1_000_000)
            self.transport.underlying_transport.write(b"".join(map(wrapped, frames)))

    def hang_up(self, manner: Manner) -> None:
        transport, self.transport = self.transport, None
        if transport is None:
            return
        if manner == "reset":
            transport.underlying_transport.abort()
            return
        if manner == "farewell":
            transport.send_close(picows.WSCloseCode.GOING_AWAY)
        transport.disconnect()


async def play(stages: list[Stage], frames: int) -> Done:
    """In turns, as fast as they are read."""
    played = dict.fromkeys((stage.venue for stage in stages), 0)
    left = frames
    while left:
        for stage in stages:
            while stage.full or stage.transport is None:  # noqa: ASYNC110  an event would come too late
                await asyncio.sleep(0 if stage.transport is not None else 0.001)
            count = min(left, _AT_ONCE)
            stage.write(count)
            played[stage.venue] += count
            left -= count
        await asyncio.sleep(0)
    return Done(played)


async def serve(recordings: list[Recording]) -> None:
    stages = [Stage(recording) for recording in recordings]
    ports: dict[str, int] = {}
    for stage in stages:
        _, ports[stage.venue] = await stage.serve()
    answer(ports)
    told = await lines()
    while line := await told.readline():
        task = msgspec.json.decode(line, type=Task)
        for stage in stages:
            if stage.venue == task.drop:
                stage.hang_up(task.manner)
        answer(await play(stages, task.frames))


if __name__ == "__main__":
    asyncio.run(serve(msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=list[Recording])))
