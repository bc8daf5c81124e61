"""One WebSocket connection on picows: what the socket brings is decoded and handed on in the same callback.

Three habits of picows 2.3 (read in its source) shape this file. With its own answers to pings switched on, a ping that
ends a socket read takes `last_in_buffer` with it, and nobody would hear that the read is over: we answer ourselves.
A connection closed in the middle of the handshake is returned as if it stood. And a handshake that is cancelled leaves
its socket open: we keep the socket in hand and shut it down.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import picows
from picows.url import WSParsedURL

from arb.core import compiled
from arb.domain import Connected, ConnId, Disconnected, Reply, Symbol
from arb.errors import AuthFailed, ConfigError, ProtocolError, Transient, VenueError
from arb.exhausted import survive
from arb.interfaces import Sink
from arb.redact import mask_url
from arb.shelf import Shelved, reading
from fastpath.net.listener import Listener
from fastpath.net.pacing import SECOND_NS
from fastpath.net.wiring import Plug

CONNECT_S = 10.0
CLOSE_S = 1.0  # for the farewell; then the socket is cut
MAX_MESSAGE = 8 << 20  # bytes of one message, whole or in fragments
MAX_UNREADABLE = 20  # in a row: this is not a venue we understand, start over
TELL_NS = SECOND_NS  # unreadable messages are reported once in this time; all are counted

if TYPE_CHECKING:
    _Base = Listener
else:
    _Base = object

_TEXT, _BINARY, _CONTINUATION = picows.WSMsgType.TEXT, picows.WSMsgType.BINARY, picows.WSMsgType.CONTINUATION
_PING, _CLOSE = picows.WSMsgType.PING, picows.WSMsgType.CLOSE

# Everything picows logs reaches the caller as an event or an error; a logger of its own keeps it off stderr.
_SILENT = logging.Logger("picows", logging.CRITICAL + 1)


class _Conversation(_Base):
    """Frames in, events out, until lost.

    For every message: tap, decode, one `on_event` for each event; when the socket read ends: tap, `on_idle`. A `Reply`
    is sent back at once and goes no further. Connected and Disconnected come from here, each once.

    A message that cannot be read is counted and reported, and the connection goes on. It may have been a delta: then
    its book shows a gap by the sequence of the next one (a feed whose sequence cannot show it pushes whole frames, and
    the next one mends it). MAX_UNREADABLE in a row end the connection.

    Lives on a listener, which hands over what it does not deal with itself.
    """

    def __init__(
        self, wiring: Plug, conn: ConnId, symbols: Sequence[Symbol], sink: Sink, on_lost: Callable[[], None]
    ) -> None:
        shelf = sink.shelf(wiring.venue) if isinstance(sink, Shelved) else None
        self.attach(wiring.venue, conn, wiring.clock, reading(wiring.codec, shelf), sink, wiring.tap, wiring.counters)
        self.connected_ns = 0
        self._wiring = wiring
        self._symbols = tuple(symbols)
        self._on_lost = on_lost
        self._transport: picows.WSTransport | None = None
        self._socket: socket.socket | None = None
        self._told_ns = -TELL_NS

    # ------------------------------------------------------------------------------------------- from our side

    async def open(self) -> None:
        """Connect. Raises Transient where it fails and ConfigError for an address that is none."""
        venue, url = self._wiring.venue, self._wiring.url
        try:
            async with asyncio.timeout(CONNECT_S):
                await picows.ws_connect(
                    lambda _request, _response: self,
                    url,
                    ssl_context=self._wiring.tls,
                    logger_name=_SILENT,
                    websocket_handshake_timeout=None,  # within ours
                    enable_auto_pong=False,
                    max_frame_size=MAX_MESSAGE,
                    max_redirects=0,
                    socket_factory=self._dial,
                )
        except picows.WSInvalidURL as exc:
            raise ConfigError(f"{venue}: {exc}") from exc
        except picows.WSHandshakeError as exc:
            raise Transient(venue, f"cannot connect to {mask_url(url)}: {exc}", _retry_after_s(exc)) from exc
        except (picows.WSError, OSError) as exc:  # a TimeoutError is an OSError
            raise Transient(venue, f"cannot connect to {mask_url(url)}: {str(exc) or 'timed out'}") from exc
        finally:
            if self._transport is None:
                await self._hang_up()
        if self._transport is None:
            raise Transient(venue, f"cannot connect to {mask_url(url)}: closed during the handshake")

    def send(self, data: bytes) -> None:
        """One text frame (what both sides of every venue here are written in). Nothing happens once it is lost."""
        if self._transport is not None and self.lost is None:
            if self._tap is not None:
                self._tap.sent(self._wiring.venue, self.conn, data, self._mono_ns())
            self._transport.send(_TEXT, data)

    def lose(self, error: Exception) -> None:
        """End the connection now: whoever listens knows it before this returns, and no event follows."""
        survive(error)
        if self.lost is not None or self._transport is None:
            return
        self.lost = error
        self.settle()
        self._on_lost()
        venue, now_ns, reason = self._wiring.venue, self._mono_ns(), _reason(error)
        self._transport.send_close(picows.WSCloseCode.OK)
        self._transport.disconnect()
        if self._tap is not None:
            self._tap.closed(venue, self.conn, self._symbols, reason, now_ns)
        self._sink.on_event(Disconnected(venue, self.conn, self._symbols, reason, now_ns))
        self._sink.on_idle(now_ns)

    async def close(self, reason: str) -> None:
        """End it, if it still stands, and wait until the socket is given back."""
        if self._transport is None:
            return
        self.lose(Transient(self._wiring.venue, reason))
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._transport.wait_disconnected()
        except (TimeoutError, picows.WSError):
            pass  # cut below; and what picows found wrong was why the connection was lost
        finally:
            self._transport.disconnect(graceful=False)

    # ------------------------------------------------------------------------------------------- from picows

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self.connected_ns = self.last_ns = now_ns = self._mono_ns()
        self._counters.connects += 1
        try:
            if self._tap is not None:
                self._tap.opened(self._wiring.venue, self.conn, self._wiring.url, now_ns)
            self._sink.on_event(Connected(self._wiring.venue, self.conn, now_ns))
        except Exception as exc:  # noqa: BLE001  as below
            self.lose(exc)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        said = getattr(transport.close_handshake, "sent", None)  # what picows itself complained of, if anything
        self.lose(Transient(self._wiring.venue, (said.reason if said is not None else "") or "connection lost"))

    # ------------------------------------------------------------------------------------------- inside

    def on_message(self, data: bytes, recv_ns: int) -> None:
        if self._tap is not None:
            self._tap.frame(self._wiring.venue, self.conn, data, recv_ns)
        self.on_taped(data, recv_ns)

    def on_taped(self, data: bytes, recv_ns: int) -> None:
        """A message that the tape has, if one is kept."""
        counters = self._counters
        counters.frames += 1
        counters.bytes += len(data)
        try:
            events = self._read(data, recv_ns, self.conn)
        except AuthFailed:
            raise
        except ProtocolError as error:
            self._on_unreadable(error, recv_ns)
            return
        except VenueError as error:
            counters.venue_errors += 1
            self._wiring.on_error(error)
            return
        self.unreadable = 0
        for event in events:
            if type(event) is Reply:
                self.send(event.data)
            else:
                self._sink.on_event(event)

    def _on_unreadable(self, error: ProtocolError, recv_ns: int) -> None:
        self._counters.decode_errors += 1
        self.unreadable += 1
        if recv_ns - self._told_ns >= TELL_NS:
            self._told_ns = recv_ns
            self._wiring.on_error(error)
        if self.unreadable >= MAX_UNREADABLE:
            raise ProtocolError(error.venue, f"{MAX_UNREADABLE} unreadable messages in a row: {error.message}")

    def on_other(self, transport: picows.WSTransport, frame: picows.WSFrame, recv_ns: int) -> None:
        kind = frame.msg_type
        if kind is _PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind is _CLOSE:
            said = f"{frame.get_close_code().value} {frame.get_close_reason() or ''}".strip()
            raise Transient(self._wiring.venue, f"closed by the venue: {said}")
        elif frame.rsv1:
            raise ProtocolError(self._wiring.venue, "a compressed frame, which was not agreed on")
        elif kind in (_CONTINUATION, _TEXT, _BINARY):
            self._on_fragment(frame, recv_ns)

    def _on_fragment(self, frame: picows.WSFrame, recv_ns: int) -> None:
        if (frame.msg_type is _CONTINUATION) is (self.partial is None):
            raise ProtocolError(self._wiring.venue, "a fragment out of its order")
        if self.partial is None:
            self.partial = bytearray()
        self.partial += frame.get_payload_as_bytes()
        if len(self.partial) > MAX_MESSAGE:
            raise ProtocolError(self._wiring.venue, f"a message of more than {MAX_MESSAGE} bytes")
        if frame.fin:
            data, self.partial = bytes(self.partial), None
            self.on_message(data, recv_ns)

    async def _dial(self, url: WSParsedURL) -> socket.socket:
        """A connected socket to the first address that answers; ours to shut down should the handshake hang."""
        loop = asyncio.get_running_loop()
        failure: OSError = OSError(f"no address for {url.host}")
        for family, kind, proto, _, address in await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM):
            self._socket = socket.socket(family, kind, proto)
            self._socket.setblocking(False)
            try:
                await loop.sock_connect(self._socket, address)
                return self._socket
            except OSError as exc:
                failure = exc
                self._socket.close()
            except BaseException:
                self._socket.close()
                raise
        raise failure

    async def _hang_up(self) -> None:
        """Give back a socket that never became a connection: its transport closes itself when it reads the end."""
        if self._socket is None or self._socket.fileno() < 0:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster
        for _ in range(100):
            if self._socket.fileno() < 0:
                return
            await asyncio.sleep(0.01)


class PureDriver(_Conversation, Listener):
    """On the reference listener."""


_compiled = compiled("fastpath.net._listener")

if TYPE_CHECKING or _compiled is None:
    Driver = PureDriver
else:

    class CompiledDriver(_Conversation, _compiled.Listener):
        """The same on the compiled listener."""

    Driver = CompiledDriver


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, VenueError) else repr(error)


def _retry_after_s(exc: picows.WSHandshakeError) -> float:
    text = exc.response.headers.get("Retry-After", "") if exc.response is not None else ""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0.0
