"""Gate's orders, fills and balances -> events, from REST, from the socket's answers and from its pushes.

Sources: Gate API v4 spot pages of 2025 and answers recorded between 2024 and 2026. Traps of the names: `fill_price` is
what was paid, not a price; `status` cancelled may have fills; `finish_as` ioc says that the rest was cancelled;
`amount` and `left` of a market buy are quote.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec

from arb.domain import Balance, ClientId, Coin, Fill, OrderStatus, OrderUpdate, Side, Symbol, VenueId
from arb.interfaces import Verb
from arb.outcome import failed
from fastpath.wire import gate_labels
from fastpath.wire.fields import Millis, UpdateId, exact, less
from fastpath.wire.outgoing import Markets

VENUE = VenueId("gateio")

_MARK = "t-"  # what a client id begins with on the wire; all other texts name a source: "web", "apiv4"
_ZERO = Decimal(0)
_NOWHERE = Symbol("")
_MAX_NS = 2**63 - 1
_ENDED = {"filled": "closed"}


class Item(msgspec.Struct, gc=False):
    """An order, or what stands in its place in a batch: a refusal, or just that it was taken or cancelled.

    status: absent in pushes, which have `event` instead.   filled_amount: absent in many answers.
    """

    id: str | int = ""
    text: str | None = None
    currency_pair: str = ""
    type: str = "limit"
    side: str = ""
    amount: Decimal | None = None
    left: Decimal | None = None
    status: str = ""
    event: str = ""
    finish_as: str | None = None
    filled_amount: Decimal | None = None
    filled_total: Decimal | None = None
    update_time: Decimal | None = None
    update_time_ms: Decimal | None = None
    succeeded: bool | None = None
    label: str | None = None
    message: str | None = None


class OpenOrders(msgspec.Struct, gc=False):
    """All that rests in one market."""

    currency_pair: str
    orders: list[Item]


class Trade(msgspec.Struct, gc=False):
    """One fill. Pushes have numbers where REST has texts."""

    id: str | int
    order_id: str | int
    side: Literal["buy", "sell"]
    role: Literal["taker", "maker"]
    amount: Decimal
    price: Decimal
    fee: Decimal
    create_time_ms: Decimal
    currency_pair: str = ""
    fee_currency: str = ""
    gt_fee: Decimal | None = None
    point_fee: Decimal | None = None
    text: str | None = None


class Wallet(msgspec.Struct, gc=False):
    """A coin as REST tells it."""

    currency: str
    available: Decimal
    locked: Decimal
    update_id: UpdateId = 0


class Change(msgspec.Struct, gc=False):
    """A coin as a push tells it: what is locked has another name."""

    currency: str
    available: Decimal
    freeze: Decimal
    timestamp_ms: Millis


items = msgspec.json.Decoder(Item | list[Item], strict=False)
open_orders = msgspec.json.Decoder(list[OpenOrders], strict=False)
trades = msgspec.json.Decoder(list[Trade], strict=False)
wallets = msgspec.json.Decoder(list[Wallet], strict=False)
changes = msgspec.json.Decoder(list[Change], strict=False)


def text_of(client_id: ClientId) -> str:
    return _MARK + client_id


def client_id_of(text: str | None) -> ClientId:
    """Empty for an order that no program named."""
    return ClientId(text[len(_MARK) :] if text and text.startswith(_MARK) else "")


def updates_of(
    found: Iterable[Item],
    verb: Verb,
    markets: Markets,
    recv_ns: int,
    marks: tuple[ClientId, ...] = (),
    default: Symbol = _NOWHERE,
) -> tuple[OrderUpdate, ...]:
    """The orders among the items of an answer to `verb`, each as it now is.

    marks: the client ids asked for, in order, where they are known; default: their market.
    Raises ValueError.
    """
    updates = []
    for number, item in enumerate(found):
        client_id = client_id_of(item.text)
        if not client_id and number < len(marks):
            client_id = marks[number]
        if item.label or item.succeeded is False or not item.id:
            if verb is Verb.PLACE:
                error = gate_labels.error_of(item.label or "", item.message or "", 400, changes=True)
                updates.append(failed(VENUE, default, client_id, error, recv_ns))
        elif item.amount is not None:
            updates.append(update_of(item, client_id, markets, recv_ns))
        elif verb is Verb.PLACE:
            symbol = markets.symbol(item.currency_pair) or default
            venue_id = str(item.id)
            updates.append(
                OrderUpdate(VENUE, client_id, venue_id, OrderStatus.OPEN, None, None, "", 0, recv_ns, symbol)
            )
    return tuple(updates)


def update_of(order: Item, client_id: ClientId, markets: Markets, recv_ns: int) -> OrderUpdate:
    """One whole order object. Raises ValueError."""
    notional = _ZERO if order.filled_total is None else exact(order.filled_total)
    filled = _filled(order, notional)
    how = order.finish_as or ""
    status = _status(order, how, bool(filled or notional))
    reason = how if status is OrderStatus.CANCELLED else ""
    symbol, exch_ns = markets.symbol(order.currency_pair), _changed_ns(order)
    return OrderUpdate(VENUE, client_id, str(order.id), status, filled, notional, reason, exch_ns, recv_ns, symbol)


def fill_of(trade: Trade, client_id: ClientId, symbol: Symbol, recv_ns: int) -> Fill:
    """client_id: of the order asked for, for a trade without a text of ours. Raises ValueError."""
    side = Side.BUY if trade.side == "buy" else Side.SELL
    fee, coin = _fee(trade, side, symbol)
    return Fill(
        VENUE, symbol, client_id_of(trade.text) or client_id, str(trade.id), side,
        exact(trade.price), exact(trade.amount), fee, coin, trade.role == "maker",
        _ns(trade.create_time_ms, 10**6), recv_ns, str(trade.order_id),
    )  # fmt: skip


def balance_of(wallet: Wallet, recv_ns: int) -> Balance:
    free, locked = exact(wallet.available), exact(wallet.locked)
    return Balance(VENUE, Coin(wallet.currency), free, locked, wallet.update_id, 0, recv_ns)


def changed_balance(change: Change, recv_ns: int) -> Balance:
    """A push has no number; several may share one millisecond: arrival orders them."""
    free, locked = exact(change.available), exact(change.freeze)
    return Balance(VENUE, Coin(change.currency), free, locked, 0, change.timestamp_ms * 1_000_000, recv_ns)


def _filled(order: Item, notional: Decimal) -> Decimal | None:
    """Base filled. None: a market buy that tells only what it spent."""
    if order.amount is None or order.left is None:
        raise ValueError("an order without an amount")
    if order.side == "buy" and order.type.startswith("market"):
        if order.filled_amount is not None:
            return exact(order.filled_amount)
        return None if notional else _ZERO
    return less(exact(order.amount), exact(order.left))


def _status(order: Item, how: str, has_fills: bool) -> OrderStatus:
    word = order.status
    if not word:
        word = "open" if order.event in ("put", "update") else ""
        if order.event == "finish":
            word = _ENDED.get(how, "cancelled")
    if word == "open":
        return OrderStatus.PARTIAL if has_fills else OrderStatus.OPEN
    if word == "closed":
        return OrderStatus.FILLED
    if word == "cancelled":
        return OrderStatus.CANCELLED
    raise ValueError(f"status {order.status!r}, event {order.event!r}")


def _fee(trade: Trade, side: Side, symbol: Symbol) -> tuple[Decimal, Coin]:
    """Paid in what was bought, or in GT or points, which then stand alone."""
    base, _, quote = symbol.partition("/")
    fees = (
        (trade.fee, trade.fee_currency or (base if side is Side.BUY else quote)),
        (trade.gt_fee or _ZERO, "GT"),
        (trade.point_fee or _ZERO, "POINT"),
    )
    fee, coin = next(((fee, coin) for fee, coin in fees if fee), fees[0])
    return exact(fee, signed=True), Coin(coin)


def _changed_ns(order: Item) -> int:
    if order.update_time_ms is not None:
        return _ns(order.update_time_ms, 10**6)
    return _ns(order.update_time or _ZERO, 10**9)


def _ns(value: Decimal, unit: int) -> int:
    """A time with or without decimals. Raises ValueError."""
    number = exact(value) * unit  # 28 digits hold any that passes
    if number > _MAX_NS:
        raise ValueError(f"time {value}")
    return int(number)
