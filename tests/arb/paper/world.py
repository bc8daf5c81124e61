"""A paper venue before a book that is set by hand, on a hand-turned clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from random import Random
from typing import Self, TypeVar

from arb.clock import ManualClock
from arb.config import PaperConfig
from arb.domain import (
    Balance,
    BookSnapshot,
    ClientId,
    Coin,
    Depth,
    Event,
    FeeCoin,
    FeeSchedule,
    FeeSource,
    Levels,
    Market,
    NativeSymbol,
    Order,
    OrderType,
    OrderUpdate,
    Seed,
    Side,
    Symbol,
    Trust,
    VenueId,
)
from arb.interfaces import Feed, SyncRule
from arb.paper import PaperTrading
from arb.sync import BookSync

MS = 1_000_000
VENUE = VenueId("mexc")
PAIR = Symbol("BTC/USDT")
FEED = Feed("test", Depth.TWENTY, 20, 0, SyncRule(Seed.NONE), Trust.WHOLE)
WALL_NS = 1_767_225_600 * 10**9
BIDS: Levels = ((100.0, 2.0), (99.0, 4.0), (98.0, 10.0))
ASKS: Levels = ((101.0, 2.0), (102.0, 4.0), (103.0, 10.0))

E = TypeVar("E")
D = Decimal


def market(symbol: str = PAIR, **rules: object) -> Market:
    base, _, quote = symbol.partition("/")
    made = {
        "tick": D("0.5"),
        "step": D("0.01"),
        "min_qty": D("0.02"),
        "max_qty": D("100"),
        "min_notional": D("5"),
        "max_notional": D("5000"),
        **rules,
    }
    return Market(VENUE, Symbol(symbol), NativeSymbol(base + quote), Coin(base), Coin(quote), **made)  # type: ignore[arg-type]


def schedule(
    symbol: str = PAIR,
    taker: str = "0.001",
    maker: str = "0",
    buy: FeeCoin = FeeCoin.QUOTE,
    sell: FeeCoin = FeeCoin.QUOTE,
) -> FeeSchedule:
    return FeeSchedule(VENUE, PAIR, D(taker), D(maker), FeeSource.MARKET, buy, sell)


def book_of(clock: ManualClock, bids: Levels = BIDS, asks: Levels = ASKS, symbol: str = PAIR) -> BookSync:
    made = BookSync(VENUE, Symbol(symbol), FEED, clock.mono_ns())
    made.on_subscribed(1, clock.mono_ns())
    show(made, clock, bids, asks)
    return made


def show(book: BookSync, clock: ManualClock, bids: Levels, asks: Levels) -> None:
    book.on_snapshot(BookSnapshot(VENUE, book.symbol, bids, asks, book.seq + 1, 0, clock.mono_ns(), 1))


_numbers = count(1)


def order(
    side: Side = Side.BUY,
    kind: OrderType = OrderType.IOC,
    qty: str = "1",
    price: str | None = "101",
    *,
    spend: str | None = None,
    symbol: str = PAIR,
    client_id: str | None = None,
) -> Order:
    name = ClientId(client_id if client_id is not None else f"c{next(_numbers)}")
    cap = None if price is None else D(price)
    return Order(VENUE, Symbol(symbol), side, kind, D(qty), cap, name, None if spend is None else D(spend))


class Heard:
    """A Sink that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.idles: list[int] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_idle(self, recv_ns: int) -> None:
        self.idles.append(recv_ns)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def updates(self, asked: Order) -> list[OrderUpdate]:
        return [event for event in self.of(OrderUpdate) if event.client_id == asked.client_id]


class Desk:
    """A PaperTrading with one book, turned by hand. 20 ms one way, no jitter, nothing refused at random."""

    def __init__(
        self,
        *,
        balances: Mapping[str, Decimal] | None = None,
        fee: FeeSchedule | None = None,
        rules: Market | None = None,
        round_trip_ns: int | None = None,
        seed: int = 1,
        orders_per_s: int = 1_000,
        **config: object,
    ) -> None:
        self.clock = ManualClock(10**9, WALL_NS)
        self.heard = Heard()
        self.book: BookSync | None = book_of(self.clock)
        self.config = PaperConfig.model_validate({"jitter_ms": 0, "reject_share": 0.0, **config})
        self.fee: FeeSchedule | None = fee or schedule()
        self.paper = PaperTrading(
            VENUE,
            markets=(rules or market(),),
            fees=lambda key: self.fee if key == (VENUE, PAIR) else None,
            book=lambda key: self.book if key == (VENUE, PAIR) else None,
            clock=self.clock,
            config=self.config,
            balances={"USDT": D(1000), "BTC": D(10)} if balances is None else balances,
            rng=Random(f"{seed}:mexc"),
            round_trip_ns=lambda: round_trip_ns,
            orders_per_s=orders_per_s,
        )

    def turn(self, ms: int, step_ms: int = 1) -> None:
        """Time passes. The book is said again all the while, so that it stays young."""
        for _ in range(ms // step_ms):
            self.clock.advance(step_ms * MS)
            if self.book is not None:
                self.book.confirm(self.book.seq, self.clock.mono_ns())
            self.paper.advance(self.clock.mono_ns())

    def show(self, bids: Levels = BIDS, asks: Levels = ASKS) -> None:
        assert self.book is not None
        show(self.book, self.clock, bids, asks)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Self]:
        """Its private side runs, and the balances are read; what was said of that is forgotten."""
        async with self.running():
            self.turn(400, 5)
            self.heard.events.clear()
            self.heard.idles.clear()
            yield self

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.paper.run(self.heard))
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def money(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What the pushes since it was up have told: coin -> (free, locked)."""
        return {balance.coin: (balance.free, balance.locked) for balance in self.heard.of(Balance)}

    def send(self, asked: Order) -> list[OrderUpdate]:
        """What is said of it within a second."""
        self.paper.submit(asked)
        self.turn(1000, 10)
        return self.heard.updates(asked)
