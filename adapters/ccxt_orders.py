"""Our orders as ccxt's arguments, and ccxt's orders, trades and balances as our events. Exact: no float in between.

ccxt's unified fields are taken where they say what the venue said. What ccxt computes (the notional from an average
price, the filled part of an order that ended) is replaced by the venue's own field, or left open: fills tell it then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from arb.domain import (
    Balance,
    ClientId,
    Coin,
    Fill,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    Symbol,
    VenueId,
)
from arb.errors import ProtocolError
from arb.units import plain

Raw = Mapping[str, Any]

MS = 1_000_000
_ZERO = Decimal(0)
_PARAMS: dict[OrderType, dict[str, Any]] = {
    OrderType.LIMIT: {},
    OrderType.MARKET: {},
    OrderType.IOC: {"timeInForce": "IOC"},
    OrderType.FOK: {"timeInForce": "FOK"},
    OrderType.POST_ONLY: {"postOnly": True},
}
# Names in the venues' own records (MEXC, Gate, and those that speak Binance's or Bybit's dialect).
_FILLED = ("filled_amount", "cumulativeQuantity", "executedQty", "cumExecQty")
_NOTIONAL = ("filled_total", "cumulativeAmount", "cummulativeQuoteQty", "cumulativeQuoteQty", "cumExecValue")
_CLIENT_IDS = ("clientOrderId", "clientId", "text", "orderLinkId", "clOrdId", "clientOid")
_ENDED = ("canceled", "cancelled", "expired", "expired_in_match")
_COINS = {"GATEPOINT": "POINT"}


def to_call(order: Order, client_id: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments and params of ccxt's createOrder. client_id: as the venue wants it."""
    params = {**_PARAMS[order.type], "clientOrderId": client_id}
    if order.type is OrderType.MARKET and order.notional is not None:
        params["cost"] = plain(order.notional)
    kind = "market" if order.type is OrderType.MARKET else "limit"
    price = None if order.price is None or kind == "market" else plain(order.price)
    return (order.symbol, kind, "buy" if order.side is Side.BUY else "sell", plain(order.qty), price), params


def to_update(venue: VenueId, raw: Raw, client_id: ClientId, symbol: Symbol, recv_ns: int) -> OrderUpdate:
    """What ccxt's order structure says. Raises ProtocolError."""
    info = _info(raw)
    filled = _filled(venue, raw, info)
    notional = _first(venue, info, _NOTIONAL)
    if filled is not None and not filled:
        notional = _ZERO
    status = _status(venue, raw, info, filled)
    why = str(info.get("finish_as") or "") if status is OrderStatus.CANCELLED else ""
    at_ms = raw.get("lastUpdateTimestamp") or raw.get("lastTradeTimestamp") or raw.get("timestamp")
    return OrderUpdate(
        venue, client_id, str(raw.get("id") or ""), status, filled, notional, why, _ns(at_ms), recv_ns, symbol
    )


def says_nothing(raw: Raw) -> bool:
    """Whether an order structure tells no more than that there is such an order."""
    return raw.get("status") is None and raw.get("filled") is None


def to_fill(venue: VenueId, raw: Raw, client_id: ClientId, symbol: Symbol, recv_ns: int) -> Fill | None:
    """What ccxt's trade structure says; None where it tells no fee. Raises ProtocolError."""
    paid = _paid(venue, raw)
    if paid is None:
        return None
    info = _info(raw)
    maker = bool(info["isMaker"]) if "isMaker" in info else raw.get("takerOrMaker") == "maker"
    try:
        side = {"buy": Side.BUY, "sell": Side.SELL}[raw["side"]]
        trade_id, price, qty = raw["id"], raw["price"], raw["amount"]
    except KeyError as exc:
        raise ProtocolError(venue, f"a trade without {exc}") from exc
    if trade_id is None or price is None or qty is None:
        raise ProtocolError(venue, "a trade without id, price or amount")
    return Fill(
        venue, symbol, client_id, str(trade_id), side, exact(venue, price), exact(venue, qty), *paid, maker,
        _ns(raw.get("timestamp")), recv_ns, str(raw.get("order") or ""),
    )  # fmt: skip


def without_fee(raw: Raw, symbol: Symbol) -> Raw:
    """The same trade with a fee of nothing: for venues that tell fees nowhere, whose balances then show them."""
    base, _, quote = symbol.partition("/")
    return {**raw, "fee": {"cost": "0", "currency": base if raw.get("side") == "buy" else quote}, "fees": []}


def to_balances(venue: VenueId, raw: Raw, recv_ns: int, *, all_coins: bool = False) -> tuple[Balance, ...]:
    """ccxt's balance structure; what is nothing is left out unless `all_coins`. Raises ProtocolError."""
    free, used, total = (raw.get(part) or {} for part in ("free", "used", "total"))
    at_ns = _ns(raw.get("timestamp"))
    found = []
    for coin in {**free, **total}:
        locked = _known(venue, used.get(coin))
        held = _known(venue, free.get(coin))
        whole = _known(venue, total.get(coin))
        if held is None:
            held = (whole or _ZERO) - (locked or _ZERO)
        if locked is None:
            locked = _ZERO if whole is None else whole - held
        if held or locked or all_coins:
            found.append(Balance(venue, Coin(coin), held, locked, 0, at_ns, recv_ns))
    return tuple(found)


def client_id_in(raw: Raw) -> str:
    """As the venue spells it; "" where it names none. Trades of ccxt have no such field, so its source is looked at."""
    own, info = raw.get("clientOrderId"), _info(raw)
    return str(own or next((info[name] for name in _CLIENT_IDS if info.get(name)), ""))


def exact(venue: VenueId, value: object) -> Decimal:
    """A number as the venue wrote it; of a float what it reads back as. Raises ProtocolError."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ProtocolError(venue, f"{value!r} is no number") from None
    if not number.is_finite():
        raise ProtocolError(venue, f"{value!r} is no amount")
    return number


def _known(venue: VenueId, value: object) -> Decimal | None:
    return None if value is None or value == "" else exact(venue, value)


def _first(venue: VenueId, info: Raw, names: tuple[str, ...]) -> Decimal | None:
    return next((exact(venue, info[name]) for name in names if info.get(name) not in (None, "")), None)


def _info(raw: Raw) -> Raw:
    info = raw.get("info")
    return info if isinstance(info, Mapping) else {}


def _filled(venue: VenueId, raw: Raw, info: Raw) -> Decimal | None:
    """Base. None where it is not told: a market buy may be counted in quote, which ccxt turns into base by a price."""
    told = _first(venue, info, _FILLED)
    if told is not None:
        return told
    if raw.get("type") == "market" and raw.get("side") == "buy":
        notional = _first(venue, info, _NOTIONAL)
        return _ZERO if notional is not None and not notional else None
    return _known(venue, raw.get("filled"))


def _status(venue: VenueId, raw: Raw, info: Raw, filled: Decimal | None) -> OrderStatus:
    """ "closed" is ccxt's word for filled, but also for some orders that ended before they were."""
    word = raw.get("status")
    if word == "rejected":
        return OrderStatus.REJECTED
    if word == "closed":
        amount = None if raw.get("type") == "market" else _known(venue, raw.get("amount"))
        short = amount is not None and filled is not None and filled < amount
        return OrderStatus.CANCELLED if short else OrderStatus.FILLED
    if word in _ENDED or info.get("event") == "finish" or info.get("status") in _ENDED:
        return OrderStatus.CANCELLED
    return OrderStatus.PARTIAL if filled else OrderStatus.OPEN


def _paid(venue: VenueId, raw: Raw) -> tuple[Decimal, Coin] | None:
    """The fee and its coin. Some venues name several coins of which one was used."""
    told = [(exact(venue, fee["cost"]), _coin(str(fee["currency"]))) for fee in _fees(raw)]
    return next((fee for fee in told if fee[0]), told[0] if told else None)


def _fees(raw: Raw) -> Iterator[Raw]:
    for fee in (*(raw.get("fees") or ()), raw.get("fee")):
        if fee and fee.get("cost") is not None and fee.get("currency"):
            yield fee


def _coin(code: str) -> Coin:
    return Coin(_COINS.get(code, code))


def _ns(ms: object) -> int:
    return int(ms) * MS if isinstance(ms, int | float) else 0
