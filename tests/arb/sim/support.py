"""A simulated world on a hand-turned clock, and a raw client that reads it frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from google.protobuf.json_format import MessageToDict

from arb.clock import ManualClock
from arb.sim import FaultPlan, SimExchanges, SimSettings

WALL_NS = 1_767_225_600 * 10**9
MS = 1_000_000


class World:
    """A sim with its clock; `turn` lets time pass in steps of 10 ms."""

    def __init__(self, sim: SimExchanges, clock: ManualClock) -> None:
        self.sim = sim
        self.clock = clock
        self.http = aiohttp.ClientSession()

    def turn(self, ms: int, step_ms: int = 10) -> None:
        for _ in range(ms // step_ms):
            self.clock.advance(step_ms * MS)
            self.sim.step()

    async def connect(self, venue: str) -> Client:
        socket = await self.http.ws_connect(self.sim.urls[venue].ws_url, max_msg_size=0, autoping=False)
        return Client(venue, socket)

    async def get(self, venue: str, path: str, **kwargs: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, decoded body, headers in lower case."""
        async with self.http.get(self.sim.urls[venue].rest_url + path, **kwargs) as reply:
            body = await reply.read()
            decoded = msgspec.json.decode(body) if reply.content_type == "application/json" else body
            return reply.status, decoded, {k.lower(): v for k, v in reply.headers.items()}


async def until(condition: Callable[[], object]) -> None:
    """Lets the loop run until something is true."""
    while not condition():  # noqa: ASYNC110 (there is no event to wait for on the other side of a socket)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def world(
    *,
    symbols: int = 6,
    seed: int = 1,
    faults: FaultPlan | None = None,
    settings: SimSettings | None = None,
    **kwargs: Any,
) -> AsyncIterator[World]:
    clock = ManualClock(5 * 10**9, WALL_NS)
    sim = SimExchanges(clock, seed=seed, symbols=symbols, faults=faults, settings=settings, **kwargs)
    await sim.start(drive=False)
    made = World(sim, clock)
    try:
        yield made
    finally:
        await made.http.close()
        await sim.stop()


class Closed(Exception):
    """The server hung up. args: the close code, None without one."""


class Client:
    """Says things and reads everything that was sent before the answer to a ping: no waiting by the clock."""

    def __init__(self, venue: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.venue = venue
        self.socket = socket
        self.pings = 0

    async def say(self, message: object) -> None:
        text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
        try:
            await self.socket.send_str(text)
        except aiohttp.ClientConnectionResetError as exc:
            raise Closed(self.socket.close_code) from exc

    async def frame(self) -> bytes | str:
        while True:
            message = await asyncio.wait_for(self.socket.receive(), 5)
            if message.type is aiohttp.WSMsgType.PING:
                self.pings += 1
                await self.socket.pong(message.data)
                continue
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                data = message.data
                assert isinstance(data, bytes | str)
                return data
            raise Closed(self.socket.close_code)

    async def rest(self) -> None:
        """Reads until the server hangs up, which is an exception."""
        while True:
            await self.frame()

    async def ask(self, message: object) -> dict[str, Any]:
        """The next text frame that is no market data."""
        await self.say(message)
        while True:
            frame = await self.frame()
            if isinstance(frame, str):
                answer = msgspec.json.decode(frame)
                if answer.get("event") != "update":
                    assert isinstance(answer, dict)
                    return answer

    async def drain(self) -> list[bytes | str]:
        """Every frame up to now."""
        ping = {"method": "PING"} if self.venue == "mexc" else {"time": 1, "channel": "spot.ping"}
        await self.say(ping)
        frames: list[bytes | str] = []
        while True:
            frame = await self.frame()
            if isinstance(frame, str) and ('"PONG"' in frame or "spot.pong" in frame):
                return frames
            frames.append(frame)

    async def pushes(self) -> list[dict[str, Any]]:
        """Market data up to now, decoded."""
        return [decoded(f) for f in await self.drain() if isinstance(f, bytes) or '"update"' in f]


def decoded(frame: bytes | str) -> dict[str, Any]:
    if isinstance(frame, str):
        made = msgspec.json.decode(frame)
    else:
        wrapper = PushDataV3ApiWrapper()
        wrapper.ParseFromString(frame)
        made = MessageToDict(wrapper)
    assert isinstance(made, dict)
    return made


def side(levels: list[list[str]]) -> dict[Decimal, Decimal]:
    return {Decimal(p): Decimal(q) for p, q in levels}


def apply(book: dict[Decimal, Decimal], levels: list[list[str]]) -> None:
    for price, quantity in side(levels).items():
        if quantity:
            book[price] = quantity
        else:
            book.pop(price, None)


def of(items: list[dict[str, str]] | None) -> list[list[str]]:
    """MEXC's decoded items as pairs."""
    return [[i["price"], i["quantity"]] for i in items or []]


def truth(
    world: World, venue: str, symbol: str, levels: int = 10**6
) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """The market's own bids and asks."""
    book = world.sim.market.books(venue)[symbol]
    listing = book.listing
    tick, step = Decimal(1).scaleb(-listing.price_decimals), Decimal(1).scaleb(-listing.qty_decimals)
    bids, asks = ({abs(k) * tick: book.lots[k] * step for k in keys[:levels]} for keys in (book.bids, book.asks))
    return bids, asks
