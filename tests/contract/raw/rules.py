"""What the suite's own parsers of raw market lists give: they share no code with the project.

A parser is a module here by the venue's name. It holds `PATH` (of the market list, behind the REST base), `markets`
(that answer -> rules by symbol), `account_fee` (what a simulated account pays, by the sim's own book-keeping),
`FEE_COINS` (of a buy and of a sell) and `NETWORKS_NEED_KEYS`.

For faults, in words of `arb.sim.FaultRule.topic`: `PLACING`, all ways to place an order, and the channels of our
`ORDERS`, `FILLS` and `BALANCES`. `REMEMBERED`: what stands before our client ids in the sim's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

import pytest

from arb.domain import FeeCoin
from arb.sim.market.listing import Listing


class Rules(NamedTuple):
    """One market as the venue's documentation reads it. None: no such limit."""

    native: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal | None
    min_notional: Decimal | None
    max_notional: Decimal | None
    buyable: bool
    sellable: bool
    contract: str
    taker: Decimal
    maker: Decimal


class Parser(Protocol):
    PATH: str
    FEE_COINS: tuple[FeeCoin, FeeCoin]
    NETWORKS_NEED_KEYS: bool
    markets: Callable[[Any], Mapping[str, Rules]]
    account_fee: Callable[[Listing], tuple[float, float]]
    PLACING: tuple[str, ...]
    ORDERS: str
    FILLS: str
    BALANCES: str
    REMEMBERED: str


def parser(venue: str) -> Parser:
    try:
        return cast(Parser, import_module(f"tests.contract.raw.{venue}"))
    except ModuleNotFoundError:
        pytest.fail(f"write tests/contract/raw/{venue}.py: how the market list of {venue} is read, without our code")


def power(digits: int) -> Decimal:
    """2 -> 0.01, spelt and not computed."""
    return Decimal("1" if digits == 0 else f"0.{'0' * (digits - 1)}1")


def amount(text: str | None) -> Decimal | None:
    """A limit; absent, empty and zero are none."""
    number = Decimal(text or 0)
    return number if number > 0 else None
