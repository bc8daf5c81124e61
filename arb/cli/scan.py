"""`arb scan`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, NOTHING_FOUND, OK
from arb.cli.desk import Desk
from arb.cli.output import threaded
from arb.cli.running import run_until_stopped
from arb.cli.setup import Ready, prepare
from arb.cli.views.lines import ScanLines, Selection
from arb.config import Options
from arb.config.folders import control_path
from arb.rows import SimOptions
from arb.status import ScanSummary, ScanView

_REDRAW_S = 0.25


class Scan(msgspec.Struct, frozen=True):
    config: Path | None
    exchanges: list[str] | None
    options: Options
    sim: SimOptions | None
    tape: Path | None
    duration_s: float | None
    once: bool
    rejected: bool
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        ready = prepare(
            desk,
            config=self.config,
            exchanges=self.exchanges,
            options=self.options,
            sim=self.sim is not None,
            at_least=2,
        )
        selection = Selection(rejected=self.rejected)
        _summary, interrupted = run_until_stopped(partial(self._run, desk, ready, selection))
        if interrupted:
            return INTERRUPTED
        return NOTHING_FOUND if self.once and not selection.found else OK

    async def _run(self, desk: Desk, ready: Ready, selection: Selection, stop: asyncio.Event) -> ScanSummary:
        async with self._view(desk, selection, stop) as view:
            return await desk.app.scan(
                ready.settings,
                credentials=ready.credentials,
                clock=desk.clock,
                view=view,
                sim=self.sim,
                tape=self.tape,
                duration_s=self.duration_s,
                once=self.once,
                rejected=self.rejected,
                stop=stop,
                control=control_path("scan", desk.environ, desk.home),
            )

    @asynccontextmanager
    async def _view(self, desk: Desk, selection: Selection, stop: asyncio.Event) -> AsyncIterator[ScanView]:
        if desk.live and not self.jsonl and not self.once:
            from arb.cli.views.live import drawn
            from arb.cli.views.table import ScanTable
            from arb.cli.views.text import summary_text

            table = ScanTable(selection, rejected=self.rejected)
            async with drawn(desk, _REDRAW_S, table.picture, table.refresh):
                yield table
            if table.summary is not None:
                desk.line(summary_text(table.summary))
            return
        with threaded(desk.stdout, stop) as lines:
            yield ScanLines(lines, selection, jsonl=self.jsonl)
