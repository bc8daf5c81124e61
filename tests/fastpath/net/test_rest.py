"""fastpath.net.rest against a loopback server: one session, our errors, no more patience than asked for."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest
from aiohttp import web

from arb.breaker import SECOND_NS, Breaker
from arb.clock import ManualClock
from arb.errors import OutcomeUnknown, ProtocolError, Rejected, Transient
from arb.interfaces import Lane, Request, Verb
from fastpath.net.ban import Ban
from fastpath.net.governor import Cost, Governor
from fastpath.net.rest import Rest
from tests.fastpath.net.venue import CLOCK, Codec, V, Venue

BOOK = Request("GET", "/book?symbol=A%2FUSDT&levels=5")
ORDER = Request("POST", "/order", (("X-Key", "k"),), b'{"a": 1}')


class Slept(list[float]):
    async def __call__(self, delay_s: float) -> None:
        self.append(delay_s)


class Top(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def rest(venue: Venue, **changes: Any) -> Rest:
    given: dict[str, Any] = {"clock": CLOCK, "sleep": Slept(), "rng": Top()}
    return Rest(V, venue.rest_url, Codec({}).decode_error, **(given | changes))


@pytest.fixture
async def client(venue: Venue) -> AsyncIterator[Callable[..., Rest]]:
    made: list[Rest] = []

    def make(**changes: Any) -> Rest:
        made.append(rest(venue, **changes))
        return made[-1]

    yield make
    for one in made:
        await one.close()


def answering(*answers: web.Response) -> Callable[[web.Request], web.Response]:
    """One answer after the other, then the last again and again."""
    left = list(answers)
    return lambda _request: (
        left.pop(0) if len(left) > 1 else left[0].__class__(status=left[0].status, body=left[0].body)
    )


async def test_a_body_comes_back_as_it_was_sent(venue: Venue, client: Callable[..., Rest]) -> None:
    assert await client().send(BOOK) == b'{"seq": 100}'
    assert venue.requests == ["A/USDT"]


async def test_the_path_goes_out_exactly_as_the_codec_wrote_it(venue: Venue, client: Callable[..., Rest]) -> None:
    seen: list[str] = []

    def keep(request: web.Request) -> None:
        seen.append(request.raw_path)

    venue.on_book = keep
    await client().send(Request("GET", "/book?b=%2F+%20&a=1&sig=ab%3D"))
    assert seen == ["/book?b=%2F+%20&a=1&sig=ab%3D"]


async def test_a_connection_is_kept_and_reuse_is_counted(client: Callable[..., Rest]) -> None:
    one = client()
    await one.warm()
    for _ in range(3):
        await one.send(BOOK)
    assert one.counters.items() >= {"rest_requests": 4, "rest_opened": 1, "rest_reused": 3}.items()


async def test_a_compressed_answer_is_opened(venue: Venue, client: Callable[..., Rest]) -> None:
    venue.on_book = lambda _request: web.Response(body=gzip.compress(b"book"), headers={"Content-Encoding": "gzip"})
    assert await client().send(BOOK) == b"book"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(web.Response(body=b"x" * 2000), id="plain"),
        pytest.param(
            web.Response(body=gzip.compress(b"x" * 1_000_000), headers={"Content-Encoding": "gzip"}), id="a bomb"
        ),
    ],
)
async def test_an_answer_beyond_all_bounds_is_not_read(
    venue: Venue, client: Callable[..., Rest], answer: web.Response
) -> None:
    venue.on_book = lambda _request: answer
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        await client(max_body=1000).send(BOOK)


@pytest.mark.parametrize(
    ("answer", "error", "retry_after_s"),
    [
        pytest.param(web.Response(status=400, body=b"bad symbol"), Rejected, None, id="refused"),
        pytest.param(
            web.Response(status=302, headers={"Location": "/book"}), Rejected, None, id="a redirect is not followed"
        ),
        pytest.param(web.Response(status=503), Transient, 0.0, id="busy"),
        pytest.param(web.Response(status=429, headers={"Retry-After": "9"}), Transient, 9.0, id="names a time"),
        pytest.param(web.Response(status=418, headers={"Retry-After": "9" * 40}), Transient, 259_200.0, id="absurd"),
        pytest.param(web.Response(status=429, headers={"Retry-After": "soon"}), Transient, 0.0, id="names no time"),
        pytest.param(web.Response(status=418, headers={"Retry-After": "9"}), Transient, 9.0, id="a ban names its end"),
    ],
)
async def test_refusals_become_our_errors(
    venue: Venue,
    client: Callable[..., Rest],
    answer: web.Response,
    error: type[Exception],
    retry_after_s: float | None,
) -> None:
    venue.on_book = lambda _request: answer
    with pytest.raises(error) as caught:
        await client().send(BOOK)
    assert getattr(caught.value, "retry_after_s", None) == retry_after_s


def drop(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(("request_", "error"), [(BOOK, Transient), (ORDER, OutcomeUnknown)], ids=["GET", "POST"])
async def test_a_lost_answer(venue: Venue, client: Callable[..., Rest], request_: Request, error: type) -> None:
    venue.on_book = venue.on_order = drop
    with pytest.raises(error):
        await client().send(request_)


async def test_a_closed_port_means_that_nothing_happened(venue: Venue, client: Callable[..., Rest]) -> None:
    venue.rest_url = "http://127.0.0.1:1"
    with pytest.raises(Transient):
        await client().send(ORDER)


async def test_a_slow_answer_is_given_up(venue: Venue, client: Callable[..., Rest]) -> None:
    venue.answers.clear()
    async with asyncio.timeout(2):
        with pytest.raises(Transient, match="GET /book"):
            await client().send(BOOK, timeout_s=0.05)
        with pytest.raises(Transient):
            await client(timeout_s=0.05).send(BOOK)


async def test_headers_and_body_are_sent(venue: Venue, client: Callable[..., Rest]) -> None:
    assert await client().send(ORDER) == b'k {"a": 1}'


# ------------------------------------------------------------------------------------------------ retries

BUSY, FINE = web.Response(status=503), web.Response(body=b"fine")


@pytest.mark.parametrize(
    ("answers", "slept"),
    [
        pytest.param([BUSY, FINE], [0.2], id="once"),
        pytest.param([BUSY, BUSY, FINE], [0.2, 0.4], id="twice, waiting longer"),
        pytest.param([web.Response(status=429, headers={"Retry-After": "1"}), FINE], [1.0], id="as long as asked"),
    ],
)
async def test_a_get_is_tried_again(
    venue: Venue, client: Callable[..., Rest], answers: list[web.Response], slept: list[float]
) -> None:
    venue.on_book = answering(*(web.Response(status=a.status, body=a.body, headers=a.headers) for a in answers))
    sleep, clock = Slept(), ManualClock(5 * 10**9, 0)

    async def pause(delay_s: float) -> None:
        await sleep(delay_s)
        clock.advance(round(delay_s * 1e9))

    assert await client(sleep=pause, clock=clock).get(BOOK) == b"fine"
    assert sleep == slept


@pytest.mark.parametrize(
    ("status", "headers", "error", "calls"),
    [
        pytest.param(503, {}, Transient, 3, id="not for ever"),
        pytest.param(400, {}, Rejected, 1, id="not what is refused"),
        pytest.param(429, {"Retry-After": "30"}, Transient, 1, id="not where the venue wants a long pause"),
    ],
)
async def test_a_get_is_not_tried_again(
    venue: Venue, client: Callable[..., Rest], status: int, headers: dict[str, str], error: type, calls: int
) -> None:
    venue.on_book = lambda _request: web.Response(status=status, headers=headers)
    with pytest.raises(error):
        await client().get(BOOK)
    assert len(venue.requests) == calls


async def test_only_a_get_may_be_repeated(client: Callable[..., Rest]) -> None:
    with pytest.raises(ValueError, match="POST"):
        await client().get(ORDER)


# ------------------------------------------------------------------------------------------------ not calling


async def test_what_keeps_failing_is_left_alone_for_a_while(venue: Venue, client: Callable[..., Rest]) -> None:
    clock = ManualClock(10 * SECOND_NS)
    one = client(clock=clock, breaker=Breaker(threshold=2, rest_ns=4 * SECOND_NS))
    venue.on_book = lambda _request: web.Response(status=503)
    for _ in range(2):
        with pytest.raises(Transient, match="503"):
            await one.send(BOOK)
    with pytest.raises(Transient, match="not called") as caught:
        await one.send(BOOK)
    assert caught.value.retry_after_s == 4.0
    assert len(venue.requests) == 2
    clock.advance(4 * SECOND_NS)
    venue.on_book = lambda _request: None
    assert await one.send(BOOK)
    assert await one.send(BOOK)


async def test_refusals_do_not_count_as_failures(venue: Venue, client: Callable[..., Rest]) -> None:
    one = client(breaker=Breaker(threshold=2))
    venue.on_book = lambda _request: web.Response(status=400)
    for _ in range(4):
        with pytest.raises(Rejected):
            await one.send(BOOK)


async def test_a_warm_up_that_fails_is_no_error(venue: Venue, client: Callable[..., Rest]) -> None:
    venue.rest_url = "http://127.0.0.1:1"
    await client().warm()


async def test_closing_twice_and_calling_afterwards(venue: Venue) -> None:
    one = rest(venue)
    await one.close()
    two = rest(venue)
    await two.send(BOOK)
    await two.close()
    await two.close()
    with pytest.raises(Transient, match="closed"):
        await two.send(BOOK)


async def test_a_cancelled_call_leaves_nothing(venue: Venue, client: Callable[..., Rest]) -> None:
    venue.answers.clear()
    one = client()
    task = asyncio.create_task(one.send(BOOK))
    await venue.until(lambda: bool(venue.requests))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    venue.answers.set()
    assert await one.send(BOOK) == b'{"seq": 100}'


@pytest.mark.parametrize(
    ("status", "bans"), [pytest.param(429, 0, id="its limits"), pytest.param(418, 1, id="a ban of this address")]
)
async def test_a_venue_that_asks_for_a_pause_is_not_called_before_it_is_over(
    venue: Venue, client: Callable[..., Rest], status: int, bans: int
) -> None:
    clock = ManualClock(5 * 10**9, 0)
    one = client(clock=clock)
    venue.on_book = lambda _request: web.Response(status=status, headers={"Retry-After": "5"})
    with pytest.raises(Transient):
        await one.send(BOOK)
    venue.on_book = lambda _request: web.Response(body=b"{}")
    clock.advance(2 * 10**9)
    with pytest.raises(Transient, match=r"asked for a pause of another 3\.0 s") as caught:
        await one.send(BOOK)
    assert caught.value.retry_after_s == 3.0
    counted = {name: one.counters[name] for name in ("rest_requests", "rest_limited", "rest_bans")}
    assert counted == {"rest_requests": 1, "rest_limited": 1, "rest_bans": bans}
    clock.advance(3 * 10**9)
    assert await one.send(BOOK) == b"{}"


async def test_who_is_banned_on_one_side_does_not_call_on_the_other(venue: Venue, client: Callable[..., Rest]) -> None:
    clock, ban = ManualClock(5 * 10**9, 0), Ban()
    governor = Governor((), ban)
    venue.on_book = lambda _request: web.Response(status=418, headers={"Retry-After": "5"})
    with pytest.raises(Transient):
        await client(clock=clock, ban=ban).send(BOOK)
    assert governor.refusal(1, Lane.ORDER, clock.mono_ns()) == "the venue has banned this address for another 5.0 s"
    assert governor.wait_ns(Cost(Verb.PLACE), Lane.ORDER, clock.mono_ns()) == 5 * 10**9
    clock.advance(5 * 10**9)
    assert governor.refusal(1, Lane.ORDER, clock.mono_ns()) == ""
