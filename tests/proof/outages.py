"""A scan in its own time while the exchanges misbehave by a timetable, and what became of each fault.

A fault of the timetable hits one book of one venue; one that hits a socket hits all books of the venue.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from arb.app import scanning
from arb.clock import ManualClock
from arb.config import Settings
from arb.domain import BookState
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.sim.conn import Conn
from arb.sim.faults import Injector
from arb.sim.venue import Label
from arb.status import ScanSummary
from arb.sync import BookSync
from tests.proof.clockwork import Clockwork

MS = 1_000_000
START_NS, WALL_NS = 5 * 10**9, 1_767_225_600 * 10**9
VENUES = ("mexc", "gateio")
FEEDS = {"mexc": "aggre.depth@100ms", "gateio": "spot.obu@400"}  # both chained, every 100 ms
SYMBOLS = ("BTC/USDT", "ETH/USDT")
STEP_S = 0.05  # of the market
STALL_MS = 1500.0
NOTICE_MS = 3000.0  # from the announced end of a socket to its end
STARTED_S = 5.0  # all is up by then


@dataclass(frozen=True)
class Fault:
    """symbol: "" where a whole socket is hit."""

    kind: str
    venue: str
    symbol: str
    at_ms: float

    def rule(self) -> FaultRule:
        duration_ms = STALL_MS if self.kind == "stall" else NOTICE_MS if self.kind == "upgrade" else 0.0
        return FaultRule(
            kind=self.kind,
            venue=self.venue,
            symbol=self.symbol,
            at_ms=(self.at_ms,),
            duration_ms=duration_ms,  # type: ignore[arg-type]
        )


@dataclass
class Outage:
    """detected_ms: since the book was last known to be right.   back_ms: since it was lost; None: it never was."""

    venue: str
    symbol: str
    state: BookState
    at_ns: int
    detected_ms: float
    back_ms: float | None = None


@dataclass
class Lived:
    """outages: in the order of their beginning.   began_ns: when the exchanges' time began."""

    faults: Sequence[Fault]
    outages: list[Outage] = field(default_factory=list)
    began_ns: int = 0
    passed: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # when frames of each book were sent
    sim: SimExchanges | None = None
    summary: ScanSummary | None = None

    def struck_ns(self, fault: Fault) -> int:
        """When it was carried out: at the first thing that it fitted."""
        assert self.sim is not None
        found = [
            done.at_ms
            for done in self.sim.injected
            if (done.kind, done.venue) == (fault.kind, fault.venue)
            and fault.symbol in ("", done.symbol)
            and done.at_ms >= fault.at_ms
        ]
        assert found, f"{fault} was never carried out"
        return self.began_ns + round(min(found) * MS)

    def sent_between(self, fault: Fault, outage: Outage) -> int:
        """Frames of the book that were sent after the one that was hit, up to the moment of the outage."""
        sent = self.passed[fault.venue, outage.symbol]
        return bisect_right(sent, outage.at_ns) - bisect_right(sent, self.struck_ns(fault))

    def of(self, fault: Fault, within_ms: float = NOTICE_MS + 1000.0) -> list[Outage]:
        """What it caused."""
        at_ns = self.struck_ns(fault)
        return [
            outage
            for outage in self.outages
            if outage.venue == fault.venue
            and fault.symbol in ("", outage.symbol)
            and at_ns <= outage.at_ns <= at_ns + within_ms * MS
        ]

    def on_turn(self, book: BookSync, now_ns: int) -> None:
        if book.state is not BookState.LIVE:
            since_ns = max(0, now_ns - book.recv_ns)
            self.outages.append(Outage(book.venue, book.symbol, book.state, now_ns, since_ns / MS))
            return
        for outage in reversed(self.outages):
            if (outage.venue, outage.symbol) == (book.venue, book.symbol):
                if outage.back_ms is None:
                    outage.back_ms = (now_ns - outage.at_ns) / MS
                return


def timetable(kinds: Sequence[str], every_s: float, duration_s: float, seed: int) -> list[Fault]:
    """One fault in each stretch of `every_s`, of any kind, at any venue, to any book."""
    rng = Random(seed)
    faults = []
    for number in range(int((duration_s - STARTED_S) / every_s)):
        kind = rng.choice(kinds)
        at_ms = 1000.0 * (STARTED_S + every_s * (number + rng.uniform(0.0, 0.4)))
        symbol = "" if kind in ("close", "upgrade") else rng.choice(SYMBOLS)
        faults.append(Fault(kind, rng.choice(VENUES), symbol, at_ms))
    return faults


def lived(
    faults: Sequence[Fault],
    duration_s: float,
    folder: Path,
    *,
    one_way_ms: float = 10.0,
    seed: int = 1,
    scan: Mapping[str, Any] | None = None,
    listed: int = len(SYMBOLS),
) -> Lived:
    """The application as it is, against real sockets, for so long of its own time. listed: markets of each venue."""
    clock = ManualClock(START_NS, WALL_NS)
    run = Lived(faults)
    rules = tuple(fault.rule() for fault in faults)
    run.sim = SimExchanges(
        clock, seed=seed, symbols=listed, faults=FaultPlan(rules, seed=seed), venues=VENUES,
        settings=SimSettings(gaps_hz=0.0, activity=1.0, one_way_ms=one_way_ms),
    )  # fmt: skip
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner, _staged(run, clock, seed):
        runner.run(_scan(run, clock, duration_s, folder, scan or {}))
    return run


@contextmanager
def _staged(run: Lived, clock: ManualClock, seed: int) -> Iterator[None]:
    """Whatever would look at real time or draw unseeded chance is given ours."""
    time = SimpleNamespace(time=lambda: clock.wall_ns() / 1e9, time_ns=clock.wall_ns)

    class Live(scanning.Live):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            count = self.vitals.uptime.on_turn

            def on_turn(book: BookSync, now_ns: int) -> None:
                run.on_turn(book, now_ns)
                count(book, now_ns)

            self.books.listen(on_turn)

    with pytest.MonkeyPatch.context() as patch:
        frames = Injector.frames

        def passing(self: Injector, conn: Conn, label: Label, payload: bytes, *, binary: bool) -> list[bytes]:
            out = frames(self, conn, label, payload, binary=binary)
            if out:
                assert run.sim is not None
                venue = self._venues[conn]
                run.passed.setdefault((venue, label.symbol), []).append(run.began_ns + run.sim.market.now_ns)
            return out

        patch.setattr(Injector, "frames", passing)
        patch.setattr(scanning, "Live", Live)
        patch.setattr("fastpath.net.native.Random", lambda: Random(seed))
        patch.setattr(import_module("ccxt.base.exchange"), "time", time)
        patch.setattr(import_module("ccxt.async_support.base.throttler"), "time", time.time)
        yield


async def _scan(run: Lived, clock: ManualClock, duration_s: float, folder: Path, scan: Mapping[str, Any]) -> None:
    sim = run.sim
    assert sim is not None
    await sim.start(drive=False)
    run.began_ns = clock.mono_ns()
    market = asyncio.create_task(_turn(sim))
    exchanges = {
        name: {"rest_url": sim.urls[name].rest_url, "ws_url": sim.urls[name].ws_url, "feed": FEEDS[name]}
        for name in VENUES
    }
    settings = {
        "exchanges": exchanges,
        "scan": {"depth": "full", "symbols": list(SYMBOLS), **scan},
        "cache": {"dir": str(folder / "cache")},
    }
    try:
        run.summary = await scanning.scan(
            Settings.model_validate(settings), credentials={}, clock=clock, view=_View(), sim=None, tape=None,
            duration_s=duration_s, once=False, rejected=False, stop=asyncio.Event(),
        )  # fmt: skip
    finally:
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        await sim.stop()


async def _turn(sim: SimExchanges) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        sim.step()


class _View(SimpleNamespace):
    """Nobody looks."""

    def started(self, source: object) -> None:
        pass

    def opportunity(self, opp: object) -> None:
        pass

    def finished(self, summary: ScanSummary) -> None:
        pass
