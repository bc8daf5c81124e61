"""How MEXC speaks of orders and trades: words over REST, numbers in pushes."""

from __future__ import annotations

from arb.sim.ledger import Fill, plain
from arb.sim.market import SimBook, text
from arb.sim.orders import SimOrder, Tif
from arb.sim.venue import MS

BAND = 5  # per cent of the last price
TIFS = {
    "LIMIT": Tif.GTC,  # timeInForce does not exist here: whoever sends it gets an order that rests
    "MARKET": Tif.IOC,
    "LIMIT_MAKER": Tif.POST,
    "IMMEDIATE_OR_CANCEL": Tif.IOC,
    "FILL_OR_KILL": Tif.FOK,
}
KIND_NUMBERS = {"LIMIT": 1, "LIMIT_MAKER": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4, "MARKET": 5}
STATUS_NUMBERS = {"NEW": 1, "FILLED": 2, "PARTIALLY_FILLED": 3, "CANCELED": 4, "PARTIALLY_CANCELED": 5}


def status_word(order: SimOrder) -> str:
    if order.open:
        return "PARTIALLY_FILLED" if order.done else "NEW"
    if order.end == "filled":
        return "FILLED"
    return "PARTIALLY_CANCELED" if order.done else "CANCELED"


def order_facts(order: SimOrder) -> dict[str, object]:
    """The order object of queries."""
    ticket, listing = order.ticket, order.ticket.book.listing
    return {
        "symbol": listing.base + listing.quote,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": ticket.client_id or None,
        "price": text(ticket.ticks, listing.price_decimals),
        "origQty": text(ticket.lots, listing.qty_decimals),
        "executedQty": text(order.done, listing.qty_decimals),
        "cummulativeQuoteQty": plain(order.cost),
        "status": status_word(order),
        "timeInForce": None,
        "type": ticket.kind,
        "side": "BUY" if ticket.buy else "SELL",
        "stopPrice": None,
        "icebergQty": None,
        "time": order.created_ns // MS,
        "updateTime": order.updated_ns // MS,
        "isWorking": True,
        "origQuoteOrderQty": "0",
        "stpMode": "",
        "cancelReason": "",
    }


def trade_facts(book: SimBook, fill: Fill) -> dict[str, object]:
    """The trade object of queries."""
    return {
        "symbol": book.listing.base + book.listing.quote,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": f"{fill.price:f}",
        "qty": f"{fill.qty:f}",
        "quoteQty": f"{fill.quote:f}",
        "commission": f"{fill.fee:f}",
        "commissionAsset": fill.fee_coin,
        "time": fill.at_ns // MS,
        "isBuyer": fill.buy,
        "isMaker": fill.maker,
        "isBestMatch": True,
        "isSelfTrade": fill.self_trade,
        "clientOrderId": fill.client_id or None,
    }
