"""One book on show, and raw recordings without a scan: live runs that decide nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from arb.app.factories import Complaints, ccxt_factory
from arb.app.scanners import NoScan
from arb.app.scanning import Live, facts, finished, opened, select, unless, until
from arb.app.shots import Shooter
from arb.app.status import Counted
from arb.app.taping import start_tape
from arb.books import Books
from arb.config import Credentials, Settings
from arb.domain import Event, Symbol, VenueId
from arb.engine import Engine
from arb.errors import ConfigError
from arb.interfaces import Clock, MarketData
from arb.observers import Observers
from arb.rows import SimOptions
from arb.status import BookView, ScanSummary


async def watch(
    settings: Settings,
    venue: VenueId,
    symbol: Symbol,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    view: BookView,
    levels: int,
    compare: bool,
    sim: SimOptions | None,
    duration_s: float | None,
    stop: asyncio.Event,
) -> ScanSummary:
    """Keep one book and tell of every change; `compare`: the same market through ccxt beside it."""
    async with opened(settings, credentials, sim, clock) as (world, factories):
        settings = world.settings
        statics = await unless(stop, facts(factories, world, clock))
        if statics is None:
            return _stopped("book", clock, view)
        markets = {venue: tuple(m for m in statics[venue].markets if m.symbol == symbol)}
        if not markets[venue]:
            raise ConfigError(f"{venue} has no market {symbol}; see 'arb markets --exchanges {venue}'")
        native_of = {symbol: markets[venue][0].native}
        path = "native" if factories[venue].native else "ccxt"
        shooter = Shooter(view, levels, lambda _venue, wanted: native_of[wanted], path)
        books = Books(on_change=shooter.on_change)
        shooter.books = books
        counted = Counted("book", None, books, None, clock)
        live = Live(
            settings, factories, markets, books=books, scanner=NoScan(), counted=counted, clock=clock, tape=None
        )
        extra: list[Coroutine[Any, Any, None]] = []
        other = ccxt_factory(venue, settings.exchanges[venue], world, clock, Complaints(clock)) if compare else None
        try:
            if other is not None:
                data = other.market_data(markets[venue], settings.scan.depth, None)
                beside = _Beside(data, symbol, view, levels, shooter, settings, clock)
                extra.append(beside.run())
            counted.started()
            ended = await live.run(lambda: until(live, stop, duration_s, once=False), extra)
        finally:
            if other is not None:
                await other.close()
        summary = counted.finished(ended)
        view.finished(summary)
        return summary


class _Beside:
    """The same market through ccxt, with books of its own, so that neither path can hide the other's error."""

    def __init__(
        self,
        data: MarketData,
        symbol: Symbol,
        view: BookView,
        levels: int,
        shooter: Shooter,
        settings: Settings,
        clock: Clock,
    ) -> None:
        beside = Shooter(view, levels, shooter.native_of, "ccxt")
        beside.frame = shooter.frame  # one numbering for both
        books = Books(on_change=beside.on_change)
        beside.books = books
        books.add_venue(data.venue, data.resync)
        books.add(data.venue, symbol, data.feed, clock.mono_ns())
        self._engine = Engine(books, NoScan(), (), Observers(), clock, settings.scan.max_age_ms * 1_000_000)
        self._data = data
        self._symbol = symbol

    async def run(self) -> None:
        await self._data.run([self._symbol], self)

    def on_event(self, event: Event) -> None:
        self._engine.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        self._engine.on_idle(recv_ns)


async def record(
    settings: Settings,
    out: Path,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    sim: SimOptions | None,
    duration_s: float | None,
    stop: asyncio.Event,
) -> ScanSummary:
    """Write everything raw that the venues of `settings` send about `settings.scan.symbols`."""
    async with opened(settings, credentials, sim, clock) as (world, factories):
        settings = world.settings
        statics = await unless(stop, facts(factories, world, clock))
        if statics is None:
            return _stopped("record", clock, None)
        markets = select(statics, settings.scan.symbols, least_venues=1)
        books = Books()
        counted = Counted("record", None, books, None, clock)
        tape = start_tape(out, clock, factories.all(), markets, statics, settings)
        try:
            live = Live(
                settings, factories, markets, books=books, scanner=NoScan(), counted=counted, clock=clock, tape=tape
            )
            counted.started()
            ended = await live.run(lambda: until(live, stop, duration_s, once=False))
        finally:
            tape.close()
        return finished(counted, ended, tape)


def _stopped(command: str, clock: Clock, view: BookView | None) -> ScanSummary:
    """The end of a run that was stopped before it had begun."""
    summary = Counted(command, None, Books(), None, clock).finished("interrupted")
    if view is not None:
        view.finished(summary)
    return summary
