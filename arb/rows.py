"""What the app and the short commands hand each other: options of the simulator, rows of the listings."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
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


class SimEndpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a simulated venue listens. ca_file: what SSL_CERT_FILE must name where it is served over TLS."""

    rest_url: str
    ws_url: str
    ca_file: str = ""


class DrillRow(msgspec.Struct, frozen=True):
    """One limit put to the test. key: of the configuration.   setting: its value then.   got: what the gate did."""

    key: str
    setting: str
    scenario: str
    expected: str
    got: str
    ok: bool


class Health(IntEnum):
    """How something fares; the larger the worse. UNKNOWN: nobody can tell, which is no good news."""

    OK = 0
    UNKNOWN = 1
    WARN = 2
    FAIL = 3


class DoctorRow(msgspec.Struct, frozen=True):
    """One thing that was examined. area: "config", "key", "fees", "disk", "clock", "network" or "book".

    venue: "" where it is about none.   found: the evidence.   cure: what to do; "" where there is nothing to do.
    """

    area: str
    venue: str
    health: Health
    found: str
    cure: str = ""


class DoctorReport(msgspec.Struct, frozen=True):
    """recorded: where the pass was written that a live run asks for; None: it was none, or not asked for."""

    rows: tuple[DoctorRow, ...]
    recorded: Path | None = None


class DoctorFiles(msgspec.Struct, frozen=True):
    """Where things are kept. config, keys: None where no such file is read."""

    config: Path | None
    keys: Path | None
    data: Path
    journal: Path


class TradeFiles(msgspec.Struct, frozen=True):
    """Where a trading run keeps its records, and where it listens to its owner."""

    journal: Path
    control: Path
