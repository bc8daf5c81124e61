"""fastpath.net.seeder: the queue on a clock made of numbers (seconds here), then the seeder around it."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from arb.domain import BookSnapshot, Symbol
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient, VenueError
from fastpath.net.counters import Counters
from fastpath.net.pacing import SECOND_NS
from fastpath.net.seeder import MAX_IN_FLIGHT, Queue, Seeder
from tests.fastpath.net.venue import Errors, V, running, wiring

A, B, C = Symbol("A/USDT"), Symbol("B/USDT"), Symbol("C/USDT")
FAST = 1e6


class Longest(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def at(seconds: float) -> int:
    return round(seconds * SECOND_NS)


def queue(rate_hz: float = FAST) -> Queue:
    return Queue(rate_hz, Longest(), Counters())


def fetched(q: Queue, now: float) -> bool:
    """Whether something was due, and has been answered at once."""
    symbol = q.take(at(now))
    if symbol is not None:
        q.done(symbol, at(now))
    return symbol is not None


def test_first_come_first_served() -> None:
    q = queue()
    for number, symbol in enumerate((B, A, C)):
        q.ask(symbol, at(number))
    assert [q.take(at(5)) for _ in range(4)] == [B, A, C, None]


def test_a_symbol_is_queued_once() -> None:
    counters = Counters()
    q = Queue(FAST, Longest(), counters)
    for _ in range(3):
        q.ask(A, at(0))
    assert [q.take(at(1)), q.take(at(1))] == [A, None]
    assert (counters["resyncs"], counters["coalesced"]) == (3, 2)


def test_asked_for_while_in_flight_it_is_fetched_again_afterwards_and_once() -> None:
    q = queue()
    q.ask(A, at(0))
    q.take(at(0))
    q.ask(A, at(0.1))
    q.ask(A, at(0.2))
    assert q.take(at(50)) is None
    q.done(A, at(50))
    assert q.take(at(50.1)) == A  # with the wait of a second time
    q.done(A, at(50.2))
    assert q.take(at(99)) is None


def test_asked_for_again_and_again_it_waits_ever_longer_until_it_was_quiet() -> None:
    q, now, waits = queue(), 0.0, []
    for pause in [0.0] * 10 + [61.0, 0.0]:
        now += pause
        q.ask(A, at(now))
        wait_ns = q.wait_ns(at(now))
        assert wait_ns is not None
        waits.append(wait_ns / SECOND_NS)
        now += waits[-1]
        assert fetched(q, now)
    assert waits == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 0, 0.1]


def test_the_rate_holds_over_all_symbols() -> None:
    q = queue(rate_hz=4.0)
    for number in range(10):
        q.ask(Symbol(f"S{number}"), at(0))
    times = [t / 100 for t in range(300) if fetched(q, t / 100)]
    assert times == [0, 0.01, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]  # half a second's worth at once
    assert q.wait_ns(at(3)) is None


def test_what_waits_says_for_how_long() -> None:
    q = queue(rate_hz=2.0)
    assert q.wait_ns(at(0)) is None
    q.ask(A, at(0))
    q.ask(B, at(0))
    assert q.wait_ns(at(0)) == 0
    q.take(at(0))
    assert q.wait_ns(at(0.1)) == at(0.4)


def test_no_more_in_flight_than_allowed() -> None:
    q = queue()
    symbols = [Symbol(f"S{number}") for number in range(MAX_IN_FLIGHT + 1)]
    for symbol in symbols:
        q.ask(symbol, at(0))
    assert [q.take(at(1)) for _ in range(MAX_IN_FLIGHT + 1)] == [*symbols[:-1], None]
    assert q.wait_ns(at(1)) is None
    q.done(symbols[0], at(1))
    assert q.take(at(1)) == symbols[-1]


@pytest.mark.parametrize(
    ("error", "first", "second"),
    [
        pytest.param(Transient(V, "busy"), 0.1, 0.2, id="what failed is fetched again soon, then later"),
        pytest.param(ProtocolError(V, "odd"), 0.1, 0.2, id="what could not be read too"),
        pytest.param(Rejected(V, "no such symbol"), 60, 120, id="what is refused waits long"),
        pytest.param(AuthFailed(V, "not from there"), 60, 120, id="so does what we may not see"),
    ],
)
def test_a_failure_stays_wanted(error: VenueError, first: float, second: float) -> None:
    q, now = queue(), 0.0
    q.ask(A, at(0))
    for wait in (first, second):
        assert q.take(at(now)) == A
        q.failed(A, error, at(now))
        assert q.wait_ns(at(now)) == at(wait)
        now += wait


def test_a_venue_that_names_a_time_stops_everything_until_then() -> None:
    q = queue()
    q.ask(A, at(0))
    q.ask(B, at(0))
    q.take(at(0))
    q.failed(A, Transient(V, "too many", retry_after_s=30.0), at(0))
    assert q.take(at(29.9)) is None
    assert not q.spare(at(29.9))
    assert q.wait_ns(at(10)) == at(20)
    assert {q.take(at(30)), q.take(at(30))} == {A, B}


def test_an_audit_takes_from_the_same_rate_and_only_what_no_seed_needs() -> None:
    q = queue(rate_hz=2.0)
    assert q.spare(at(0))
    assert not q.spare(at(0.1))
    q.ask(A, at(0.1))
    assert q.take(at(0.1)) is None  # the audit had the turn
    assert not q.spare(at(0.5))  # and now the seed comes first
    assert q.take(at(0.5)) == A
    assert q.spare(at(1.0))


def test_an_emptied_queue_wants_nothing_but_remembers_the_pace() -> None:
    q = queue(rate_hz=2.0)
    q.ask(A, at(0))
    q.ask(B, at(0))
    q.take(at(0))
    q.clear()
    assert q.wait_ns(at(0)) is None
    q.ask(A, at(0))
    assert q.take(at(0.2)) is None
    assert q.take(at(0.6)) == A


# ------------------------------------------------------------------------------------------------ the seeder


class Scene:
    """A seeder whose calls wait until they are answered by hand."""

    def __init__(self) -> None:
        self.errors = Errors()
        self.wiring = wiring("ws://unused", on_error=self.errors)
        self.calls: list[tuple[Symbol, asyncio.Future[BookSnapshot]]] = []
        self.delivered: list[Symbol] = []
        self.on_delivery = lambda: None
        self._called = asyncio.Event()
        self.seeder = Seeder(self.wiring, Queue(FAST, Random(1), self.wiring.counters), self.load, self.deliver)

    async def load(self, symbol: Symbol) -> BookSnapshot:
        future: asyncio.Future[BookSnapshot] = asyncio.get_running_loop().create_future()
        self.calls.append((symbol, future))
        self._called.set()
        return await future

    def deliver(self, snapshot: BookSnapshot) -> None:
        self.delivered.append(snapshot.symbol)
        self.on_delivery()

    def answer(self, number: int = -1) -> None:
        symbol, future = self.calls[number]
        future.set_result(BookSnapshot(V, symbol, (), (), 1, 0, 0))

    async def called(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.calls) < times:
                self._called.clear()
                await self._called.wait()


async def test_what_is_asked_for_is_delivered() -> None:
    scene = Scene()
    scene.seeder.ask(A)  # before it runs
    async with running(scene.seeder.run()):
        await scene.called(1)
        scene.seeder.ask(B)
        await scene.called(2)
        scene.answer(1)
        scene.answer(0)
        await asyncio.sleep(0.01)
        assert scene.delivered == [B, A]
        assert scene.wiring.counters["snapshots"] == 2


async def test_what_delivery_asks_for_is_a_new_question() -> None:
    scene = Scene()
    scene.on_delivery = lambda: scene.seeder.ask(A) if len(scene.calls) == 1 else None
    async with running(scene.seeder.run()):
        scene.seeder.ask(A)
        await scene.called(1)
        scene.answer()
        await scene.called(2)
        scene.answer()
        await asyncio.sleep(0.05)
    assert len(scene.calls) == 2
    assert scene.delivered == [A, A]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        pytest.param(Transient(V, "busy"), Transient, id="the venue's"),
        pytest.param(ZeroDivisionError("a bug"), VenueError, id="a bug, which must not end the others"),
    ],
)
async def test_a_failure_is_told_and_tried_again(failure: Exception, told: type[VenueError]) -> None:
    scene = Scene()
    async with running(scene.seeder.run()):
        scene.seeder.ask(A)
        scene.seeder.ask(B)
        await scene.called(2)
        scene.calls[0][1].set_exception(failure)
        await scene.called(3)
        assert scene.calls[2][0] == A
        scene.answer(1)
        scene.answer(2)
        await asyncio.sleep(0.01)
    assert scene.delivered == [B, A]
    assert [type(e) for e in scene.errors] == [told]
    assert failure in (scene.errors[0], scene.errors[0].__cause__)
    assert scene.wiring.counters["snapshot_failures"] == 1


async def test_a_bug_in_delivery_is_told_and_fetched_again() -> None:
    scene = Scene()

    def stumble() -> None:
        if len(scene.delivered) == 1:
            raise ZeroDivisionError("a bug")

    scene.on_delivery = stumble
    async with running(scene.seeder.run()):
        scene.seeder.ask(A)
        await scene.called(1)
        scene.answer()
        await scene.called(2)
        scene.answer()
        await asyncio.sleep(0.01)
    assert scene.delivered == [A, A]
    assert "ZeroDivisionError" in str(scene.errors[0])


async def test_cancelled_with_calls_in_flight_it_can_be_run_again() -> None:
    scene = Scene()
    async with running(scene.seeder.run()):
        scene.seeder.ask(A)
        await scene.called(1)
    assert scene.calls[0][1].cancelled()
    async with running(scene.seeder.run()):
        scene.seeder.ask(A)
        await scene.called(2)
