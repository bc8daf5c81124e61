"""What a venue would refuse about an order before it meets the book."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import Market, Order, OrderType, Side

_WORDS = {Side.BUY: "buy", Side.SELL: "sell"}


def refusal(order: Order, market: Market, best: Decimal | None) -> str:
    """Why, in words; empty: nothing speaks against it.

    best: the price that a MARKET sell would meet first, for its notional; None: nobody buys.
    """
    if not (market.buyable if order.side is Side.BUY else market.sellable):
        return f"closed to {_WORDS[order.side]} orders: {market.why or 'the venue does not say why'}"
    return _shape(order) or _price(order, market) or _qty(order, market) or _notional(order, market, best)


def _shape(order: Order) -> str:
    if not order.client_id:
        return "no client id"
    if (order.price is None) is not (order.type is OrderType.MARKET):
        return f"{order.type.name} {'without' if order.price is None else 'with'} a price"
    spends = order.type is OrderType.MARKET and order.side is Side.BUY
    if (order.notional is not None) is not spends:
        return "a MARKET buy says what it spends, and no other order does"
    return ""


def _price(order: Order, market: Market) -> str:
    if order.price is None:
        return ""
    if order.price <= 0:
        return f"price {order.price} is not above 0"
    return f"price {order.price} is not on the tick {market.tick}" if order.price % market.tick else ""


def _qty(order: Order, market: Market) -> str:
    if order.notional is not None:
        return ""
    if order.qty <= 0:
        return f"quantity {order.qty} is not above 0"
    if order.qty % market.step:
        return f"quantity {order.qty} is not a multiple of {market.step}"
    if market.min_qty is not None and order.qty < market.min_qty:
        return f"quantity {order.qty} is below the minimum {market.min_qty}"
    if market.max_qty is not None and order.qty > market.max_qty:
        return f"quantity {order.qty} is above the maximum {market.max_qty}"
    return ""


def _notional(order: Order, market: Market, best: Decimal | None) -> str:
    if order.notional is not None:
        notional = order.notional
    else:
        price = order.price if order.price is not None else best
        if price is None:
            return ""
        notional = order.qty * price
    if notional <= 0:
        return f"notional {notional} is not above 0"
    if market.min_notional is not None and notional < market.min_notional:
        return f"notional {notional} is below the minimum {market.min_notional}"
    if market.max_notional is not None and notional > market.max_notional:
        return f"notional {notional} is above the maximum {market.max_notional}"
    return ""
