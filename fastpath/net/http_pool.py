"""Warmed connections to one host: an order finds one that stands, and need not wait for a handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from ssl import SSLContext

from arb.interfaces import Clock
from arb.supervise import minded
from fastpath.net.http_line import HttpLine
from fastpath.net.http_wire import MAX_BODY, Origin
from fastpath.net.pacing import SECOND_NS

CONNECT_S = 5.0
IDLE_S = 50.0  # servers that do not tell their patience have 60 s and more
AGAIN_S, AGAIN_CAP_S = 0.05, 2.0  # before another dial while they fail, doubling
MARGIN_S = 3.0  # before the end of the patience they tell; half of it where it is shorter than twice this
FAREWELL_S = 1.0


class HttpPool:
    """Up to `most` connections, `warm` of them kept open by `tend`.

    on_free: a connection waits for a request.   on_failed: a dial did not succeed; told why.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        clock: Clock,
        tls: SSLContext | None,
        on_free: Callable[[], None],
        on_failed: Callable[[str], None],
        warm: int = 4,
        most: int = 8,
        max_body: int = MAX_BODY,
    ) -> None:
        self._origin = origin
        self._clock = clock
        self._tls = tls
        self._on_free = on_free
        self._on_failed = on_failed
        self._warm = warm
        self._most = most
        self._max_body = max_body
        self._lines: dict[HttpLine, None] = {}
        self._free: list[HttpLine] = []  # the one used last is at the end
        self._dials: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._not_before_ns = 0
        self._opened = self._reused = 0

    @property
    def counters(self) -> Mapping[str, int]:
        """rest_reused ÷ (rest_opened + rest_reused) is the share of requests that cost no handshake.

        The first one of a connection counts as opened, also where it was opened long before.
        """
        return {"rest_opened": self._opened, "rest_reused": self._reused}

    @property
    def free(self) -> int:
        return len(self._free)

    @property
    def standing(self) -> int:
        return len(self._lines)

    def take(self, *, oldest: bool = False) -> HttpLine | None:
        """A clean connection that stands: the one used last, or the one that needs some use. None: there is none."""
        while self._free:
            line = self._free.pop(0 if oldest else -1)
            if line.clean:
                self._reused += line.requests > 0
                return line
            line.close("closed by the server between two requests")
        return None

    def give(self, line: HttpLine) -> None:
        """Back, unused."""
        self._reused -= line.requests > 0
        if not line.closed:
            self._free.append(line)

    def dial(self) -> bool:
        """Open one more, if there is room and dialling does not fail just now. `on_free` or `on_failed` follows."""
        if len(self._lines) + len(self._dials) >= self._most or self._clock.mono_ns() < self._not_before_ns:
            return False
        task = asyncio.get_running_loop().create_task(self._dial(), name=f"dial {self._origin.host}")
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)
        minded(task, self._dial_failed)
        return True

    def hold_ns(self, now_ns: int) -> int:
        """How long no dial is made, since they fail; 0: not at all."""
        return max(0, self._not_before_ns - now_ns)

    def tend(self, now_ns: int) -> None:
        """Replace what the server is about to close for idleness, and keep enough open."""
        for line in list(self._free):
            if now_ns - line.used_ns >= round(_patience_s(line.idle_s) * SECOND_NS):
                line.close("idle")
        for _ in range(self._warm - len(self._lines) - len(self._dials)):
            self.dial()

    def cut(self) -> None:
        """End every connection: requests under way are told at once. May be used again afterwards."""
        for dial in list(self._dials):
            dial.cancel()
        for line in list(self._lines):
            line.close("stopped")

    async def close(self) -> None:
        """And wait until everything is given back."""
        self.cut()
        if self._dials:
            await asyncio.wait(list(self._dials), timeout=FAREWELL_S)

    async def _dial(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                line = await self._connect()
        except OSError as exc:  # a TimeoutError is one, and so are those of ssl
            self._dials.discard(_this())
            self._dial_failed(exc)
            return
        self._dials.discard(_this())
        self._opened += 1
        if not line.closed:
            self._lines[line] = None
            self._on_line_free(line)

    async def _connect(self) -> HttpLine:
        """A connection that writes within `send`.

        uvloop keeps what is small until the loop turn ends, behind all that other sockets have brought meanwhile. An
        order must not wait for that: without a buffer it goes at once. Under TLS the buffer is the one below.
        """
        loop, host = asyncio.get_running_loop(), self._origin.host
        line = HttpLine(self._clock, self._max_body, self._on_line_free, self._on_line_closed)
        if self._tls is None:
            transport, _ = await loop.create_connection(lambda: line, host, self._origin.port)
            transport.set_write_buffer_limits(high=0)
            return line
        transport, _ = await loop.create_connection(asyncio.Protocol, host, self._origin.port)
        transport.set_write_buffer_limits(high=0)
        try:
            secured = await loop.start_tls(transport, line, self._tls, server_hostname=host)
        except BaseException:
            transport.abort()
            raise
        if secured is None:  # closed meanwhile
            raise ConnectionAbortedError("closed during the handshake")
        line.connection_made(secured)
        return line

    def _dial_failed(self, failure: Exception) -> None:
        self._hold_off()
        self._on_failed(f"cannot connect to {self._origin.authority}: {str(failure) or 'timed out'}")

    def _hold_off(self) -> None:
        self._failures += 1
        wait_s = min(AGAIN_CAP_S, AGAIN_S * 2.0 ** min(self._failures - 1, 20))
        self._not_before_ns = self._clock.mono_ns() + round(wait_s * SECOND_NS)

    def _on_line_free(self, line: HttpLine) -> None:
        if line.proven:
            self._failures = 0
        self._free.append(line)
        self._on_free()

    def _on_line_closed(self, line: HttpLine) -> None:
        self._lines.pop(line, None)
        if line in self._free:
            self._free.remove(line)
        if not line.proven:
            self._hold_off()  # a door that opens and shuts again is as good as one that does not open


def _this() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _patience_s(told_s: float) -> float:
    return IDLE_S if not told_s else max(told_s - MARGIN_S, told_s / 2)
