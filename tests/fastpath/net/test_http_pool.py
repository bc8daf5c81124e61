"""fastpath.net.http_pool and http_line against a server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from arb.clock import ManualClock
from arb.interfaces import Request
from fastpath.net import http_pool
from fastpath.net.http_line import HttpLine
from fastpath.net.http_pool import AGAIN_S, IDLE_S, MARGIN_S, HttpPool
from fastpath.net.http_wire import Response, origin_of, written
from tests.fastpath.net.scripted import Act, Server, answer, says, says_and_hangs_up, scripted, silence
from tests.fastpath.net.venue import CLOCK

S = 1_000_000_000
GET = Request("GET", "/x")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with scripted() as made:
        yield made


class Pool(HttpPool):
    """Keeps what it was told; `ask` waits for a connection and then for the answer."""

    def __init__(self, url: str, **changes: Any) -> None:
        self.failures: list[str] = []
        self.freed = asyncio.Event()
        self.url = url
        given: dict[str, Any] = {"clock": CLOCK, "tls": None, "warm": 1, "most": 2}
        super().__init__(origin_of(url), on_free=self.freed.set, on_failed=self.failures.append, **(given | changes))

    async def line(self) -> HttpLine:
        async with asyncio.timeout(5):
            while (line := self.take()) is None:
                self.freed.clear()
                if self.dial():
                    await self.freed.wait()
                else:
                    await asyncio.sleep(0.01)
        return line

    async def ask(self, timeout_s: float = 5.0) -> Response | str:
        """The answer, or why there was none."""
        line = await self.line()
        heard: asyncio.Future[Response | str] = asyncio.get_running_loop().create_future()
        line.send(
            written(origin_of(self.url), GET),
            lambda response, reason: heard.set_result(reason if response is None else response),
            timeout_s,
        )
        async with asyncio.timeout(5):
            return await heard


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Callable[..., Pool]]:
    made: list[Pool] = []

    def one(**changes: Any) -> Pool:
        made.append(Pool(changes.pop("url", server.url), **changes))
        return made[-1]

    yield one
    for pool in made:
        await pool.close()


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n"


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(says(answer()), id="at once"),
        pytest.param(says(*(bytes((b,)) for b in answer())), id="byte by byte"),
        pytest.param(says(*CHUNKS, pause_s=0.01), id="in chunks"),
        pytest.param(says(b"HTTP/1.1 100 Continue\r\n\r\n", answer(), pause_s=0.01), id="after a 100"),
    ],
)
async def test_an_answer_leaves_the_connection_for_the_next(
    server: Server, make: Callable[..., Pool], act: Act
) -> None:
    server.plan = [act]
    pool = make()
    for _ in range(3):
        heard = await pool.ask()
        assert isinstance(heard, Response)
        assert heard.body == b"{}"
    assert server.conns == 1
    assert pool.counters == {"rest_opened": 1, "rest_reused": 2}


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(says(answer(b"{}", 200, "Connection: close")), id="says close"),
        pytest.param(says(answer() + b"more"), id="says more than it was asked"),
        pytest.param(says_and_hangs_up(b"HTTP/1.1 200 OK\r\n\r\n", b"{}"), id="ends its answer by hanging up"),
    ],
)
async def test_a_connection_is_not_used_again_where_the_server(
    server: Server, make: Callable[..., Pool], act: Act
) -> None:
    server.plan = [act]
    pool = make()
    for _ in range(2):
        heard = await pool.ask()
        assert isinstance(heard, Response)
        assert heard.body == b"{}"
    assert server.conns == 2


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        pytest.param(says_and_hangs_up(), "connection lost", id="hangs up instead"),
        pytest.param(says_and_hangs_up(answer(b"{}{}")[:-2]), "connection lost", id="hangs up in the middle"),
        pytest.param(says_and_hangs_up(*CHUNKS[:2]), "connection lost", id="hangs up between chunks"),
        pytest.param(silence, "no answer within 0.05 s", id="is silent"),
        pytest.param(says(answer()[:-1]), "no answer within 0.05 s", id="never comes to the end"),
        pytest.param(says(answer(b"x" * 101)), "unreadable answer: an answer of more than 100", id="says too much"),
        pytest.param(says(b"220 smtp\r\n\r\n"), "unreadable answer: no status", id="speaks something else"),
    ],
)
async def test_a_request_is_lost_where_the_server(
    server: Server, make: Callable[..., Pool], act: Act, reason: str
) -> None:
    server.plan = [act]
    pool = make(max_body=100)
    heard = await pool.ask(timeout_s=0.05)
    assert isinstance(heard, str)
    assert heard.startswith(reason)
    assert pool.standing == 0
    assert isinstance(await pool.ask(), Response)


async def test_a_connection_closed_between_requests_is_noticed_before_anything_is_written(
    server: Server, make: Callable[..., Pool]
) -> None:
    pool = make()
    await pool.ask()
    server.hang_up()
    await asyncio.sleep(0.05)
    assert (pool.free, pool.standing) == (0, 0)
    assert pool.take() is None


async def test_also_where_the_loop_has_not_read_its_end_yet(server: Server, make: Callable[..., Pool]) -> None:
    """The end waits in the socket: only asking the socket shows it."""
    pool = make()
    await pool.ask()
    line = await pool.line()
    assert line.clean
    assert line._transport is not None
    line._transport.pause_reading()
    server.hang_up()
    await asyncio.sleep(0.05)
    assert not line.closed
    assert not line.clean
    pool.give(line)
    assert pool.take() is None
    assert line.closed


async def test_the_warmest_is_taken_and_the_coldest_where_that_is_wanted(make: Callable[..., Pool]) -> None:
    pool = make(warm=2)
    pool.tend(CLOCK.mono_ns())
    one, two = await pool.line(), await pool.line()
    pool.give(one)
    pool.give(two)
    assert pool.take() is two
    pool.give(two)
    assert pool.take(oldest=True) is one


async def test_no_more_are_opened_than_allowed(server: Server, make: Callable[..., Pool]) -> None:
    pool = make(most=2, warm=5)
    pool.tend(CLOCK.mono_ns())
    await server.until(lambda: server.conns == 2)
    assert not pool.dial()


@pytest.mark.parametrize(
    ("headers", "patience_s"),
    [
        pytest.param((), IDLE_S, id="ours where it does not say"),
        pytest.param(("Keep-Alive: timeout=20",), 20.0 - MARGIN_S, id="the server's"),
        pytest.param(("Keep-Alive: timeout=4",), 2.0, id="half of a short one"),
    ],
)
async def test_an_idle_connection_is_replaced_before_the_servers_patience_ends(
    server: Server, make: Callable[..., Pool], headers: tuple[str, ...], patience_s: float
) -> None:
    clock = ManualClock(S)
    server.usual = says(answer(b"{}", 200, *headers))
    pool = make(clock=clock)
    await pool.ask()
    clock.advance(round(patience_s * S) - 1)
    pool.tend(clock.mono_ns())
    assert pool.free == 1
    clock.advance(1)
    pool.tend(clock.mono_ns())
    await server.until(lambda: server.conns == 2)


async def test_dials_that_fail_are_told_and_not_repeated_at_once() -> None:
    clock = ManualClock(S)
    pool = Pool("http://127.0.0.1:1", clock=clock)
    for wait_s in (AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S):
        seen = len(pool.failures)
        assert pool.dial()
        await asyncio.wait(list(pool._dials))
        assert len(pool.failures) == seen + 1
        clock.advance(round(wait_s * S) - 1)
        assert not pool.dial()
        clock.advance(1)
    assert all(text.startswith("cannot connect to 127.0.0.1:1: ") for text in pool.failures)


async def test_a_door_that_shuts_at_once_is_not_knocked_at_without_end(
    server: Server, make: Callable[..., Pool]
) -> None:
    server.greeting = says_and_hangs_up()
    clock = ManualClock(S)
    pool = make(clock=clock)
    assert pool.dial()
    await server.until(lambda: server.conns == 1)
    await asyncio.sleep(0.05)
    assert not pool.dial()


async def test_a_handshake_that_hangs_is_given_up(make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pool, "CONNECT_S", 0.05)

    async def hang(*_args: object, **_more: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", hang)
    pool = make()
    pool.dial()
    await asyncio.sleep(0.1)
    assert [text.partition(": ")[2] for text in pool.failures] == ["timed out"]


async def test_closing_tells_whoever_waits(server: Server, make: Callable[..., Pool]) -> None:
    server.usual = silence
    pool = make()
    asking = asyncio.ensure_future(pool.ask())
    await server.until(lambda: bool(server.requests))
    await pool.close()
    assert await asking == "stopped"
