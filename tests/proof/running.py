"""A whole scan in its own time: the application as it is, simulated exchanges, real sockets, a hand-turned clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from arb.app import scanning
from arb.clock import ManualClock
from arb.config import Credentials, Settings
from arb.sim import SimExchanges
from arb.status import ScanSummary, StatusSource
from tests.proof.clockwork import Clockwork
from tests.proof.ran import SIZES, START_NS, VENUES, WALL_NS, Plan, Ran
from tests.proof.staging import staged

STEP_S = 0.01  # of the market: its finest cadence


def scanned(plan: Plan, folder: Path, beside: Callable[[Ran], object] = lambda _: None) -> Ran:
    """Run it from the first request to the last CLOSE. folder: for the catalog.   beside: is given it before that."""
    clock = ManualClock(START_NS, WALL_NS)
    ran = Ran(plan, clock)
    beside(ran)
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock, ran.sim.resolve)) as runner, staged(ran):
        runner.run(_scan(ran, folder))
    return ran


async def _scan(ran: Ran, folder: Path) -> None:
    plan, sim = ran.plan, ran.sim
    await sim.start(drive=False)
    for begin in ran.begins:
        begin()
    market = asyncio.create_task(_turn(ran))
    try:
        await scanning.scan(
            _settings(plan, sim, folder),
            credentials={name: Credentials(name, *sim.keys[name]) for name in VENUES} if plan.keys else {},
            clock=ran.clock,
            view=_View(ran),
            sim=None,
            tape=folder / "tape",
            duration_s=plan.duration_s,
            once=False,
            rejected=False,
            stop=asyncio.Event(),
            observers=[
                SimpleNamespace(on_fact=lambda fact: ran.witness.on_fact(fact)),
                *(SimpleNamespace(on_fact=hear) for hear in ran.hears),
            ],
        )
    finally:
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        await sim.stop()


async def _turn(ran: Ran) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        ran.sim.step()
        for look in ran.looks:
            look()


def _settings(plan: Plan, sim: SimExchanges, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "exchanges": {
                name: {
                    "rest_url": sim.urls[name].rest_url,
                    "ws_url": sim.urls[name].ws_url,
                    **plan.venues.get(name, {}),
                }
                for name in VENUES
            },
            "scan": {"depth": plan.depth, "symbols": plan.patterns, "min_update_bps": "0", **plan.scan},
            "size": SIZES,
            "cache": {"dir": str(folder / "cache")},
        }
    )


class _View:
    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def started(self, source: StatusSource) -> None:
        pass

    def opportunity(self, opp: object) -> None:
        pass

    def finished(self, summary: ScanSummary) -> None:
        self._ran.summary = summary
