"""Somebody who trades on one column, keeps everything he is told, and adds it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from random import Random
from typing import NamedTuple, TypeVar

import msgspec
import pytest

from arb.config import PaperConfig
from arb.domain import (
    Balance,
    BalancesRead,
    BookKey,
    ClientId,
    Depth,
    Event,
    FeeSchedule,
    FeeSource,
    Fill,
    Market,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Seed,
    Side,
    Trust,
)
from arb.errors import Transient
from arb.interfaces import Feed, Lane, SyncRule, Trading
from arb.paper import PaperTrading
from arb.sim import FaultRule
from arb.sync import BookSync
from arb.units import exact, floor_to
from tests.contract.raw.rules import parser
from tests.contract.truth import NONE, Done, LedgerTruth, PaperTruth, Truth, done_of, totals
from tests.contract.venues import MS, VENUES, WIRED, Column, World, world
from tests.fake_trading import FakeTrading

T = TypeVar("T")
PAPER = tuple(Column(venue, "paper") for venue in VENUES)
FAKE = Column(VENUES[0], "fake")
TRADERS = (*WIRED, *PAPER)  # who fills orders
EVERYBODY = (*TRADERS, FAKE)
FINAL = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED)
MOST = Decimal(3000)  # quote spent in one test
PATIENCE_S = 10.0
_FEED = Feed("sim", Depth.FULL, 0, 0, SyncRule(Seed.NONE), Trust.WHOLE)


class Outcome(NamedTuple):
    """What has been told of an order up to now, each fill once. filled, notional: None where no message said."""

    status: OrderStatus | None
    filled: Decimal | None
    notional: Decimal | None
    done: frozenset[Done]
    venue_id: str
    reason: str

    @property
    def qty(self) -> Decimal:
        return sum((each.qty for each in self.done), NONE)

    @property
    def whole(self) -> bool:
        """It is over, and every fill that it speaks of has been told."""
        return self.status in FINAL and (self.status is OrderStatus.REJECTED or self.filled == self.qty)


class Trader:
    """A Sink. market: one whose best levels are worth no more than `MOST`.   markets: all that can be traded."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.venue = world.column.venue
        self.events: list[Event] = []
        self.idles = 0
        self.markets = tuple(_market(world, symbol) for symbol in world.rules)
        self.market = next(market for market in self.markets if _affordable(world, market))
        self.truth: Truth
        self.trading: Trading
        self._numbers = count(1)
        self.task: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------- a Sink

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_idle(self, recv_ns: int) -> None:
        self.idles += 1

    # ------------------------------------------------------------------------------------------- what was told

    def of(self, kind: type[T], since: int = 0) -> list[T]:
        return [event for event in self.events[since:] if isinstance(event, kind)]

    def updates(self, order: Order, since: int = 0) -> list[OrderUpdate]:
        ids = self._venue_ids(order)
        return [u for u in self.of(OrderUpdate, since) if u.client_id == order.client_id or u.venue_id in ids]

    def fills(self, order: Order, since: int = 0) -> list[Fill]:
        ids = self._venue_ids(order)
        return [f for f in self.of(Fill, since) if f.client_id == order.client_id or f.venue_id in ids]

    def _venue_ids(self, order: Order) -> set[str]:
        return {u.venue_id for u in self.of(OrderUpdate) if u.client_id == order.client_id and u.venue_id}

    def outcome(self, order: Order) -> Outcome:
        """What is final stays final; what is cumulative only grows; a fill counts once."""
        updates = self.updates(order)
        final = [update for update in updates if update.status in FINAL]
        last = final[-1] if final else updates[-1] if updates else None
        filled = [update.filled_qty for update in updates if update.filled_qty is not None]
        notional = [update.filled_notional for update in updates if update.filled_notional is not None]
        done = frozenset(map(done_of, self.fills(order)))
        return Outcome(
            None if last is None else last.status,
            max(filled, default=None),
            max(notional, default=None),
            done,
            next(iter(self._venue_ids(order)), ""),
            "" if last is None else last.reason,
        )

    # ------------------------------------------------------------------------------------------- what is done

    def price(self, side: Side, level: int = 0, *, off: int = 0) -> Decimal:
        """Of the level that an order of `side` meets; `off`: so many ticks further from whoever would meet it."""
        asks = side is Side.BUY
        found = exact(self.world.levels(self.market.symbol, level + 1)[asks][level][0])
        return found - off * self.market.tick if asks else found + off * self.market.tick

    def there(self, side: Side) -> Decimal:
        """How much an order of `side` finds at the best price."""
        return exact(self.world.levels(self.market.symbol, 1)[side is Side.BUY][0][1])

    def small(self) -> Decimal:
        """A quantity that is worth a little more than the least."""
        least = (self.market.min_notional or Decimal(1)) * 3 / self.price(Side.SELL)
        return floor_to(max(least, (self.market.min_qty or NONE) * 2), self.market.step) + self.market.step

    def order(
        self,
        side: Side,
        kind: OrderType,
        qty: Decimal,
        price: Decimal | None,
        notional: Decimal | None = None,
        market: Market | None = None,
    ) -> Order:
        name = ClientId(f"k{next(self._numbers)}")
        return Order(self.venue, (market or self.market).symbol, side, kind, qty, price, name, notional)

    def resting(self) -> Order:
        """A buy that nobody will meet soon."""
        return self.order(Side.BUY, OrderType.LIMIT, self.small(), self.price(Side.BUY, off=200))

    def taking(self, side: Side = Side.BUY) -> Order:
        """An IOC that is filled whole."""
        return self.order(side, OrderType.IOC, self.small(), self.price(side, 8))

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        """As everybody may rely on: it says nothing before it returns."""
        before = len(self.events)
        self.trading.submit(order, lane)
        assert len(self.events) == before, "it answered while it was asked"

    async def settle(self, order: Order) -> Outcome:
        """Submit, and wait until it is over and all of it told."""
        self.submit(order)
        await self.until(lambda: self.outcome(order).whole, lambda: f"settled: {self.outcome(order)}")
        return self.outcome(order)

    async def rest(self, order: Order) -> OrderUpdate:
        """Submit, and wait until it is known to be open, by the venue's id."""
        self.submit(order)
        await self.until(lambda: self._opened(order), lambda: f"open: {self.updates(order)}")
        return self._opened(order)[0]

    def _opened(self, order: Order) -> list[OrderUpdate]:
        return [update for update in self.updates(order) if update.status is OrderStatus.OPEN and update.venue_id]

    def hit(self, order: Order) -> None:
        """Somebody takes all of the only order that rests at a simulated venue."""
        book = self.world.sim.market.books(self.venue)[order.symbol]
        [resting] = [waiting for queue in book.queues.values() for waiting in queue]
        book.hit(resting, resting.lots)

    async def until(
        self, wanted: Callable[[], object], what: Callable[[], str] | str, patience_s: float = PATIENCE_S
    ) -> None:
        """Wait; time passes at the venue as it does here, but nobody trades except us."""
        try:
            async with asyncio.timeout(patience_s):
                while not wanted():  # noqa: ASYNC110  anything that was told may be waited for
                    await asyncio.sleep(0.002)
        except TimeoutError:
            told = what if isinstance(what, str) else what()
            pytest.fail(f"never {told}; errors: {self.world.errors[:3]}; told: {self.events[-6:]}")

    async def quiet(self) -> None:
        """Until nothing more is told: what is on its way has arrived."""
        told = -1
        while told != len(self.events):
            told = len(self.events)
            await asyncio.sleep(0.05)

    async def read(self) -> dict[str, Balance]:
        """What the account holds now; a venue that has been asked too often is asked again."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    found = await self.trading.balances()
                except Transient:
                    await asyncio.sleep(0.02)
                else:
                    return {balance.coin: balance for balance in found.balances}

    async def check_money(self, *, read: bool = True) -> None:
        """What was told adds up to the truth: the fills, the last balances, and what is read now, which may be slow."""
        table = {market.symbol: market for market in self.markets}
        fills = {(fill.symbol, fill.trade_id): fill for fill in self.of(Fill)}
        assert totals(self.truth.start, table, fills.values()) == self.truth.total()
        if read:
            await self.check_read()
        await self.until(lambda: _sums(self.pushed()) == self.truth.total(), lambda: f"told of: {self.pushed()}")

    async def check_read(self) -> None:
        """What the account holds now is the truth."""
        assert _sums(await self.read()) == self.truth.total()

    def pushed(self) -> dict[str, Balance]:
        """The last that was told of each coin."""
        newest: dict[str, Balance] = {}
        for event in self.events:
            if isinstance(event, BalancesRead):
                newest = {balance.coin: balance for balance in event.balances}
            elif isinstance(event, Balance):
                newest[event.coin] = event
        return newest

    # ------------------------------------------------------------------------------------------- the beginning, the end

    async def start(self, *, up: bool = True) -> None:
        self.task = asyncio.create_task(self.trading.run(self))
        if up:
            await self.until(lambda: self.of(BalancesRead), "up")

    async def stop(self) -> None:
        task, self.task = self.task, None
        if task is not None:
            assert not task.done(), f"it ended by itself: {task}"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled():
                task.result()


@asynccontextmanager
async def trader(column: Column, *rules: FaultRule, up: bool = True) -> AsyncIterator[Trader]:
    """A private side of this column, up unless it is not to be started.   rules: faults of its venue."""
    where = column if column in WIRED else Column(column.venue, "fake")
    async with world(where, *rules, signed=True, activity=0.0) as made:
        run = Trader(made)
        ledger = made.sim.ledger(column.venue)
        if column.path == "paper":
            start = dict(ledger.start)
            run.trading = _paper(run, start)
            run.truth = PaperTruth(start, run.markets, run.events)
        elif column.path == "fake":
            run.trading = FakeTrading(column.venue, made.clock, held=dict(ledger.start))
            run.truth = LedgerTruth(column.venue, ledger)
        else:
            run.trading = made.factory.trading(run.markets)
            run.truth = LedgerTruth(column.venue, ledger)
        passing = asyncio.create_task(_time(made))
        try:
            if up:
                await run.start()
            yield run
        finally:
            await run.stop()
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)


def _paper(run: Trader, start: dict[str, Decimal]) -> PaperTrading:
    """As kind as paper can be, so that it is filled as the simulated venue would fill."""
    config = PaperConfig(latency_ms=1, jitter_ms=1, depth_share=1.0, reject_share=0.0)
    buy, sell = parser(run.venue).FEE_COINS

    def fee(key: BookKey) -> FeeSchedule | None:
        book = run.world.sim.market.books(run.venue).get(key[1])
        if book is None:
            return None
        taker, maker = (exact(rate) for rate in parser(run.venue).account_fee(book.listing))
        return FeeSchedule(run.venue, key[1], taker, maker, FeeSource.ACCOUNT, buy, sell)

    def book(key: BookKey) -> BookSync | None:
        found = run.world.snapshot(key[1])
        if found is None:
            return None
        now_ns = run.world.clock.mono_ns()
        made = BookSync(*key, _FEED, now_ns)
        made.on_subscribed(1, now_ns)
        made.on_snapshot(msgspec.structs.replace(found, conn=1, recv_ns=now_ns))
        return made

    return PaperTrading(
        run.venue,
        markets=run.markets,
        fees=fee,
        book=book,
        clock=run.world.clock,
        config=config,
        balances=start,
        rng=Random(1),
        round_trip_ns=lambda: None,
    )


def _market(world: World, symbol: str) -> Market:
    """With its limits."""
    rules = world.rules[symbol]
    plain = next(market for market in world.markets if market.symbol == symbol)
    return msgspec.structs.replace(
        plain,
        min_qty=rules.min_qty,
        max_qty=rules.max_qty,
        min_notional=rules.min_notional,
        max_notional=rules.max_notional,
        buyable=rules.buyable,
        sellable=rules.sellable,
    )


def _affordable(world: World, market: Market) -> bool:
    """Whether the account can take more than the best level of either side, and it is worth a small order."""
    if market.quote != "USDT" or not (market.buyable and market.sellable):
        return False
    least = 8 * (market.min_notional or Decimal(1))
    held = world.sim.ledger(world.column.venue).start.get(market.base, NONE)
    [[bid, bids], [ask, asks]] = (map(exact, side[0]) for side in world.levels(market.symbol, 1))
    return least < bid * bids < MOST and least < ask * asks < MOST and held > 2 * max(bids, asks)


def _sums(balances: Mapping[str, Balance]) -> dict[str, Decimal]:
    return {coin: b.free + b.locked for coin, b in balances.items() if b.free + b.locked}


async def _time(world: World) -> None:
    """Sim time keeps up with ours: dead-man switches, budgets and timers of both sides count the same seconds."""
    start_ns = world.clock.mono_ns()
    passed_ns = 0
    while True:
        await asyncio.sleep(0.005)
        while passed_ns < world.clock.mono_ns() - start_ns:
            world.tick()
            passed_ns += 10 * MS
