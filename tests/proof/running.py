"""A whole scan in its own time: the application as it is, both simulated exchanges, real sockets, a hand-turned clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from arb.app import scanning
from arb.clock import ManualClock
from arb.config import Credentials, Settings
from arb.domain import BookState, VenueId
from arb.sim import FaultPlan, FaultRule, Injected, PlantedGap, SimExchanges, SimSettings
from arb.status import ScanSummary, StatusSource
from arb.tape import Run
from tests.proof.clockwork import Clockwork
from tests.proof.exact import Limits, best
from tests.proof.oracle import Oracle, Route, Terms
from tests.proof.sending import Sending
from tests.proof.served import Served, served
from tests.proof.witness import Witness

MS = 1_000_000
STEP_S = 0.01  # of the market: its finest cadence
START_NS, WALL_NS = 5 * 10**9, 1_767_225_600 * 10**9
VENUES = ("mexc", "gateio")
SIZES = {"USDT": Decimal(500), "USDC": Decimal(300), "BTC": Decimal("0.01")}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run. venues: the tables of the configuration.   scan: over the defaults.   keys: with an account.

    every: see `Witness`.
    """

    depth: str = "20"
    duration_s: float = 10.0
    symbols: int = 50
    seed: int = 1
    venues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scan: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[FaultRule] = ()
    gaps_hz: float | None = None
    keys: bool = True
    every: int = 1
    patterns: Sequence[str] = ("*/USDT", "*/USDC", "*/BTC")


class Ran:
    """Everything that a run leaves behind. live: the application's run with its books and counters."""

    def __init__(self, plan: Plan, clock: ManualClock) -> None:
        self.plan = plan
        self.clock = clock
        self.sim = SimExchanges(
            clock,
            seed=plan.seed,
            symbols=plan.symbols,
            faults=FaultPlan(tuple(plan.rules), seed=plan.seed),
            venues=VENUES,
            settings=SimSettings(gaps_hz=plan.gaps_hz),
        )
        self.served: Served = served(plan.seed, plan.symbols)
        self.sending = Sending(clock)
        self.witness: Witness
        self.live: scanning.Live
        self.summary: ScanSummary
        self.states: dict[str, set[BookState]] = {}
        self.ended_ns = 0

    # ------------------------------------------------------------------------------------------- what came of it

    @property
    def injected(self) -> Sequence[Injected]:
        return self.sim.injected

    def decode_errors(self, venue: str) -> int:
        return self.live.data[VenueId(venue)].counters["decode_errors"]

    def status(self, venue: str) -> Any:
        return next(status for status in self.summary.status.venues if status.venue == venue)

    def gaps(self, least_ms: float) -> list[PlantedGap]:
        """The planted ones that beat the fees, last long enough, and lie within the time that was watched.

        Watched is a symbol from when both venues have said what its book is.
        """
        return [gap for gap in self.sim.truth_log if gap.kind == "gap" and self._counts(gap, least_ms)]

    def missed_gaps(self, least_ms: float) -> list[PlantedGap]:
        """Those of them that were never reported at the prices they were planted at."""
        return [gap for gap in self.gaps(least_ms) if not self._reported(gap)]

    def told(self) -> str:
        """What a person wants to know who has to find out why it failed."""
        witness = self.witness
        lines = [
            f"seed {self.plan.seed}, depth {self.plan.depth}: {witness.records} records, {dict(witness.counts)}",
            f"sim {dict(self.sim.counters)}, {len(self.sim.truth_log)} planted, {len(self.injected)} faults",
            f"venues {self.summary.status.venues}",
            *(f"{venue} {dict(data.counters)}" for venue, data in self.live.data.items()),
            *witness.wrong,
        ]
        return "\n".join(lines)

    def _counts(self, gap: PlantedGap, least_ms: float) -> bool:
        assert gap.close_mono_ns is not None
        route = Route(gap.symbol, gap.buy, gap.sell)
        books = [book for (_, symbol), book in self.witness.oracle.books.items() if symbol == gap.symbol]
        if not books or gap.close_mono_ns >= self.ended_ns or gap.close_mono_ns - gap.open_mono_ns < least_ms * MS:
            return False
        if any(not book.first_ns or gap.open_mono_ns < book.first_ns for book in books):
            return False
        return best(*self._planted(gap), *self._limits(route), SIZES[gap.symbol.partition("/")[2]]) is not None

    def _planted(self, gap: PlantedGap) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        size = Decimal(gap.size)
        return [(Decimal(gap.buy_price), size)], [(Decimal(gap.sell_price), size)]

    def _limits(self, route: Route) -> tuple[Limits, Limits]:
        sources, listings = self.witness.oracle.sources, self.served.listings
        buy, sell = (route.buy, route.symbol), (route.sell, route.symbol)
        return listings[buy].limits(True, sources[buy]), listings[sell].limits(False, sources[sell])

    def _reported(self, gap: PlantedGap) -> bool:
        assert gap.close_mono_ns is not None
        late_ns = gap.close_mono_ns + 100 * MS
        return any(
            seen.route == Route(gap.symbol, gap.buy, gap.sell)
            and gap.open_mono_ns <= seen.at_ns <= late_ns
            and (seen.ask, seen.bid) == (Decimal(gap.buy_price), Decimal(gap.sell_price))
            for seen in self.witness.seen
        )



def scanned(plan: Plan, folder: Path) -> Ran:
    """Run it from the first request to the last CLOSE. folder: for the catalog."""
    clock = ManualClock(START_NS, WALL_NS)
    ran = Ran(plan, clock)
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner, _staged(ran):
        runner.run(_scan(ran, folder))
    return ran


async def _scan(ran: Ran, folder: Path) -> None:
    plan, sim = ran.plan, ran.sim
    await sim.start(drive=False)
    market = asyncio.create_task(_turn(sim))
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
            observers=[SimpleNamespace(on_fact=lambda fact: ran.witness.on_fact(fact))],
        )
    finally:
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        await sim.stop()


async def _turn(sim: SimExchanges) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        sim.step()


def _settings(plan: Plan, sim: SimExchanges, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "exchanges": {
                name: {"rest_url": sim.urls[name].rest_url, "ws_url": sim.urls[name].ws_url, **plan.venues.get(name, {})}
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


@contextmanager
def _staged(ran: Ran) -> Iterator[None]:
    """Whatever would look at real time or draw unseeded chance is given ours; the tape is the witness."""
    clock = ran.clock

    class Live(scanning.Live):
        async def run(self, until: Any, extra: Any = ()) -> str:
            ran.live = self

            async def ending() -> str:
                word: str = await until()
                ran.ended_ns = clock.mono_ns()
                ran.witness.finish()
                return word

            return await super().run(ending, extra)

    def witness(path: Path, _clock: object, run: Run) -> Witness:
        scan = Settings.model_validate(run.settings).scan
        terms = Terms(
            SIZES, int(scan.depth), scan.max_age_ms * MS, scan.max_skew_ms * MS, scan.min_edge_bps,
            Decimal(repr(scan.max_price_ratio)), round(scan.quarantine_s * 1e9),
        )  # fmt: skip
        oracle = Oracle(ran.served, terms, [market.symbol for market in run.venues[0].statics.markets], VENUES)
        garbles = any(rule.kind == "garble" for rule in ran.plan.rules)
        ran.witness = Witness(path, clock, run, oracle, ran.plan.every, ran.decode_errors if garbles else None)
        return ran.witness

    time = SimpleNamespace(time=lambda: clock.wall_ns() / 1e9, time_ns=clock.wall_ns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("arb.sim.site.Conn", ran.sending.conn)
        patch.setattr(scanning, "Live", Live)
        patch.setattr(scanning, "TapeWriter", witness)
        patch.setattr("fastpath.net.native.Random", lambda: Random(ran.plan.seed))
        patch.setattr(import_module("ccxt.base.exchange"), "time", time)
        patch.setattr(import_module("ccxt.async_support.base.throttler"), "time", time.time)
        yield
