"""What is listed where: the static facts of the simulated venues, in no venue's dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Quirk = Literal[
    "",
    "no_api",  # trades on the web, refused to API keys
    "special_treatment",  # delisting risk zone
    "paused",
    "untradable",
    "sell_only",
    "premarket",
    "delisting",
]
Standing = Literal[
    "",
    "different coin",
    "not tradable by API",
    "special treatment",
    "paused",
    "untradable",
    "sell only",
    "premarket",
    "delisting",
    "deposits closed",
    "withdrawals closed",
    "no common network",
]


class VenueTraits(msgspec.Struct, frozen=True):
    """What makes one venue's listings differ from another's.

    taker, maker: default fees as fractions.   extra_price_decimals, extra_qty_decimals: how much finer its grids mostly
    are than the catalogue's.   min_notional: in USDT.   quirks: the restrictions it can express.
    first_version: where its book ids begin, about.
    """

    name: str
    taker: float
    maker: float
    extra_price_decimals: int
    extra_qty_decimals: int
    min_notional: float
    quirks: tuple[Quirk, ...]
    first_version: int


class Network(msgspec.Struct, frozen=True):
    """One chain of one coin on one venue. chain: neutral id ("ETH", "BSC"); contract: "" for the chain's own coin."""

    chain: str
    contract: str
    deposit: bool = True
    withdraw: bool = True
    withdraw_fee: str = "0"
    withdraw_min: str = "0"


class Listing(msgspec.Struct, frozen=True):
    """One market of one venue.

    price_decimals, qty_decimals: tick and step are 10 to minus these.   min_qty: base units, "" where none is named.
    min_notional, max_notional: quote.   taker, maker: public fees, fractions.   own_taker: what the account pays.
    coarser: so many decimals fewer may the quantity of an order have.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    price_decimals: int
    qty_decimals: int
    min_qty: str
    min_notional: str
    max_notional: str
    taker: float
    maker: float
    own_taker: float
    quirk: Quirk = ""
    coarser: int = 0

    @property
    def order_qty_decimals(self) -> int:
        return max(0, self.qty_decimals - self.coarser)


class Instrument(msgspec.Struct, frozen=True):
    """One symbol and everything that moves it.

    price: start of the walk, quote per base.   rate_hz: book events a second on each venue.   vol: sigma of the walk
    per square root of a second.   spread: fraction.   factor: per venue, what its price is multiplied by.
    gaps: gaps may be planted here.   standing: why a lasting price difference must not be traded.
    """

    symbol: str
    base: str
    quote: str
    price: float
    rate_hz: float
    vol: float
    spread: float
    listings: Mapping[str, Listing]
    factor: Mapping[str, float]
    gaps: bool = True
    standing: Standing = ""


class Catalogue(msgspec.Struct, frozen=True):
    """networks: venue -> coin -> its chains there.   names: coin -> a name for people."""

    instruments: tuple[Instrument, ...]
    networks: Mapping[str, Mapping[str, tuple[Network, ...]]]
    names: Mapping[str, str]
