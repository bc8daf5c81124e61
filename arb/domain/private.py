"""The private side: our orders and what becomes of them."""

from __future__ import annotations

from decimal import Decimal

from arb.domain.codes import ClientId, Coin, OrderStatus, OrderType, Side, Symbol, VenueId
from arb.domain.fact import Fact


class Order(Fact, frozen=True, gc=False):
    """An order of ours. client_id: always set, unique, in the venue's alphabet.   price: None for MARKET.

    qty: base; of a MARKET buy only what is expected.   notional: the quote a MARKET buy spends, None for all others.
    """

    venue: VenueId
    symbol: Symbol
    side: Side
    type: OrderType
    qty: Decimal
    price: Decimal | None
    client_id: ClientId
    notional: Decimal | None = None


class OrderUpdate(Fact, frozen=True, gc=False):
    """What became of an order. client_id: "" for one that is not ours.   venue_id: the venue's id of it.

    filled_qty, filled_notional: cumulative, they replace and never add. None: this message does not say; what is
    final with an unknown quantity is known by its fills.
    symbol: "" where the market is not in the table of whoever read the message.
    """

    venue: VenueId
    client_id: ClientId
    venue_id: str
    status: OrderStatus
    filled_qty: Decimal | None
    filled_notional: Decimal | None
    reason: str
    exch_ns: int
    recv_ns: int
    symbol: Symbol = Symbol("")


class Fill(Fact, frozen=True, gc=False):
    """One execution. (venue, symbol, trade_id) is its identity.

    venue_id: the order's id there, which ties it to its order where the venue does not repeat client ids.
    fee: negative for a rebate.
    """

    venue: VenueId
    symbol: Symbol
    client_id: ClientId
    trade_id: str
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_coin: Coin
    maker: bool
    exch_ns: int
    recv_ns: int
    venue_id: str = ""


class Balance(Fact, frozen=True, gc=False):
    """Free and locked amount of one coin after a change."""

    venue: VenueId
    coin: Coin
    free: Decimal
    locked: Decimal
    seq: int
    exch_ns: int
    recv_ns: int


class BalancesRead(Fact, frozen=True, gc=False):
    """Everything an account holds, read at once. A coin that is not named is not held.

    asked_ns: when the question left: the answer is of no earlier moment. 0: not told.
    """

    venue: VenueId
    balances: tuple[Balance, ...]
    recv_ns: int
    asked_ns: int = 0


class NotFound(Fact, frozen=True, gc=False):
    """The venue does not know this order. asked_ns: when the question left: it says nothing of any later moment."""

    venue: VenueId
    symbol: Symbol
    client_id: ClientId
    asked_ns: int
    recv_ns: int


class PrivateUp(Fact, frozen=True, gc=False):
    """The private stream of a venue stands: orders may go, and from here on nothing is missed."""

    venue: VenueId
    recv_ns: int


class PrivateDown(Fact, frozen=True, gc=False):
    """The private stream is lost: balances it has fed are worth nothing, outcomes must be asked for."""

    venue: VenueId
    reason: str
    recv_ns: int
