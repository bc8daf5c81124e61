"""One trading run: what a scan has, and behind it planner, risk gate, executor, journal, private sides and control."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple

from arb.app.assembly import Engine, assemble
from arb.app.course import Course
from arb.app.kept import kept
from arb.app.operation import Operation
from arb.app.paths import Paths
from arb.app.rereading import reread
from arb.app.round_trips import RoundTrips
from arb.app.rules import Rules
from arb.app.scanners import MS, make_scanner
from arb.app.scanning import Live, facts, keep_up, opened, select, unless
from arb.app.sides import paper_sides, real_sides, run_sides
from arb.app.status import Counted
from arb.app.strategies import make_strategies
from arb.app.vitals import Vitals
from arb.books import Books
from arb.config import Credentials, Settings
from arb.control import ControlServer, path_verbs, verbs_of
from arb.domain import CycleEnd
from arb.interfaces import Clock
from arb.journal import SqliteJournal, set_aside
from arb.recovery import keep_proving
from arb.rows import SimOptions, TradeFiles
from arb.status import EngineStatus, ScanStatus, TradeSummary, TradeView


class Source(NamedTuple):
    """An EngineSource."""

    operation: Operation
    counted: Counted

    def engine(self) -> EngineStatus:
        return self.operation.status()

    def scan(self) -> ScanStatus:
        return self.counted.status()


async def trade(
    settings: Settings,
    *,
    mode: str,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    view: TradeView,
    sim: SimOptions | None,
    files: TradeFiles,
    environ: Mapping[str, str],
    duration_s: float | None,
    max_cycles: int | None,
    accept_balances: bool,
    stop: asyncio.Event,
) -> TradeSummary | None:
    """Trade until `stop`, `duration_s` or `max_cycles`; None where it was stopped before it began.

    mode: "paper" fills against the live books; else orders go to the venues, simulated ones with `sim`.
    environ: where alerts are sent to, if anywhere.
    Raises ConfigError, JournalError, ReconcileError, Transient for a venue that cannot be reached; AuthFailed where
    a venue has refused the key and nothing is left over that its summary would have to tell.
    """
    async with opened(settings, credentials, sim, clock) as (world, factories), AsyncExitStack() as stack:
        settings = world.settings
        statics = await unless(stop, facts(factories, world, clock))
        if statics is None:
            return None
        markets = select(statics, settings.scan.symbols, least_venues=2)
        from adapters.alerts import alerts_from  # with an HTTP client that a scan does not need

        alerts = alerts_from(environ, settings.alerts, clock, asyncio.sleep)
        observers = () if alerts is None else (alerts,)
        vitals = Vitals(factories.breakers)
        books, rules, round_trips = Books(), Rules(statics.values()), RoundTrips(clock)
        sides = (
            paper_sides(settings, markets, rules, books, round_trips, clock)
            if mode == "paper"
            else real_sides(factories, markets)
        )
        if mode == "paper" or world.simulated:
            set_aside(files.journal)
        journal = SqliteJournal(files.journal, clock, mode=mode, run=f"{clock.wall_ns() // MS:x}-{os.getpid():x}")
        stack.callback(journal.close)
        engine = assemble(
            settings, mode, sides, books, rules, journal, clock,
            view=view, observers=observers, max_cycles=max_cycles, vitals=vitals,
        )  # fmt: skip
        scanner = make_scanner(settings, statics, markets, books, clock, rejected=False)
        counted = Counted("run", None, books, scanner, clock)
        paths = Paths(factories, settings, books, clock, statics, engine.publisher.publish)
        live = Live(
            settings, factories, markets,
            books=books, scanner=scanner, counted=counted, clock=clock, tape=None, observers=observers,
            strategies=make_strategies(settings.run.strategy, settings), trader=engine.trader,
            vitals=vitals, paths=paths,
        )  # fmt: skip
        engine.operation.data_path = paths.label
        stack.push_async_callback(paths.close)
        control = ControlServer(files.control, {**verbs_of(engine.operation), **path_verbs(paths)})
        await control.start()
        stack.callback(control.close)
        course = Course(engine, live, clock, stop, duration_s=duration_s, accept_balances=accept_balances)
        upkeep = keep_up(live, world, factories, statics, scanner, rules.refresh)
        engine.publisher.listen(upkeep.on_fact)
        extra = [
            kept("the upkeep of static facts", upkeep.run),
            kept("the journal's writer", journal.run),
            run_sides(engine.trading, engine.trader, course.fail),
            kept("the reading of balances", partial(reread, engine.trading, engine.trader)),
            kept(
                "the proving of orders",
                partial(keep_proving, engine.executor, engine.trading, clock, engine.trader.on_event, asyncio.sleep),
            ),
        ]
        if mode == "paper" and not settings.paper.latency_ms:
            extra.append(kept("the timing of venues", partial(round_trips.run, live.data, markets)))
        if alerts is not None:
            extra.append(kept("the alerts", alerts.run))
        counted.started()
        view.started(Source(engine.operation, counted))
        ended = await live.run(course.run, extra, course.fail)
        made = _summary(engine, counted, mode, ended, course.failure, clock)
        view.finished(made)
        if course.failure is not None and not (made.reported or made.left_open):  # what is left over is worse news
            raise course.failure
        return made


def _summary(
    engine: Engine, counted: Counted, mode: str, ended: str, failure: Exception | None, clock: Clock
) -> TradeSummary:
    tally = engine.tally
    return TradeSummary(
        mode=mode,
        ended=ended if failure is None else "failed",
        wall_ns=clock.wall_ns(),
        engine=engine.operation.status(),
        scan=counted.finished(ended).status,
        halted_by=engine.operation.halted_by,
        flat=tally.ends[CycleEnd.FLAT],
        hedged=tally.ends[CycleEnd.HEDGED],
        reported=tally.ends[CycleEnd.REPORTED],
        left_open=len(engine.executor.open),
        pnl=tuple(tally.pnl.items()),
        notes=tuple(filter(None, (str(failure or ""), engine.journal.trouble))),
    )
