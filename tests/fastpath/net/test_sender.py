"""fastpath.net.sender: an order leaves now or never, everything else in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arb.breaker import Breaker
from arb.domain import ClientId, NativeSymbol, Order, OrderStatus, OrderType, OrderUpdate, Side, Symbol, VenueId
from arb.errors import Cause, OutcomeUnknown, Rejected, Transient, VenueError
from arb.interfaces import Answer, Call, Lane, Request, Verb
from fastpath.net import governor as governing
from fastpath.net import sender as sending
from fastpath.net.governor import Cost, Governor
from fastpath.net.http_wire import origin_of
from fastpath.net.sender import Done, Job, Sender
from fastpath.wire.mexc_private import PrivateCodec
from tests.fastpath.net.scripted import Server, answer, says, says_and_hangs_up, scripted, silence
from tests.fastpath.net.venue import CLOCK

V = VenueId("mexc")
S = Symbol("BTC/USDT")
CODEC = PrivateCodec({NativeSymbol("BTCUSDT"): S}, "a-key", "a-secret")
TAKEN = says(answer(b'{"orderId":"C02__1"}'))
BUSY = says(answer(b'{"code":503,"msg":"no"}', 503))
LIMITED = says(answer(b'{"code":429,"msg":"Too Many Requests"}', 429))
STATE = says(answer(b'{"symbol":"BTCUSDT","orderId":"1","status":"NEW","executedQty":"0","cummulativeQuoteQty":"0"}'))


def wall_ns() -> int:
    return CLOCK.wall_ns()


def order(name: str = "arb-1") -> Order:
    return Order(V, S, Side.BUY, OrderType.IOC, Decimal(1), Decimal(2), ClientId(name))


def place(name: str = "arb-1") -> tuple[Call, Cost]:
    return CODEC.encode_order(order(name), wall_ns()), Cost(Verb.PLACE, S)


def query() -> Call:
    return CODEC.encode_query(S, ClientId("arb-1"), wall_ns())


def cancel() -> Call:
    return CODEC.encode_cancel(S, ClientId("arb-1"), wall_ns())


ASK, CANCEL = Cost(Verb.QUERY, S), Cost(Verb.CANCEL, S)


class Outcomes(list[Answer | VenueError]):
    """A `done` that keeps what it was told."""

    def __call__(self, outcome: Answer | VenueError, asked_ns: int, recv_ns: int) -> None:
        self.append(outcome)
        assert asked_ns <= recv_ns

    async def first(self) -> Answer | VenueError:
        async with asyncio.timeout(5):
            while not self:  # noqa: ASYNC110  a list has no event
                await asyncio.sleep(0.002)
        return self[0]


class Slept(list[float]):
    async def __call__(self, delay_s: float) -> None:
        self.append(delay_s)


class Top(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with scripted() as made:
        made.usual = TAKEN
        yield made


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Callable[..., Sender]]:
    made: list[Sender] = []

    def one(url: str | None = None, **changes: Any) -> Sender:
        given: dict[str, Any] = {"clock": CLOCK, "sleep": Slept(), "rng": Top(), "tls": None, "answer_s": 5.0}
        governor = changes.pop("governor", Governor(CODEC.spec.pools))
        made.append(Sender(V, origin_of(url or server.url), CODEC, governor, venue_ns=wall_ns, **(given | changes)))
        return made[-1]

    yield one
    for sender in made:
        await sender.close()


async def warmed(sender: Sender) -> Sender:
    sender.tend()
    async with asyncio.timeout(5):
        while sender.counters["rest_opened"] < 4:  # noqa: ASYNC110  nobody is told of a connection that waits
            await asyncio.sleep(0.002)
    return sender


# ------------------------------------------------------------------------------------------------ orders


async def test_an_order_is_written_before_post_returns(server: Server, make: Callable[..., Sender]) -> None:
    sender, told = await warmed(make()), Outcomes()
    sender.post(*place(), told)
    assert sender.counters["rest_requests"] == 1
    assert told == []
    outcome = await told.first()
    assert isinstance(outcome, Answer)
    [update] = outcome.events
    assert isinstance(update, OrderUpdate)
    assert (update.client_id, update.status, update.filled_qty) == ("arb-1", OrderStatus.OPEN, None)
    assert server.requests[0].startswith(b"POST /api/v3/order?symbol=BTCUSDT&side=BUY")


async def test_a_cold_start_costs_one_order_a_handshake_and_no_more(make: Callable[..., Sender]) -> None:
    sender, told = make(), Outcomes()
    sender.post(*place(), told)
    assert isinstance(await told.first(), Answer)


async def test_connections_are_reused(make: Callable[..., Sender]) -> None:
    sender = await warmed(make(governor=Governor(())))
    for number in range(100):
        told = Outcomes()
        sender.post(*place(f"arb-{number}"), told)
        assert isinstance(await told.first(), Answer)
    counters = sender.counters
    assert counters["rest_reused"] / (counters["rest_opened"] + counters["rest_reused"]) > 0.95


async def test_an_order_that_finds_no_connection_in_time_is_not_sent(
    server: Server, make: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STALE_S", 0.03)
    server.usual = silence
    sender = make(governor=Governor(()), answer_s=0.2)
    first = [Outcomes() for _ in range(8)]
    for number, told in enumerate(first):
        sender.post(*place(f"arb-{number}"), told)
    await server.until(lambda: len(server.requests) == 8)  # as many as there may be connections
    late = Outcomes()
    sender.post(*place("late"), late)
    outcome = await late.first()
    assert isinstance(outcome, Transient)
    assert "no connection within 0.03 s" in str(outcome)
    await asyncio.gather(*(told.first() for told in first))
    assert not any(b"late" in request for request in server.requests)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(silence, id="no answer in time"),
        pytest.param(says_and_hangs_up(), id="the connection lost"),
        pytest.param(says_and_hangs_up(answer()[:-1]), id="half an answer"),
        pytest.param(says(b"nonsense\r\n\r\n"), id="no HTTP"),
        pytest.param(says(answer(b"nonsense")), id="no JSON"),
        pytest.param(BUSY, id="a server error"),
    ],
)
@pytest.mark.parametrize(
    ("verb", "error"), [(Verb.PLACE, OutcomeUnknown), (Verb.CANCEL, OutcomeUnknown), (Verb.QUERY, VenueError)]
)
async def test_what_was_written_and_not_answered_may_have_happened(
    server: Server, make: Callable[..., Sender], act: Any, verb: Verb, error: type[VenueError]
) -> None:
    server.usual = act
    sender, told = await warmed(make(answer_s=0.05)), Outcomes()
    if verb is Verb.PLACE:
        sender.post(*place(), told)
    else:
        written = cancel if verb is Verb.CANCEL else query
        sender.queue(Job(Cost(verb, S), Lane.CANCEL if verb is Verb.CANCEL else Lane.RECONCILE, written, told))
    outcome = await told.first()
    assert isinstance(outcome, error)
    assert isinstance(outcome, OutcomeUnknown) is verb.changes
    assert len(server.requests) == 1  # whatever it means, nobody sends it again here


async def test_where_nobody_listens_nothing_happened(make: Callable[..., Sender]) -> None:
    sender, told, asked = make(url="http://127.0.0.1:1"), Outcomes(), Outcomes()
    sender.post(*place(), told)
    sender.queue(Job(ASK, Lane.RECONCILE, query, asked))
    for outcome in (await told.first(), await asked.first()):
        assert isinstance(outcome, Transient)
        assert "cannot connect" in str(outcome)


async def test_what_cannot_be_written_is_refused(make: Callable[..., Sender]) -> None:
    sender, told = await warmed(make()), Outcomes()
    sender.post(Call(Verb.PLACE, Request("GET", "/a b")), Cost(Verb.PLACE, S), told)
    assert isinstance(await told.first(), Rejected)
    assert sender.counters["rest_requests"] == 0


async def test_the_end_of_a_run_leaves_nobody_waiting(server: Server, make: Callable[..., Sender]) -> None:
    server.usual = silence
    governor = Governor(CODEC.spec.pools)
    sender, sent, waiting = await warmed(make(governor=governor)), Outcomes(), Outcomes()
    sender.post(*place(), sent)
    governor.pause(60.0, CLOCK.mono_ns())
    sender.queue(Job(ASK, Lane.RECONCILE, query, waiting))
    sender.cut()
    assert isinstance(sent[0], OutcomeUnknown)
    assert isinstance(waiting[0], Transient)


# ------------------------------------------------------------------------------------------------ questions


@pytest.mark.parametrize(
    ("plan", "slept"),
    [
        pytest.param([STATE], [], id="not where it works"),
        pytest.param([BUSY, STATE], [0.1], id="once"),
        pytest.param([says_and_hangs_up(), BUSY, STATE], [0.1, 0.2], id="twice, waiting longer"),
        pytest.param([says(answer(b"", 503, "Retry-After: 1")), STATE], [1.0], id="as late as asked"),
    ],
)
async def test_a_question_is_asked_again(
    server: Server, make: Callable[..., Sender], plan: list[Any], slept: list[float]
) -> None:
    server.plan = plan
    sleep = Slept()
    told = await make(sleep=sleep).ask(ASK, Lane.RECONCILE, query)
    assert [type(event) for event in told.answer.events] == [OrderUpdate]
    assert sleep == slept


@pytest.mark.parametrize(
    ("act", "error", "calls"),
    [
        pytest.param(BUSY, Transient, 3, id="not for ever"),
        pytest.param(says(answer(b'{"code":-2013,"msg":"x"}', 400)), Rejected, 1, id="not what is refused"),
        pytest.param(says(answer(b"", 503, "Retry-After: 30")), Transient, 1, id="not where it shall wait for long"),
    ],
)
async def test_a_question_is_not_asked_again(
    server: Server, make: Callable[..., Sender], act: Any, error: type[VenueError], calls: int
) -> None:
    server.usual = act
    with pytest.raises(error):
        await make().ask(ASK, Lane.RECONCILE, query)
    assert len(server.requests) == calls


async def test_each_attempt_is_signed_when_it_leaves(server: Server, make: Callable[..., Sender]) -> None:
    server.plan, server.usual = [BUSY], STATE
    made: list[Call] = []

    def write() -> Call:
        made.append(CODEC.encode_query(S, ClientId("arb-1"), len(made) * 10**9))
        return made[-1]

    await make().ask(ASK, Lane.RECONCILE, write)
    assert len({call.request for call in made}) == len(server.requests) == 2


async def test_one_who_gave_up_leaves_no_question_behind(server: Server, make: Callable[..., Sender]) -> None:
    governor = Governor(CODEC.spec.pools)
    governor.pause(0.05, CLOCK.mono_ns())
    sender = make(governor=governor)
    task = asyncio.create_task(sender.ask(ASK, Lane.RECONCILE, query))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0.08)
    assert server.requests == []


# ------------------------------------------------------------------------------------------------ whose turn it is


def kinds(server: Server) -> list[str]:
    return [b" ".join(request.split()[:2]).partition(b"?")[0].decode() for request in server.requests]


async def test_after_a_refusal_everybody_waits_and_cancels_go_first(
    server: Server, make: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(governing, "PAUSE_S", 0.15)
    server.plan, server.usual = [LIMITED], STATE
    sender = await warmed(make())
    told = Outcomes()
    sender.queue(Job(ASK, Lane.RECONCILE, query, told))
    refused = await told.first()
    assert isinstance(refused, Transient)
    assert refused.cause is Cause.RATE_LIMIT
    later: list[Done] = [Outcomes() for _ in range(3)]
    sender.queue(Job(Cost(Verb.TIME), Lane.DATA, CODEC.encode_time, later[0]))
    sender.queue(Job(ASK, Lane.RECONCILE, query, later[1]))
    sender.queue(Job(CANCEL, Lane.CANCEL, cancel, later[2]))
    await asyncio.sleep(0.05)
    assert len(server.requests) == 1
    await server.until(lambda: len(server.requests) == 4)
    assert kinds(server)[1] == "DELETE /api/v3/order"
    assert sender.refusal(CLOCK.mono_ns()) == ""  # for our limits the venue is not to blame


async def test_who_comes_later_does_not_take_what_another_waits_for(
    server: Server, make: Callable[..., Sender]
) -> None:
    pools = (governing.RatePool("all", 2, 0.2, {Verb.CANCEL: 2, Verb.QUERY: 1}),)
    governor = Governor(pools)
    governor.take(ASK, CLOCK.mono_ns())
    sender = await warmed(make(governor=governor))
    sender.queue(Job(CANCEL, Lane.CANCEL, cancel, Outcomes()))
    sender.queue(Job(ASK, Lane.CANCEL, query, Outcomes()))  # alone it would pass
    sender.queue(Job(Cost(Verb.TIME), Lane.DATA, CODEC.encode_time, Outcomes()))  # needs nothing of it
    await server.until(lambda: len(server.requests) == 2)
    assert kinds(server) == ["GET /api/v3/time", "DELETE /api/v3/order"]


async def test_one_cancel_of_an_order_is_enough(server: Server, make: Callable[..., Sender]) -> None:
    governor = Governor(())
    governor.pause(0.05, CLOCK.mono_ns())
    sender = await warmed(make(governor=governor))
    for _ in range(3):
        sender.queue(Job(CANCEL, Lane.CANCEL, cancel, Outcomes(), name="arb-1"))
    await server.until(lambda: bool(server.requests))
    await asyncio.sleep(0.03)
    assert len(server.requests) == 1


async def test_a_question_does_not_wait_for_ever(make: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "QUEUE_S", 0.03)
    governor = Governor(())
    governor.pause(60.0, CLOCK.mono_ns())
    with pytest.raises(Transient, match="no budget or connection in time"):
        await make(governor=governor).ask(ASK, Lane.RECONCILE, query, retries=0)


async def test_a_venue_that_keeps_failing_gets_no_orders(server: Server, make: Callable[..., Sender]) -> None:
    server.usual = BUSY
    sender = await warmed(make(breaker=Breaker(threshold=2)))
    for _ in range(2):
        with pytest.raises(Transient):
            await sender.ask(ASK, Lane.RECONCILE, query, retries=0)
    assert "failed too often" in sender.refusal(CLOCK.mono_ns())
    with pytest.raises(Transient, match="not called"):
        await sender.ask(ASK, Lane.RECONCILE, query, retries=0)
    told = Outcomes()
    sender.queue(Job(CANCEL, Lane.CANCEL, cancel, told))  # what rests there is to go all the same
    await told.first()
    assert len(server.requests) == 3


async def test_a_failing_venue_is_tried_by_a_question_and_trusted_again(
    server: Server, make: Callable[..., Sender]
) -> None:
    server.plan, server.usual = [BUSY, BUSY], STATE
    sender = await warmed(make(breaker=Breaker(threshold=2, rest_ns=30_000_000)))
    for _ in range(2):
        with pytest.raises(Transient):
            await sender.ask(ASK, Lane.RECONCILE, query, retries=0)
    await asyncio.sleep(0.04)
    assert sender.refusal(CLOCK.mono_ns())
    await sender.ask(ASK, Lane.RECONCILE, query, retries=0)
    assert sender.refusal(CLOCK.mono_ns()) == ""


def test_a_wait_too_short_to_be_timed_is_one_like_any_other() -> None:
    """On uvloop, which answers it with a handle that has no time."""
    uvloop = pytest.importorskip("uvloop")

    class Near(Governor):
        def wait_ns(self, cost: Cost, lane: Lane, now_ns: int) -> int:
            return 1

    async def ask_twice() -> list[str]:
        sender = Sender(
            V, origin_of("http://127.0.0.1:1"), CODEC, Near(()), venue_ns=wall_ns, clock=CLOCK, sleep=Slept(),
            rng=Top(), tls=None, answer_s=5.0,
        )  # fmt: skip
        wrong: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, told: wrong.append(str(told["exception"])))
        for told in (Outcomes(), Outcomes()):
            sender.queue(Job(ASK, Lane.RECONCILE, query, told))
        await asyncio.sleep(0.01)
        await sender.close()
        return wrong

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask_twice()) == []
