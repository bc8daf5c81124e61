"""One live run: venues, facts, books, scanner and views wired together, started, watched and taken down again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger

from arb.app.apart import apart
from arb.app.factories import Factories, Tapped, catalog
from arb.app.kept import kept
from arb.app.memory import settled
from arb.app.paths import Paths
from arb.app.scanners import MS, doze_ns, make_scanner
from arb.app.simulating import Environment, environment
from arb.app.spinning import spinning
from arb.app.statics import StaticFacts
from arb.app.status import Counted, VenueDesk
from arb.app.strategies import make_strategies
from arb.app.taping import narrowed, start_tape
from arb.app.upkeep import Upkeep
from arb.app.vitals import TICK_S, Vitals
from arb.app.watchdog import watched
from arb.audit import Auditor
from arb.books import Books
from arb.clock import Steps
from arb.config import Credentials, Settings
from arb.config.values import matches
from arb.control import ControlServer, path_verbs
from arb.domain import (
    BookAudit,
    BookState,
    BreakerMoved,
    BreakerState,
    Disconnected,
    Market,
    SubscriptionRefused,
    Symbol,
    VenueId,
)
from arb.engine import Engine, Scans, Trades
from arb.errors import ConfigError, TapeError, Transient
from arb.exhausted import survive
from arb.interfaces import Clock, MarketData, Observer, Sink, Statics, Strategy
from arb.observers import Observers
from arb.rows import SimOptions
from arb.scanner import Scanner
from arb.status import ScanSummary, ScanView
from arb.sync import BookSync
from arb.tape import TapeWriter

START_S = 20.0  # a venue that has not given one book by then is unreachable
LOOK_S = 0.1  # between two looks whether a run is over
ONCE_S = 10.0  # `--once` waits so long for every book to be LIVE


T = TypeVar("T")


class Logged:
    """An Observer: what a person should read about the connections and the audits."""

    def on_fact(self, fact: object) -> None:
        if isinstance(fact, Disconnected):
            logger.warning(
                "{}: connection {} lost ({} books): {}", fact.venue, fact.conn, len(fact.symbols), fact.reason
            )
        elif isinstance(fact, SubscriptionRefused):
            logger.warning("{}: refused {}: {}", fact.venue, ", ".join(fact.symbols) or "a subscription", fact.reason)
        elif isinstance(fact, BookAudit) and fact.agrees is False:
            logger.error("{}: the book of {} was wrong and is fetched anew: {}", fact.venue, fact.symbol, fact.detail)
        elif isinstance(fact, BreakerMoved) and fact.after is not BreakerState.HALF_OPEN:
            say = logger.info if fact.after is BreakerState.CLOSED else logger.warning
            say("{}: the breaker of {} is {} {}", fact.venue, fact.part.name, fact.after.name, fact.why)


def select(
    statics: Mapping[VenueId, Statics], patterns: Sequence[str], least_venues: int
) -> dict[VenueId, tuple[Market, ...]]:
    """The markets that the patterns cover and at least so many venues have. Raises ConfigError where there are none."""
    covered = {
        venue: {market.symbol: market for market in facts.markets if matches(market.symbol, patterns)}
        for venue, facts in statics.items()
    }
    count: dict[Symbol, int] = {}
    for markets in covered.values():
        for symbol in markets:
            count[symbol] = count.get(symbol, 0) + 1
    chosen = {
        venue: tuple(market for symbol, market in markets.items() if count[symbol] >= least_venues)
        for venue, markets in covered.items()
    }
    if not any(chosen.values()):
        where = " and ".join(statics)
        shared = " in common" if least_venues > 1 else ""
        raise ConfigError(f"{where} have no market{shared} that matches {', '.join(patterns)}; see 'arb markets'")
    return {venue: markets for venue, markets in chosen.items() if markets}


class Live:
    """Everything of one run between the sockets and the views, ready to be started by `running`."""

    def __init__(
        self,
        settings: Settings,
        factories: Factories,
        markets: Mapping[VenueId, Sequence[Market]],
        *,
        books: Books,
        scanner: Scans,
        counted: Counted,
        clock: Clock,
        tape: TapeWriter | None,
        observers: Sequence[Observer] = (),
        strategies: Sequence[Strategy] = (),
        trader: Trades | None = None,
        vitals: Vitals | None = None,
        paths: Paths | None = None,
    ) -> None:
        """strategies: one that is an Observer as well hears what observers hear.

        paths: lets venues that have two paths change between them.
        """
        self.settings = settings
        self.books = books
        self.counted = counted
        self.clock = clock
        self.tape = tape
        self.markets = markets
        self.vitals = Vitals() if vitals is None else vitals
        watching = [strategy for strategy in strategies if isinstance(strategy, Observer)]
        self.observers = Observers(
            [counted, Logged(), *observers, *watching],
            on_broken=lambda observer, exc: logger.error("{} was dropped: {!r}", type(observer).__name__, exc),
        )
        self.engine = Engine(
            books, scanner, strategies, self.observers, clock, settings.scan.max_age_ms * MS, trader,
            doze_ns=doze_ns(settings), woke=self._woke,
        )  # fmt: skip
        counted.attach(self.engine, vitals=self.vitals)
        books.listen(self.vitals.uptime.on_turn)
        self.vitals.breakers.listen(self.observers.publish)
        self._told_of_tape = False
        self._steps = Steps(clock)
        self.paths = paths
        self.data: dict[VenueId, MarketData] = {}
        for venue, chosen in markets.items():
            factory = factories[venue]
            data = paths.open(venue, chosen) if paths is not None else None
            if data is None:
                data = factory.market_data(chosen, settings.scan.depth, tape)
            self.data[venue] = data
            desk = VenueDesk(venue, factory.native, data.feed, data)
            counted.add_venue(desk)
            if paths is not None:
                paths.show(venue, desk)
            books.add_venue(venue, data.resync)
            for market in chosen:
                books.add(venue, market.symbol, data.feed, clock.mono_ns())

    def _woke(self, slept_ns: int) -> None:
        """Not even a socket that has survived is read on: nobody can tell how old the frames are that wait in it."""
        self._renew(f"this process stood still for {slept_ns / 1e9:.1f} s")

    def _renew(self, why: str) -> None:
        logger.warning("{}: every book is asked for anew", why)
        for data in self.data.values():
            data.restart(why)

    def _mind_the_clock(self) -> None:
        by_ns = self._steps.look()
        if by_ns > doze_ns(self.settings):
            self._renew(f"the wall clock was set forward by {by_ns / 1e9:.1f} s, or this machine stood still")
        elif by_ns:
            logger.warning(
                "the wall clock was set {} by {:.1f} s; ages and signatures do not go by it, records do",
                "forward" if by_ns > 0 else "back", abs(by_ns) / 1e9,
            )  # fmt: skip

    def sink(self, venue: VenueId) -> Sink:
        """Where a venue's events go: a path without frames is taped by its events."""
        if self.tape is not None and not self.counted.native(venue):
            return Tapped(self.engine, self.tape, venue)
        return self.engine

    async def run(
        self,
        until: Callable[[], Awaitable[str]],
        extra: Sequence[Coroutine[Any, Any, None]] = (),
        failed: Callable[[Exception], None] | None = None,
    ) -> str:
        """Listen until `until` returns (its word is returned) or something fails for good (raises).

        extra: what else runs as long.   failed: told of what fails for good, instead of an end on the spot: the rest
        lives on until `until` returns.
        """
        parts = [data.run([m.symbol for m in self.markets[v]], self.sink(v)) for v, data in self.data.items()]
        parts += [self._tick(failed), *extra]
        if self.settings.scan.audit_s:
            parts.append(kept("the audit of the books", self._audit))
        work = [asyncio.create_task(part if failed is None else apart(part, failed)) for part in parts]
        end: asyncio.Future[str] = asyncio.ensure_future(until())
        everything: list[asyncio.Future[Any]] = [*work, end]
        try:
            lag, clock = self.vitals.lag, self.clock
            with settled(), spinning(self.settings.scan.spin), watched(lag, clock):
                while not end.done():
                    going = [part for part in work if not part.done()]
                    awaited: list[asyncio.Future[Any]] = [*going, end]
                    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                    for part in going:
                        if part.done():
                            part.result()  # raises what ended it; one that had nothing to do is not missed
            return end.result()
        finally:
            now_ns = self.clock.mono_ns()
            self.vitals.lag.stopped()
            self.engine.finish(now_ns)
            self.counted.settle()
            if self.tape is not None:
                self.tape.end(now_ns)
            for future in everything:
                future.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _tick(self, failed: Callable[[Exception], None] | None) -> None:
        lag = self.vitals.lag
        lag.started(self.clock.mono_ns())
        while True:  # the first time before any frame: from then on a process that stands still is noticed
            now_ns = self.clock.mono_ns()
            if self.tape is not None:
                self.tape.tick(now_ns)
                self._mind(self.tape)
            self._mind_the_clock()
            try:
                self.engine.on_timer(now_ns)
            except Exception as exc:
                survive(exc)
                if failed is None:
                    raise
                failed(exc)
            await asyncio.sleep(TICK_S)
            lag.fired(self.clock.mono_ns())

    def _mind(self, tape: TapeWriter) -> None:
        if tape.failure and not self._told_of_tape:
            self._told_of_tape = True
            logger.error("{}", tape.failure)

    async def _audit(self) -> None:
        fetch = {venue: data.fetch_book for venue, data in self.data.items()}
        auditor = Auditor(
            self.books,
            fetch,
            self.clock,
            self.settings.scan.audit_s,
            asyncio.sleep,
            self.observers.publish,
            self._on_confirmed,
            self._on_condemned,
        )
        await auditor.run()

    def _on_confirmed(self, book: BookSync, now_ns: int) -> None:
        if self.tape is not None:
            self.tape.confirmed(book.venue, book.symbol, book.seq, now_ns)

    def _on_condemned(self, book: BookSync, now_ns: int) -> None:
        if self.tape is not None:
            self.tape.distrusted(book.venue, book.symbol, now_ns)

    def silent(self) -> VenueId | None:
        """A venue that has not said one word."""
        return next((venue for venue, data in self.data.items() if not data.counters.get("frames", 0)), None)

    def waiting(self) -> bool:
        """Whether some venue has not given one book yet."""
        return bool(self.data.keys() - {book.venue for book in self.books if book.updates})

    def settled(self) -> bool:
        """Every book is LIVE, or has been and is not now for a reason of its own."""
        return all(book.updates or book.state is BookState.DOWN for book in self.books)


@asynccontextmanager
async def opened(
    settings: Settings, credentials: Mapping[str, Credentials], sim: SimOptions | None, clock: Clock
) -> AsyncIterator[tuple[Environment, Factories]]:
    """The world of a run and the venues' factories; everything is closed at the end."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(environment(settings, credentials, sim, clock))
        factories = Factories(world, clock)
        stack.push_async_callback(factories.close)
        yield world, factories


async def facts(factories: Factories, world: Environment, clock: Clock) -> dict[VenueId, Statics]:
    """Static facts of every venue of the run."""
    return await _loader(world, clock).load(factories.all())


def _loader(world: Environment, clock: Clock) -> StaticFacts:
    kept = None if world.simulated else catalog(world.settings, clock)
    return StaticFacts(kept, world.settings, lambda text: logger.warning("{}", text))


async def scan(
    settings: Settings,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    view: ScanView,
    sim: SimOptions | None,
    tape: Path | None,
    duration_s: float | None,
    once: bool,
    rejected: bool,
    stop: asyncio.Event,
    control: Path | None = None,
    observers: Sequence[Observer] = (),
) -> ScanSummary:
    """Find gaps until `stop`, `duration_s`, or with `once` until every book has been looked at.

    control: where the run can be asked about the paths of its market data.
    """
    async with opened(settings, credentials, sim, clock) as (world, factories):
        settings = world.settings
        statics = await unless(stop, facts(factories, world, clock))
        if statics is None:
            return Counted("scan", view, Books(), None, clock).finished("interrupted")
        markets = select(statics, settings.scan.symbols, least_venues=2)
        books = Books()
        scanner = make_scanner(settings, statics, markets, books, clock, rejected)
        counted = Counted("scan", view, books, scanner, clock, rejected)
        writer = start_tape(tape, clock, factories.all(), markets, statics, settings) if tape is not None else None
        fixed = "a tape is kept of this run, and holds each venue by one path" if writer is not None else ""
        paths = Paths(factories, settings, books, clock, statics, lambda moved: live.observers.publish(moved), fixed)
        try:
            live = Live(
                settings, factories, markets,
                books=books, scanner=scanner, counted=counted, clock=clock, tape=writer, observers=observers,
                strategies=make_strategies(settings.run.strategy, settings), vitals=Vitals(factories.breakers),
                paths=paths,
            )  # fmt: skip
            upkeep = keep_up(live, world, factories, statics, scanner)
            counted.started()
            async with asked(paths, control):
                ended = await live.run(
                    lambda: until(live, stop, duration_s, once), [kept("the upkeep of static facts", upkeep.run)]
                )
        finally:
            if writer is not None:
                writer.close()
        return finished(counted, ended, writer)


@asynccontextmanager
async def asked(paths: Paths, control: Path | None) -> AsyncIterator[None]:
    """The control socket of a run that only looks. Several may run at once: the first one has it."""
    server = None if control is None else ControlServer(control, path_verbs(paths))
    try:
        if server is not None:
            try:
                await server.start()
            except ConfigError as exc:
                logger.info("'arb fastpath' does not reach this run: {}", exc)
        yield
    finally:
        if server is not None:
            server.close()
        await paths.close()


def finished(counted: Counted, ended: str, tape: TapeWriter | None) -> ScanSummary:
    """The summary of a run. Raises TapeError after it where the tape is not whole."""
    if tape is None:
        return counted.finished(ended)
    summary = counted.finished(ended, records=tape.records, notes=(tape.failure,) if tape.failure else ())
    if tape.failure:
        raise TapeError(tape.failure)
    return summary


def keep_up(
    live: Live,
    world: Environment,
    factories: Factories,
    statics: Mapping[VenueId, Statics],
    scanner: Scanner,
    refreshed: Callable[[Iterable[Statics]], None] | None = None,
) -> Upkeep:
    """Static facts read anew while the run goes on. refreshed: who wants to know them, beside the scanner."""
    current = dict(statics)

    def changed(venue: VenueId, facts: Statics) -> None:
        current[venue] = facts
        if live.tape is not None:
            live.tape.statics(venue, narrowed(facts, live.markets[venue]), live.clock.mono_ns())
        if live.paths is not None:
            live.paths.refresh(venue, facts)
        scanner.refresh(current.values())
        if refreshed is not None:
            refreshed(current.values())

    upkeep = Upkeep(
        _loader(world, live.clock),
        factories.all(),
        statics,
        {venue: [market.symbol for market in markets] for venue, markets in live.markets.items()},
        frozenset(VenueId(name) for name in world.credentials),
        ttl_s=world.settings.cache.ttl_h * 3600.0,
        changed=changed,
        note=lambda text: logger.warning("{}", text),
        ready=lambda: not live.waiting(),
    )
    factories.listen(upkeep.on_error)
    live.observers.add(upkeep)
    return upkeep


async def until(
    live: Live,
    stop: asyncio.Event,
    duration_s: float | None,
    once: bool,
    enough: Callable[[], bool] = lambda: False,
) -> str:
    """Waits for the end of a run: "interrupted", "duration", "once", or "cycles" where `enough` says so.

    Raises Transient for a venue never heard.
    """
    limit_s = min(duration_s or ONCE_S, ONCE_S) if once else duration_s
    started_ns = live.clock.mono_ns()
    checked = False
    while not stop.is_set():
        if enough():
            return "cycles"
        spent_s = (live.clock.mono_ns() - started_ns) / 1e9
        over = (once and live.settled()) or (limit_s is not None and spent_s >= limit_s)
        if over or (not checked and spent_s >= START_S):
            checked = True
            if (venue := live.silent()) is not None:
                raise Transient(venue, f"not one message within {spent_s:.0f} s; is it reachable from here?")
        if over:
            return "once" if once else "duration"
        left_s = LOOK_S if limit_s is None else min(LOOK_S, limit_s - spent_s)
        try:
            async with asyncio.timeout(left_s):
                await stop.wait()
        except TimeoutError:
            pass  # time to look again
    return "interrupted"


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns, or None where `stop` came first; `work` is cancelled then."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for future in (task, stopped):
            future.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
