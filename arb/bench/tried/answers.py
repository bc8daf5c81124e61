"""An order over HTTP: aiohttp against a small client on a connection that is kept; parsers of others, and ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import thread_time_ns
from typing import Any, NamedTuple, Protocol

import aiohttp
import msgspec
from yarl import URL

from arb.bench.tried.rivals import rival
from arb.bench.tried.timing import Way, each
from arb.clock import SystemClock
from arb.errors import ArbError
from arb.interfaces import Request
from fastpath.net.http_line import HttpLine
from fastpath.net.http_wire import MAX_BODY, AnswerReader, Origin, Response, origin_of, written

BODY = msgspec.json.encode({"symbol": "BTCUSDT", "orderId": "C02__1", "clientOrderId": "arb-1", "status": "NEW"} | {
    f"field{n}": f"{n}.000000" for n in range(12)
})  # fmt: skip
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"Connection: keep-alive\r\nX-Ratelimit-Remaining: 9\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
REQUEST = Request("POST", "/api/v3/order", (("X-Key", "none"), ("Content-Type", "application/json")), BODY)
_TIMEOUT_S = 5.0
_OF = {"ours": "our parser"}


class Answer(NamedTuple):
    """headers: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Parser(Protocol):
    """Of one connection: an answer once it is whole."""

    def feed(self, data: bytes) -> Answer | None: ...


class Own:
    def __init__(self) -> None:
        self._reader = AnswerReader()

    def feed(self, data: bytes) -> Answer | None:
        response = self._reader.feed(data)
        return None if response is None else Answer(response.status, response.headers, response.body)


class ByHttptools:
    def __init__(self, httptools: Any) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._whole = False

    def feed(self, data: bytes) -> Answer | None:
        self._parser.feed_data(data)
        if not self._whole:
            return None
        answer = Answer(self._parser.get_status_code(), self._headers, b"".join(self._body))
        self._headers, self._body, self._whole = {}, [], False
        return answer

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._whole = True


class ByH11:
    """It wants to know of each request before it reads an answer; what that takes is in the figure."""

    def __init__(self, h11: Any) -> None:
        self._h11 = h11
        self._connection = h11.Connection(h11.CLIENT)
        self._asked = False
        self._answer = Answer(0, {}, b"")

    def feed(self, data: bytes) -> Answer | None:
        h11, connection = self._h11, self._connection
        if not self._asked:
            connection.send(h11.Request(method="GET", target="/", headers=[("Host", "localhost")]))
            connection.send(h11.EndOfMessage())
            self._asked = True
        connection.receive_data(data)
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                headers = {name.decode(): value.decode() for name, value in event.headers}
                self._answer = Answer(event.status_code, headers, b"")
            elif isinstance(event, h11.Data):
                self._answer = self._answer._replace(body=self._answer.body + bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                connection.start_next_cycle()
                self._asked = False
                return self._answer
        return None


def parsers() -> dict[str, Callable[[], Parser]]:
    """By name, as far as installed."""
    found: dict[str, Callable[[], Parser]] = {}
    if (h11 := rival("h11")) is not None:
        found["h11"] = lambda: ByH11(h11)
    if (httptools := rival("httptools")) is not None:
        found["httptools"] = lambda: ByHttptools(httptools)
    return {**found, "ours": Own}


class Small(asyncio.Protocol):
    """One connection, one request at a time, and nothing for the day when something goes wrong."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._transport: Any = None
        self._waiting: asyncio.Future[Answer] | None = None

    def ask(self, data: bytes) -> Awaitable[Answer]:
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return self._waiting

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._parser.feed(data)
        if answer is not None and self._waiting is not None:
            self._waiting.set_result(answer)


Ask = Callable[[], Awaitable[Answer]]


@asynccontextmanager
async def clients() -> AsyncIterator[dict[str, Ask]]:
    """By name, each with a connection of its own to a server that says the same to all."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        server = await loop.create_server(_Parrot, "127.0.0.1", 0)
        stack.callback(server.close)
        host, port = server.sockets[0].getsockname()
        origin = origin_of(f"http://{host}:{port}")
        http = await stack.enter_async_context(aiohttp.ClientSession())
        url = URL(f"http://{host}:{port}{REQUEST.path}", encoded=True)

        async def by_aiohttp() -> Answer:
            async with http.request(REQUEST.method, url, headers=dict(REQUEST.headers), data=REQUEST.body) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, await response.read())

        found: dict[str, Ask] = {"aiohttp": by_aiohttp}
        for name, make in parsers().items():
            _, small = await loop.create_connection(lambda make=make: Small(make()), host, port)  # type: ignore[misc]
            stack.callback(small.close)
            found[f"a small client on {_OF.get(name, name)}"] = _asking(small, origin)

        line = HttpLine(SystemClock(), MAX_BODY, lambda _line: None, lambda _line: None)
        await loop.create_connection(lambda: line, host, port)
        stack.callback(line.close, "done")

        def ours() -> Awaitable[Answer]:
            waiting: asyncio.Future[Answer] = loop.create_future()

            def heard(response: Response | None, why: str) -> None:
                if response is None:
                    waiting.set_exception(ArbError(why))
                else:
                    waiting.set_result(Answer(response.status, response.headers, response.body))

            if not line.clean:
                raise ArbError("the connection is gone")
            line.send(written(origin, REQUEST), heard, _TIMEOUT_S)
            return waiting

        found["our HttpLine"] = ours
        yield found


def _asking(small: Small, origin: Origin) -> Ask:
    return lambda: small.ask(written(origin, REQUEST))


class _Parrot(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._data.endswith(BODY):
            self._data = b""
            self._transport.write(ANSWER)


def parsing(count: int) -> Iterator[Way]:
    answers = [ANSWER] * count
    for name, make in parsers().items():
        yield each(name, lambda make=make: make().feed, answers, kept=name == "ours")  # type: ignore[misc]


def asking(found: dict[str, Ask], count: int) -> Iterator[Way]:
    """CPU of this thread, in which the server is too."""
    for name, ask in found.items():
        yield Way(name, lambda ask=ask: _time(ask, count), kept=name == "our HttpLine")  # type: ignore[misc]


async def _time(ask: Ask, count: int) -> float:
    before = thread_time_ns()
    for _ in range(count):
        await ask()
    return (thread_time_ns() - before) / count / 1e3
