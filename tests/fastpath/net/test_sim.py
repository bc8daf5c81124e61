"""The whole I/O with the real codecs against the simulated exchanges: every feed, every kind of bad luck.

Sim time is turned by hand, so that the market stands still when the books are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from types import ModuleType
from typing import Any

import msgspec
import pytest

from arb.books import Books
from arb.clock import ManualClock, SystemClock
from arb.domain import BookState, Connected, Disconnected, Event, Level, NativeSymbol, Symbol, VenueId
from arb.interfaces import Feed
from arb.sim import FaultPlan, FaultRule, SimExchanges
from arb.sync import BookSync
from fastpath import gateio, mexc
from fastpath.net import shard
from fastpath.net.market_data import NativeMarketData
from fastpath.net.rest import Rest
from fastpath.net.subscriptions import Subscriptions
from tests.fastpath.net.venue import Errors, running

MS = 1_000_000
CLOCK = SystemClock()
VENUES: tuple[ModuleType, ...] = (mexc, gateio)
FEEDS = [(venue, feed) for venue in VENUES for feed in venue.SPEC.feeds]
CHAINED = [(mexc, "aggre.depth@10ms"), (gateio, "spot.obu@50"), (gateio, "spot.order_book_update@100ms")]


class Run:
    """One venue of a simulated world and our books of it. Is the Sink."""

    def __init__(self, sim: SimExchanges, clock: ManualClock, venue: ModuleType, feed: Feed, **changes: Any) -> None:
        spec = msgspec.structs.replace(venue.SPEC, snapshot_hz=50.0, **changes)
        urls = sim.urls[spec.name]
        self.symbols = [Symbol(s) for s in list(sim.venues[spec.name].books)[:4]]
        natives = {NativeSymbol(s.replace("/", "_" if venue is gateio else "")): s for s in self.symbols}
        codec = venue.Codec(natives)
        self.venue = VenueId(spec.name)
        self.errors = Errors()
        self.rest = Rest(self.venue, urls.rest_url, codec.decode_error, clock=CLOCK, sleep=asyncio.sleep, rng=Random(1))
        self.data = NativeMarketData(
            spec,
            codec,
            feed,
            clock=CLOCK,
            rest=self.rest,
            rng=Random(1),
            on_error=self.errors.append,
            ws_url=urls.ws_url,
        )
        self.books = Books()
        self.books.add_venue(self.venue, self.data.resync)
        for symbol in self.symbols:
            self.books.add(self.venue, symbol, feed, CLOCK.mono_ns())
        self.seen: list[Event] = []
        self.was_live: set[Symbol] = set()
        self.faltered: set[Symbol] = set()
        self._sim = sim
        self._clock = clock

    def on_event(self, event: Event) -> None:
        if isinstance(event, Connected | Disconnected):
            self.seen.append(event)
        self.books.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        for book in self.books:
            if book.state is BookState.LIVE:
                self.was_live.add(book.symbol)
            elif book.symbol in self.was_live:
                self.faltered.add(book.symbol)

    @property
    def injected(self) -> set[str]:
        return {fault.kind for fault in self._sim.injected}

    async def turn(self, ms: int) -> None:
        for _ in range(ms // 10):
            self._clock.advance(10 * MS)
            self._sim.step()
            await asyncio.sleep(0.001)

    async def until(self, wanted: Callable[[], bool], what: str, limit_s: float = 20.0) -> None:
        """Let time pass until `wanted`, then until everything due is sent."""
        try:
            async with asyncio.timeout(limit_s):
                while not wanted():
                    await self.turn(100)
        except TimeoutError:
            states = {b.symbol: (b.state.name, b.gaps, b.resyncs) for b in self.books}
            pytest.fail(f"never {what}: {states} {dict(self.data.counters)} {self.errors[:3]}")

    def all_live(self) -> bool:
        return all(book.state is BookState.LIVE for book in self.books)

    async def agrees(self) -> None:
        """Every book is what the venue answers over REST while the market stands still."""
        await self.until(self.all_live, "all LIVE")
        for book in self.books:
            levels = min(book.feed.levels, 20)
            told = await self.data.fetch_book(book.symbol, levels)
            wanted = [list(told.bids), list(told.asks)]
            for _ in range(100):  # what was sent may still be on its way
                if (held := self.levels(book, levels)) == wanted:
                    break
                await asyncio.sleep(0.02)
            assert held == wanted, book.symbol

    def levels(self, book: BookSync, count: int) -> list[list[Level]]:
        if book.state is not BookState.LIVE:
            return []
        held = book.live(CLOCK.mono_ns(), 60_000 * MS)
        return [held.bids(count), held.asks(count)]


@asynccontextmanager
async def world(
    venue: ModuleType, feed: Feed | str, *rules: FaultRule, seed: int = 1, **changes: Any
) -> AsyncIterator[Run]:
    if isinstance(feed, str):
        feed = next(f for f in venue.SPEC.feeds if f.name == feed)
    clock = ManualClock(5_000 * MS, 1_767_225_600_000 * MS)
    sim = SimExchanges(clock, seed=seed, symbols=6, faults=FaultPlan(rules), venues=(venue.SPEC.name,))
    await sim.start(drive=False)
    run = Run(sim, clock, venue, feed, **changes)
    try:
        async with running(run.data.run(run.symbols, run)):
            yield run
    finally:
        await run.rest.close()
        await sim.stop()


@pytest.mark.parametrize(("venue", "feed"), FEEDS, ids=[f.name for _, f in FEEDS])
async def test_every_feed_converges_to_the_venues_book(venue: ModuleType, feed: Feed) -> None:
    async with world(venue, feed) as run:
        await run.agrees()
        await run.turn(500)
        await run.agrees()
        assert run.errors == []
        assert run.data.counters["decode_errors"] == 0
        assert [b.gaps for b in run.books] == [0] * 4


def fault(kind: str, *at_ms: float, **more: Any) -> FaultRule:
    return FaultRule(kind=kind, at_ms=at_ms, **more)  # type: ignore[arg-type]


STREAM_FAULTS = {
    "dropped frames": [fault("drop", 2000, 2100, 2200)],
    "doubled frames": [fault("duplicate", 2000, 2050, 2100)],
    "frames out of order": [fault("reorder", 2000, 2100)],
    "garbled frames": [fault("garble", 2000, 2020, 2040)],
    "closed sockets": [fault("close", 2000, 2300)],
}
REST_FAULTS = {
    "REST limited while seeding": [fault("close", 2000), fault("rate_limit", 1990, duration_ms=300, retry_after_s=1)],
    "REST broken while seeding": [fault("close", 2000), fault("server_error", 1990, duration_ms=300)],
    "seeds from the past": [fault("close", 2000), fault("snapshot_lag", 1990, duration_ms=400, lag_ms=300)],
}
MISHAPS = [
    pytest.param(venue, feed, rules, id=f"{feed}, {name}")
    for venue, feed in CHAINED
    for name, rules in (STREAM_FAULTS if feed.startswith("spot.obu") else STREAM_FAULTS | REST_FAULTS).items()
]


@pytest.mark.parametrize(("venue", "feed", "rules"), MISHAPS)
async def test_after_any_mishap_the_books_are_right_again(
    venue: ModuleType, feed: str, rules: Sequence[FaultRule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subscriptions.__init__, "__defaults__", (0.5,))  # seconds to wait for answers and full books
    async with world(venue, feed, *rules) as run:
        await run.agrees()
        await run.until(lambda: run.injected == {rule.kind for rule in rules}, "hit by it all")
        await run.turn(500)
        await run.agrees()


@pytest.mark.parametrize(("venue", "feed"), CHAINED, ids=[feed for _, feed in CHAINED])
async def test_a_rotation_costs_no_book_a_moment(venue: ModuleType, feed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "OVERLAP_S", 0.1)
    async with world(venue, feed, life_s=0.8) as run:
        await run.agrees()
        run.faltered.clear()
        await run.until(lambda: run.data.counters["rotations"] >= 2, "rotated twice")
        await run.agrees()
        assert run.faltered == set()
        assert [b.gaps for b in run.books] == [0] * 4
        assert [type(e) for e in run.seen][:3] == [Connected, Connected, Disconnected]


@pytest.mark.parametrize("feed", ["spot.obu@50", "spot.order_book_update@100ms"])
async def test_the_announced_end_of_a_connection_costs_no_book_a_moment(
    feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "OVERLAP_S", 0.1)
    monkeypatch.setattr(shard, "SETTLE_S", 0.1)
    async with world(gateio, feed, fault("upgrade", 2000, duration_ms=3000)) as run:
        await run.agrees()
        run.faltered.clear()
        await run.until(lambda: run.data.counters["rotations"] >= 1, "rotated")
        await run.agrees()
        assert run.faltered == set()
        assert run.data.counters["losses"] == 0
