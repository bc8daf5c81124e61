"""`arb fastpath verify` where no engine runs: both paths of one venue, and nothing that decides."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from arb.app.paths import Paths
from arb.app.scanners import NoScan
from arb.app.scanning import Live, facts, opened, select, unless
from arb.app.status import Counted
from arb.books import Books
from arb.config import Credentials, Settings
from arb.domain import VenueId
from arb.errors import ConfigError
from arb.interfaces import Clock
from arb.pathstatus import PathReport
from arb.rows import SimOptions


async def verify(
    settings: Settings,
    venue: VenueId,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    seconds: float,
    sim: SimOptions | None,
    stop: asyncio.Event,
) -> PathReport | None:
    """Compare for so long; None where it was stopped before. Raises ConfigError where the venue has one path only."""
    async with opened(settings, credentials, sim, clock) as (world, factories):
        settings = world.settings
        settings = settings.model_copy(update={"fastpath": settings.fastpath.model_copy(update={"auto": False})})
        statics = await unless(stop, facts(factories, world, clock))
        if statics is None:
            return None
        markets = select({venue: statics[venue]}, settings.scan.symbols, least_venues=1)
        books = Books()
        paths = Paths(factories, settings, books, clock, statics, lambda _moved: None)
        counted = Counted("verify", None, books, None, clock)
        live = Live(
            settings, factories, markets,
            books=books, scanner=NoScan(), counted=counted, clock=clock, tape=None, paths=paths,
        )  # fmt: skip
        found: list[PathReport] = []

        async def compared() -> str:
            report = await unless(stop, paths.compared(venue, seconds))
            if report is not None:
                found.append(report)
            return "duration" if found else "interrupted"

        if lacking := paths.why_fixed(venue):
            raise ConfigError(lacking)
        try:
            await live.run(compared)
        finally:
            await paths.close()
        return found[0] if found else None
