"""A relay in front of a server: it counts who is inside, throws everybody out, and can be shut for a while."""

from __future__ import annotations

import asyncio


class Door:
    """Serves `port` of the loopback, once `start` has run, for whatever listens on the port that `start` is given.

    inside: connections that stand.   entered: all that ever came in.
    """

    def __init__(self) -> None:
        self.port = 0
        self.entered = 0
        self._behind = 0
        self._server: asyncio.Server | None = None
        self._pipes: set[_Pipe] = set()

    @property
    def inside(self) -> int:
        return len(self._pipes)

    async def start(self, behind: int) -> None:
        self._behind = behind
        await self.open()

    async def open(self) -> None:
        """On the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._enter, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Nobody is inside any more, and nobody gets in: the port is closed."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Everybody is thrown out without a word and may come again."""
        for pipe in list(self._pipes):
            pipe.end()

    def _enter(self) -> _Pipe:
        self.entered += 1
        pipe = _Pipe(self._pipes, self._behind)
        self._pipes.add(pipe)
        return pipe


class _Pipe(asyncio.Protocol):
    """One client's connection and ours to the server. Without flow control: both ends are in this process."""

    def __init__(self, pipes: set[_Pipe], behind: int) -> None:
        self._pipes = pipes
        self._behind = behind
        self._front: asyncio.Transport | None = None
        self._back: asyncio.Transport | None = None
        self._early = bytearray()  # said before the server was reached
        self._reaching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._front = transport
        self._reaching = asyncio.create_task(self._reach())

    def data_received(self, data: bytes) -> None:
        if self._back is None:
            self._early += data
        else:
            self._back.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipes.discard(self)
        self.end()

    def end(self) -> None:
        if self._reaching is not None:
            self._reaching.cancel()
        for transport in (self._front, self._back):
            if transport is not None:
                transport.abort()

    async def _reach(self) -> None:
        assert self._front is not None
        loop = asyncio.get_running_loop()
        self._back, _ = await loop.create_connection(lambda: _Back(self._front), "127.0.0.1", self._behind)
        self._back.write(bytes(self._early))


class _Back(asyncio.Protocol):
    """What the server says goes to the client."""

    def __init__(self, front: asyncio.Transport | None) -> None:
        assert front is not None
        self._front = front

    def data_received(self, data: bytes) -> None:
        self._front.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.close()
