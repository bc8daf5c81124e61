"""A whole trading engine in its own time, at two simulated exchanges, while native misreads one of them."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from arb.app import trading
from arb.clock import ManualClock
from arb.config import Credentials, Settings
from arb.control import PATHS, TURN, ask
from arb.domain import CycleClosed, CycleOpened, PathMoved, Refused
from arb.journal import Records
from arb.rows import TradeFiles
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.status import TradeSummary
from tests.proof.clockwork import Clockwork
from tests.proof.live.arrivals import Arrival, Arrivals
from tests.proof.live.books import check_books
from tests.proof.money.desk import RISK
from tests.proof.money.faults import FILLS, ORDERS, PLACES, on
from tests.proof.swap.watching import Watched

START_NS, WALL_NS = 5 * 10**9, 1_767_225_600 * 10**9
VENUES = ("mexc", "gateio")
NATIVE_TOPIC = {"mexc": "limit.depth", "gateio": "obu"}  # what ccxt reads is another channel
SYMBOLS, STEP_S = 6, 0.01
GARBLED_MS, GARBLED_FOR_MS, EVERY_MS = 6_000, 2_000, 100
FLIES_MS = 1_500  # so long every order is on its way
CLEAN_S = 2.0
BEGINS_S, STANDS_S = 8.0, 3.0  # before a person's first word, and after each
AFTER_S = 4.0  # that the run goes on after the return


class Ran(NamedTuple):
    """What a run left behind. garbled: frames that were.   files, tasks: open after each return by a person's word."""

    summary: TradeSummary
    moves: tuple[PathMoved, ...]
    opened: tuple[CycleOpened, ...]
    closed: tuple[CycleClosed, ...]
    refused: tuple[Refused, ...]
    watched: Watched
    garbled: int
    cycles: int
    files: tuple[int, ...] = ()
    tasks: tuple[int, ...] = ()

    def flying(self, at_ns: int, venue: str) -> list[CycleOpened]:
        """Cycles with a leg at this venue that had begun then and had not ended."""
        ended = {each.cycle: each.at_ns for each in self.closed}
        return [
            each
            for each in self.opened
            if each.at_ns < at_ns < ended[each.cycle] and venue in (each.plan.buy.venue, each.plan.sell.venue)
        ]


def ran(venue: str, min_trust: str, seed: int, folder: Path, *, bursts: int = 1, turns: int = 0) -> Ran:
    """min_trust: of [risk].   bursts: how often native of `venue` misreads it for a while.   turns: how often a person
    moves it to and fro.
    """
    clock = ManualClock(START_NS, WALL_NS)
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner, pytest.MonkeyPatch.context() as patch:
        time = SimpleNamespace(time=lambda: clock.wall_ns() / 1e9, time_ns=clock.wall_ns)
        patch.setattr("fastpath.net.native.Random", lambda: Random(seed))
        patch.setattr(import_module("ccxt.base.exchange"), "time", time)
        patch.setattr(import_module("ccxt.async_support.base.throttler"), "time", time.time)
        return runner.run(_run(venue, min_trust, seed, folder, clock, patch, bursts, turns))


async def _run(
    venue: str, min_trust: str, seed: int, folder: Path, clock: ManualClock, patch: pytest.MonkeyPatch, bursts: int,
    turns: int,
) -> Ran:  # fmt: skip
    sim = SimExchanges(
        clock, seed=seed, symbols=SYMBOLS, venues=VENUES, faults=FaultPlan(tuple(_faults(venue, bursts)), seed),
        settings=SimSettings(gaps_hz=30.0),
    )  # fmt: skip
    arrivals: list[Arrival] = []
    heard = Arrivals(arrivals.append)
    for each in sim.venues.values():
        heard.watch(each)
    await sim.start(drive=False)
    market = asyncio.create_task(_turn(sim))
    watched = Watched()
    patch.setattr(trading, "Live", watched.live)
    stop = asyncio.Event()
    keys = {name: Credentials(name, *sim.keys[name]) for name in VENUES}
    files = TradeFiles(folder / "journal.sqlite", folder / "run" / "live.sock")
    lasts_s = _lasts_s(bursts) if bursts else None
    person = _Person(files.control, venue)
    turning = asyncio.create_task(person.turn(turns, stop))
    try:
        summary = await trading.trade(
            _settings(sim, min_trust, folder), mode="live", credentials=keys, clock=clock, view=_View(), sim=None,
            files=files, environ={}, duration_s=lasts_s, max_cycles=None, accept_balances=False, stop=stop,
        )  # fmt: skip
    finally:
        for task in (market, turning):
            task.cancel()
        await asyncio.gather(market, turning, return_exceptions=True)
        await sim.stop()
    assert summary is not None
    cycles = check_books(files.journal, sim, arrivals)
    records = Records(files.journal)
    try:
        facts: dict[type, Sequence[Any]] = {
            kind: tuple(records.facts(kind)) for kind in (PathMoved, CycleOpened, CycleClosed, Refused)
        }
    finally:
        records.close()
    garbled = sim.counters.get(f"{venue}.garble", 0)
    return Ran(
        summary, tuple(facts[PathMoved]), tuple(facts[CycleOpened]), tuple(facts[CycleClosed]), tuple(facts[Refused]),
        watched, garbled, cycles, tuple(person.files), tuple(person.tasks),
    )  # fmt: skip


def _faults(venue: str, bursts: int) -> list[FaultRule]:
    starts = [GARBLED_MS + number * _burst_ms() for number in range(bursts)]
    at_ms = tuple(float(start + step) for start in starts for step in range(0, GARBLED_FOR_MS, EVERY_MS))
    garbling = [FaultRule(kind="garble", venue=venue, topic=NATIVE_TOPIC[venue], at_ms=at_ms)] if at_ms else []
    return [
        *garbling,
        *on(PLACES, "late_answer", 1.0, delay_ms=FLIES_MS),
        *on((*ORDERS, *FILLS), "delay", 1.0, delay_ms=FLIES_MS),
    ]


def _burst_ms() -> int:
    return GARBLED_FOR_MS + round(CLEAN_S * 4_000) + 4_000


def _lasts_s(bursts: int) -> float:
    once = (GARBLED_MS + GARBLED_FOR_MS) / 1e3 + CLEAN_S + 4.0 + AFTER_S
    return once + (bursts - 1) * (_burst_ms() / 1e3 + 2 * CLEAN_S)


def _settings(sim: SimExchanges, min_trust: str, folder: Path) -> Settings:
    exchanges: dict[str, Mapping[str, str]] = {
        name: {"rest_url": sim.urls[name].rest_url, "ws_url": sim.urls[name].ws_url} for name in VENUES
    }
    risk = {**RISK, "min_trust": min_trust, "max_book_age_ms": 3_000, "max_skew_ms": 3_000}
    return Settings.model_validate(
        {
            "exchanges": exchanges, "risk": risk, "size": {"USDT": "50"}, "execution": {"answer_ms": 6_000},
            "fastpath": {"window_s": 5, "max_errors": 5, "clean_s": CLEAN_S}, "cache": {"dir": str(folder / "cache")},
        }
    )  # fmt: skip


async def _turn(sim: SimExchanges) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        sim.step()


class _Person:
    """Turns the fast path of a venue off and on, and counts what is open each time it is on again."""

    def __init__(self, control: Path, venue: str) -> None:
        self._control = control
        self._venue = venue
        self.files: list[int] = []
        self.tasks: list[int] = []

    async def turn(self, times: int, stop: asyncio.Event) -> None:
        if not times:
            return
        await asyncio.sleep(BEGINS_S)
        for number in range(times):
            native = bool(number % 2)
            row = (await ask(self._control, TURN, venue=self._venue, native=native)).row
            while row.goal is not None:
                await asyncio.sleep(0.1)
                row = next(each for each in (await ask(self._control, PATHS)).rows if each.venue == self._venue)
            await asyncio.sleep(STANDS_S)
            if native:
                gc.collect()
                self.files.append(len(os.listdir("/proc/self/fd")))
                self.tasks.append(len(asyncio.all_tasks()))
        stop.set()


class _View:
    """Nobody watches."""

    def started(self, source: object) -> None:
        pass

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None:
        pass

    def moved(self, moved: object) -> None:
        pass

    def finished(self, summary: TradeSummary) -> None:
        pass
