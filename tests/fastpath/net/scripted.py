"""An HTTP server that does to each request exactly what it is told, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


def says(*pieces: bytes, pause_s: float = 0.0) -> Act:
    """Each piece in a write of its own."""

    async def act(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return act


def says_and_hangs_up(*pieces: bytes) -> Act:
    async def act(writer: asyncio.StreamWriter) -> None:
        await says(*pieces)(writer)
        writer.close()

    return act


async def silence(writer: asyncio.StreamWriter) -> None:
    """No answer at all."""


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Server:
    """plan: what is done to the requests, in their order; then `usual` to all others.

    requests: heads and bodies received.   conns: connections accepted.
    """

    def __init__(self) -> None:
        self.url = ""
        self.usual: Act = says(answer())
        self.plan: list[Act] = []
        self.requests: list[bytes] = []
        self.conns = 0
        self.greeting: Act = silence
        self._writers: set[asyncio.StreamWriter] = set()
        self._heard = asyncio.Event()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not wanted():
                self._heard.clear()
                await self._heard.wait()

    def hang_up(self) -> None:
        """On everybody, now."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.conns += 1
        self._writers.add(writer)
        self._heard.set()
        try:
            await self.greeting(writer)
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                self.requests.append(head + body)
                self._heard.set()
                act = self.plan.pop(0) if self.plan else self.usual
                await act(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            self._writers.discard(writer)
            writer.close()
            self._heard.set()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def scripted() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.hang_up()
        listening.close()
        for _ in range(50):
            if not server._writers:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
