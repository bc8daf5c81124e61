"""ccxt.pro as its users run it: a task a symbol that awaits the next book."""

from __future__ import annotations

import asyncio
from time import monotonic_ns
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from adapters.ccxt_client import Client, ClientSettings, Opener
from arb.bench.frames import Recording
from arb.bench.wire.sequence import last_of
from arb.bench.wire.talk import Play, Stamp, Taken
from arb.domain import Seed, Symbol
from fastpath import gateio, mexc

SETTLE_S = 0.1
_SPECS = {module.SPEC.name: module.SPEC for module in (mexc, gateio)}


class Watching:
    """The seeds are in place before the first frame, as for all others: what is measured is the stream."""

    def __init__(self, client: Client, recording: Recording, play: Play) -> None:
        self._client = client
        self._exchange = cast(Any, client.exchange)  # its insides are no interface of ours
        self._exchange.set_markets(recording.markets)
        self._stamps: list[Stamp] | None = [] if play.stamps else None
        self._last_ns = 0
        self._left = last_of(recording, play.frames)
        self._done = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        if recording.feed.rule.seed is Seed.REST:
            for symbol, body in recording.seeds.items():
                raw = msgspec.json.decode(body)
                parsed = self._exchange.parse_order_book(raw, symbol)
                parsed["nonce"] = raw["lastUpdateId"]
                self._exchange.orderbooks[symbol] = self._exchange.order_book(parsed, 5000)

    async def ready(self) -> None:
        self._tasks = [asyncio.create_task(self._watch(symbol)) for symbol in self._left]
        await asyncio.sleep(SETTLE_S)  # its tasks make the connection
        for client in self._exchange.clients.values():
            await client.connected
        await asyncio.sleep(SETTLE_S)  # its subscriptions leave

    async def done(self) -> None:
        failed = [asyncio.ensure_future(self._done.wait()), *self._tasks]
        for task in (await asyncio.wait(failed, return_when=asyncio.FIRST_COMPLETED))[0]:
            task.result()  # raises where a watcher has

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    def taken(self, cpu_ns: int) -> Taken:
        return Taken(cpu_ns, self._last_ns, tuple(self._stamps or ()))

    async def _watch(self, symbol: Symbol) -> None:
        last = self._left[symbol]
        limit = 400 if self._exchange.id.startswith("gate") else None
        while True:
            book = await self._exchange.watch_order_book(symbol, limit)
            seq = book["nonce"]
            if self._stamps is not None:
                self._stamps.append(Stamp(symbol, seq, monotonic_ns()))
            if seq == last:
                self._last_ns = monotonic_ns()
                self._left.pop(symbol, None)
                if not self._left:
                    self._done.set()


async def opens(recording: Recording, play: Play) -> Watching:
    spec = _SPECS[recording.venue]
    url = f"ws://127.0.0.1:{play.port}{urlsplit(spec.ws_url).path}"
    client = await Opener(ClientSettings(spec.ccxt_id, ws_url=url, ws_base=spec.ws_url))(lambda _reason: None)
    return Watching(client, recording, play)
