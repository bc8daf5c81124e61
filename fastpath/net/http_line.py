"""One HTTP connection for orders: written to in the caller's own loop turn, one request at a time."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import cast

from arb.interfaces import Clock
from fastpath.net.http_wire import AnswerReader, Response, Unreadable

Heard = Callable[[Response | None, str], None]
"""Told of a request's end: its answer, or None and why there will be none."""

_NOBODY = "a byte that answers nothing"
# Not "readable": a TLS server sends tickets when the handshake is over. Only Linux tells of the other side's end.
_GONE = select.POLLRDHUP | select.POLLERR | select.POLLHUP if hasattr(select, "POLLRDHUP") else 0


class HttpLine(asyncio.Protocol):
    """A connection of the pool. What was written and is not answered in full is lost, and the connection with it.

    on_free: called when the next request may go.   on_closed: called once, when none may any more.
    proven: it has brought an answer.   requests: written on it.   used_ns: when it last was known to work.
    idle_s: the server's own patience; 0 while it has not told.
    """

    def __init__(
        self, clock: Clock, max_body: int, on_free: Callable[[HttpLine], None], on_closed: Callable[[HttpLine], None]
    ) -> None:
        self.closed = False
        self.proven = False
        self.requests = 0
        self.used_ns = 0
        self.idle_s = 0.0
        self._clock = clock
        self._on_free = on_free
        self._on_closed = on_closed
        self._reader = AnswerReader(max_body)
        self._transport: asyncio.Transport | None = None
        self._heard: Heard | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._poll: select.poll | None = None

    @property
    def busy(self) -> bool:
        return self._heard is not None

    @property
    def clean(self) -> bool:
        """Whether a request may be written: it stands, and nothing is under way on it.

        The loop may not have read its end yet: the socket itself is asked. An order written into a connection that
        its server has closed already would be an order of unknown outcome.
        """
        if self.closed or self.busy or self._transport is None or self._transport.is_closing():
            return False
        return self._poll is None or not self._poll.poll(0)

    def send(self, data: bytes, heard: Heard, timeout_s: float) -> None:
        """Write a request, now. Only on a `clean` line; `heard` is called once, never before this returns."""
        assert self._transport is not None
        self.requests += 1
        self._heard = heard
        try:
            self._transport.write(data)  # first: a time limit of seconds need not be set before it
        finally:
            if self.busy:
                self._timer = asyncio.get_running_loop().call_later(timeout_s, self._expire, timeout_s)

    def close(self, reason: str) -> None:
        """Cut it. A request under way is told at once."""
        if not self.closed:
            self._end(reason)

    # ------------------------------------------------------------------------------------------- from the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, without saying so
        self.used_ns = self._clock.mono_ns()
        sock = transport.get_extra_info("socket")
        if sock is not None and _GONE:
            self._poll = select.poll()
            self._poll.register(sock.fileno(), _GONE)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        if self._heard is None:
            self._end(_NOBODY)
            return
        try:
            response = self._reader.feed(data)
        except Unreadable as exc:
            self._end(f"unreadable answer: {exc}")
            return
        if response is not None:
            self._answer(response)

    def eof_received(self) -> None:
        """Nothing: the transport closes itself, and `connection_lost` follows."""

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed:
            return
        response = self._reader.end() if exc is None and self._heard is not None else None
        if response is not None:
            self._answer(response)
        else:
            self._end(f"connection lost{f': {exc}' if exc is not None else ''}")

    # ------------------------------------------------------------------------------------------- inside

    def _answer(self, response: Response) -> None:
        self.proven = True
        self.used_ns = self._clock.mono_ns()
        self.idle_s = response.idle_s or self.idle_s
        heard = self._release()
        if not response.keep or not self._reader.empty:
            self._end("closed by the server")
        if heard is not None:
            heard(response, "")
        if not self.closed:
            self._on_free(self)

    def _expire(self, timeout_s: float) -> None:
        self._end(f"no answer within {timeout_s:g} s")

    def _end(self, reason: str) -> None:
        self.closed = True
        heard = self._release()
        if self._transport is not None:
            self._transport.abort()
        self._on_closed(self)
        if heard is not None:
            heard(None, reason)

    def _release(self) -> Heard | None:
        heard, self._heard = self._heard, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return heard
