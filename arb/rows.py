"""What the app and the short commands hand each other: options of the simulator, rows of the listings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec

from arb.domain import Market


class SimOptions(msgspec.Struct, frozen=True):
    """The simulated exchanges. truth: where to write what is planted.   faults: a TOML file of faults."""

    seed: int = 1
    symbols: int = 50
    truth: Path | None = None
    faults: Path | None = None


class ExchangeRow(msgspec.Struct, frozen=True):
    """One venue that can be named in a config. stream: books arrive by themselves; else they are polled."""

    name: str
    native: bool
    ccxt: bool
    stream: bool
    feeds: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class MarketRow(msgspec.Struct, frozen=True):
    """One market of one venue with its fee. source: where the fee is from; None: no fee is known."""

    market: Market
    taker: Decimal | None
    maker: Decimal | None
    fee_source: str | None


class SimEndpoint(msgspec.Struct, frozen=True):
    rest_url: str
    ws_url: str
