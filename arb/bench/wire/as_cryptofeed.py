"""cryptofeed's Gate feed with its own message handler and book, behind the socket library that it uses.

Its connection class takes nothing but TLS, so the loop that reads the socket is ours; it is the same three lines.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

import msgspec

from arb.bench.frames import Recording
from arb.bench.wire.reword import market_of
from arb.bench.wire.talk import REWORDED, Play, Stamp, Taken


class Feeding:
    def __init__(self, recording: Recording, play: Play) -> None:
        from cryptofeed.defines import L2_BOOK
        from cryptofeed.exchanges import Gateio
        from cryptofeed.symbols import Symbols
        from cryptofeed.types import OrderBook

        self._url = f"ws://127.0.0.1:{play.port}/{REWORDED}"
        self._wanted = play.frames
        self._stamps: list[Stamp] | None = [] if play.stamps else None
        self._last_ns = 0
        self._ours = {str(symbol).replace("/", "-"): str(symbol) for symbol in recording.seeds}
        natives = {str(symbol).replace("/", "-"): native for native, symbol in recording.natives.items()}
        Symbols.set(Gateio.id, natives, {"instrument_type": dict.fromkeys(natives, "spot")})
        self._feed: Any = Gateio(symbols=list(self._ours), channels=[L2_BOOK], callbacks={L2_BOOK: self._on_book})
        self._feed._reset()
        for frame in recording.frames:
            result = msgspec.json.decode(frame)["result"]
            if result.get("full"):
                name = self._feed.exchange_symbol_to_std_symbol(market_of(result["s"]))
                book = OrderBook(self._feed.id, name, max_depth=0)
                book.book.bids = {Decimal(p): Decimal(q) for p, q in result["b"]}
                book.book.asks = {Decimal(p): Decimal(q) for p, q in result["a"]}
                self._feed._l2_book[name], self._feed.last_update_id[name] = book, result["u"]
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
            async for message in socket:
                await self._feed.message_handler(message, socket, time.time())
                left -= 1
                if not left:
                    break
            self._last_ns = time.monotonic_ns()

    async def _on_book(self, book: Any, _receipt: float) -> None:
        if self._stamps is not None:
            self._stamps.append(
                Stamp(self._ours[book.symbol], self._feed.last_update_id[book.symbol], time.monotonic_ns())
            )


async def opens(recording: Recording, play: Play) -> Feeding:
    await asyncio.sleep(0)
    return Feeding(recording, play)
