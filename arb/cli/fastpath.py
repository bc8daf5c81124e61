"""`arb fastpath status|on|off|verify`: a person and the paths of a run's market data."""

from __future__ import annotations

import asyncio

import msgspec

from arb.cli.codes import ERROR, INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.operate import Target, asked, once
from arb.cli.running import run_until_stopped
from arb.cli.setup import prepare
from arb.cli.views import paths as view
from arb.config import Options
from arb.config.folders import control_path
from arb.control import PATHS, TURN, VERIFIED, VERIFY, TurnReply, VerifyReply, ask
from arb.domain import DataPath, VenueId
from arb.errors import ControlError, NotRunning
from arb.pathstatus import PathReport, PathRow
from arb.rows import SimOptions
from arb.schema import fastpath_line, verify_line

LOOK_S = 0.2
PATIENCE_S = 900.0  # longer than a run tries


class PathStatus(msgspec.Struct, frozen=True):
    target: Target
    json: bool

    def __call__(self, desk: Desk) -> int:
        mode = self.target.mode_of(desk)

        async def look() -> None:
            rows = (await asked(desk, mode, PATHS)).rows
            for line in [fastpath_line(mode, rows).decode()] if self.json else view.path_lines(rows):
                desk.line(line)

        return once(look)


class Turn(msgspec.Struct, frozen=True):
    """`arb fastpath on` and `off`: asked for, then watched until it is done or given up."""

    target: Target
    venue: str
    native: bool
    why: str

    def __call__(self, desk: Desk) -> int:
        mode = self.target.mode_of(desk)
        venue = desk.app.canonical(self.venue)
        path = DataPath.NATIVE if self.native else DataPath.CCXT

        async def turn() -> None:
            control = control_path(mode, desk.environ, desk.home)
            try:
                row = (await self._ask(desk, mode, venue)).row
                async with asyncio.timeout(PATIENCE_S):
                    while row.goal is not None:
                        await asyncio.sleep(LOOK_S)
                        rows = (await ask(control, PATHS)).rows
                        row = next(row for row in rows if row.venue == venue)
            except TimeoutError:
                raise ControlError(f"{venue} is still moving; 'arb fastpath status' tells how it ends") from None
            desk.line(_outcome(row, path))

        return once(turn)

    async def _ask(self, desk: Desk, mode: str, venue: str) -> TurnReply:
        await asked(desk, mode, PATHS)  # says which other runs there are, where this one is none
        return await ask(
            control_path(mode, desk.environ, desk.home), TURN, venue=venue, native=self.native, why=self.why
        )


class Verify(msgspec.Struct, frozen=True):
    """sim: by itself, on the simulated exchanges."""

    target: Target
    venue: str
    seconds: float
    json: bool
    options: Options
    sim: SimOptions | None

    def __call__(self, desk: Desk) -> int:
        venue = desk.app.canonical(self.venue)
        report: PathReport | None = None
        alone, interrupted = self.sim is not None, False
        if not alone:
            mode = self.target.mode_of(desk)
            try:
                report, interrupted = run_until_stopped(lambda stop: self._beside(desk, mode, venue, stop), grace_s=0.0)
            except NotRunning as exc:
                if self.target.mode is not None:
                    raise  # that one was meant, and no other
                alone = True
                desk.stderr.write(f"{exc}; comparing on connections of our own\n")
        if alone:
            report, interrupted = self._alone(desk, venue)
        if report is None:
            return INTERRUPTED
        for line in [verify_line(report).decode()] if self.json else view.report_lines(report):
            desk.line(line)
        return INTERRUPTED if interrupted else OK if report.agrees else ERROR

    async def _beside(self, desk: Desk, mode: str, venue: str, stop: asyncio.Event) -> PathReport | None:
        """By the run itself; None where somebody did not want to wait for the end."""
        control = control_path(mode, desk.environ, desk.home)
        await asked(desk, mode, PATHS)
        reply: VerifyReply = await ask(control, VERIFY, venue=venue, seconds=self.seconds)
        while reply.report is None:
            if stop.is_set():
                desk.stderr.write(f"the {mode} run goes on comparing; what it finds is not shown\n")
                return None
            await asyncio.sleep(LOOK_S)
            reply = await ask(control, VERIFIED, venue=venue)
        return reply.report

    def _alone(self, desk: Desk, venue: str) -> tuple[PathReport | None, bool]:
        """Raises ConfigError for a venue that has no native path."""
        desk.app.check_venue(venue, True)
        ready = prepare(
            desk,
            config=self.target.config,
            exchanges=[venue],
            options=self.options,
            sim=self.sim is not None,
        )
        return run_until_stopped(
            lambda stop: desk.app.verify(
                ready.settings,
                VenueId(venue),
                credentials=ready.credentials,
                clock=desk.clock,
                seconds=self.seconds,
                sim=self.sim,
                stop=stop,
            )
        )


def _outcome(row: PathRow, wanted: DataPath) -> str:
    """Raises ControlError where it is not what was asked for."""
    if row.path is not wanted:
        raise ControlError(f"{row.venue}: {row.note or 'the path is another one again'}")
    return f"{row.venue}: market data by {row.label}, {row.trust}, {row.books_live}/{row.books} books LIVE"
