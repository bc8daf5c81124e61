"""A venue for these tests: a codec of a few lines, a server that does as it is told, and a sink that keeps everything.

The wire is JSON. We send {"on": [...]}, {"off": [...]}, {"ping": 1}; the venue says {"ok": [...]}, {"no": [...]},
{"gone": [...]}, {"full": "A", "seq": 1}, {"delta": "A", "seq": 2}, {"closing": "why"}, {"say": "back"}, {"pong": 1},
{"refuse": "text"} (an error that answers no subscription) and {"auth": "text"}.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from random import Random
from typing import Any

from aiohttp import WSMsgType, web

from arb.clock import SystemClock
from arb.domain import (
    BookDelta,
    BookSnapshot,
    Depth,
    Event,
    NativeSymbol,
    Notice,
    Pong,
    Reply,
    Seed,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Trust,
    Unsubscribed,
    VenueId,
)
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Feed, Request, SyncRule, VenueSpec
from fastpath.net.wiring import Wiring

V = VenueId("fake")
CLOCK = SystemClock()


def feed(seed: Seed) -> Feed:
    return Feed(seed.name.lower(), Depth.TWENTY, 20, 100, SyncRule(seed, window=20), Trust.CHAINED)


FEEDS = {seed: feed(seed) for seed in Seed}


def spec(**changes: Any) -> VenueSpec:
    facts: dict[str, Any] = {
        "name": "fake",
        "rest_url": "http://127.0.0.1:1",
        "ws_url": "ws://127.0.0.1:1/ws",
        "feeds": tuple(FEEDS.values()),
        "ccxt_id": "fake",
        "max_topics": 2,
        "message_hz": 1000.0,
        "snapshot_hz": 1000.0,
    }
    return VenueSpec(**(facts | changes))


class Codec:
    """One frame for each symbol subscribed, so that answers can overtake questions."""

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None:
        self.natives = natives

    def encode_subscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:
        if Symbol("?") in symbols:
            raise Rejected(V, "no market ?")
        return tuple(json.dumps({"on": [s]}).encode() for s in symbols)

    def encode_unsubscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:
        return tuple(json.dumps({"off": [s]}).encode() for s in symbols)

    def encode_ping(self, wall_ns: int) -> bytes:
        return b'{"ping": 1}'

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event, ...]:
        try:
            said = json.loads(frame)
        except ValueError as exc:
            raise ProtocolError(V, "no JSON", frame) from exc
        if "auth" in said:
            raise AuthFailed(V, said["auth"])
        if "refuse" in said:
            raise Rejected(V, said["refuse"])
        return tuple(_event(key, value, said, recv_ns, conn) for key, value in said.items() if key != "seq")

    def encode_snapshot(self, symbol: Symbol, levels: int) -> Request:
        return Request("GET", f"/book?symbol={symbol}&levels={levels}")

    def decode_snapshot(self, symbol: Symbol, body: bytes, recv_ns: int) -> BookSnapshot:
        try:
            return BookSnapshot(V, symbol, (), (), json.loads(body)["seq"], 0, recv_ns)
        except (ValueError, KeyError) as exc:
            raise ProtocolError(V, "no book", body) from exc

    def snapshot_symbol(self, url: str) -> Symbol:
        return Symbol("")

    def decode_error(self, status: int, body: bytes) -> Exception:
        if status in (418, 429) or status >= 500:
            return Transient(V, f"status {status}")
        return Rejected(V, body.decode(), str(status))


def _event(key: str, value: Any, said: Any, recv_ns: int, conn: int) -> Event:
    if key in ("ok", "no", "gone"):
        symbols = tuple(Symbol(s) for s in value)
        if key == "no":
            return SubscriptionRefused(V, symbols, "unknown", recv_ns, conn)
        return (Subscribed if key == "ok" else Unsubscribed)(V, symbols, recv_ns, conn)
    if key == "full":
        return BookSnapshot(V, Symbol(value), (), (), said["seq"], 0, recv_ns, conn)
    if key == "delta":
        return BookDelta(V, Symbol(value), (), (), said["seq"], said["seq"], 0, recv_ns, conn)
    if key == "closing":
        return Notice(V, value, True, recv_ns, conn)
    if key == "say":
        return Reply(value.encode())
    return Pong(V, recv_ns, conn)


class Heard:
    """A Sink and a Tap: everything in one list, in its order."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._changed = asyncio.Event()
        self.on: Callable[[Event], None] = lambda _event: None

    def add(self, what: Any) -> None:
        self.all.append(what)
        self._changed.set()

    # Sink
    def on_event(self, event: Event) -> None:
        self.add(event)
        self.on(event)

    def on_idle(self, recv_ns: int) -> None:
        self.add("idle")

    # Tap
    def opened(self, venue: VenueId, conn: int, url: str, recv_ns: int) -> None:
        self.add(("opened", conn))

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None:
        self.add(("frame", conn, data))

    def sent(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None:
        self.add(("sent", conn, data))

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None:
        self.add(("idle", conn))

    def reply(self, venue: VenueId, symbol: Symbol, url: str, data: bytes, recv_ns: int) -> None:
        self.add(("reply", symbol, url, data))

    def closed(self, venue: VenueId, conn: int, symbols: Sequence[Symbol], reason: str, recv_ns: int) -> None:
        self.add(("closed", conn, tuple(symbols), reason))

    def event(self, event: Event, recv_ns: int) -> None:
        self.add(("event", event))

    def of(self, *kinds: type) -> list[Any]:
        return [x for x in self.all if isinstance(x, kinds)]

    @property
    def frames(self) -> list[bytes]:
        return [x[2] for x in self.of(tuple) if x[0] == "frame"]

    async def until(self, wanted: Callable[[], bool], limit_s: float = 5.0) -> None:
        """Until what was heard makes `wanted` true."""
        async with asyncio.timeout(limit_s):
            while not wanted():
                self._changed.clear()
                await self._changed.wait()


class Errors(list[VenueError]):
    """An on_error that keeps what it is told."""

    __call__ = list.append


def wiring(
    url: str, *, seed: Seed = Seed.NONE, tap: Heard | None = None, on_error: Errors | None = None, **changes: Any
) -> Wiring:
    errors = Errors() if on_error is None else on_error
    return Wiring(V, spec(**changes), Codec({}), FEEDS[seed], url, CLOCK, asyncio.sleep, Random(1), tap, errors.append)


class Venue:
    """The server. A script says what it answers to each client message; `say` and `drop` act on live sockets."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.received: list[tuple[int, Any]] = []  # number of the socket (from 0), message
        self.requests: list[str] = []
        self.bad: set[str] = set()  # symbols refused
        self.mute: set[str] = set()  # symbols never answered
        self.pushes_full = False
        self.pongs = True
        self.hollow: set[str] = set()  # symbols accepted and never served
        self.seq = 100
        self.on_book: Callable[[web.Request], web.StreamResponse | None] = lambda _request: None
        self.on_order: Callable[[web.Request], web.StreamResponse | None] = lambda _request: None
        self.answers = asyncio.Event()  # while cleared, books are not answered
        self.answers.set()
        self.url = self.rest_url = ""
        self._heard = asyncio.Event()

    async def until(self, wanted: Callable[[], bool], limit_s: float = 5.0) -> None:
        async with asyncio.timeout(limit_s):
            while not wanted():
                self._heard.clear()
                await self._heard.wait()

    async def say(self, *messages: Mapping[str, Any], socket: int = -1) -> None:
        for message in messages:
            await self.sockets[socket].send_str(json.dumps(message))

    @property
    def open(self) -> list[int]:
        return [number for number, socket in enumerate(self.sockets) if not socket.closed]

    def asked(self, verb: str, socket: int | None = None) -> list[str]:
        return [
            s for number, message in self.received if socket is None or number == socket for s in message.get(verb, ())
        ]

    async def ws(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        number = len(self.sockets)
        self.sockets.append(socket)
        self._heard.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                self.received.append((number, said))
                await self._answer(socket, said)
                self._heard.set()
        self._heard.set()
        return socket

    async def _answer(self, socket: web.WebSocketResponse, said: Any) -> None:
        for symbol in said.get("on", ()):
            if symbol in self.bad:
                await socket.send_str(json.dumps({"no": [symbol]}))
            elif symbol not in self.mute:
                await socket.send_str(json.dumps({"ok": [symbol]}))
                if self.pushes_full and symbol not in self.hollow:
                    self.seq += 1
                    await socket.send_str(json.dumps({"full": symbol, "seq": self.seq}))
        for symbol in said.get("off", ()):
            await socket.send_str(json.dumps({"gone": [symbol]}))
        if "ping" in said and self.pongs:
            await socket.send_str('{"pong": 1}')

    async def book(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.query.get("symbol", ""))
        self._heard.set()
        await self.answers.wait()
        planned = self.on_book(request)
        return web.json_response({"seq": self.seq}) if planned is None else planned

    async def order(self, request: web.Request) -> web.StreamResponse:
        planned = self.on_order(request)
        text = f"{request.headers['X-Key']} {await request.text()}"
        return web.Response(text=text) if planned is None else planned


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Venue]:
    venue = Venue()
    app = web.Application()
    app.router.add_get("/ws", venue.ws)
    app.router.add_get("/book", venue.book)
    app.router.add_post("/order", venue.order)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    venue.url, venue.rest_url = f"ws://127.0.0.1:{port}/ws", f"http://127.0.0.1:{port}"
    try:
        yield venue
    finally:
        venue.answers.set()
        for socket in venue.sockets:
            await socket.close()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def running(coroutine: Any) -> AsyncIterator[asyncio.Task[Any]]:
    """A task that is cancelled at the end; whatever else ended it is raised."""
    task = asyncio.ensure_future(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
