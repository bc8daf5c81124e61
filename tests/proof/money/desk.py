"""A trading engine as the application puts it together, at two simulated exchanges, in its own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from arb.app.assembly import Engine, assemble
from arb.app.factories import Factories
from arb.app.operation import Side
from arb.app.rules import Rules
from arb.app.scanners import NoScan
from arb.app.scanning import TICK_S, facts, select
from arb.app.simulating import Environment
from arb.app.venues import native_venue
from arb.books import Books
from arb.clock import ManualClock
from arb.config import Settings
from arb.domain import BookKey, CycleClosed, CycleOpened, FeeSchedule, Market, RiskMoved, Symbol, VenueId
from arb.engine import Engine as Scan
from arb.errors import VenueError
from arb.interfaces import Statics
from arb.journal import SqliteJournal
from arb.observers import Observers
from arb.sim import FaultPlan, SimExchanges, SimSettings
from arb.status import EngineSource, TradeSummary
from fastpath.net.native import NativeFactory
from fastpath.net.wiring import OnError
from tests.proof.money.faults import Fault
from tests.proof.money.watching import Door, Till

VENUES = ("mexc", "gateio")
SYMBOLS = 8
MUCH = 10**12
STEP_S = 0.01  # of the market: its finest cadence
PLENTY = "1000000000"  # of every coin, whatever its price

# A gate whose limits are beyond everything: what is proven here is what happens behind it.
RISK = {
    "max_trade": MUCH, "max_venue": MUCH, "max_coin": MUCH, "max_total": MUCH, "max_naked": MUCH,
    "max_naked_s": 86_400, "max_daily_loss": MUCH, "max_losses": 1_000, "max_cycles": 1_000,
    "max_orders_per_min": 100_000, "price_collar_bps": 10_000, "allow_unknown": ["identity", "transfer"],
}  # fmt: skip


class Desk(NamedTuple):
    sim: SimExchanges
    engine: Engine
    books: Books
    markets: Mapping[BookKey, Market]
    fees: Mapping[BookKey, FeeSchedule]
    doors: Mapping[VenueId, Door]
    tills: Mapping[VenueId, Till]
    complaints: list[VenueError]


async def listed(seed: int, clock: ManualClock) -> Mapping[VenueId, Statics]:
    """What both venues list under this seed, by the application's own way, without keys."""
    async with AsyncExitStack() as stack:
        sim = SimExchanges(clock, seed=seed, symbols=SYMBOLS, venues=VENUES)
        await sim.start(drive=False)
        stack.push_async_callback(sim.stop)
        world = Environment(_settings(sim, {}), {}, simulated=True)
        factories = Factories(world, clock)
        stack.push_async_callback(factories.close)
        return await facts(factories, world, clock)


@asynccontextmanager
async def desk(
    seed: int,
    statics: Mapping[VenueId, Statics],
    fault: Fault,
    execution: Mapping[str, Any],
    one_way_ms: float,
    money: str,
    journal: Path,
    clock: ManualClock,
) -> AsyncIterator[Desk]:
    """Running; everything is closed at the end.

    one_way_ms: how far the venues are away.   money: what each account owns of the quote currency.
    """
    async with AsyncExitStack() as stack:
        sim = SimExchanges(
            clock, seed=seed, symbols=SYMBOLS, venues=VENUES, faults=FaultPlan(fault.rules, seed),
            settings=SimSettings(activity=0.5, one_way_ms=one_way_ms, balances=_balances(statics, money)),
        )  # fmt: skip
        await sim.start(drive=False)
        stack.push_async_callback(sim.stop)
        turning = asyncio.create_task(_turn(sim))
        stack.push_async_callback(_ended, [turning])  # last: what says goodbye to the venues is answered
        settings = _settings(sim, execution)
        markets = select(statics, settings.scan.symbols, least_venues=2)
        books, rules = Books(), Rules(statics.values())
        book = SqliteJournal(journal, clock, mode="sim", run=str(seed))
        stack.callback(book.close)
        complaints: list[VenueError] = []
        made = {v: _factory(v, each, sim, settings, clock, seed, complaints.append) for v, each in statics.items()}
        for factory in made.values():
            stack.push_async_callback(factory.close)
        doors = {v: Door(made[v].trading(chosen), journal, resting=fault.resting) for v, chosen in markets.items()}
        for door in doors.values():
            stack.callback(door.close_file)
        engine = assemble(
            settings, "sim", {venue: Side(door, "native") for venue, door in doors.items()}, books, rules, book, clock,
            view=_View(), observers=(), max_cycles=None,
        )  # fmt: skip
        inventory = engine.trader._inventory
        ledgers = {VenueId(name): sim.ledger(name) for name in VENUES}
        tills = {
            v: Till(engine.trader, inventory, engine.executor, ledgers, clock, Random(f"{seed}:{v}")) for v in markets
        }
        scan = Scan(books, NoScan(), (), Observers(), clock, settings.scan.max_age_ms * 1_000_000, engine.trader)
        work: list[Coroutine[Any, Any, None]] = [_ticks(scan, clock), book.run()]
        for venue, chosen in markets.items():
            data = made[venue].market_data(chosen, settings.scan.depth)
            books.add_venue(venue, data.resync)
            for market in chosen:
                books.add(venue, market.symbol, data.feed, clock.mono_ns())
            work += [data.run([m.symbol for m in chosen], scan), doors[venue].run(tills[venue])]
        tasks = [asyncio.create_task(each) for each in work]
        stack.push_async_callback(_ended, tasks)
        yield Desk(
            sim, engine, books, {(m.venue, m.symbol): m for chosen in markets.values() for m in chosen},
            {(f.venue, f.symbol): f for each in statics.values() for f in each.fees}, doors, tills, complaints,
        )  # fmt: skip
        for task in (turning, *tasks):
            if task.done():
                task.result()  # none of them ends by itself: this raises what ended it


async def _turn(sim: SimExchanges) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        sim.step()


async def _ticks(scan: Scan, clock: ManualClock) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        scan.on_timer(clock.mono_ns())


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _balances(statics: Mapping[VenueId, Statics], money: str) -> dict[str, dict[str, str]]:
    return {
        venue: {str(m.base): PLENTY for m in each.markets} | {str(m.quote): money for m in each.markets}
        for venue, each in statics.items()
    }


def _settings(sim: SimExchanges, execution: Mapping[str, Any]) -> Settings:
    urls = {name: {"rest_url": sim.urls[name].rest_url, "ws_url": sim.urls[name].ws_url} for name in VENUES}
    return Settings.model_validate({"exchanges": urls, "risk": RISK, "execution": dict(execution)})


def _factory(
    name: str, statics: Statics, sim: SimExchanges, settings: Settings, clock: ManualClock, seed: int, complain: OnError
) -> NativeFactory:
    module = native_venue(name)
    assert module is not None
    key, secret = sim.keys[name]
    return NativeFactory(
        module, clock=clock, metadata=_Told(statics), on_error=complain, rest_url=sim.urls[name].rest_url,
        ws_url=sim.urls[name].ws_url, rng=Random(f"{seed}:{name}"), key=key, secret=secret,
        answer_s=settings.execution.answer_ms / 1e3,
    )  # fmt: skip


class _Told:
    """A Metadata that has been asked before."""

    source = "told"

    def __init__(self, statics: Statics) -> None:
        self._statics = statics

    async def load(self) -> Statics:
        return self._statics

    async def account_fees(self, symbols: Sequence[Symbol]) -> tuple[FeeSchedule, ...]:
        return ()


class _View:
    """Nobody watches."""

    def started(self, source: EngineSource) -> None:
        pass

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None:
        pass

    def moved(self, moved: RiskMoved) -> None:
        pass

    def finished(self, summary: TradeSummary) -> None:
        pass
