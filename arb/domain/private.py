"""The private side: our orders and what becomes of them."""

from __future__ import annotations

from decimal import Decimal

from arb.domain.codes import ClientId, Coin, OrderStatus, OrderType, Side, Symbol, VenueId
from arb.domain.fact import Fact


class Order(Fact, frozen=True, gc=False):
    """An order of ours. client_id: always set, unique, in the venue's alphabet. price: None for MARKET."""

    venue: VenueId
    symbol: Symbol
    side: Side
    type: OrderType
    qty: Decimal
    price: Decimal | None
    client_id: ClientId


class OrderUpdate(Fact, frozen=True, gc=False):
    """What became of an order. filled_qty and filled_notional are cumulative: they replace, never add."""

    venue: VenueId
    client_id: ClientId
    venue_id: str
    status: OrderStatus
    filled_qty: Decimal
    filled_notional: Decimal
    reason: str
    exch_ns: int
    recv_ns: int


class Fill(Fact, frozen=True, gc=False):
    """One execution. (venue, symbol, trade_id) is its identity."""

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


class Balance(Fact, frozen=True, gc=False):
    """Free and locked amount of one coin after a change."""

    venue: VenueId
    coin: Coin
    free: Decimal
    locked: Decimal
    seq: int
    exch_ns: int
    recv_ns: int
