"""fastpath.net.market_data: the whole public side of a venue against a loopback server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from aiohttp import web

from arb.domain import BookSnapshot, Connected, Disconnected, Event, Seed, Subscribed, SubscriptionRefused, Symbol
from arb.errors import AuthFailed, ConfigError, Rejected, Transient, VenueError
from fastpath.net import market_data as module
from fastpath.net import shard
from fastpath.net.market_data import NativeMarketData
from fastpath.net.rest import Rest
from tests.fastpath.net.venue import CLOCK, FEEDS, Codec, Errors, Heard, V, Venue, running, spec

SYMBOLS = [Symbol(f"{c}/USDT") for c in "ABCDE"]
A, B = SYMBOLS[:2]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STAGGER_S", 0.01)


class Line:
    def __init__(self, venue: Venue, seed: Seed = Seed.REST, **changes: Any) -> None:
        self.venue = venue
        self.heard = Heard()
        self.errors = Errors()
        codec = Codec({})
        self.rest = Rest(V, venue.rest_url, codec.decode_error, clock=CLOCK, sleep=asyncio.sleep, rng=Random(1))
        self.data = NativeMarketData(
            spec(**changes),
            codec,
            FEEDS[seed],
            clock=CLOCK,
            rest=self.rest,
            rng=Random(1),
            on_error=self.errors.append,
            ws_url=venue.url,
            tap=self.heard,
        )
        if seed is Seed.REST:
            self.heard.on = self._seed

    def _seed(self, event: Event) -> None:
        """As the books do."""
        if isinstance(event, Subscribed):
            for symbol in event.symbols:
                self.data.resync(symbol)

    @contextlib.asynccontextmanager
    async def running(self, *symbols: Symbol) -> AsyncIterator[asyncio.Task[None]]:
        try:
            async with running(self.data.run(symbols or SYMBOLS, self.heard)) as task:
                yield task
        finally:
            await self.rest.close()

    async def snapshots(self, count: int) -> list[BookSnapshot]:
        await self.heard.until(lambda: len(self.heard.of(BookSnapshot)) >= count)
        return self.heard.of(BookSnapshot)

    async def subscribed(self, count: int) -> None:
        await self.heard.until(lambda: len(self.heard.of(Subscribed)) >= count)


async def test_symbols_spread_evenly_over_as_few_connections_as_hold_them(venue: Venue) -> None:
    line = Line(venue, Seed.NONE, max_topics=4)
    async with line.running(*SYMBOLS, A):  # asked for twice is asked for once
        await line.subscribed(5)
        assert sorted(len(venue.asked("on", socket=n)) for n in range(len(venue.sockets))) == [2, 3]
        assert sorted(venue.asked("on")) == SYMBOLS
    assert [e.conn for e in line.heard.of(Connected)] == [1, 2]


async def test_a_book_is_seeded_when_its_stream_is_accepted(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        snapshots = await line.snapshots(5)
        await line.heard.until(lambda: line.heard.all[-1] == "idle")
    assert sorted(s.symbol for s in snapshots) == SYMBOLS
    assert {s.conn for s in snapshots} == {0}
    where = line.heard.all.index(snapshots[0])
    url = f"{venue.rest_url}/book?symbol={snapshots[0].symbol}&levels=20"
    assert line.heard.all[where - 1 : where + 2] == [
        ("reply", snapshots[0].symbol, url, b'{"seq": 100}'), snapshots[0], "idle",
    ]  # fmt: skip


async def test_seeds_keep_to_the_rate_and_find_a_warm_connection(venue: Venue) -> None:
    line = Line(venue, snapshot_hz=20.0, max_topics=5)
    loop = asyncio.get_running_loop()
    async with line.running():
        await line.subscribed(5)
        started = loop.time()
        for symbol in SYMBOLS * 3:  # five more in the queue at most, once those in flight are back
            line.data.resync(symbol)
        for seeded in (5, 10, 15):  # the first five leave together, each on a connection of its own
            await line.snapshots(seeded)
            assert len(venue.requests) <= 11 + 20 * (loop.time() - started)
            for symbol in SYMBOLS:
                line.data.resync(symbol)
        counters = line.data.counters
    assert counters["coalesced"] >= 10
    assert counters["snapshots"] >= 5
    assert counters["rest_reused"] >= counters["rest_opened"]


async def test_a_storm_on_one_symbol_leaves_the_others_their_turn(venue: Venue) -> None:
    line = Line(venue)

    def storm(event: Event) -> None:
        line._seed(event)
        if isinstance(event, BookSnapshot) and event.symbol == A:
            line.data.resync(A)  # whatever comes, it does not join

    line.heard.on = storm
    async with line.running():
        await line.heard.until(lambda: {s.symbol for s in line.heard.of(BookSnapshot)} == set(SYMBOLS))
        await asyncio.sleep(0.5)
    assert 2 <= venue.requests.count(A) <= 6  # 0, 0.1, 0.2, 0.4 s apart, less up to half


async def test_a_venue_that_is_called_too_often_is_left_alone(venue: Venue) -> None:
    venue.on_book = lambda _request: web.Response(status=429, headers={"Retry-After": "60"})
    line = Line(venue)
    async with line.running():
        await line.subscribed(5)
        await asyncio.sleep(0.3)
        assert len(venue.requests) <= 5
        assert line.heard.of(BookSnapshot) == []
        assert {type(e) for e in line.errors} == {Transient}
        assert line.data.counters["snapshot_failures"] == len(line.errors)


async def test_a_lost_connection_takes_only_its_own_symbols_and_comes_back(venue: Venue) -> None:
    line = Line(venue, max_topics=3)
    async with line.running():
        await line.snapshots(5)
        victims = venue.asked("on", socket=0)
        await venue.sockets[0].close()
        await line.subscribed(5 + len(victims))
        (lost,) = line.heard.of(Disconnected)
        assert list(lost.symbols) == victims
        assert line.heard.of(Connected)[-1].conn == 3
        await line.snapshots(5 + len(victims))  # and seeded anew


async def test_one_bad_symbol_takes_no_other_down(venue: Venue) -> None:
    venue.bad = {B}
    line = Line(venue, max_topics=5)
    async with line.running():
        await line.snapshots(4)
        (refused,) = line.heard.of(SubscriptionRefused)
        assert refused.symbols == (B,)
        assert line.heard.of(Disconnected) == []
        assert sorted(venue.requests) == [s for s in SYMBOLS if s != B]


async def test_a_symbol_the_codec_does_not_know_is_refused_alone(venue: Venue) -> None:
    line = Line(venue, max_topics=6)
    async with line.running(*SYMBOLS, Symbol("?")):
        await line.snapshots(5)
        (refused,) = line.heard.of(SubscriptionRefused)
        assert (refused.symbols, refused.reason) == (("?",), "no market ?")
        assert sorted(venue.asked("on")) == SYMBOLS


async def test_all_connections_rotate_and_no_symbol_is_uncovered(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "OVERLAP_S", 0.02)
    line = Line(venue, Seed.NONE, life_s=0.4)
    async with line.running():
        await line.heard.until(lambda: len(line.heard.of(Disconnected)) >= 3)
        seen = list(line.heard.of(Subscribed, Disconnected))
    live: dict[str, int] = {}
    for event in seen:
        for symbol in event.symbols:
            live[symbol] = live.get(symbol, 0) + (1 if isinstance(event, Subscribed) else -1)
            assert live[symbol] >= 1, f"{symbol} was uncovered"
    conns = [e.conn for e in line.heard.of(Connected)]
    assert conns == sorted(set(conns))


# ------------------------------------------------------------------------------------------------ resync


async def test_a_pushed_feed_is_renewed_on_its_connection_without_rest(venue: Venue) -> None:
    venue.pushes_full = True
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        await line.snapshots(5)
        line.data.resync(A)
        line.data.resync(A)
        again = await line.snapshots(6)
        assert again[-1].symbol == A
        assert again[-1].conn > 0
        assert venue.requests == []
        counters = line.data.counters
    assert (venue.asked("off"), counters["resyncs"], counters["coalesced"]) == ([A], 2, 1)


@pytest.mark.parametrize("seed", list(Seed), ids=lambda s: s.name)
async def test_a_resync_outside_a_run_or_of_a_stranger_does_nothing(venue: Venue, seed: Seed) -> None:
    line = Line(venue, seed)
    line.data.resync(A)
    if seed is not Seed.REST:  # whose books the caller knows better than we
        async with line.running(B):
            await line.subscribed(1)
            line.data.resync(A)
            line.data.resync(Symbol("?"))
    line.data.resync(A)
    await line.rest.close()
    assert venue.requests == []
    assert venue.asked("off") == []


# ------------------------------------------------------------------------------------------------ audit


async def test_a_book_for_the_audit_comes_without_a_run_and_off_the_stream(venue: Venue) -> None:
    line = Line(venue)
    book = await line.data.fetch_book(A, 5)
    await line.rest.close()
    assert (book.symbol, book.seq, book.conn) == (A, 100, 0)
    assert line.heard.all == []


async def test_an_audit_waits_for_the_seeds(venue: Venue) -> None:
    line = Line(venue, snapshot_hz=10.0, max_topics=5)
    async with line.running():
        await line.subscribed(5)
        await line.data.fetch_book(Symbol("AUDIT"), 5)
        assert venue.requests[-1] == "AUDIT"
        assert sorted(venue.requests[:-1]) == SYMBOLS


async def test_an_audit_gives_up_while_nothing_may_be_called(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AUDIT_PATIENCE_S", 0.05)
    venue.on_book = lambda _request: web.Response(status=429, headers={"Retry-After": "60"})
    line = Line(venue)
    with pytest.raises(Transient, match="429"):
        await line.data.fetch_book(A, 5)
    with pytest.raises(Transient, match="no call to spare"):
        await line.data.fetch_book(A, 5)
    await line.rest.close()
    assert len(venue.requests) == 1


async def test_an_audit_of_what_the_venue_refuses_is_refused(venue: Venue) -> None:
    venue.on_book = lambda _request: web.Response(status=400, body=b"bad symbol")
    line = Line(venue)
    with pytest.raises(Rejected):
        await line.data.fetch_book(A, 5)
    await line.rest.close()


# ------------------------------------------------------------------------------------------------ the end


async def test_cancelled_in_full_flight_it_leaves_nothing(venue: Venue) -> None:
    venue.answers.clear()
    line = Line(venue)
    async with line.running() as task:
        await venue.until(lambda: len(venue.requests) == 5)  # seeds in flight, connections up
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await venue.until(lambda: not venue.open)
    assert {e.reason for e in line.heard.of(Disconnected)} == {"stopped"}
    before = len(line.heard.all)
    venue.answers.set()
    await asyncio.sleep(0.02)
    assert len(line.heard.all) == before


async def test_it_can_run_again_and_numbers_on(venue: Venue) -> None:
    line = Line(venue, max_topics=5)
    for conn in (1, 2):
        async with running(line.data.run(SYMBOLS, line.heard)):
            await line.heard.until(lambda n=conn: n in [e.conn for e in line.heard.of(Connected)])
            await line.snapshots(5 * conn)
    await line.rest.close()


async def test_a_refused_key_is_raised_as_it_is(venue: Venue) -> None:
    line = Line(venue)
    task = asyncio.create_task(line.data.run(SYMBOLS, line.heard))
    await line.subscribed(5)
    await venue.say({"auth": "no"})
    with pytest.raises(AuthFailed):
        await task
    await line.rest.close()


async def test_an_address_that_is_none_is_raised_as_it_is(venue: Venue) -> None:
    venue.url += "#part"
    line = Line(venue)
    with pytest.raises(ConfigError):
        await line.data.run(SYMBOLS, line.heard)
    await line.rest.close()


async def test_nothing_to_watch_waits_for_its_end(venue: Venue) -> None:
    line = Line(venue)
    async with running(line.data.run([], line.heard)) as task:
        await asyncio.sleep(0.02)
        assert not task.done()
    await line.rest.close()
    assert line.heard.all == []


async def test_counters_are_a_mapping_of_numbers(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.snapshots(5)
        counters = line.data.counters
    assert counters["subscriptions"] == 5
    assert counters["connects"] == 3
    assert counters["frames"] >= 5
    assert {"frames", "bytes", "decode_errors", "losses", "refused", "snapshots", "rest_reused"} <= set(counters)
    assert all(isinstance(v, int) for v in counters.values())
    assert not [e for e in line.errors if isinstance(e, VenueError)]


async def test_a_restart_tells_every_loss_at_once_and_makes_the_connections_anew(venue: Venue) -> None:
    line = Line(venue, Seed.NONE, max_topics=3)
    async with line.running():
        await line.subscribed(5)
        line.data.restart("slept")
        told = line.heard.of(Disconnected)
        assert sorted(symbol for each in told for symbol in each.symbols) == SYMBOLS
        assert {each.reason for each in told} == {"slept"}
        await line.subscribed(10)
    assert sorted(e.conn for e in line.heard.of(Connected)) == [1, 2, 3, 4]
