"""ccxt's unified structures <-> our static facts. Pure: no client, no clock.

ccxt parses numbers to floats. Their shortest text is what the venue wrote, so a tick that comes as 1e-05 is exactly
0.00001 here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from arb.domain import (
    Coin,
    CoinNetwork,
    FeeCoin,
    FeeSchedule,
    FeeSource,
    Market,
    NativeSymbol,
    Symbol,
    VenueId,
)

# ccxt's precisionMode (ccxt/base/decimal_to_precision.py)
DECIMAL_PLACES = 2
TICK_SIZE = 4

# Where the contract address may stand in a venue's own record, lower-cased and without "_".
_IN_MARKET = frozenset({"contractaddress", "tokenaddress", "basecontractaddress"})
_IN_NETWORK = _IN_MARKET | {"contract", "contractaddr", "addr"}
# What ccxt calls one chain on one venue and another way on the next (ccxt 4.5.90, `options["networks"]`).
_NETWORKS = {
    "OP": "OPTIMISM",
    "POLYGON": "MATIC",
    "POLKADOT": "DOT",
    "STARKNET": "STARK",
    "KLAYTN": "KLAY",
    "KAIA": "KLAY",
    "ZKSYNCERA": "ZKSYNC",
    "BEP20(BSC)": "BEP20",
}
# Chains whose own coin is not called as they are, or whose name is also that of a token on them.
_OWN_COIN = {
    "BEP20": {"BNB"},
    "AVAXC": {"AVAX"},
    "MATIC": {"MATIC", "POL"},
    "CRC20": {"CRO"},
    "ARBITRUM": {"ETH"},
    "OPTIMISM": {"ETH"},
    "BASE": {"ETH"},
    "LINEA": {"ETH"},
    "SCROLL": {"ETH"},
    "ZKSYNC": {"ETH"},
    "STARK": set[str](),
}
# How some venues write "no contract" for a chain's own coin.
_NO_ADDRESS = frozenset({"0x" + "0" * 40, "0x" + "e" * 40})

_FEE_COINS = {  # ccxt's feeSide -> what the buyer pays in, what the seller pays in
    "get": (FeeCoin.BASE, FeeCoin.QUOTE),
    "give": (FeeCoin.QUOTE, FeeCoin.BASE),
    "base": (FeeCoin.BASE, FeeCoin.BASE),
    "quote": (FeeCoin.QUOTE, FeeCoin.QUOTE),
}


def to_decimal(value: object) -> Decimal | None:
    """A number as ccxt gives it (float, int or text) without a digit of noise; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def to_step(precision: object, mode: int) -> Decimal | None:
    """ccxt's precision as a step; None where ccxt gives none, or a number of significant digits, which is no step."""
    number = to_decimal(precision)
    if number is None:
        return None
    if mode == DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(number))
    return number if mode == TICK_SIZE and number > 0 else None


def to_market(venue: VenueId, raw: Mapping[str, Any], mode: int) -> Market:
    """A spot market. One without a fixed tick or step is closed: nothing exact can be sent to it."""
    precision, limits = raw.get("precision") or {}, raw.get("limits") or {}
    tick, step = to_step(precision.get("price"), mode), to_step(precision.get("amount"), mode)
    closed = raw.get("active") is False
    why = "not active" if closed else ""
    if tick is None or step is None:
        closed, why = True, why or "no fixed price or quantity step is known"
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    return Market(
        venue=venue,
        symbol=Symbol(raw["symbol"]),
        native=NativeSymbol(raw["id"]),
        base=Coin(raw["base"]),
        quote=Coin(raw["quote"]),
        tick=tick or Decimal(1),
        step=step or Decimal(1),
        min_qty=_limit(amount.get("min")),
        max_qty=_limit(amount.get("max")),
        min_notional=_limit(cost.get("min")),
        max_notional=_limit(cost.get("max")),
        buyable=not closed,
        sellable=not closed,
        why=why,
        contract=_address(raw.get("info"), _IN_MARKET) or "",
    )


def from_market(market: Market) -> dict[str, Any]:
    """What ccxt needs to know of a market to stream its book: enough that it asks for no market list of its own."""
    return {
        "id": market.native,
        "lowercaseId": market.native.lower(),
        "symbol": market.symbol,
        "base": market.base,
        "quote": market.quote,
        "baseId": market.base,
        "quoteId": market.quote,
        "type": "spot",
        "spot": True,
        "margin": False,
        "swap": False,
        "future": False,
        "option": False,
        "contract": False,
        "active": True,
        "info": {},
    }


def to_fee(
    venue: VenueId,
    symbol: str,
    raw: Mapping[str, Any],
    source: FeeSource,
    fee_coins: tuple[FeeCoin, FeeCoin] | None,
    side: object = None,
) -> FeeSchedule | None:
    """Taker and maker of a market or of an account's fee structure; None where one is missing.

    fee_coins: buyer's and seller's, where our own SPEC says so; else ccxt's feeSide decides, and without one the quote.
    """
    taker, maker = to_decimal(raw.get("taker")), to_decimal(raw.get("maker"))
    if taker is None or maker is None:
        return None
    buy, sell = fee_coins or _FEE_COINS.get(str(side or "quote"), _FEE_COINS["quote"])
    return FeeSchedule(venue, Symbol(symbol), taker, maker, source, buy, sell)


def to_networks(
    venue: VenueId, currencies: Mapping[str, Mapping[str, Any]], aliases: Mapping[str, str]
) -> Iterator[CoinNetwork]:
    """Every way in and out that ccxt's currencies tell of. aliases: ccxt's own, other name -> name of a network."""
    for code, currency in currencies.items():
        seen = set()
        for key, raw in (currency.get("networks") or {}).items():
            network = unified_network(str(raw.get("network") or key), aliases)
            if network in seen:
                continue
            seen.add(network)
            yield CoinNetwork(
                venue=venue,
                coin=Coin(code),
                network=network,
                contract=_contract(code, network, raw, aliases),
                deposit=_flag(raw.get("deposit"), currency.get("deposit")),
                withdraw=_flag(raw.get("withdraw"), currency.get("withdraw")),
                withdraw_fee=to_decimal(raw.get("fee")),
            )


def unified_network(code: str, aliases: Mapping[str, str]) -> str:
    """One name for one chain on all venues."""
    code = code.upper()
    code = aliases.get(code, code)
    return _NETWORKS.get(code, code)


def _contract(coin: str, network: str, raw: Mapping[str, Any], aliases: Mapping[str, str]) -> str | None:
    """The token's address; "" for a chain's own coin; None where the venue gives none and the coin is no such coin.

    An empty address alone proves nothing: venues leave it out for tokens too.
    """
    address = _address(raw.get("info"), _IN_NETWORK) or _text(raw.get("contract"))
    if address and address.upper() not in (coin, network, str(raw.get("id")).upper()):
        return address
    names = {network, *(alias for alias, name in aliases.items() if name == network)}
    return "" if coin in _OWN_COIN.get(network, names) else None


def _address(info: object, keys: frozenset[str]) -> str | None:
    """The first address that a venue's own record gives under one of the well-known keys."""
    if not isinstance(info, Mapping):
        return None
    given = (_text(value) for key, value in info.items() if str(key).lower().replace("_", "") in keys)
    return next((text for text in given if text), None)


def _text(value: object) -> str:
    """An address as it can be compared: hexadecimal ones in lower case, placeholders gone."""
    text = value.strip() if isinstance(value, str) else ""
    text = text.lower() if text[:2].lower() == "0x" else text
    return "" if text in _NO_ADDRESS else text


def _limit(value: object) -> Decimal | None:
    """A bound; 0 is how many venues write "none"."""
    return to_decimal(value) or None


def _flag(*values: object) -> bool | None:
    return next((value for value in values if isinstance(value, bool)), None)
