"""A whole trading run against exchanges that turn their rules meanwhile, in its own time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from arb.app import trading
from arb.app.assembly import Engine
from arb.app.rules import Rules
from arb.clock import ManualClock
from arb.config import Credentials, Settings
from arb.domain import (
    BookKey,
    CycleClosed,
    CycleOpened,
    OrderSent,
    OrderStatus,
    OrderUpdate,
    RiskMoved,
    Symbol,
    VenueId,
)
from arb.journal import Records
from arb.rows import TradeFiles
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.sim.market import Listing
from arb.status import EngineSource, TradeSummary
from tests.proof.clockwork import Clockwork
from tests.proof.money.reckoning import Known, Reckoned, Written, held_by, wrong
from tests.proof.ran import MS, START_NS, VENUES, WALL_NS
from tests.proof.running import STEP_S

SYMBOLS = 8
Wanted = Callable[[Rules, BookKey, Listing], bool]
"""Whether a run knows of a market what the venue's listing says now."""


class Traded:
    """lines: (ms, text) of the log.   changed_ms: since when the run knows all that the venue's listings say.

    differences: between our journal and the exchanges' ledgers.
    """

    def __init__(self, rules: Sequence[FaultRule], clock: ManualClock, wanted: Wanted) -> None:
        self.clock = clock
        self.sim = SimExchanges(
            clock, seed=3, symbols=SYMBOLS, venues=VENUES, faults=FaultPlan(tuple(rules)),
            settings=SimSettings(gaps_hz=6.0),
        )  # fmt: skip
        self.lines: list[tuple[float, str]] = []
        self.changed_ms: dict[str, float] = {}
        self.engine: Engine
        self.rules: Rules
        self.summary: TradeSummary | None = None
        self.opened: tuple[CycleOpened, ...] = ()
        self.updates: tuple[OrderUpdate, ...] = ()
        self.sent: tuple[OrderSent, ...] = ()
        self.differences: list[str] = []
        self._wanted = wanted

    @property
    def now_ms(self) -> float:
        return self.sim.market.sim_ns(self.clock.mono_ns()) / MS

    def ms_of(self, mono_ns: int) -> float:
        return self.sim.market.sim_ns(mono_ns) / MS

    def rejected_ms(self, venue: str, since_ms: float) -> list[float]:
        return [
            self.ms_of(update.recv_ns)
            for update in self.updates
            if update.venue == venue and update.status is OrderStatus.REJECTED and self.ms_of(update.recv_ns) > since_ms
        ]

    def line_ms(self, venue: str, words: str, since_ms: float) -> float | None:
        found = (at for at, text in self.lines if at >= since_ms and text.startswith(f"{venue}: ") and words in text)
        return next(found, None)

    def look(self) -> None:
        if not hasattr(self, "rules"):
            return
        for venue in VENUES:
            listings = [book.listing for book in self.sim.venues[venue].books.values()]
            known = all(self._wanted(self.rules, (VenueId(venue), Symbol(each.symbol)), each) for each in listings)
            if not known:
                self.changed_ms.pop(venue, None)
            else:
                self.changed_ms.setdefault(venue, self.now_ms)


def traded(
    rules: Sequence[FaultRule], duration_s: float, folder: Path, wanted: Wanted,
    **settings: Any,
) -> Traded:  # fmt: skip
    clock = ManualClock(START_NS, WALL_NS)
    done = Traded(rules, clock, wanted)
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner, _captured(done):
        runner.run(_run(done, duration_s, folder, settings))
    return done


async def _run(done: Traded, duration_s: float, folder: Path, more: dict[str, Any]) -> None:
    sim = done.sim
    await sim.start(drive=False)
    market = asyncio.create_task(_turn(done))
    files = TradeFiles(folder / "journal.sqlite", folder / "sim.sock")
    settings = Settings.model_validate({
        "exchanges": {v: {"rest_url": sim.urls[v].rest_url, "ws_url": sim.urls[v].ws_url} for v in VENUES},
        "risk": {"max_book_age_ms": 5_000, "max_skew_ms": 5_000, "max_daily_loss": "100000", "max_losses": 1000,
                 "allow_unknown": ["identity", "transfer"]},
        "cache": {"dir": str(folder / "cache")},
    } | more)  # fmt: skip
    try:
        done.summary = await trading.trade(
            settings, mode="sim", credentials={v: Credentials(v, *sim.keys[v]) for v in VENUES}, clock=done.clock,
            view=_View(), sim=None, files=files, environ={}, duration_s=duration_s, max_cycles=None,
            accept_balances=False, stop=asyncio.Event(),
        )  # fmt: skip
        known = {VenueId(venue): Known.of(sim.ledger(venue)) for venue in VENUES}
    finally:
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        await sim.stop()
    _reckon(done, files.journal, known)


def _reckon(done: Traded, journal: Path, known: dict[VenueId, Known]) -> None:
    records = Records(journal)
    try:
        done.opened, done.sent = tuple(records.facts(CycleOpened)), tuple(records.facts(OrderSent))
        done.updates = tuple(records.facts(OrderUpdate))
        written = Written(done.opened, done.sent, tuple(records.facts(CycleClosed)), tuple(records.fills()), ())
    finally:
        records.close()
    sent = Counter(str(order.client_id) for _, order in written.orders())
    markets = {key: market for key in _keys(done) if (market := done.rules.market(key)) is not None}
    done.differences = wrong(Reckoned(written, known, held_by(done.engine.exposure), markets, sent))


def _keys(done: Traded) -> Iterator[BookKey]:
    for venue in VENUES:
        for symbol in done.sim.venues[venue].books:
            yield VenueId(venue), symbol  # type: ignore[misc]  # the simulation's symbols are ours


async def _turn(done: Traded) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        done.sim.step()
        done.look()


@contextmanager
def _captured(done: Traded) -> Iterator[None]:
    """Hold on to what the run puts together, and hear what it logs."""

    def assemble(settings: Any, mode: Any, sides: Any, books: Any, rules: Rules, *rest: Any, **more: Any) -> Engine:
        done.rules = rules
        done.engine = make(settings, mode, sides, books, rules, *rest, **more)
        return done.engine

    make = trading.assemble
    sink = logger.add(lambda line: done.lines.append((done.now_ms, str(line))), level="WARNING", format="{message}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trading, "assemble", assemble)
        patch.setattr("fastpath.net.native.Random", lambda: Random(3))
        time = SimpleNamespace(time=lambda: done.clock.wall_ns() / 1e9, time_ns=done.clock.wall_ns)
        patch.setattr(import_module("ccxt.base.exchange"), "time", time)
        patch.setattr(import_module("ccxt.async_support.base.throttler"), "time", time.time)
        try:
            yield
        finally:
            logger.remove(sink)


class _View:
    """Nobody watches."""

    def started(self, source: EngineSource) -> None: ...

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None: ...

    def moved(self, moved: RiskMoved) -> None: ...

    def finished(self, summary: TradeSummary) -> None: ...
