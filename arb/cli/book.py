"""`arb book`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.output import threaded
from arb.cli.running import run_until_stopped
from arb.cli.setup import Ready, prepare
from arb.cli.views.lines import BookLines
from arb.config import Options
from arb.domain import Symbol, VenueId
from arb.rows import SimOptions
from arb.status import BookView, ScanSummary

_REDRAW_S = 0.1


class Watch(msgspec.Struct, frozen=True):
    venue: str
    symbol: str
    levels: int
    jsonl: bool
    compare: bool
    config: Path | None
    options: Options
    sim: SimOptions | None
    duration_s: float | None

    def __call__(self, desk: Desk) -> int:
        ready = prepare(
            desk, config=self.config, exchanges=[self.venue], options=self.options, sim=self.sim is not None
        )
        _summary, interrupted = run_until_stopped(partial(self._run, desk, ready))
        return INTERRUPTED if interrupted else OK

    async def _run(self, desk: Desk, ready: Ready, stop: asyncio.Event) -> ScanSummary:
        (venue,) = ready.settings.exchanges  # the name it was asked for may be an alias
        async with self._view(desk, stop) as view:
            return await desk.app.watch(
                ready.settings,
                VenueId(venue),
                Symbol(self.symbol),
                credentials=ready.credentials,
                clock=desk.clock,
                view=view,
                levels=self.levels,
                compare=self.compare,
                sim=self.sim,
                duration_s=self.duration_s,
                stop=stop,
            )

    @asynccontextmanager
    async def _view(self, desk: Desk, stop: asyncio.Event) -> AsyncIterator[BookView]:
        if desk.live and not self.jsonl:
            from arb.cli.views.ladder import Ladder
            from arb.cli.views.live import drawn
            from arb.cli.views.text import summary_text

            ladder = Ladder(desk.clock)
            async with drawn(desk, _REDRAW_S, ladder.picture):
                yield ladder
            if ladder.summary is not None:
                desk.line(summary_text(ladder.summary))
            return
        with threaded(desk.stdout, stop) as lines:
            yield BookLines(lines, jsonl=self.jsonl, with_path=self.compare)
