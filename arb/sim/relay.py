"""A venue's road to its clients, where a plan has the network misbehave: a relay on loopback in front of the site.

What it does is done to real connections: they are left without an answer, fed drop by drop, cut, refused, or met with
a certificate that nobody trusts.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from arb.sim.certificates import Certificates
from arb.sim.faults import Injector

_DROPS_S = 0.05  # between two of them


class Relay:
    """In front of one site. now_ms: of sim time.   certificates: None where the venue is served without TLS."""

    def __init__(self, venue: str, injector: Injector, certificates: Certificates | None) -> None:
        self._venue = venue
        self._injector = injector
        self._certificates = certificates
        self._tls = certificates.context() if certificates is not None else None
        self._host, self._inner = "", 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pipes: set[_Client] = set()
        self._refusing = self._mute = self._untrusted = False
        self._bytes_s = 0.0
        self.port = 0

    async def start(self, host: str, port: int, inner: int) -> None:
        """Listen, and pass on to the site at `inner`. Raises OSError for a port that is taken."""
        self._host, self._inner = host, inner
        await self._listen(port)

    def tick(self) -> None:
        """Be what the plan says now."""
        holds = self._injector.lasting
        refusing = holds("refuse_connection", self._venue) is not None
        if refusing != self._refusing:
            self._refusing = refusing
            self._spawn(self._refuse if refusing else self._reopen)
        mute = holds("half_open", self._venue) is not None
        if mute and not self._mute:
            for pipe in self._pipes:
                pipe.freeze()
        self._mute = mute
        slow = holds("slow", self._venue)
        self._bytes_s = slow.bytes_s if slow is not None else 0.0
        untrusted = holds("tls_failure", self._venue) is not None
        if untrusted != self._untrusted and self._certificates is not None and self._tls is not None:
            self._certificates.show(self._tls, trusted=not untrusted)
        if untrusted and not self._untrusted:
            self._cut()  # what stands was trusted once: only who comes anew sees the certificate
        self._untrusted = untrusted

    async def stop(self) -> None:
        """Cut everything; safe to call twice."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._refuse()

    # -- inside ---------------------------------------------------------------------------------------------------

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, self._host, port, ssl=self._tls, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._cut()

    async def _reopen(self) -> None:
        await self._listen(self.port)

    def _cut(self) -> None:
        for pipe in list(self._pipes):
            pipe.cut()

    def _spawn(self, act: Callable[[], object]) -> None:
        task = asyncio.ensure_future(act())  # type: ignore[call-overload]  # both are coroutine functions
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accept(self) -> _Client:
        return _Client(self)

    def arrived(self, client: _Client) -> None:
        self._pipes.add(client)
        if self._mute:
            client.freeze()
        else:
            self._spawn(lambda: self._join(client))

    def left(self, client: _Client) -> None:
        self._pipes.discard(client)

    async def _join(self, client: _Client) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Site(client), self._host, self._inner)
        except OSError:
            client.cut()

    def ration(self) -> int:
        """How many bytes may be passed on now; 0: as many as there are."""
        return max(1, round(self._bytes_s * _DROPS_S)) if self._bytes_s else 0


class _Client(asyncio.Protocol):
    """The end that a client holds."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._transport: asyncio.Transport | None = None
        self._site: asyncio.Transport | None = None
        self._early = bytearray()
        self._drops = bytearray()
        self._dropping: asyncio.TimerHandle | None = None
        self._frozen = self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._relay.arrived(self)

    def data_received(self, data: bytes) -> None:
        if self._frozen:
            return
        if self._site is None:
            self._early += data
        else:
            self._site.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._dropping is not None:
            self._dropping.cancel()
        self._relay.left(self)
        if self._site is not None:
            self._site.abort()

    def joined(self, site: asyncio.Transport) -> None:
        if self._frozen or self._transport is None or self._transport.is_closing():
            site.abort()
            return
        self._site = site
        site.write(bytes(self._early))
        self._early.clear()

    def freeze(self) -> None:
        """Nothing is read or said any more, not even to who hangs up; for the venue this client has gone."""
        self._frozen = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        if self._site is not None:
            self._site.abort()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pass_on(self, data: bytes) -> None:
        """What the site says."""
        if self._frozen or self._transport is None:
            return
        if self._relay.ration() or self._drops:
            self._drops += data
            if self._dropping is None:
                self._drop()
        else:
            self._transport.write(data)

    def ended(self) -> None:
        """The site has hung up."""
        if self._frozen or self._transport is None:
            return
        if self._drops:
            self._over = True
        else:
            self._transport.close()

    def _drop(self) -> None:
        assert self._transport is not None
        ration = self._relay.ration() or len(self._drops)
        self._transport.write(bytes(self._drops[:ration]))
        del self._drops[:ration]
        self._dropping = asyncio.get_running_loop().call_later(_DROPS_S, self._drop) if self._drops else None
        if self._over and not self._drops:
            self._transport.close()


class _Site(asyncio.Protocol):
    """The end that goes to the site."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client.joined(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._client.pass_on(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._client.ended()
        else:
            self._client.cut()
