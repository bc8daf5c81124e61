"""An order at a paper venue, and what the venue says of it."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from arb.domain import (
    ClientId,
    Coin,
    FeeCoin,
    FeeSchedule,
    Fill,
    Market,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    Symbol,
)

MOST_ENDED = 2_000  # orders that are remembered though they have ended

_NONE = Decimal(0)


class PaperOrder:
    """venue_id: given by the venue, "" until it is accepted.   fee: as it was known on arrival.

    left: base still wanted, of a MARKET buy quote still to spend.   done: nothing more is wanted.
    filled, notional: base and quote executed.   reserve: locked for it, in the coin it pays with.
    """

    __slots__ = (
        "done",
        "fee",
        "filled",
        "fills",
        "left",
        "market",
        "notional",
        "order",
        "reason",
        "reserve",
        "status",
        "updated_ns",
        "venue_id",
    )

    def __init__(self, order: Order, market: Market, fee: FeeSchedule) -> None:
        self.order = order
        self.market = market
        self.fee = fee
        self.venue_id = ""
        self.left = order.qty if order.notional is None else order.notional
        self.done = False
        self.filled = self.notional = self.reserve = _NONE
        self.status = OrderStatus.OPEN
        self.reason = ""
        self.updated_ns = 0
        self.fills: list[Fill] = []

    @property
    def open(self) -> bool:
        return self.status in (OrderStatus.OPEN, OrderStatus.PARTIAL)

    @property
    def buying(self) -> bool:
        return self.order.side is Side.BUY

    @property
    def pays(self) -> Coin:
        """The coin that it gives."""
        return self.market.quote if self.buying else self.market.base

    @property
    def fee_in_quote(self) -> bool:
        return (self.fee.buy_coin if self.buying else self.fee.sell_coin) is FeeCoin.QUOTE

    @property
    def spends(self) -> bool:
        """Whether it says what it spends instead of what it wants."""
        return self.buying and self.order.type is OrderType.MARKET

    @property
    def need(self) -> Decimal:
        """What what is left of it may cost at most, its fee included where that is in the same coin."""
        price = self.order.price
        given = self.left * price if self.buying and price is not None else self.left
        rate = max(self.fee.taker, self.fee.maker, _NONE)
        return given * (1 + rate) if self.fee_in_quote is self.buying else given

    def reaches(self, price: Decimal) -> bool:
        cap = self.order.price
        if cap is None:
            return True
        return price <= cap if self.buying else price >= cap

    def update(self, now_ns: int) -> OrderUpdate:
        """As it stands."""
        order = self.order
        return OrderUpdate(
            order.venue,
            order.client_id,
            self.venue_id,
            self.status,
            self.filled,
            self.notional,
            self.reason,
            self.updated_ns,
            now_ns,
            order.symbol,
        )


class OrderTable:
    """Every order that was accepted and not forgotten since, found by either id."""

    def __init__(self) -> None:
        self.open: dict[str, PaperOrder] = {}
        self._ended: deque[tuple[int, PaperOrder]] = deque()  # since when, the oldest first
        self._by_id: dict[str, PaperOrder] = {}
        self._by_client: dict[ClientId, PaperOrder] = {}

    def add(self, order: PaperOrder) -> None:
        self.open[order.venue_id] = self._by_id[order.venue_id] = order
        self._by_client[order.order.client_id] = order

    def end(self, order: PaperOrder, now_ns: int) -> None:
        del self.open[order.venue_id]
        self._ended.append((now_ns, order))

    def forget(self, before_ns: int) -> None:
        """What had ended before, or is one too many: a run of weeks must not remember all it has done."""
        while self._ended and (self._ended[0][0] < before_ns or len(self._ended) > MOST_ENDED):
            _, order = self._ended.popleft()
            del self._by_id[order.venue_id]
            del self._by_client[order.order.client_id]

    def find(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> PaperOrder | None:
        """By the venue's id where it is given, else by ours."""
        found = self._by_id.get(venue_id) if venue_id else self._by_client.get(client_id)
        return found if found is not None and found.order.symbol == symbol else None

    def holds(self, venue_id: str) -> bool:
        return venue_id in self._by_id

    def known(self, client_id: ClientId) -> bool:
        return client_id in self._by_client
