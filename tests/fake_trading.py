"""A private side without a venue: turned by hand, it says what it is told to say and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    Fill,
    Order,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateEvent,
    PrivateUp,
    Side,
    Symbol,
    VenueId,
)
from arb.errors import Transient, VenueError
from arb.interfaces import Clock, Lane, Sink

NOTHING = Decimal(0)


class FakeTrading:
    """A Trading. Nothing is ever answered by itself: `tell`, or one of its short forms, after the call.

    submitted, lanes, cancelled, queried: what it was sent, in order.   told: what it has said.
    refusal_text, clock_error: what `refusal` and `clock_error_ns` answer.
    held: free amounts, for `balances` and after every `gain`.   resting, history: for `open_orders` and `fills`.
    broken: raised by the calls that are awaited.
    """

    def __init__(
        self,
        venue: str,
        clock: Clock,
        *,
        held: Mapping[str, Decimal] | None = None,
        settle_ns: int = 0,
        forget_ns: int = 0,
    ) -> None:
        self.venue = VenueId(venue)
        self.settle_ns = settle_ns
        self.forget_ns = forget_ns
        self.submitted: list[Order] = []
        self.lanes: list[Lane] = []
        self.cancelled: list[tuple[Symbol, ClientId, str]] = []
        self.queried: list[tuple[Symbol, ClientId, str]] = []
        self.told: list[PrivateEvent] = []
        self.refusal_text = ""
        self.clock_error: int | None = 0
        self.held: dict[str, Decimal] = dict(held or {})
        self.resting: list[OrderUpdate] = []
        self.history: list[Fill] = []
        self.broken: VenueError | None = None
        self.up = False
        self._clock = clock
        self._sink: Sink | None = None
        self._unanswered: dict[ClientId, Order] = {}
        self._counters: Counter[str] = Counter()

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    async def run(self, sink: Sink) -> None:
        self.attach(sink)
        try:
            self.gain()
            await asyncio.get_running_loop().create_future()
        finally:
            for order in tuple(self._unanswered.values()):
                self._fail(order, "stopped")
            self.lose("stopped")
            self._sink = None

    def refusal(self, orders: int, lane: Lane) -> str:
        return self.refusal_text or ("" if self.up else "private side down")

    def clock_error_ns(self) -> int | None:
        return self.clock_error

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        self.submitted.append(order)
        self.lanes.append(lane)
        self._unanswered[order.client_id] = order
        self._counters["orders"] += 1

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self.cancelled.append((symbol, client_id, venue_id))
        self._counters["cancels"] += 1

    def query(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self.queried.append((symbol, client_id, venue_id))
        self._counters["queries"] += 1

    async def balances(self) -> BalancesRead:
        self._check()
        return self._read()

    async def open_orders(self, symbol: Symbol | None = None) -> tuple[OrderUpdate, ...]:
        self._check()
        return tuple(update for update in self.resting if symbol in (None, update.symbol))

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        self._check()
        return tuple(
            fill
            for fill in self.history
            if fill.symbol == symbol and since_ns <= fill.exch_ns and (not until_ns or fill.exch_ns <= until_ns)
        )

    # ------------------------------------------------------------------------------------------- what happens to it

    def attach(self, sink: Sink) -> None:
        """As `run` does, for tests without a loop; `gain` comes next."""
        self._sink = sink

    def tell(self, *events: PrivateEvent) -> None:
        """As if the venue had said all of it at once."""
        assert self._sink is not None, "nobody listens: run or attach first"
        for event in events:
            self.told.append(event)
            if isinstance(event, OrderUpdate):
                self._unanswered.pop(event.client_id, None)
            self._sink.on_event(event)
        if events:
            self._sink.on_idle(self._clock.mono_ns())

    def gain(self) -> None:
        """The private side stands, with everything the account holds."""
        if not self.up:
            self.up = True
            self.tell(PrivateUp(self.venue, self._clock.mono_ns()), self._read())

    def lose(self, reason: str) -> None:
        """The private side is gone, until `gain`."""
        if self.up:
            self.up = False
            self._counters["losses"] += 1
            self.tell(PrivateDown(self.venue, reason, self._clock.mono_ns()))

    def answer(
        self,
        order: Order,
        status: OrderStatus,
        filled: Decimal | None = NOTHING,
        notional: Decimal | None = NOTHING,
        reason: str = "",
    ) -> None:
        """An OrderUpdate of this order; filled, notional: cumulative."""
        self.tell(self.update(order, status, filled, notional, reason))

    def fill(
        self,
        order: Order,
        qty: Decimal,
        price: Decimal,
        trade_id: str,
        *,
        fee: Decimal = NOTHING,
        fee_coin: str = "USDT",
    ) -> None:
        """A Fill of this order. What it adds up to is for `answer` to say."""
        self.tell(self.filling(order, qty, price, trade_id, fee=fee, fee_coin=fee_coin))

    def reject(self, order: Order, reason: str) -> None:
        self.answer(order, OrderStatus.REJECTED, reason=reason)

    # ------------------------------------------------------------------------------------------- events, not yet told

    def update(
        self,
        order: Order,
        status: OrderStatus,
        filled: Decimal | None = NOTHING,
        notional: Decimal | None = NOTHING,
        reason: str = "",
    ) -> OrderUpdate:
        now_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
        venue_id = "" if status in (OrderStatus.REJECTED, OrderStatus.UNKNOWN) else self.venue_id(order)
        return OrderUpdate(
            self.venue, order.client_id, venue_id, status, filled, notional, reason, wall_ns, now_ns, order.symbol
        )

    def filling(
        self,
        order: Order,
        qty: Decimal,
        price: Decimal,
        trade_id: str,
        *,
        fee: Decimal = NOTHING,
        fee_coin: str = "USDT",
        maker: bool = False,
    ) -> Fill:
        return Fill(
            self.venue,
            order.symbol,
            order.client_id,
            trade_id,
            order.side,
            price,
            qty,
            fee,
            Coin(fee_coin),
            maker,
            self._clock.wall_ns(),
            self._clock.mono_ns(),
            self.venue_id(order),
        )

    @staticmethod
    def venue_id(order: Order) -> str:
        """The id that this venue gives to an order."""
        return f"v-{order.client_id}"

    @property
    def buys(self) -> list[Order]:
        return [order for order in self.submitted if order.side is Side.BUY]

    @property
    def sells(self) -> list[Order]:
        return [order for order in self.submitted if order.side is Side.SELL]

    def _fail(self, order: Order, why: str) -> None:
        now_ns = self._clock.mono_ns()
        self.tell(
            OrderUpdate(self.venue, order.client_id, "", OrderStatus.UNKNOWN, None, None, why, 0, now_ns, order.symbol)
        )

    def _read(self) -> BalancesRead:
        now_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
        rows = (Balance(self.venue, Coin(coin), free, NOTHING, 0, wall_ns, now_ns) for coin, free in self.held.items())
        return BalancesRead(self.venue, tuple(rows), now_ns, now_ns)

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken
        if not self.up:
            raise Transient(self.venue, "private side down")
