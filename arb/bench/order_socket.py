"""An order over a venue's private socket and its decoded answer: our link, and ccxt.pro's, against a bare server.

The server answers the login and the subscriptions, and each order with what the simulated venue said to the first one:
an acknowledgement and the outcome, written at once. The floor is a picows echo of as many bytes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

import aiohttp
import msgspec
import picows

from adapters.ccxt_client import ClientSettings, Opener
from arb.clock import SystemClock
from arb.domain import ConnId, Order
from arb.errors import ArbError, VenueError
from arb.interfaces import Answer, NativeVenue, PrivateCodec, Verb
from arb.sim.exchanges import SimUrls
from fastpath.net.governor import Cost
from fastpath.net.private_link import PrivateLink, PrivateWiring
from fastpath.net.sender import Sender

_CLOCK = SystemClock()
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)
_ID = re.compile(rb'"req_id": *"([^"]*)"')
_CHANNEL = re.compile(rb'"channel": *"([^"]*)"')

Ask = Callable[[], Awaitable[None]]
"""Sends one order and returns when its outcome has been read."""


class Script(msgspec.Struct, frozen=True):
    """What a bare server says, by channel. Where `id` stands, the request's own id is put.

    order: the frame of the first order, as it was sent.
    """

    id: bytes
    login: bytes
    order: bytes
    placed: tuple[bytes, ...]


async def recorded(codec: PrivateCodec, order: Order, urls: SimUrls) -> Script | None:
    """What the simulated venue says to a login and an order; None where orders do not go over its socket."""
    login = codec.encode_login(_CLOCK.wall_ns())
    if login is None or not codec.spec.socket_orders:
        return None
    call = codec.encode_order(order, _CLOCK.wall_ns(), socket=True)
    async with aiohttp.ClientSession() as http, http.ws_connect(urls.ws_url) as socket:
        await socket.send_str(login.frame.decode())
        welcome = (await socket.receive()).data.encode()
        await socket.send_str(call.frame.decode())
        said = [(await socket.receive()).data.encode() for _ in range(2)]
    for frame in (welcome, *said):
        for answer in codec.decode(frame, 0):
            if isinstance(answer, Answer) and answer.error is not None:
                raise ArbError(f"simulated {order.venue} refused: {answer.error}")
    return Script(call.id.encode(), welcome.replace(b'"login"', b'"%s"' % call.id.encode()), call.frame, tuple(said))


class Parrot(asyncio.Protocol):
    """The server's side of one socket, down to the bytes."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._placed = b"".join(map(wrapped, script.placed))
        self._data = b""
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        assert self._transport is not None
        if not self._open:
            head, end, self._data = self._data.partition(b"\r\n\r\n")
            if not end:
                self._data = head
                return
            self._open = True
            self._transport.write(_welcome(head))
        while (frame := self._frame()) is not None:
            kind, text = frame
            if kind == picows.WSMsgType.CLOSE.value:
                self._transport.close()
                return
            if kind == picows.WSMsgType.TEXT.value:
                self._transport.write(self._answer(text))

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame: its opcode and what it says. Clients of small orders need no longer lengths."""
        data = self._data
        if len(data) < 6:
            return None
        size, at = data[1] & 0x7F, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + 4 + size:
            return None
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        self._data = data[at + 4 + size :]
        repeated = (mask * (size // 4 + 1))[:size]
        return data[0] & 0x0F, (int.from_bytes(body, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")

    def _answer(self, text: bytes) -> bytes:
        script = self._script
        if b'"spot.order_place"' in text and b'"%s"' % script.id in text:
            return self._placed  # the recorded order once more
        channel, named = _CHANNEL.search(text), _ID.search(text)
        if channel is None:
            return b""
        if named is None:
            done = b'{"channel":"%s","event":"subscribe","result":{"status":"success"}}' % channel[1]
            return wrapped(done)
        said = (script.login,) if channel[1] == b"spot.login" else script.placed
        return b"".join(wrapped(frame.replace(script.id, named[1])) for frame in said)


def wrapped(text: bytes) -> bytes:
    """A server's text frame."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return b"\x81\x7e" + size.to_bytes(2, "big") + text


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[str]:
    """The socket's address."""
    server = await asyncio.get_running_loop().create_server(lambda: Parrot(script), "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws/v4/"
    finally:
        server.close()


@asynccontextmanager
async def ours(module: NativeVenue, codec: PrivateCodec, order: Order, url: str, sender: Sender) -> AsyncIterator[Ask]:
    """A private link as a run has it, logged in and subscribed."""

    def complain(error: VenueError) -> None:
        raise ArbError(f"the socket complains: {error}")

    wiring = PrivateWiring(
        order.venue, module.SPEC, codec, url, _CLOCK, asyncio.sleep, Random(1), None, complain, _CLOCK.wall_ns, 5.0,
        lambda _event: None, lambda _recv_ns: None, sender.counted,
    )  # fmt: skip
    link = PrivateLink(wiring, ConnId(1), "", lambda _link, _failure: None)
    await link.open()
    loop, cost = asyncio.get_running_loop(), Cost(Verb.PLACE, order.symbol, socket=True)

    def ask() -> Awaitable[None]:
        future: asyncio.Future[None] = loop.create_future()

        def done(outcome: Answer | VenueError, _asked_ns: int, _recv_ns: int) -> None:
            if isinstance(outcome, VenueError):
                future.set_exception(outcome)
            elif not outcome.events:
                future.set_exception(ArbError("an order was answered without an update"))
            else:
                future.set_result(None)

        link.call(codec.encode_order(order, _CLOCK.wall_ns(), socket=True), cost, done)
        return future

    try:
        yield ask
    finally:
        await link.close("done")


@asynccontextmanager
async def theirs(module: NativeVenue, markets: list[dict[str, Any]], order: Order, url: str) -> AsyncIterator[Ask]:
    """ccxt.pro's create_order_ws."""
    spec = module.SPEC
    opener = Opener(ClientSettings(spec.ccxt_id, ws_url=url, ws_base=spec.ws_url, api_key="key", secret="secret"))
    client = await opener(lambda _reason: None)
    try:
        yield ccxt_order(client.exchange, markets, order, "create_order_ws")
    finally:
        await client.close()
        await opener.close()


def ccxt_order(exchange: Any, markets: list[dict[str, Any]], order: Order, method: str) -> Ask:
    """The same order through ccxt, whose rate limiter is off."""
    exchange.enableRateLimit = False
    exchange.set_markets(markets)
    assert order.price is not None
    what = (order.symbol, "limit", "buy", float(order.qty or 0), float(order.price), {"timeInForce": "IOC"})
    place = getattr(exchange, method)

    async def ask() -> None:
        answer = await place(*what)
        if not answer["id"]:
            raise ArbError("ccxt has read no order")

    return ask


class _Echo(picows.WSListener):
    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.TEXT:
            transport.send(picows.WSMsgType.TEXT, frame.get_payload_as_bytes())


class _Heard(picows.WSListener):
    future: asyncio.Future[None]

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:  # noqa: ARG002  picows's
        self.future.set_result(None)


@asynccontextmanager
async def echo(text: bytes) -> AsyncIterator[Ask]:
    """picows to picows and back, with nothing to do at either end."""
    server = await picows.ws_create_server(lambda _request: _Echo(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        transport, listener = await picows.ws_connect(_Heard, f"ws://127.0.0.1:{port}/")
        heard, loop = cast(_Heard, listener), asyncio.get_running_loop()

        def ask() -> Awaitable[None]:
            heard.future = loop.create_future()
            transport.send(picows.WSMsgType.TEXT, text)
            return heard.future

        try:
            yield ask
        finally:
            transport.disconnect()
            await transport.wait_disconnected()


def _welcome(head: bytes) -> bytes:
    found = _KEY.search(head)
    accept = base64.b64encode(hashlib.sha1((found[1] if found else b"") + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
