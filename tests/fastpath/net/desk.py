"""A native private side at a simulated venue that runs by real time, in a market that stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from random import Random
from types import ModuleType
from typing import Any

from arb.domain import (
    BalancesRead,
    ClientId,
    Fill,
    NativeSymbol,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    Symbol,
    VenueId,
)
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.sim.orders import SimOrder
from fastpath import gateio, mexc
from fastpath.net.trading import NativeTrading
from tests.fastpath.net.venue import CLOCK, Errors, Heard, running

BTC = Symbol("BTC/USDT")
NATIVES = {mexc: NativeSymbol("BTCUSDT"), gateio: NativeSymbol("BTC_USDT")}
FINAL = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.UNKNOWN)


class Desk:
    """heard: what the sink was told.   errors: what was complained of."""

    def __init__(self, sim: SimExchanges, module: ModuleType, codec: Any = None, **changes: Any) -> None:
        """codec: what speaks to the venue, where it is not the module itself."""
        speaks = codec or module
        self.sim = sim
        self.module = module
        self.venue = VenueId(module.SPEC.name)
        self.heard = Heard()
        self.errors = Errors()
        urls = sim.urls[self.venue]
        private = speaks.PrivateCodec({NATIVES[module]: BTC}, *sim.keys[self.venue])
        given: dict[str, Any] = {
            "clock": CLOCK, "rng": Random(1), "on_error": self.errors.append, "rest_url": urls.rest_url,
            "ws_url": urls.ws_url,
        }  # fmt: skip
        self.trading = NativeTrading(speaks.SPEC, private, **(given | changes))
        self.task: asyncio.Task[Any]

    @property
    def orders(self) -> list[SimOrder]:
        """All the venue has, whatever became of them."""
        return list(self.sim.venues[self.venue].engine.orders.values())  # type: ignore[attr-defined]

    @property
    def best_ask(self) -> Decimal:
        book = self.sim.market.books(self.venue)[BTC]
        return Decimal(book.asks[0]).scaleb(-book.listing.price_decimals)

    def order(self, name: str = "arb-1", *, rests: bool = False, qty: str = "0.001", **changes: Any) -> Order:
        """A purchase: immediate or cancelled at the best price, or one that rests far below it."""
        price = self.best_ask - 1000 if rests else self.best_ask
        kind = OrderType.LIMIT if rests else OrderType.IOC
        given = {"type": kind, "price": price, "qty": Decimal(qty)} | changes
        return Order(self.venue, BTC, Side.BUY, client_id=ClientId(name), **given)

    def updates(self, name: str = "arb-1") -> list[OrderUpdate]:
        return [event for event in self.heard.of(OrderUpdate) if event.client_id == name]

    def statuses(self, name: str = "arb-1") -> list[OrderStatus]:
        return [update.status for update in self.updates(name)]

    def fills(self, name: str = "arb-1") -> set[str]:
        return {fill.trade_id for fill in self.heard.of(Fill) if fill.client_id == name}

    async def up(self) -> None:
        await self.heard.until(lambda: bool(self.heard.of(BalancesRead)))

    async def ended(self, name: str = "arb-1") -> OrderUpdate:
        """The first update that ends the order, or its answer."""
        await self.heard.until(lambda: any(status in FINAL for status in self.statuses(name)))
        return next(update for update in self.updates(name) if update.status in FINAL)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@contextlib.asynccontextmanager
async def desk(
    module: ModuleType, *rules: FaultRule, timers: dict[str, float] | None = None, up: bool = True, **changes: Any
) -> AsyncIterator[Desk]:
    settings = SimSettings(activity=0, gaps_hz=0, timers=timers or {})
    name = module.SPEC.name
    sim = SimExchanges(CLOCK, symbols=2, venues=(name,), faults=FaultPlan(rules), settings=settings)
    await sim.start()
    made = Desk(sim, module, **changes)
    try:
        async with running(made.trading.run(made.heard)) as made.task:
            if up:
                await made.up()
            yield made
    finally:
        await made.trading.close()
        await sim.stop()
