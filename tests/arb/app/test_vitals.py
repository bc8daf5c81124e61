"""What a run knows of its own health, and who is told."""

from __future__ import annotations

import asyncio
import time

import pytest

from arb.app.scanners import NoScan
from arb.app.scanning import Live
from arb.app.status import Counted
from arb.app.vitals import Vitals
from arb.books import Books
from arb.clock import SystemClock
from arb.config import Settings
from arb.domain import BookSnapshot, BreakerMoved, BreakerState, Part, Symbol, VenueId
from arb.latency import Latency
from tests.arb.scanner.world import market
from tests.fakes import FakeFactory

V, BTC = VenueId("v"), Symbol("BTC/USDT")
CLOCK = SystemClock()


class Watching:
    """A strategy that wants to know more than opportunities."""

    name = "watching"

    def __init__(self) -> None:
        self.facts: list[object] = []

    def on_opportunity(self, opportunity: object) -> tuple[()]:
        return ()

    def on_fact(self, fact: object) -> None:
        self.facts.append(fact)


class Deaf:
    """One that does not."""

    name = "deaf"

    def on_opportunity(self, opportunity: object) -> tuple[()]:
        return ()


def a_book(symbol: Symbol) -> BookSnapshot:
    return BookSnapshot(V, symbol, ((1.0, 1.0),), ((2.0, 1.0),), 1, 0, 0)


def made(*strategies: object) -> tuple[Live, FakeFactory, Counted]:
    factory = FakeFactory("v", clock=CLOCK, book=a_book)
    books = Books()
    counted = Counted("scan", None, books, None, CLOCK)
    settings = Settings.model_validate({"exchanges": {"v": {}}, "scan": {"audit_s": 0}})
    live = Live(
        settings, {V: factory}, {V: (market(V, BTC),)},  # type: ignore[arg-type]
        books=books, scanner=NoScan(), counted=counted, clock=CLOCK, tape=None,
        strategies=strategies,  # type: ignore[arg-type]
        vitals=Vitals(),
    )  # fmt: skip
    return live, factory, counted


def test_a_strategy_that_is_an_observer_hears_of_breakers() -> None:
    watching = Watching()
    live, _factory, _counted = made(watching, Deaf())
    for _ in range(5):
        live.vitals.breakers.of(V, Part.PRIVATE).record(False, 7, "503")
    assert watching.facts == [BreakerMoved(V, Part.PRIVATE, BreakerState.CLOSED, BreakerState.OPEN, "503", 7)]


def test_the_status_shows_the_breakers_of_each_venue() -> None:
    live, _factory, counted = made()
    live.vitals.breakers.of(V, Part.STREAM)
    live.vitals.breakers.of(VenueId("other"), Part.STREAM)
    (venue,) = counted.status().venues
    assert [(row.part, row.state) for row in venue.breakers] == [(Part.STREAM, BreakerState.CLOSED)]


async def test_a_loop_that_was_held_up_is_late_and_an_outage_is_counted() -> None:
    live, factory, counted = made()
    late: list[int] = []

    async def hold_up() -> str:
        await asyncio.sleep(0.1)
        factory.shut()
        time.sleep(0.2)  # noqa: ASYNC251  what a run must never do
        late.append(live.vitals.lag.late_ns(CLOCK.mono_ns()))
        await factory.open()
        await asyncio.sleep(0.1)
        return "held up"

    assert await live.run(hold_up) == "held up"
    status = counted.finished("").status
    (uptime,) = [venue.uptime for venue in status.venues]
    assert late[0] >= 140_000_000  # 50 of the 200 ms passed before anything was due
    assert status.loop.worst_us is not None
    assert status.loop.worst_us >= 140_000
    assert uptime is not None
    assert uptime.outages >= 1
    assert uptime.recover_worst_ms is not None
    assert uptime.recover_worst_ms >= 200


@pytest.mark.parametrize("count", [0, 3])
def test_the_loop_is_told_of_once_it_was_looked_at(count: int) -> None:
    vitals = Vitals()
    latency: Latency = vitals.lag.latency
    for _ in range(count):
        latency.add(2_000_000)
    loop = vitals.loop()
    assert (loop.worst_us is None) is (count == 0)
    assert loop.worst_us in (None, 2000.0)
