"""`arb doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from arb.cli.codes import CONFIG, INTERRUPTED, OK, UNREACHABLE
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import check_venues, keys_of, read, start_logging
from arb.config import Options, find_keys, require_exchanges
from arb.config.folders import data_dir, journal_path
from arb.rows import DoctorFiles, DoctorReport, DoctorRow, Health, SimOptions
from arb.schema import doctor_line

_OURS = frozenset({"config", "key", "fees", "disk"})  # what the person at this machine can mend


class Doctor(msgspec.Struct, frozen=True):
    config: Path | None
    exchanges: list[str] | None
    options: Options
    live: bool
    sim: SimOptions | None
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        simulated = self.sim is not None
        names = self.exchanges or (desk.app.simulated() if simulated else None)
        loaded = read(desk, config=self.config, exchanges=names, options=self.options)
        require_exchanges(loaded)
        if not simulated:
            check_venues(desk, loaded)
        settings = loaded.settings
        credentials = {} if simulated else keys_of(desk, loaded)
        start_logging(desk, settings.log.level)
        journal = journal_path(settings.journal.path, settings.run.mode, desk.environ, desk.home)
        files = DoctorFiles(
            loaded.path,
            None if simulated else find_keys(desk.environ, desk.cwd, desk.home),
            data_dir(desk.environ, desk.home),
            desk.cwd / journal,
        )

        async def examine(_stop: asyncio.Event) -> DoctorReport:
            return await desk.app.doctor(
                settings, credentials=credentials, clock=desk.clock, sim=self.sim, live=self.live, files=files
            )

        report, interrupted = run_until_stopped(examine, grace_s=0.0)
        if self.jsonl:
            for row in report.rows:
                desk.line(doctor_line(row).decode())
        else:
            for line in lines(report.rows):
                desk.line(line)
            if report.recorded is not None:
                desk.line(f"a pass is recorded in {report.recorded}: live asks for one under 24 h old")
        return INTERRUPTED if interrupted else code(report.rows)


def code(rows: Sequence[DoctorRow]) -> int:
    """4 where something of ours fails, 5 where only the way to a venue does."""
    failed = {row.area for row in rows if row.health is Health.FAIL}
    return CONFIG if failed & _OURS else UNREACHABLE if failed else OK


def lines(rows: Sequence[DoctorRow]) -> list[str]:
    """One a row, its cure after an arrow; the last one counts."""
    width = max((len(row.venue) for row in rows), default=0)
    told = [
        f"{row.health.name:<7}  {row.area:<7}  {row.venue:<{width}}  {row.found}{f' -> {row.cure}' if row.cure else ''}"
        for row in rows
    ]
    counts = [(health.name, sum(row.health is health for row in rows)) for health in Health]
    return [*told, ", ".join(f"{count} {name}" for name, count in counts if count)]
