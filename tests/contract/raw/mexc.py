"""GET /api/v3/exchangeInfo. Source: MEXC spot v3 docs, autumn 2026."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from arb.domain import FeeCoin
from arb.sim.market.listing import Listing
from tests.contract.raw.rules import Rules, amount, power

PATH = "/api/v3/exchangeInfo"
FEE_COINS = (FeeCoin.QUOTE, FeeCoin.QUOTE)
NETWORKS_NEED_KEYS = True  # capital/config/getall is signed
PLACING = ("POST /api/v3/order",)
ORDERS, FILLS, BALANCES = "private.orders", "private.deals", "private.account"
REMEMBERED = ""


def markets(answer: Any) -> Mapping[str, Rules]:
    return {f"{item['baseAsset']}/{item['quoteAsset']}": _rules(item) for item in answer["symbols"]}


def account_fee(listing: Listing) -> tuple[float, float]:
    return listing.own_taker, listing.maker


def _rules(item: Mapping[str, Any]) -> Rules:
    step = power(item["baseAssetPrecision"])
    trades = item["status"] == "1" and item["isSpotTradingAllowed"] and "SPOT" in item["permissions"] and not item["st"]
    return Rules(
        native=item["symbol"],
        base=item["baseAsset"],
        quote=item["quoteAsset"],
        tick=power(item["quotePrecision"]),
        step=step,
        min_qty=amount(item["baseSizePrecision"]) or step,
        max_qty=None,
        min_notional=amount(item["quoteAmountPrecision"]),
        max_notional=amount(item["maxQuoteAmount"]),
        buyable=trades and item["tradeSideType"] in (1, 2),
        sellable=trades and item["tradeSideType"] in (1, 3),
        contract=item["contractAddress"],
        taker=Decimal(item["takerCommission"]),
        maker=Decimal(item["makerCommission"]),
    )
