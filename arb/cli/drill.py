"""`arb risk drill`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import ERROR, INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import Ready, prepare
from arb.cli.views.operating import columns
from arb.config import Options
from arb.rows import DrillRow
from arb.schema import drill_line

_COLUMNS = ("limit", "setting", "scenario", "the gate", "as it should")


class RiskDrill(msgspec.Struct, frozen=True):
    config: Path | None
    options: Options
    seed: int
    json: bool

    def __call__(self, desk: Desk) -> int:
        ready = prepare(desk, config=self.config, exchanges=None, options=self.options, sim=True)
        rows, interrupted = run_until_stopped(partial(self._run, desk, ready))
        if interrupted:
            return INTERRUPTED
        if self.json:
            desk.line(drill_line(rows).decode())
        else:
            for line in columns(_COLUMNS, map(_row, rows)):
                desk.line(line)
        return OK if all(row.ok for row in rows) else ERROR

    async def _run(self, desk: Desk, ready: Ready, stop: asyncio.Event) -> Sequence[DrillRow]:
        return await desk.app.risk_drill(ready.settings, clock=desk.clock, seed=self.seed, stop=stop)


def _row(row: DrillRow) -> tuple[str, ...]:
    return (row.key, row.setting, row.scenario, row.got, "yes" if row.ok else f"NO: {row.expected}")
