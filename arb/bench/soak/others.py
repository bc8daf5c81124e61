"""What else reconnects: books that are seeded by REST, and the ccxt path; at the simulated exchanges, in real time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from time import monotonic_ns, time_ns
from typing import TypeVar

from arb.app.factories import Factories
from arb.app.scanners import make_scanner
from arb.app.scanning import Live, facts, select
from arb.app.simulating import Environment
from arb.app.status import Counted
from arb.app.strategies import make_strategies
from arb.bench.soak.engine import Soaked, at_once
from arb.books import Books
from arb.clock import SystemClock
from arb.config import ScanConfig, Settings, VenueConfig
from arb.domain import Depth, Seed
from arb.interfaces import Clock, NativeVenue
from arb.sim.apart import Door
from arb.supervise import Sleep

CALM_S = 61.0  # between two seeds of a book; asked for sooner they wait ever longer, which is right, and takes hours

T = TypeVar("T")


class Hurried:
    """The real clock, turned forward when it does not matter to whatever still stands: as a venue hangs up.

    Not by whoever sleeps: two connections would turn it for each other, and each of them run out of patience.
    """

    def __init__(self) -> None:
        self._skipped_ns = 0

    def mono_ns(self) -> int:
        return monotonic_ns() + self._skipped_ns

    def wall_ns(self) -> int:
        return time_ns() + self._skipped_ns

    def calm(self) -> None:
        """Every book may be seeded again."""
        self._skipped_ns += round(CALM_S * 1e9)


def seeded(modules: Sequence[NativeVenue]) -> tuple[str, ...]:
    """Venues whose deepest books begin with an answer by REST."""
    return tuple(
        module.SPEC.name
        for module in modules
        if next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL).rule.seed is Seed.REST
    )


async def on_seeded(venue: str, doors: Mapping[str, Door], clock: Hurried, play: Callable[[Soaked], Awaitable[T]]) -> T:
    """The native path with its deepest books; alone, since all connections of a run share the hurried clock."""
    exchanges = {venue: VenueConfig(rest_url=doors[venue].rest_url, ws_url=doors[venue].ws_url)}
    settings = Settings(exchanges=exchanges, scan=ScanConfig(symbols=("*/*",), depth=Depth.FULL, audit_s=0.0))
    return await _scanning(settings, clock, at_once, play)


async def on_ccxt(doors: Mapping[str, Door], play: Callable[[Soaked], Awaitable[T]]) -> T:
    """Every venue through ccxt."""
    exchanges = {
        name: VenueConfig(fastpath=False, rest_url=door.rest_url, ws_url=door.ws_url) for name, door in doors.items()
    }
    settings = Settings(exchanges=exchanges, scan=ScanConfig(symbols=("*/*",), audit_s=0.0, max_age_ms=60_000))
    return await _scanning(settings, SystemClock(), at_once, play)


async def _scanning(settings: Settings, clock: Clock, sleep: Sleep, play: Callable[[Soaked], Awaitable[T]]) -> T:
    """What `play` makes of an engine as `arb scan` has it."""
    world = Environment(settings, {}, simulated=True)
    async with AsyncExitStack() as stack:
        factories = Factories(world, clock, sleep)
        stack.push_async_callback(factories.close)
        statics = await facts(factories, world, clock)
        markets = select(statics, settings.scan.symbols, least_venues=1)
        books = Books()
        scanner = make_scanner(settings, statics, markets, books, clock, rejected=False)
        counted = Counted("soak", None, books, scanner, clock)
        live = Live(
            settings, factories, markets, books=books, scanner=scanner, counted=counted, clock=clock, tape=None,
            strategies=make_strategies(settings.run.strategy, settings),
        )  # fmt: skip
        played: list[T] = []

        async def until_played() -> str:
            played.append(await play(Soaked(live, books, counted)))
            return "played"

        counted.started()
        await live.run(until_played)
        return played[0]
