"""The plain client a user would write: `websockets`, the parser at hand, a dict a side, the touch by min and max."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from time import monotonic_ns

from arb.bench.frames import Recording
from arb.bench.wire.talk import Play, Stamp, Taken
from arb.domain import Seed

Levels = Iterable[tuple[str, str]]
Parsed = tuple[str, int, Levels, Levels, bool]  # native symbol, seq, bids, asks, whole


def gate(frame: str | bytes) -> Parsed:
    result = json.loads(frame)["result"]
    return result["s"], result["u"], result.get("b", ()), result.get("a", ()), result.get("full", False)


def mexc(frame: str | bytes) -> Parsed:
    from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper

    push = PushDataV3ApiWrapper.FromString(frame)
    depth = push.publicAggreDepths
    bids, asks = ([(level.price, level.quantity) for level in side] for side in (depth.bids, depth.asks))
    return push.symbol, int(depth.toVersion), bids, asks, False


PARSERS: dict[str, Callable[[str | bytes], Parsed]] = {"gateio": gate, "mexc": mexc}


class Plain:
    def __init__(self, recording: Recording, play: Play) -> None:
        self._parse = PARSERS[recording.venue]
        self._url = f"ws://127.0.0.1:{play.port}/"
        self._wanted = play.frames
        self._stamps: list[Stamp] | None = [] if play.stamps else None
        self._names = {_topic(native): str(symbol) for native, symbol in recording.natives.items()}
        self._books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
        if recording.feed.rule.seed is Seed.REST:
            for symbol, body in recording.seeds.items():
                seed = json.loads(body)
                bids, asks = ({float(p): float(q) for p, q in seed[side]} for side in ("bids", "asks"))
                self._books[symbol] = (bids, asks)
        self._last_ns = 0
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def ready(self) -> None:
        self._task = asyncio.create_task(self._run())
        connected = asyncio.ensure_future(self._connected.wait())
        await asyncio.wait((self._task, connected), return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            connected.cancel()
            await self._task  # raises why

    async def done(self) -> None:
        assert self._task is not None  # ready came first
        await self._task

    async def close(self) -> None:
        pass  # the run closes what it has opened

    def taken(self, cpu_ns: int) -> Taken:
        return Taken(cpu_ns, self._last_ns, tuple(self._stamps or ()))

    async def _run(self) -> None:
        import websockets

        left = self._wanted
        async with websockets.connect(self._url, compression=None, max_size=None) as socket:
            self._connected.set()
            while left:
                self._on_frame(await socket.recv())
                left -= 1
            self._last_ns = monotonic_ns()

    def _on_frame(self, frame: str | bytes) -> None:
        native, seq, bids, asks, whole = self._parse(frame)
        symbol = self._names[_topic(native)]
        if whole or symbol not in self._books:
            self._books[symbol] = ({}, {})
        sides = self._books[symbol]
        for side, levels in zip(sides, (bids, asks), strict=True):
            for price, quantity in levels:
                size = float(quantity)
                if size:
                    side[float(price)] = size
                else:
                    side.pop(float(price), None)
        touch = max(sides[0]), min(sides[1])
        if self._stamps is not None and touch:
            self._stamps.append(Stamp(symbol, seq, monotonic_ns()))


def _topic(native: str) -> str:
    """ "ob.BTC_USDT.400" and "BTC_USDT" are one market."""
    return native.split(".")[1] if native.startswith("ob.") else native


async def opens(recording: Recording, play: Play) -> Plain:
    await asyncio.sleep(0)
    return Plain(recording, play)
