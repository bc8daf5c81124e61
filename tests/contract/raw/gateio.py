"""GET /spot/currency_pairs. Source: Gate API v4 docs, mid 2026."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from arb.domain import FeeCoin
from arb.sim.market.listing import Listing
from tests.contract.raw.rules import Rules, amount, power

PATH = "/spot/currency_pairs"
FEE_COINS = (FeeCoin.BASE, FeeCoin.QUOTE)
NETWORKS_NEED_KEYS = False
PLACING = ("POST /api/v4/spot/orders", "spot.order_place")
ORDERS, FILLS, BALANCES = "spot.orders", "spot.usertrades", "spot.balances"
REMEMBERED = "t-"


def markets(answer: Any) -> Mapping[str, Rules]:
    return {item["id"].replace("_", "/"): _rules(item) for item in answer}


def account_fee(listing: Listing) -> tuple[float, float]:
    return listing.own_taker, listing.own_taker


def _rules(item: Mapping[str, Any]) -> Rules:
    step, status = power(item["amount_precision"]), item["trade_status"]
    leaving = bool(item.get("delisting_time"))  # announced: what is held may be sold until then
    fee = Decimal(item["fee"]) / 100  # percent
    return Rules(
        native=item["id"],
        base=item["base"],
        quote=item["quote"],
        tick=power(item["precision"]),
        step=step,
        min_qty=amount(item.get("min_base_amount")) or step,
        max_qty=amount(item.get("max_base_amount")),
        min_notional=amount(item.get("min_quote_amount")),
        max_notional=amount(item.get("max_quote_amount")),
        buyable=status in ("tradable", "buyable") and item["type"] == "normal" and not leaving,
        sellable=status in ("tradable", "sellable") and item["type"] == "normal",
        contract="",
        taker=fee,
        maker=fee,
    )
