"""Frames to measure with: the simulated exchanges' own depth streams, recorded over loopback on a hand-turned clock."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec

from adapters.ccxt_client import ClientSettings, Opener
from arb.clock import ManualClock
from arb.domain import NativeSymbol, Symbol, Trust
from arb.interfaces import Feed, NativeVenue, VenueSpec
from arb.sim import SimExchanges, SimSettings

SYMBOLS = 20
ACTIVITY = 4.0  # busier than a usual day, as at the moments that matter
_STEP_NS = 10_000_000
_WALL_NS = 1_767_225_600_000_000_000


class Recording(msgspec.Struct, frozen=True):
    """What one venue's socket said, in order, and what is needed to understand it.

    natives: the venue's name -> ours.   seeds: REST books as bytes, from just before the first frame.
    markets: ccxt's unified markets, so that ccxt can read the same frames.
    answers: what the venue said to our subscriptions.
    """

    venue: str
    feed: Feed
    natives: dict[NativeSymbol, Symbol]
    seeds: dict[Symbol, bytes]
    frames: tuple[bytes, ...]
    markets: list[dict[str, Any]]
    answers: tuple[bytes, ...] = ()


def fastest(spec: VenueSpec) -> Feed:
    """The chained feed that is told of most often: some four levels a frame, as on a usual day."""
    return min((feed for feed in spec.feeds if feed.trust is Trust.CHAINED), key=lambda feed: feed.interval_ms)


async def record(module: NativeVenue, feed: Feed, count: int, seed: int) -> Recording:
    """`count` frames of one feed for the simulator's liveliest symbols."""
    spec = module.SPEC
    clock = ManualClock(_WALL_NS, _WALL_NS)
    calm = SimSettings(gaps_hz=0.0, activity=ACTIVITY)
    sim = SimExchanges(clock, seed=seed, symbols=SYMBOLS, venues=(spec.name,), settings=calm)
    await sim.start(drive=False)
    try:
        urls = sim.urls[spec.name]
        listed = await markets(spec.ccxt_id, urls.rest_url, spec.rest_url)
        natives = {NativeSymbol(m["id"]): Symbol(m["symbol"]) for m in listed}
        symbols = tuple(natives.values())[: spec.max_topics]
        codec = module.Codec(natives)
        frames: list[bytes] = []
        async with aiohttp.ClientSession() as http, http.ws_connect(urls.ws_url, max_msg_size=0) as socket:
            asked = codec.encode_subscribe(feed, symbols, _WALL_NS)
            for frame in asked:
                await socket.send_str(frame.decode())
            answers: list[bytes] = []
            while len(answers) < len(asked):  # an acknowledgement each; full frames may come between
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    said = message.data.encode()
                    (frames if b'"full"' in said else answers).append(said)
            seeds = {}
            for symbol in symbols:
                async with http.get(urls.rest_url + codec.encode_snapshot(symbol, feed.rule.window).path) as reply:
                    seeds[symbol] = await reply.read()
            reader = asyncio.create_task(_read(socket, frames))
            while len(frames) < count:
                clock.advance(_STEP_NS)
                sim.step()
                await asyncio.sleep(0)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
    finally:
        await sim.stop()
    return Recording(spec.name, feed, natives, seeds, tuple(frames[:count]), listed, tuple(answers))


async def markets(ccxt_id: str, rest_url: str, rest_base: str) -> list[dict[str, Any]]:
    """All that a simulated venue lists, as ccxt tells it."""
    client = await Opener(ClientSettings(ccxt_id, rest_url=rest_url, rest_base=rest_base))(lambda _reason: None)
    try:
        return await client.exchange.fetch_markets()
    finally:
        await client.close()


async def _read(socket: aiohttp.ClientWebSocketResponse, into: list[bytes]) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            into.append(message.data)
        elif message.type is aiohttp.WSMsgType.TEXT:
            into.append(message.data.encode())
