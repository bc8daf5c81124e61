"""`arb doctor`: everything a run needs, examined before it begins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from arb.app.doctor import local, venue, verdicts
from arb.app.doctor.books import examine_market
from arb.app.factories import Factories
from arb.app.passes import make_pass, record_pass
from arb.app.probes import make_probe
from arb.app.scanning import opened
from arb.app.simulating import Environment
from arb.config import Credentials, Settings
from arb.domain import VenueId
from arb.interfaces import Clock
from arb.rows import DoctorFiles, DoctorReport, DoctorRow, Health, SimOptions


async def doctor(
    settings: Settings,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    sim: SimOptions | None,
    live: bool,
    files: DoctorFiles,
) -> DoctorReport:
    """Examine it all; what fails is a row and keeps nothing else from being examined.

    live: judged as a live run would be. A pass is recorded where every venue is real and has a key, and nothing FAILs.
    """
    rows = list(local.examine(settings, files))
    async with opened(settings, credentials, sim, clock) as (world, factories):
        names = list(world.settings.exchanges)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_venue(name, world, factories, clock, live)) for name in names]
        found = [task.result() for task in asked]
    rows += verdicts.own_clock({name: findings.samples for name, (findings, _) in zip(names, found, strict=True)})
    for findings, market in found:
        rows += [*findings.rows, *market]
    unknown = [name for name, (findings, _) in zip(names, found, strict=True) if findings.unknown_rights]
    failed = any(row.health is Health.FAIL for row in rows)
    if sim is not None or failed or not all(name in credentials for name in settings.exchanges):
        return DoctorReport(tuple(rows))
    passed = make_pass(settings, credentials, unknown, clock.wall_ns())
    return DoctorReport(tuple(rows), record_pass(files.data, passed))


async def _venue(
    name: str, world: Environment, factories: Factories, clock: Clock, live: bool
) -> tuple[venue.Findings, Sequence[DoctorRow]]:
    """How it is reached and what it tells; then a book of it, where it can be reached at all."""
    probe = make_probe(name, world, clock)
    signed = name in world.credentials
    try:
        findings = await venue.examine(
            probe, clock, signed=signed, live=live, most_error_ms=world.settings.risk.max_clock_error_ms
        )
    finally:
        await probe.close()
    if not findings.samples:
        return findings, ()
    return findings, await examine_market(VenueId(name), world, factories, clock, signed=signed)
