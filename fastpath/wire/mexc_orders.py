"""MEXC's private messages -> events: REST answers as msgspec types, pushes through the protobuf tables.

Sources: spot v3 trading endpoints and user data streams, 2026-04; observed answers of 2022 to 2025. Numbers are texts,
ids are opaque; what the venue prints as a number has also been seen as text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from arb.domain import Balance, ClientId, Coin, Event, Fill, OrderStatus, OrderUpdate, Side, Symbol, VenueId
from fastpath.wire.fields import Millis, exact
from fastpath.wire.mexc_messages import WRAPPER
from fastpath.wire.outgoing import Markets
from fastpath.wire.protobuf import read

VENUE = VenueId("mexc")

_MAX_FRAME = 1 << 16  # private pushes have a few hundred bytes
_MAX_MS = (2**63 - 1) // 10**6  # fits int64 as nanoseconds
_SIDES = {1: Side.BUY, 2: Side.SELL}
_PUSHED = {
    1: OrderStatus.OPEN,
    2: OrderStatus.FILLED,
    3: OrderStatus.PARTIAL,
    4: OrderStatus.CANCELLED,
    5: OrderStatus.CANCELLED,  # PARTIALLY_CANCELED: final too, with fills
}
_TOLD = {
    "NEW": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "PARTIALLY_FILLED": OrderStatus.PARTIAL,
    "CANCELED": OrderStatus.CANCELLED,
    "PARTIALLY_CANCELED": OrderStatus.CANCELLED,
}
_FINAL_WORDS = {4: "CANCELED", 5: "PARTIALLY_CANCELED"}


class Placed(msgspec.Struct, gc=False):
    """The answer to an order: that it was taken, neither its status nor its fills."""

    orderId: str | int
    transactTime: Millis = 0


class BatchItem(msgspec.Struct, gc=False):
    """One order of a batch: taken with an id, or refused with a code."""

    orderId: str | int = ""
    newClientOrderId: str | None = None
    code: int = 0
    msg: str | None = None


class State(msgspec.Struct, gc=False):
    """An order as a query tells it."""

    symbol: str
    orderId: str | int
    status: str
    executedQty: Decimal
    cummulativeQuoteQty: Decimal
    clientOrderId: str | None = None
    time: Millis | None = None
    updateTime: Millis | None = None
    cancelReason: str | None = None


class Trade(msgspec.Struct, gc=False):
    symbol: str
    id: str | int
    orderId: str | int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commissionAsset: str
    time: Millis
    isBuyer: bool
    isMaker: bool
    clientOrderId: str | None = None


class Asset(msgspec.Struct, gc=False):
    asset: str
    free: Decimal
    locked: Decimal


class Account(msgspec.Struct, gc=False):
    balances: list[Asset]


class Keys(msgspec.Struct, gc=False):
    listenKey: str | list[str]


class Time(msgspec.Struct, gc=False):
    serverTime: Millis


placed = msgspec.json.Decoder(Placed, strict=False)
batch = msgspec.json.Decoder(list[BatchItem], strict=False)
state = msgspec.json.Decoder(State, strict=False)
states = msgspec.json.Decoder(list[State], strict=False)
trades = msgspec.json.Decoder(list[Trade], strict=False)
account = msgspec.json.Decoder(Account, strict=False)
keys = msgspec.json.Decoder(Keys, strict=False)
time = msgspec.json.Decoder(Time, strict=False)


def accepted(order_id: str | int, client_id: ClientId, symbol: Symbol, exch_ms: int, recv_ns: int) -> OrderUpdate:
    """Taken, and no more is known: a push may have told its end already. Raises ValueError without an id."""
    if not order_id:
        raise ValueError("no order id")
    exch_ns = exch_ms * 1_000_000
    return OrderUpdate(VENUE, client_id, str(order_id), OrderStatus.OPEN, None, None, "", exch_ns, recv_ns, symbol)


def update_of(told: State, fallback: ClientId, markets: Markets, recv_ns: int) -> OrderUpdate:
    """fallback: whose client id was asked for. Raises KeyError, ValueError."""
    status = _TOLD[told.status]
    reason = told.cancelReason or told.status if status is OrderStatus.CANCELLED else ""
    client_id = ClientId(told.clientOrderId) if told.clientOrderId else fallback
    filled, notional = exact(told.executedQty), exact(told.cummulativeQuoteQty)
    exch_ns = (told.updateTime or told.time or 0) * 1_000_000
    symbol = markets.symbol(told.symbol)
    return OrderUpdate(VENUE, client_id, str(told.orderId), status, filled, notional, reason, exch_ns, recv_ns, symbol)


def fill_of(trade: Trade, fallback: ClientId, symbol: Symbol, recv_ns: int) -> Fill:
    """fallback: the client id of the order whose fills were asked for. Raises ValueError."""
    return Fill(
        VENUE, symbol, ClientId(trade.clientOrderId or fallback), str(trade.id),
        Side.BUY if trade.isBuyer else Side.SELL, exact(trade.price), exact(trade.qty),
        exact(trade.commission, signed=True), Coin(trade.commissionAsset), trade.isMaker,
        trade.time * 1_000_000, recv_ns, str(trade.orderId),
    )  # fmt: skip


def balance_of(asset: Asset, recv_ns: int) -> Balance:
    return Balance(VENUE, Coin(asset.asset), exact(asset.free), exact(asset.locked), 0, 0, recv_ns)


def read_push(frame: bytes, markets: Markets, recv_ns: int) -> tuple[Event, ...]:
    """The events of a binary frame; none for a public push, and for a fill in a market that we do not know.

    Raises KeyError, ValueError.
    """
    if len(frame) > _MAX_FRAME:
        raise ValueError(f"{len(frame)} bytes")
    push = read(frame, WRAPPER)
    if not push.get("channel"):
        raise ValueError("a push without a channel")
    symbol = markets.symbol(push.get("symbol", ""))
    if "privateOrders" in push:
        return (_pushed_order(push["privateOrders"], symbol, _ns(push, "sendTime"), recv_ns),)
    if "privateDeals" in push:
        return (_pushed_fill(push["privateDeals"], symbol, recv_ns),) if symbol else ()
    if "privateAccount" in push:
        return (_pushed_balance(push["privateAccount"], recv_ns),)
    return ()


def _pushed_order(order: dict[str, Any], symbol: Symbol, exch_ns: int, recv_ns: int) -> OrderUpdate:
    """The order's own time is that of its creation: when it changed is when the push was sent."""
    number = order["status"]
    filled = exact(order.get("cumulativeQuantity") or "0")
    notional = exact(order.get("cumulativeAmount") or "0")
    return OrderUpdate(
        VENUE, ClientId(order.get("clientId", "")), order["id"], _PUSHED[number],
        filled, notional, _FINAL_WORDS.get(number, ""), exch_ns, recv_ns, symbol,
    )  # fmt: skip


def _pushed_fill(deal: dict[str, Any], symbol: Symbol, recv_ns: int) -> Fill:
    quote = symbol.partition("/")[2]  # what both sides pay in unless it says otherwise
    return Fill(
        VENUE, symbol, ClientId(deal.get("clientOrderId", "")), deal["tradeId"],
        _SIDES[deal["tradeType"]], exact(deal["price"]), exact(deal["quantity"]),
        exact(deal.get("feeAmount") or "0", signed=True), Coin(deal.get("feeCurrency") or quote),
        deal.get("isMaker", False), _ns(deal, "time"), recv_ns, deal.get("orderId", ""),
    )  # fmt: skip


def _pushed_balance(change: dict[str, Any], recv_ns: int) -> Balance:
    """`balanceAmount` is what is free, not the total. A push has no number: its time orders it."""
    free, locked = exact(change.get("balanceAmount") or "0"), exact(change.get("frozenAmount") or "0")
    return Balance(VENUE, Coin(change["vcoinName"]), free, locked, 0, _ns(change, "time"), recv_ns)


def _ns(message: dict[str, Any], name: str) -> int:
    ms: int = message.get(name, 0)
    if not 0 <= ms <= _MAX_MS:
        raise ValueError(f"{name} {ms}")
    return ms * 1_000_000
