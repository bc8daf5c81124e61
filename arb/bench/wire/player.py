"""The other process: a venue that knows one recording by heart and plays it at whatever pace it is told.

`python -m arb.bench.wire.player FILE` answers with the port, then to each `Play` with `Sent` once it has been played
to the client that connected last. On asyncio's own loop, whose transports write at once (uvloop's wait for the end of
the turn), so that a stamp taken before the write is when the frame left.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from time import monotonic_ns

import msgspec
import picows

from arb.bench.frames import Recording
from arb.bench.wire.reword import reworded
from arb.bench.wire.talk import ASKS, REWORDED, Play, Sent, answer, lines

FULL = 32 << 10  # bytes waiting in our own buffer, at which such a player rests
SETTLE_S = 0.05
FAR_NS = 2_000_000  # as near as a sleep comes to its end; the rest is waited for actively
_TEXT, _BINARY = 0x81, 0x82
_SILENT = logging.Logger("picows", logging.CRITICAL + 1)  # a client that is slower than we are is no news here


class Venue(picows.WSListener):
    """answers: to the client's first words. The recorded ones are for our own codec; others do without any.

    frames: what is played to this client.
    """

    def __init__(self, answers: tuple[bytes, ...], frames: list[bytes]) -> None:
        self.transport: picows.WSTransport | None = None
        self.frames = frames
        self._answers = answers

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type is picows.WSMsgType.TEXT:
            answers, self._answers = self._answers, ()
            for said in answers:
                transport.send(picows.WSMsgType.TEXT, said)


def wrapped(payload: bytes) -> bytes:
    """A whole WebSocket frame from a server: binary where it is a protobuf push, which begins with a field's tag."""
    kind = _BINARY if payload[:1] == b"\n" else _TEXT
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 1 << 16:
        return bytes((kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((kind, 127)) + size.to_bytes(8, "big") + payload


async def flat_out(wire: asyncio.Transport, frames: list[bytes]) -> list[int]:
    """Frame by frame, as a venue writes them: what is read at once is what the client was too slow to read alone."""
    at_ns: list[int] = []
    for frame in frames:
        at_ns.append(monotonic_ns())
        wire.write(frame)
        while wire.get_write_buffer_size() > FULL:  # noqa: ASYNC110  an event would come too late
            await asyncio.sleep(0)
    return at_ns


async def paced(wire: asyncio.Transport, frames: list[bytes], rate: int, burst: int) -> list[int]:
    """Each burst when its time has come, whatever became of those before it."""
    at_ns: list[int] = []
    start_ns = monotonic_ns()
    for first in range(0, len(frames), burst):
        due_ns = start_ns + first * 1_000_000_000 // rate
        while (left_ns := due_ns - monotonic_ns()) > 0:  # noqa: ASYNC110  no timer is so exact
            await asyncio.sleep((left_ns - FAR_NS) / 1e9 if left_ns > 2 * FAR_NS else 0)
        part = frames[first : first + burst]
        data = b"".join(part)
        at_ns += [monotonic_ns()] * len(part)
        wire.write(data)
    return at_ns


async def serve(recording: Recording) -> None:
    frames = [wrapped(frame) for frame in recording.frames]
    others: list[bytes] = []
    newest: list[Venue] = []

    def connected(request: picows.WSUpgradeRequest) -> Venue:
        asked = request.path.decode()
        if asked.endswith(REWORDED) and not others:
            others.extend(wrapped(reworded(frame)) for frame in recording.frames)
        chosen = others if asked.endswith(REWORDED) else frames
        newest[:] = [Venue(recording.answers if asked.endswith(ASKS) else (), chosen)]
        return newest[0]

    server = await picows.ws_create_server(connected, "127.0.0.1", 0, logger_name=_SILENT)
    async with server:
        answer(server.sockets[0].getsockname()[1])
        told = await lines()
        while line := await told.readline():
            play = msgspec.json.decode(line, type=Play)
            venue = newest[0]
            assert venue.transport is not None  # whoever tells us to play has been connected
            await asyncio.sleep(SETTLE_S)
            chosen, wire = venue.frames[: play.frames], venue.transport.underlying_transport
            at_ns = await (paced(wire, chosen, play.rate, play.burst) if play.rate else flat_out(wire, chosen))
            answer(Sent(tuple(at_ns)))


if __name__ == "__main__":
    asyncio.run(serve(msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Recording)))
