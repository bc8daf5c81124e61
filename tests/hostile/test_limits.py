"""Real servers on loopback that send more than anybody asked for: refused when it shows, and memory stays as it is."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest

from adapters import alert_post
from adapters.alert_post import Post
from adapters.alert_sinks import Sink, webhook_body
from adapters.alert_words import Alert
from adapters.ccxt_bounds import MOST_BODY, MOST_MESSAGE, gunzip, inflate
from adapters.ccxt_client import ClientSettings, Opener, ignore
from arb.clock import SystemClock
from arb.errors import ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Request
from fastpath.net import driver
from fastpath.net.http_pool import HttpPool
from fastpath.net.http_wire import MAX_HEAD, Response, origin_of, written
from fastpath.net.rest import MAX_BODY, Rest
from tests.fastpath.net.scripted import scripted
from tests.fastpath.net.test_driver import CONTINUATION, TEXT, Line, frame, serving
from tests.hostile.fuzzing import on_a_leash, outcome

MIB = 1 << 20
CLOCK = SystemClock()
GET = Request("GET", "/x")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Write = Callable[[asyncio.StreamWriter], object]


def bomb(mebibytes: int) -> bytes:
    """So much of nothing, in gzip: a thousandth of its size."""
    packing = zlib.compressobj(9, wbits=31)
    nothing = bytes(MIB)
    return b"".join(packing.compress(nothing) for _ in range(mebibytes)) + packing.flush()


BOMB = bomb(32)
SMALL_BOMB = gzip.compress(bytes(2 * MIB))


async def endless(writer: asyncio.StreamWriter, first: bytes, piece: bytes) -> None:
    writer.write(first)
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()


def says(head: bytes, body: bytes) -> Callable[[asyncio.StreamWriter], object]:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    return act


def goes_on(first: bytes, piece: bytes = b"x" * 65_536) -> Callable[[asyncio.StreamWriter], object]:
    return lambda writer: endless(writer, first, piece)


CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
TOO_MUCH = [
    pytest.param(says(b"Content-Encoding: gzip\r\n", BOMB), id="a bomb in gzip"),
    pytest.param(says(b"Content-Encoding: deflate\r\n", zlib.compress(bytes(32 * MIB), 1)), id="a bomb in deflate"),
    pytest.param(goes_on(HEAD + b"\r\n"), id="a body without end"),
    pytest.param(goes_on(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK), id="chunks without end"),
    pytest.param(goes_on(b"HTTP/1.1 200 OK\r\nX: "), id="a header without end"),
    pytest.param(goes_on(HEAD, b"X-Y: z\r\n" * 100), id="headers without end"),
    pytest.param(goes_on(b"HTTP/1.1 500 Oops\r\n\r\n"), id="a refusal without end"),
]


@pytest.mark.parametrize("act", TOO_MUCH)
async def test_rest_takes_no_more_than_it_may(act: Write) -> None:
    async with scripted() as server:
        server.usual = act  # type: ignore[assignment]
        rest = Rest(
            "v", server.url, lambda status, body: Rejected("v", str(status)), clock=CLOCK, sleep=asyncio.sleep,  # type: ignore[arg-type]
            rng=Random(1), timeout_s=8.0, max_body=4 * MIB,
        )  # fmt: skip
        with on_a_leash(cpu_s=6.0, more_bytes=256 * MIB), pytest.raises(VenueError) as caught:
            await rest.send(GET)
        assert isinstance(caught.value, ProtocolError | Transient)
        assert "timed out" not in str(caught.value).lower()
        await rest.close()


@pytest.mark.parametrize("act", TOO_MUCH)
async def test_a_line_for_orders_takes_no_more_than_it_may(act: Write) -> None:
    async with scripted() as server:
        server.usual = act  # type: ignore[assignment]
        origin = origin_of(server.url)
        pool = HttpPool(
            origin, clock=CLOCK, tls=None, on_free=lambda: None, on_failed=lambda _why: None, max_body=4 * MIB
        )
        heard: asyncio.Future[tuple[Response | None, str]] = asyncio.get_running_loop().create_future()
        with on_a_leash(cpu_s=6.0, more_bytes=256 * MIB):
            async with asyncio.timeout(10):
                while (line := pool.take()) is None:
                    pool.dial()
                    await asyncio.sleep(0.002)
                line.send(written(origin, GET), lambda answer, why: heard.set_result((answer, why)), 8.0)
                answer, why = await heard
        await pool.close()
    assert answer is None
    assert "unreadable answer" in why


def test_the_limits_are_what_they_are_said_to_be() -> None:
    assert (MAX_HEAD, MAX_BODY, driver.MAX_MESSAGE, MOST_BODY) == (64 << 10, 64 << 20, 8 << 20, 64 << 20)


# ------------------------------------------------------------------------------------------------- WebSocket


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        pytest.param(
            [b"\x81\x7f" + (9 * MIB).to_bytes(8, "big") + b"x" * 65_536], "", id="a frame that says that it is large"
        ),
        pytest.param(
            [frame(b"x", TEXT, fin=False), *[frame(b"x" * MIB, CONTINUATION, fin=False)] * 9],
            "a message of more than", id="a message in fragments without end",
        ),
        pytest.param([frame(SMALL_BOMB, TEXT, rsv1=True)], "compressed", id="a compressed frame"),
    ],
)  # fmt: skip
async def test_a_message_beyond_the_bound_ends_the_connection(pieces: list[bytes], says: str) -> None:
    async with serving() as server:
        line = Line(server.port)
        await line.driver.open()
        line.peer = await server.peers.get()
        with on_a_leash(cpu_s=4.0, more_bytes=256 * MIB):
            for piece in pieces:
                line.peer.write(piece)
            lost = await line.loss()
        assert says in lost.reason
        assert line.events() == []
        await line.driver.close("over")


async def test_a_handshake_without_end_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "CONNECT_S", 3.0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await endless(writer, b"HTTP/1.1 101 Switching Protocols\r\nX: ", b"x" * 65_536)
        except ConnectionError:
            writer.close()

    async with listening(serve) as port:
        with on_a_leash(cpu_s=5.0, more_bytes=512 * MIB), pytest.raises(Transient):
            await Line(port).driver.open()


@asynccontextmanager
async def listening(serve: Callable[..., object]) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)


# ------------------------------------------------------------------------------------------------- through ccxt


@pytest.mark.parametrize("act", TOO_MUCH)
async def test_ccxt_takes_no_more_than_it_may(act: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ccxt_bounds.MOST_BODY", 4 * MIB)
    async with scripted() as server:
        server.usual = act  # type: ignore[assignment]
        client = await Opener(ClientSettings("mexc", rest_url=server.url))(ignore)
        client.exchange.timeout = 8_000  # type: ignore[attr-defined]
        with on_a_leash(cpu_s=6.0, more_bytes=256 * MIB), pytest.raises(Exception, match=r".") as caught:
            await client.exchange.fetch_time()
        assert type(caught.value).__module__.startswith("ccxt.")
        assert "timed out" not in str(caught.value).lower()
        assert type(caught.value).__name__ != "RequestTimeout"
        await client.close()


@pytest.mark.parametrize(
    ("unpack", "packed"),
    [
        pytest.param(gunzip, BOMB, id="in gzip"),
        pytest.param(inflate, zlib.compress(bytes(2 * MOST_MESSAGE), 1, wbits=-15), id="in deflate"),
    ],
)
def test_a_message_through_ccxt_that_unpacks_without_end_is_given_up(
    unpack: Callable[[bytes], object], packed: bytes
) -> None:
    with on_a_leash(cpu_s=2.0, more_bytes=128 * MIB), pytest.raises(ValueError, match="a message of more than"):
        unpack(packed)


def test_a_message_through_ccxt_is_unpacked_as_ccxt_does() -> None:
    assert gunzip(gzip.compress('{"a":"ü"}'.encode())) == '{"a":"ü"}'
    assert inflate(zlib.compress(b"{}", wbits=-15)) == b"{}"


# ------------------------------------------------------------------------------------------------- alerts


@pytest.mark.parametrize("act", TOO_MUCH)
async def test_the_answer_to_an_alert_is_not_worth_more_than_its_status(act: Write) -> None:
    """Nothing of it is read but what says when to come back."""
    async with scripted() as server:
        server.usual = act  # type: ignore[assignment]
        post = Post(Sink("webhook", server.url, webhook_body), 1.0, CLOCK, asyncio.sleep, Random(1))
        post.put(Alert("halt", "k", "halted"))
        post._take()
        with on_a_leash(cpu_s=6.0, more_bytes=256 * MIB):
            async with httpx.AsyncClient(timeout=8.0) as client, asyncio.timeout(7.0):
                await post._post(client)
        assert Counter(request.split(b" ")[0] for request in server.requests) == {b"POST": 1}


def test_a_retry_that_cannot_be_meant_is_none() -> None:
    for header in ("Mon, 99 Jan 99999 99:99:99 GMT", "9" * 5_000, "²", "-1", "nan", "Fri, 31 Dec 9999 23:59:59 -2359"):
        answer = httpx.Response(429, headers={"Retry-After": header.encode()}, content=b"{}")
        wait_s, error = outcome(Exception, lambda answer=answer: alert_post.retry_after_s(answer, b"{}", 10**18))  # type: ignore[misc]
        assert error is None, header
        assert wait_s is not None
        assert wait_s >= 0
    for body in (
        b"[" * 9_999,
        b'{"parameters":{"retry_after":1e999}}',
        b"\xff",
        b'{"parameters":{"retry_after":"\xff"}}',
    ):
        assert alert_post.retry_after_s(httpx.Response(429), body, 10**18) == 0.0
