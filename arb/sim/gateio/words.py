"""How Gate speaks of orders and trades, over REST, in the answers of the socket and in pushes."""

from __future__ import annotations

from arb.sim.ledger import Fill, plain
from arb.sim.market import text
from arb.sim.orders import SimOrder
from arb.sim.venue import MS

USER = 10001


def pair_of(order: SimOrder) -> str:
    listing = order.ticket.book.listing
    return f"{listing.base}_{listing.quote}"


def fee_coin(order: SimOrder) -> str:
    listing = order.ticket.book.listing
    return listing.base if order.ticket.buy else listing.quote


def rebate_coin(order: SimOrder) -> str:
    listing = order.ticket.book.listing
    return listing.quote if order.ticket.buy else listing.base


def amount_text(order: SimOrder) -> str:
    """Base, but quote for a market buy."""
    ticket = order.ticket
    return plain(ticket.budget) if ticket.budget else text(ticket.lots, ticket.book.listing.qty_decimals)


def left_text(order: SimOrder) -> str:
    """Base, but quote for a market buy."""
    ticket = order.ticket
    if ticket.budget:
        return plain(ticket.budget - order.cost)
    return text(order.left, ticket.book.listing.qty_decimals)


def price_text(order: SimOrder) -> str:
    """A market order has none."""
    ticket = order.ticket
    return "0" if ticket.market else text(ticket.ticks, ticket.book.listing.price_decimals)


def average_text(order: SimOrder) -> str:
    return plain(order.cost * 10**order.ticket.book.listing.qty_decimals // order.done) if order.done else "0"


def done_text(order: SimOrder) -> str:
    return text(order.done, order.ticket.book.listing.qty_decimals)


def status_word(order: SimOrder) -> str:
    if order.open:
        return "open"
    return "closed" if order.end == "filled" else "cancelled"


def result(order: SimOrder) -> dict[str, object]:
    """The order as the matching engine tells it: without fees and executed base."""
    ticket = order.ticket
    made: dict[str, object] = {
        "id": order.id,
        "text": ticket.client_id,
        "amend_text": order.amend_text,
        "create_time": str(order.created_ns // 10**9),
        "update_time": str(order.updated_ns // 10**9),
        "create_time_ms": order.created_ns // MS,
        "update_time_ms": order.updated_ns // MS,
        "status": status_word(order),
        "currency_pair": pair_of(order),
        "type": ticket.kind,
        "account": "spot",
        "side": "buy" if ticket.buy else "sell",
        "amount": amount_text(order),
        "price": price_text(order),
        "time_in_force": ticket.tif.value,
        "iceberg": "0",
        "left": left_text(order),
        "filled_total": plain(order.cost),
        "fill_price": plain(order.cost),
        "finish_as": order.end or "open",
    }
    if order.done:
        made["avg_deal_price"] = average_text(order)
    return made


def full(order: SimOrder) -> dict[str, object]:
    """The order with everything."""
    return result(order) | {
        "filled_amount": done_text(order),
        "fee": plain(order.fee),
        "fee_currency": fee_coin(order),
        "point_fee": "0",
        "gt_fee": "0",
        "gt_maker_fee": "0",
        "gt_taker_fee": "0",
        "gt_discount": False,
        "rebated_fee": "0",
        "rebated_fee_currency": rebate_coin(order),
    }


def by_mode(order: SimOrder, mode: str) -> dict[str, object]:
    """As `action_mode` asks."""
    if mode == "ACK":
        return {"id": order.id, "text": order.ticket.client_id, "amend_text": order.amend_text}
    return result(order) if mode == "RESULT" else full(order)


def pushed(order: SimOrder, event: str) -> dict[str, object]:
    """An item of spot.orders: times in text, no status."""
    ticket = order.ticket
    return {
        "id": order.id,
        "text": ticket.client_id,
        "create_time": str(order.created_ns // 10**9),
        "update_time": str(order.updated_ns // 10**9),
        "currency_pair": pair_of(order),
        "type": ticket.kind,
        "account": "spot",
        "side": "buy" if ticket.buy else "sell",
        "amount": amount_text(order),
        "price": price_text(order),
        "time_in_force": ticket.tif.value,
        "left": left_text(order),
        "filled_amount": done_text(order),
        "filled_total": plain(order.cost),
        "avg_deal_price": average_text(order),
        "fee": plain(order.fee),
        "fee_currency": fee_coin(order),
        "point_fee": "0",
        "gt_fee": "0",
        "rebated_fee": "0",
        "rebated_fee_currency": fee_coin(order),
        "create_time_ms": str(order.created_ns // MS),
        "update_time_ms": str(order.updated_ns // MS),
        "user": USER,
        "event": event,
        "stp_id": 0,
        "stp_act": "-",
        "finish_as": order.end or "open",
        "biz_info": "-",
        "amend_text": order.amend_text,
    }


def _micros(at_ns: int) -> str:
    return f"{at_ns // MS}.{at_ns % MS:06d}"


def trade_facts(fill: Fill) -> dict[str, object]:
    """An item of my_trades."""
    return {
        "id": fill.trade_id,
        "create_time": str(fill.at_ns // 10**9),
        "create_time_ms": _micros(fill.at_ns),
        "currency_pair": fill.symbol.replace("/", "_"),
        "side": "buy" if fill.buy else "sell",
        "role": "maker" if fill.maker else "taker",
        "amount": f"{fill.qty:f}",
        "price": f"{fill.price:f}",
        "order_id": fill.order_id,
        "fee": f"{fill.fee:f}",
        "fee_currency": fill.fee_coin,
        "point_fee": "0",
        "gt_fee": "0",
        "amend_text": "-",
        "sequence_id": fill.trade_id,
        "text": fill.client_id,
    }


def pushed_trade(fill: Fill) -> dict[str, object]:
    """An item of spot.usertrades: ids and seconds are numbers there."""
    return trade_facts(fill) | {
        "id": int(fill.trade_id),
        "user_id": USER,
        "create_time": fill.at_ns // 10**9,
        "id_market": int(fill.trade_id),
        "biz_info": "-",
    }
