"""What every path to every venue promises, against the simulated exchanges. The columns are found: see `venues`.

Sim time is turned by hand, so that the market stands still while books are held against it.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from adapters import ccxt_stream
from arb.app.venues import native_specs
from arb.domain import (
    BookDelta,
    BookSnapshot,
    BookState,
    Connected,
    Depth,
    Disconnected,
    Quote,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Trust,
)
from arb.errors import ConfigError, Rejected, Transient
from arb.sim import FaultRule
from tests.contract.following import following, unlisted
from tests.contract.venues import COLUMNS, MS, VENUES, WIRED, Column, World, every, world

pytestmark = pytest.mark.usefixtures("nothing_left", "hurried_ccxt")

TRUST = {
    "native": {Trust.CHAINED, Trust.WHOLE},
    "ccxt": {Trust.UNCHECKED},
    "fake": {Trust.WHOLE},
}
DEEP = 100  # levels a side that are compared where all are promised; the simulated books have more than 200
DEPTHS = {Depth.TOP: 1, Depth.FIVE: 5, Depth.TWENTY: 20, Depth.FULL: DEEP}

each_depth = pytest.mark.parametrize("depth", DEPTHS, ids=lambda depth: depth.name.lower())


# ---------------------------------------------------------------------------------------------- the factory


@every(COLUMNS)
async def test_a_factory_tells_what_it_makes_and_connects_to_nothing(column: Column) -> None:
    async with world(column) as made:
        factory = made.factory
        assert (factory.venue, factory.native) == (column.venue, column.path == "native")
        assert factory.metadata().source
        for depth in Depth:
            feed = factory.feed(depth)
            data = factory.market_data(made.markets, depth)
            assert feed.depth >= depth
            assert feed.levels == 0 or feed.levels >= DEPTHS[depth]
            assert feed.trust in TRUST[column.path]
            assert (data.venue, data.feed) == (column.venue, feed)
            assert set(data.counters.values()) <= {0}
            data.resync(made.markets[0].symbol)
        with pytest.raises(ConfigError, match=column.venue):
            factory.trading(made.markets)
        assert (made.rest.entered, made.ws.entered) == (0, 0)


# ---------------------------------------------------------------------------------------------- books


@each_depth
@every(COLUMNS)
async def test_books_become_the_markets(column: Column, depth: Depth) -> None:
    async with world(column) as made, following(made, depth) as run:
        started_ns = made.clock.mono_ns()
        await run.converge(DEPTHS[depth])
        await made.turn(500)
        await run.converge(DEPTHS[depth])
        check_order(run)
        check_stamps(made, run, started_ns)
        assert run.faltered == set()
        assert made.errors == []
        assert run.of(Disconnected) == run.of(SubscriptionRefused) == []
        assert run.data.counters["frames"] > len(run.symbols)


def check_order(run: Any) -> None:
    """Connected, Subscribed, then books, for every symbol and on one connection."""
    for symbol in run.symbols:
        first = next(event for event in run.events if getattr(event, "symbol", None) == symbol and event.conn)
        [subscribed] = [event for event in run.of(Subscribed) if symbol in event.symbols]
        [connected] = [event for event in run.of(Connected) if event.conn == subscribed.conn]
        assert connected.conn == subscribed.conn == first.conn > 0
        assert run.events.index(connected) < min(run.events.index(subscribed), run.events.index(first))


def check_stamps(made: World, run: Any, started_ns: int) -> None:
    """Whatever was told carries our clock's time, and books the venue's."""
    times = [event.recv_ns for event in run.events]
    assert times == sorted(times)
    assert started_ns <= times[0]
    assert times[-1] <= made.clock.mono_ns()
    assert set(run.idles) <= set(times)
    assert run.idles[-1] <= times[-1]  # of the first frame of the last read
    begin, end = made.sim.market.wall_ns(0), made.sim.market.wall_ns(made.sim.market.now_ns)
    for event in run.events:
        assert event.venue == made.column.venue
        if isinstance(event, BookSnapshot | BookDelta | Quote):
            assert begin - 1000 * MS <= event.exch_ns <= end


@pytest.mark.parametrize("venue", VENUES)
async def test_both_paths_see_the_same_levels_at_the_same_moment(venue: str) -> None:
    native = next(column for column in WIRED if column == (venue, "native"))
    async with world(native) as made:
        beside, close = made.make("ccxt", signed=False)
        async with following(made, Depth.TWENTY) as ours, following(made, Depth.TWENTY, factory=beside) as theirs:
            await ours.converge(20)
            await theirs.converge(20)
            assert await made.still(lambda: ours.agrees(20) and theirs.agrees(20))
            assert ours.data.feed.trust > theirs.data.feed.trust
        await close()


@every(WIRED)
async def test_a_connection_carries_no_more_symbols_than_the_venue_allows(column: Column) -> None:
    many, most = 36, next(spec.max_topics for spec in native_specs() if spec.name == column.venue)
    async with world(column, symbols=many) as made, following(made, Depth.TOP, count=many) as run:
        await run.converge(1)
        carried = [len(conn.topics) for conn in made.sim.venues[column.venue].conns]
        assert len(carried) == -(-many // most)
        assert sum(carried) == many
        assert max(carried) <= most
        assert run.faltered == set()


@every(COLUMNS)
async def test_a_fetched_book_is_the_markets(column: Column) -> None:
    async with world(column) as made:
        await made.turn(500)
        data = made.factory.market_data(made.markets, Depth.TWENTY)
        for market in made.markets[:2]:
            before_ns = made.clock.mono_ns()
            book = await data.fetch_book(market.symbol, 20)
            assert (book.venue, book.symbol, book.conn) == (column.venue, market.symbol, 0)
            assert before_ns <= book.recv_ns <= made.clock.mono_ns()
            assert book.seq == made.sim.market.books(column.venue)[market.symbol].version
            held = [sorted(book.bids, reverse=True)[:20], sorted(book.asks)[:20]]
            assert held == made.levels(market.symbol, 20)


@every(COLUMNS)
async def test_a_book_that_cannot_be_fetched_is_an_error_of_ours(column: Column) -> None:
    async with world(column) as made:
        data = made.factory.market_data((*made.markets, unlisted(made)), Depth.TWENTY)
        with pytest.raises(Rejected, match=column.venue):
            await data.fetch_book(Symbol("NOPE/USDT"), 20)
        if column.wired:
            made.rest.shut()
            with pytest.raises(Transient, match=column.venue):
                await data.fetch_book(made.markets[0].symbol, 20)


# ---------------------------------------------------------------------------------------------- trouble


@every(COLUMNS)
async def test_a_lost_connection_ends_every_book_at_once_and_a_new_one_brings_them_back(column: Column) -> None:
    async with world(column) as made, following(made, Depth.TWENTY) as run:
        await run.converge(20)
        before = {event.conn for event in run.of(Connected)}
        made.way.cut()
        await made.until(lambda: run.of(Disconnected), "told of the loss")
        assert set(run.after_loss) == {BookState.DOWN}
        assert run.faltered == set(run.symbols)
        await run.converge(20)
        lost = run.of(Disconnected)
        assert {event.conn for event in lost} == before
        assert sorted(symbol for event in lost for symbol in event.symbols) == sorted(run.symbols)
        assert all(event.reason for event in lost)
        assert not before & {event.conn for event in run.of(Connected)[len(before) :]}
        assert run.data.counters["losses"] >= 1


@every(COLUMNS)
async def test_a_venue_that_is_away_for_a_while_is_asked_again_and_again(column: Column) -> None:
    async with world(column) as made, following(made, Depth.FIVE) as run:
        await run.converge(5)
        made.way.shut()
        await made.until(lambda: len(run.after_loss) == len(run.symbols), "told of the loss")
        told = len(run.events)
        await made.turn(500)
        assert len(run.events) == told, "attempts that fail are no events"
        assert {book.state for book in run.books} == {BookState.DOWN}
        await made.way.open()
        await run.converge(5)


@every(COLUMNS)
async def test_an_unknown_symbol_is_refused_and_the_others_live(
    column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_stream, "SILENT_S", 1.5)  # ccxt does not read every venue's refusals
    async with world(column) as made:
        nope = unlisted(made)
        async with following(made, Depth.TWENTY, nope) as run:
            listed = [symbol for symbol in run.symbols if symbol != nope.symbol]
            await made.until(lambda: run.of(SubscriptionRefused), "refused")
            await run.converge(20, *listed)
            assert {symbol for event in run.of(SubscriptionRefused) for symbol in event.symbols} == {nope.symbol}
            assert run.of(SubscriptionRefused)[0].reason
            assert run.book(nope.symbol).state is BookState.DOWN
            assert nope.symbol not in [symbol for event in run.of(Subscribed) for symbol in event.symbols]


@every(COLUMNS)
async def test_a_resync_begins_one_book_afresh_and_leaves_the_others_alone(column: Column) -> None:
    async with world(column) as made, following(made, Depth.FULL) as run:
        await run.converge(20)
        one, *others = run.symbols
        told = len(run.events)
        run.books.distrust((column.venue, one), made.clock.mono_ns())  # as an audit does; it asks for the resync
        assert run.book(one).state is BookState.GAP
        await run.converge(20)
        assert [event for event in run.of(BookSnapshot, told) if event.symbol == one]
        assert run.faltered <= {one}
        assert not {symbol for event in run.of(Disconnected, told) for symbol in event.symbols} & set(others)


@every(COLUMNS)
async def test_asking_for_what_is_not_followed_is_harmless(column: Column) -> None:
    async with world(column) as made, following(made, Depth.FULL) as run:
        run.data.resync(Symbol("NOPE/USDT"))
        await run.converge(20)
        run.data.resync(Symbol("NOPE/USDT"))
        await made.turn(200)
        await run.converge(20)
        assert run.faltered == set()


@every(WIRED)
async def test_a_book_whose_seed_fails_is_missed_and_the_others_live(column: Column) -> None:
    broken = Symbol("ETH/USDT")
    rule = FaultRule(kind="server_error", venue=column.venue, symbol=broken, probability=1.0)
    async with world(column, rule) as made, following(made, Depth.FULL) as run:
        others = [symbol for symbol in run.symbols if symbol != broken]
        await run.converge(20, *others)
        if not made.sim.injected:
            pytest.skip("its seeds come with the stream")
        await made.until(lambda: made.errors, "complained of")
        await run.converge(20, *others)
        assert run.book(broken).state is not BookState.LIVE
        lost = [symbol for event in run.of(Disconnected) for symbol in event.symbols]
        assert max(map(lost.count, others)) <= 1  # ccxt hangs up on all of them, once


# ---------------------------------------------------------------------------------------------- the end


@pytest.fixture
def contacts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Every address that a socket of this process is connected to. A name is looked up for the loopback only."""
    called: list[tuple[str, int]] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connecting(self: socket.socket, address: Any) -> None:
        called.append(address[:2])
        connect(self, address)

    def looking_up(host: Any, *rest: Any, **more: Any) -> Any:
        assert host in ("127.0.0.1", "localhost"), f"{host} was looked up"
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    return called


@pytest.mark.parametrize("signed", [False, True], ids=["without keys", "with keys"])
@every(WIRED)
async def test_nothing_is_contacted_but_the_addresses_that_were_given(
    column: Column, signed: bool, contacts: list[tuple[str, int]]
) -> None:
    async with world(column, signed=signed) as made:
        contacts.clear()
        statics = await made.factory.metadata().load()
        await made.factory.metadata().account_fees([statics.markets[0].symbol])
        async with following(made, Depth.FULL) as run:
            await run.converge(20)
            await run.data.fetch_book(run.symbols[0], 20)
        served = {("127.0.0.1", port) for port in (made.rest.port, made.ws.port)}
        behind = {("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0])) for url in made.sim.urls[column.venue]}
        assert set(contacts) - behind == served  # what the doors do to pass it on is not the column's doing
        assert made.rest.entered
        assert made.ws.entered


NEVER = FaultRule(kind="slow_rest", probability=1.0, delay_ms=1e9)
MOMENTS = [
    "before anything has begun",
    "while it connects",
    "while seeds are on their way",
    "when books are live",
    "while the venue is away",
]


@pytest.mark.parametrize("moment", MOMENTS)
@every(COLUMNS)
async def test_the_end_leaves_nothing_behind(column: Column, moment: str) -> None:
    async with world(column, *[NEVER] * (moment == "while seeds are on their way")) as made:
        tasks, futures = asyncio.all_tasks(), pending_futures()
        async with following(made, Depth.FULL) as run:
            if moment != "before anything has begun":
                await asyncio.sleep(0.02)
            if moment == "while seeds are on their way":
                await made.turn(300)
            if moment == "when books are live":
                await run.converge(20)
                await run.data.fetch_book(run.symbols[0], 5)
            if moment == "while the venue is away":
                made.way.shut()
                await asyncio.sleep(0.2)
        told = len(run.events)
        await made.close()
        await made.close()
        await made.turn(100)
        assert len(run.events) == told, "nothing is told after the end"
        assert asyncio.all_tasks() == tasks
        assert await made.still(lambda: made.ws.inside == made.rest.inside == 0)
        assert await made.still(lambda: not made.sim.venues[column.venue].conns)
        assert pending_futures() == futures


def pending_futures() -> int:
    """How many futures of this loop somebody could still wait for."""
    gc.collect()
    loop = asyncio.get_running_loop()
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), asyncio.Future)]
    return sum(not future.done() and future.get_loop() is loop for future in found)
