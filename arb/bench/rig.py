"""A whole trading engine for a benchmark: the real planner, gate, executor, journal and private sides on live books.

Only two things are not real. The planner is told of rebates, so that books that cross by the least tick are worth a
cycle; and every limit of the risk gate is judged, but set beyond reach.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from arb.app.assembly import Engine, assemble
from arb.app.factories import Factories
from arb.app.rules import Rules
from arb.app.scanners import NoScan, make_scanner
from arb.app.scanning import Live, facts, select
from arb.app.sides import real_sides, run_sides
from arb.app.simulating import Environment
from arb.app.status import Counted
from arb.app.strategies import make_strategies
from arb.bench.stopwatch import Lap, NullJournal, Stopwatch, TimedJournal
from arb.books import Books
from arb.clock import SystemClock
from arb.config import Credentials, ExecutionConfig, RiskConfig, ScanConfig, Settings, VenueConfig
from arb.domain import (
    BookState,
    CycleClosed,
    CycleOpened,
    Depth,
    FeeCoin,
    Intent,
    Leg,
    Market,
    OppEvent,
    Opportunity,
    Reason,
    Refused,
    RiskMoved,
    Symbol,
    Trust,
    VenueId,
)
from arb.errors import ArbError, Transient
from arb.interfaces import Lane, Statics
from arb.risk import Approved
from arb.sim.apart import Door
from arb.status import EngineSource, TradeSummary
from arb.units import exact

SPEND = Decimal(40)  # USDT a cycle: above every minimum of the simulated markets, far below what their books hold
READY_S = 30.0
CLOSED_S = 30.0
PACE_S = 0.12  # between two starts: MEXC takes twelve orders a second, and the gate wants room for a hedge
AGAIN_S = 0.02
TRIES = 1000

_MUCH = Decimal(10) ** 12
_REBATE = Decimal("-0.03")
_AGE_NS = 1_000_000_000
_CLOCK = SystemClock()

OrderPath = Literal["native", "ccxt"]
T = TypeVar("T")


class Unwatched:
    """A TradeView for nobody."""

    def started(self, source: EngineSource) -> None: ...

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None: ...

    def moved(self, moved: RiskMoved) -> None: ...

    def finished(self, summary: TradeSummary) -> None: ...


class Rig:
    """Runs cycles one after the other. symbols: looked at in turn, in both directions."""

    def __init__(self, engine: Engine, books: Books, journal: TimedJournal, symbols: Sequence[Symbol]) -> None:
        self.engine = engine
        self._books = books
        self._journal = journal
        self._symbols = symbols
        self._watch = Stopwatch(_CLOCK)
        self._looked = 0
        engine.publisher.listen(self._watch.on_fact)

    async def ready(self) -> None:
        """Until every book is LIVE and both private sides stand with their balances. Raises Transient."""
        async with _within(READY_S, "books and accounts are not ready"):
            while not self._is_ready():  # noqa: ASYNC110  what it waits for is no one event
                await asyncio.sleep(AGAIN_S)

    async def lap(self) -> Lap:
        """One cycle from its plan to its end. Raises ArbError for one that never could be, or never ended."""
        began_ns = _CLOCK.mono_ns()
        lap = await self._started()
        async with _within(CLOSED_S, "a cycle did not end"):
            while not lap.closed_ns:  # noqa: ASYNC110  polled so seldom that it is not in the figures
                await asyncio.sleep(AGAIN_S)
        await asyncio.sleep(max(0.0, PACE_S - (_CLOCK.mono_ns() - began_ns) / 1e9))
        return lap

    async def _started(self) -> Lap:
        why = "no two books have crossed"
        for _ in range(TRIES):
            intent = self._intent()
            verdict = why if intent is None else self._try(intent)
            if isinstance(verdict, Lap):
                return verdict
            why = verdict
            await asyncio.sleep(AGAIN_S)
        raise ArbError(f"no cycle could be started: {why}")

    def _try(self, intent: Intent) -> Lap | str:
        """What the trader does with an intent, with a look at the clock between the steps. Or why there is no cycle."""
        engine = self.engine
        began_ns = _CLOCK.mono_ns()
        plan = engine.planner.plan(intent, _opportunity(intent, began_ns), began_ns)
        planned_ns = _CLOCK.mono_ns()
        if isinstance(plan, Refused):
            return f"{plan.limit}: {plan.why}"
        verdict = engine.risk.check(plan, planned_ns)
        approved_ns = _CLOCK.mono_ns()
        if not isinstance(verdict, Approved):
            return f"{verdict.limit}: {verdict.why}"
        lap = Lap(planned_ns - began_ns, approved_ns - planned_ns, approved_ns)
        self._watch.start(lap)
        engine.executor.start(verdict, approved_ns)
        lap.handed_ns = _CLOCK.mono_ns()
        lap.committed_in_ns = self._journal.took_ns
        return lap

    def _intent(self) -> Intent | None:
        """The next market, from the one that was last on, where one venue asks less than the other one bids."""
        buys, now_ns = sorted(self.engine.trading), _CLOCK.mono_ns()
        for _ in range(2 * len(self._symbols)):
            self._looked += 1
            symbol = self._symbols[self._looked // 2 % len(self._symbols)]
            buy, sell = reversed(buys) if self._looked % 2 else buys
            asks, bids = self._books.get((buy, symbol)), self._books.get((sell, symbol))
            if asks is None or bids is None:
                continue
            if any(book.refusal(now_ns, _AGE_NS) is not Reason.OK for book in (asks, bids)):
                continue
            ask, bid = asks.live(now_ns, _AGE_NS).best_ask, bids.live(now_ns, _AGE_NS).best_bid
            if ask < bid:
                qty = SPEND / exact(ask)
                limits = exact(bid), exact(ask)  # no level beyond what crosses
                return Intent("bench", f"b{self._looked}", symbol, buy, sell, qty, qty, *limits, Decimal(0))
        return None

    def _is_ready(self) -> bool:
        return is_ready(self.engine, self._books, self._symbols)


def is_ready(engine: Engine, books: Books, symbols: Sequence[Symbol]) -> bool:
    """Every book is LIVE, and orders may leave on both sides, whose balances are known."""
    trading = engine.trading
    found = [books.get((venue, symbol)) for venue in trading for symbol in symbols]
    return (
        all(book is not None and book.state is BookState.LIVE for book in found)
        and not any(side.refusal(1, Lane.ORDER) for side in trading.values())
        and not any(engine.inventory.why_not(venue) for venue in trading)
    )


class Standing(NamedTuple):
    """An engine that is wired up and not started.   work: what else runs beside it, for `Live.run`."""

    engine: Engine
    live: Live
    books: Books
    journal: TimedJournal
    markets: Mapping[VenueId, Sequence[Market]]

    def work(self) -> list[Coroutine[Any, Any, None]]:
        return [self.journal.run(), run_sides(self.engine.trading, self.engine.trader)]


@asynccontextmanager
async def standing(
    doors: Mapping[str, Door],
    folder: Path,
    settings: Settings,
    *,
    journal: type[TimedJournal] = TimedJournal,
    rules: Callable[[Mapping[VenueId, Statics]], Rules] = lambda statics: Rules(statics.values()),
    scans: bool = False,
) -> AsyncIterator[Standing]:
    """As `arb run` puts it together, at `doors`. The journal is a new file in `folder`.

    scans: with its scanner and strategies; else books alone are kept.
    """
    keys = {name: Credentials(name, door.key, door.secret) for name, door in doors.items()}
    world = Environment(settings, keys, simulated=True)
    async with AsyncExitStack() as stack:
        factories = Factories(world, _CLOCK)
        stack.push_async_callback(factories.close)
        statics = await facts(factories, world, _CLOCK)
        markets = select(statics, settings.scan.symbols, least_venues=2)
        opened = journal(folder / f"cycle-{_CLOCK.mono_ns():x}.sqlite", _CLOCK, mode="sim", run="bench")
        stack.callback(opened.close)
        books = Books()
        engine = assemble(
            settings, "sim", real_sides(factories, markets), books, rules(statics), opened, _CLOCK,
            view=Unwatched(), observers=(), max_cycles=None,
        )  # fmt: skip
        scanner = make_scanner(settings, statics, markets, books, _CLOCK, rejected=False) if scans else None
        live = Live(
            settings, factories, markets, books=books, scanner=NoScan() if scanner is None else scanner,
            counted=Counted("bench", None, books, scanner, _CLOCK), clock=_CLOCK, tape=None, trader=engine.trader,
            strategies=make_strategies(settings.run.strategy, settings) if scans else (),
        )  # fmt: skip
        yield Standing(engine, live, books, opened, markets)


async def on_rig(
    doors: Mapping[str, Door], folder: Path, play: Callable[[Rig], Awaitable[T]], *, orders: OrderPath, journal: bool
) -> T:
    """What `play` makes of a rig that trades at `doors`; its journal is a new file in `folder`.

    orders: the path that orders take; books are native on all.   journal: False: nothing is written down.
    """
    kind = TimedJournal if journal else NullJournal
    settings = bench_settings(doors, orders)
    async with standing(doors, folder, settings, journal=kind, rules=_rebated) as made:
        symbols = sorted({market.symbol for chosen in made.markets.values() for market in chosen})
        rig = Rig(made.engine, made.books, made.journal, symbols)
        played: list[T] = []

        async def until_played() -> str:
            await rig.ready()
            played.append(await play(rig))
            return "played"

        await made.live.run(until_played, made.work())
        return played[0]


def bench_settings(doors: Mapping[str, Door], orders: OrderPath) -> Settings:
    """Orders over this path, and every limit judged, but out of reach."""
    return Settings(
        exchanges={
            name: VenueConfig(rest_url=door.rest_url, ws_url=door.ws_url, orders=orders)
            for name, door in doors.items()
        },
        scan=ScanConfig(symbols=("*/USDT",), depth=Depth.TWENTY, audit_s=0.0),
        size={"USDT": SPEND * 2},
        execution=ExecutionConfig(slippage_bps=Decimal(50)),
        risk=RiskConfig(
            max_trade=_MUCH, max_venue=_MUCH, max_coin=_MUCH, max_total=_MUCH, max_naked=_MUCH, max_naked_s=86_400,
            max_daily_loss=_MUCH, max_losses=1_000, cooldown_s=1, max_orders_per_min=100_000,
            price_collar_bps=Decimal(10_000), min_trust=Trust.UNCHECKED, allow_unknown=("identity", "transfer"),
        ),
    )  # fmt: skip


def _rebated(statics: Mapping[VenueId, Statics]) -> Rules:
    """The markets as they are, with fees at which everything pays."""
    return Rules(
        msgspec.structs.replace(
            each,
            fees=tuple(
                msgspec.structs.replace(fee, taker=_REBATE, buy_coin=FeeCoin.QUOTE, sell_coin=FeeCoin.QUOTE)
                for fee in each.fees
            ),
        )
        for each in statics.values()
    )


def _opportunity(intent: Intent, now_ns: int) -> Opportunity:
    """What the planner wants to know of where an intent is from."""
    buy, sell = (
        Leg(venue, limit, limit, 0, 0, None, None)
        for venue, limit in ((intent.buy_venue, intent.buy_limit), (intent.sell_venue, intent.sell_limit))
    )
    return Opportunity(
        intent.opportunity_id, OppEvent.OPEN, "cross_venue", intent.symbol, buy, sell, intent.buy_qty, None, None,
        intent.expected_profit, None, (), Reason.OK, now_ns, now_ns, 0, 0,
    )  # fmt: skip


@asynccontextmanager
async def _within(seconds: float, told: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Transient("sim", f"{told} after {seconds:g} s") from None
