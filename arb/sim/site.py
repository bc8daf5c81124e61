"""The only I/O of the simulation: one HTTP and WebSocket server per venue, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import WSMessage, WSMsgType, web

from arb.sim.conn import BINARY, PONG, TEXT, Conn
from arb.sim.distance import Distant, Road
from arb.sim.venue import MS, Reply, Request, SimVenue

Wait = Callable[[int], Awaitable[None]]


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))


class Site:
    """Serves `venue`. wait: returns when sim time has reached its argument (ns)."""

    def __init__(self, venue: SimVenue, wait: Wait) -> None:
        self.venue = venue
        self._wait = wait
        self._one_way_s = venue.world.settings.one_way_ms / 1e3
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, reuse_address=True)
        await site.start()
        addresses = self._runner.addresses
        self.port = int(addresses[0][1])

    async def stop(self) -> None:
        for conn in list(self.venue.conns):
            conn.abort()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if (turned := self._turned_away(path)) is not None:
                return turned
            if path.rstrip("/") == self.venue.ws_path.rstrip("/"):
                return await self._socket(request)
            return web.Response(status=404)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        if self.venue.on_arrival is not None:
            self.venue.on_arrival(query + body.decode(errors="replace"))
        await asyncio.sleep(self._one_way_s)
        reply = await self._answer(Request(request.method, path, query, headers, body))
        await asyncio.sleep(self._one_way_s)
        if reply is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return _response(reply)

    def _turned_away(self, path: str) -> web.Response | None:
        """What a handshake gets instead of a socket while a fault has it so."""
        venue, injector = self.venue, self.venue.world.injector
        fault = injector.handshake(venue.name, f"GET {path}") if injector is not None else None
        reply = venue.failing(fault) if fault is not None else None
        return None if reply is None else _response(reply)

    async def _answer(self, request: Request) -> Reply | None:
        """None: hang up without an answer."""
        reply = await self._judged(request)
        injector = self.venue.world.injector
        if reply is None or injector is None:
            return reply
        symbol = self.venue.symbol_of(request)
        said = injector.twisted(self.venue.name, symbol, f"{request.method} {request.path}", reply.body, binary=False)
        return reply._replace(body=said)

    async def _judged(self, request: Request) -> Reply | None:
        venue = self.venue
        injector = venue.world.injector
        fault = None
        if injector is not None:
            path = f"{request.method} {request.path}"
            fault = injector.rest(venue.name, venue.symbol_of(request), path, signed=venue.signed(request))
        if fault is None:
            return venue.rest(request)
        if not fault.after:
            if fault.kind == "slow_rest":
                await self._wait(venue.now_ns + int(fault.delay_ms * MS))
                return venue.rest(request)
            return venue.failing(fault)
        reply = venue.rest(request)
        if fault.kind != "late_answer":
            return venue.failing(fault)
        await self._wait(venue.now_ns + int(fault.delay_ms * MS))
        return reply

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        """One client from handshake to end. Pings are answered here; everything we say goes through the transport."""
        venue = self.venue
        socket = web.WebSocketResponse(autoping=False, autoclose=True, compress=False, max_msg_size=2**20)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        injector = venue.world.injector
        opcode = BINARY if venue.binary else TEXT
        wire = Distant(transport, self._one_way_s) if self._one_way_s else transport
        conn = Conn(venue.next_number(), wire, venue.now_ns, opcode, injector, request.query_string)
        if injector is not None:
            injector.opened(conn, venue.name)
        venue.opened(conn)
        conn.flush(venue.world.settings.slow_reader_bytes)
        road = Road(self._one_way_s)
        try:
            async for message in socket:
                if conn.gone:
                    break
                if venue.on_arrival is not None and message.type is WSMsgType.TEXT:
                    venue.on_arrival(message.data)
                if self._one_way_s:
                    road.send(partial(self._hear, conn, message))
                else:
                    self._hear(conn, message)
        finally:
            venue.closed(conn)
            if injector is not None:
                injector.closed(conn)
            conn.gone = True
        return socket

    def _hear(self, conn: Conn, message: WSMessage) -> None:
        """One frame of a client."""
        if conn.gone:
            return
        venue = self.venue
        if message.type is WSMsgType.TEXT:
            venue.text(conn, message.data)
        elif message.type is WSMsgType.PING:
            conn.heard_ns = venue.now_ns
            conn.control(PONG, bytes(message.data))
        elif message.type is WSMsgType.PONG:
            conn.marks["ponged_ns"] = venue.now_ns
        conn.flush(venue.world.settings.slow_reader_bytes)
