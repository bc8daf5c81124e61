"""An account at one simulated exchange, traded through ccxt as a run does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

from adapters.ccxt_trading import CcxtTrading
from adapters.ccxt_venue import CcxtFactory
from arb.app.venues import native_venue
from arb.clock import SystemClock
from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    NotFound,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
    Side,
    Symbol,
)
from arb.interfaces import Lane
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.sim.ledger import Ledger
from tests.adapters.ccxt_fakes import Errors, Heard, turns, until

VENUES = ("mexc", "gateio")
BTC = Symbol("BTC/USDT")
STILL = SimSettings(activity=0, gaps_hz=0)
FINAL = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED)
E = TypeVar("E")


class Account:
    """The private side of one venue, with what it said and what the venue knows."""

    def __init__(self, sim: SimExchanges, venue: str, trading: CcxtTrading, errors: Errors) -> None:
        self.sim = sim
        self.venue = venue
        self.trading = trading
        self.errors = errors
        self.heard = Heard()
        self.book = sim.market.books(venue)[BTC]
        self._numbers = count(1)

    @property
    def ledger(self) -> Ledger:
        return self.sim.ledger(self.venue)

    def price(self, away: int = 0) -> Decimal:
        """Of the best ask, and so many ticks above."""
        return Decimal(abs(self.book.asks[0]) + away).scaleb(-self.book.listing.price_decimals)

    @property
    def top(self) -> Decimal:
        """What the best ask offers."""
        return Decimal(self.book.lots[self.book.asks[0]]).scaleb(-self.book.listing.qty_decimals)

    @property
    def half(self) -> Decimal:
        return Decimal(self.book.lots[self.book.asks[0]] // 2).scaleb(-self.book.listing.qty_decimals)

    def order(self, kind: OrderType, qty: Decimal, away: int = 0, **fields: Any) -> Order:
        """A buy at so many ticks from the best ask."""
        price = None if kind is OrderType.MARKET else self.price(away)
        side = fields.pop("side", Side.BUY)
        client_id = ClientId(f"t{self.venue}-{next(self._numbers)}")
        return Order(self.trading.venue, BTC, side, kind, qty, price, client_id, **fields)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.heard.events if isinstance(event, kind)]

    def updates(self, order: Order) -> list[OrderUpdate]:
        return [update for update in self.of(OrderUpdate) if update.client_id == order.client_id]

    def fills(self, order: Order) -> list[Fill]:
        told = {fill.trade_id: fill for fill in self.of(Fill) if fill.client_id == order.client_id}
        return list(told.values())

    async def up(self) -> None:
        """Once more than it has been up already."""
        before = len(self.of(PrivateUp))
        await until(lambda: len(self.of(PrivateUp)) > before and self.of(BalancesRead))

    async def send(self, order: Order, lane: Lane = Lane.ORDER) -> OrderUpdate:
        """What became of it first: final, resting, or unknown."""
        self.trading.submit(order, lane)
        settled = (*FINAL, OrderStatus.UNKNOWN)
        resting = order.type in (OrderType.LIMIT, OrderType.POST_ONLY)

        def told() -> OrderUpdate | None:
            found = [u for u in self.updates(order) if u.status in settled]
            return found[0] if found else None

        with suppress(TimeoutError):
            await until(told, 0.5 if resting else 10.0)
        return told() or self.updates(order)[-1]

    async def asked(self, order: Order) -> OrderUpdate | NotFound:
        """The answer to a query."""
        before = len(self.heard.events)

        def told() -> list[Any]:
            return [
                event
                for event in self.heard.events[before:]
                if isinstance(event, OrderUpdate | NotFound) and event.client_id == order.client_id
            ]

        self.trading.query(BTC, order.client_id)
        await until(told)
        await turns()
        answer: OrderUpdate | NotFound = told()[0]
        return answer

    async def cancelled(self, order: Order) -> OrderUpdate:
        self.trading.cancel(BTC, order.client_id)
        await until(lambda: self.updates(order)[-1].status is OrderStatus.CANCELLED)
        return self.updates(order)[-1]

    async def agrees(self) -> None:
        """What was told adds up to the venue's ledger, to the last unit."""
        await until(lambda: self._fills() == self._ledger_fills() and self._balances() == self._ledger_balances())
        self.ledger.check()

    def _fills(self) -> set[tuple[Any, ...]]:
        return {(f.trade_id, f.venue_id, f.price, f.qty, f.fee, f.fee_coin, f.maker, f.side) for f in self.of(Fill)}

    def _ledger_fills(self) -> set[tuple[Any, ...]]:
        return {
            (f.trade_id, f.order_id, f.price, f.qty, f.fee, f.fee_coin, f.maker, Side.BUY if f.buy else Side.SELL)
            for f in self.ledger.fills
        }

    def _balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        held: dict[str, tuple[Decimal, Decimal]] = {}
        for event in self.heard.events:
            if isinstance(event, BalancesRead):
                held = {b.coin: (b.free, b.locked) for b in event.balances}
            elif isinstance(event, Balance):
                held[event.coin] = (event.free, event.locked)
        return held

    def _ledger_balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        return {coin: both for coin, both in self.ledger.balances.items() if any(both) or coin in self._balances()}

    def losses(self) -> list[str]:
        return [event.reason for event in self.of(PrivateDown)]


@asynccontextmanager
async def account(venue: str, *rules: FaultRule, connect: bool = True, **settings: Any) -> AsyncIterator[Account]:
    """rules: faults.   connect: run it, until it is up.   settings: of the factory, over what fits the venue."""
    sim = SimExchanges(SystemClock(), symbols=4, venues=(venue,), settings=STILL, faults=FaultPlan(rules))
    await sim.start()
    module = native_venue(venue)
    assert module is not None
    errors = Errors()
    key, secret = sim.keys[venue]
    known = {"api_key": key, "secret": secret, "rest_url": sim.urls[venue].rest_url, "ws_url": sim.urls[venue].ws_url}
    factory = CcxtFactory(venue, clock=SystemClock(), on_error=errors, spec=module.SPEC, **{**known, **settings})
    try:
        markets = [m for m in (await factory.metadata().load()).markets if m.symbol == BTC]
        made = Account(sim, venue, factory.trading(markets), errors)
        run = asyncio.create_task(made.trading.run(made.heard)) if connect else None
        try:
            if connect:
                await made.up()
            yield made
        finally:
            if run is not None:
                run.cancel()
                await asyncio.wait({run})
                assert run.cancelled()
    finally:
        await factory.close()
        await sim.stop()
        await turns(3)
        assert asyncio.all_tasks() == {asyncio.current_task()}
