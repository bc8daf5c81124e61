"""The floor: a picows callback that counts, and notes the time where times are asked for."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

import picows

from arb.bench.frames import Recording
from arb.bench.wire.sequence import states
from arb.bench.wire.talk import Play, Stamp, Taken


class Counting(picows.WSListener):
    def __init__(self, wanted: int) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._left = wanted

    def on_ws_frame(self, _transport: picows.WSTransport, _frame: picows.WSFrame) -> None:
        self._left -= 1
        if not self._left:
            self.ended.set_result(monotonic_ns())


class Timing(picows.WSListener):
    def __init__(self, wanted: int) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.at_ns: list[int] = []
        self._wanted = wanted

    def on_ws_frame(self, _transport: picows.WSTransport, _frame: picows.WSFrame) -> None:
        self.at_ns.append(monotonic_ns())
        if len(self.at_ns) == self._wanted:
            self.ended.set_result(self.at_ns[-1])


class Floor:
    def __init__(self, recording: Recording, transport: picows.WSTransport, counting: Counting | Timing) -> None:
        self._recording = recording
        self._transport = transport
        self._counting = counting

    async def ready(self) -> None:
        pass  # connected is all there is

    async def done(self) -> None:
        await self._counting.ended

    async def close(self) -> None:
        self._transport.disconnect(graceful=False)

    def taken(self, cpu_ns: int) -> Taken:
        counting = self._counting
        if isinstance(counting, Counting):
            return Taken(cpu_ns, counting.ended.result())
        seen = zip(states(self._recording), counting.at_ns, strict=False)  # a play may be shorter than its recording
        stamps = tuple(Stamp(*state, at_ns) for state, at_ns in seen if state is not None)
        return Taken(cpu_ns, counting.ended.result(), stamps)


async def opens(recording: Recording, play: Play) -> Floor:
    counting = (Timing if play.stamps else Counting)(play.frames)
    transport, _ = await picows.ws_connect(lambda _request, _response: counting, f"ws://127.0.0.1:{play.port}/")
    return Floor(recording, transport, counting)
