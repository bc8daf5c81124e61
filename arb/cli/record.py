"""`arb record`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import Ready, prepare
from arb.cli.views.text import summary_text
from arb.config import Options
from arb.rows import SimOptions
from arb.schema import summary_line
from arb.status import ScanSummary


class Record(msgspec.Struct, frozen=True):
    """out: None names the tape after its venues and the moment."""

    out: Path | None
    config: Path | None
    exchanges: list[str] | None
    options: Options
    sim: SimOptions | None
    duration_s: float | None
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        ready = prepare(
            desk, config=self.config, exchanges=self.exchanges, options=self.options, sim=self.sim is not None
        )
        summary, interrupted = run_until_stopped(partial(self._run, desk, ready))
        desk.line(summary_line(summary).decode() if self.jsonl else summary_text(summary))
        return INTERRUPTED if interrupted else OK

    async def _run(self, desk: Desk, ready: Ready, stop: asyncio.Event) -> ScanSummary:
        return await desk.app.record(
            ready.settings,
            self.out or _name(desk, ready),
            credentials=ready.credentials,
            clock=desk.clock,
            sim=self.sim,
            duration_s=self.duration_s,
            stop=stop,
        )


def _name(desk: Desk, ready: Ready) -> Path:
    moment = datetime.fromtimestamp(desk.clock.wall_ns() / 1e9, UTC)
    return desk.cwd / f"{'-'.join(ready.settings.exchanges)}-{moment:%Y%m%dT%H%M%SZ}.tape"
