"""What an account really owns and did, by the books of whoever filled it: what a private side is held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from arb.domain import ClientId, Coin, Event, Fill, Market, OrderUpdate, Side, Symbol
from arb.sim.ledger import Ledger
from tests.contract.raw.rules import parser

NONE = Decimal(0)


class Done(NamedTuple):
    """One execution."""

    trade_id: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_coin: str
    maker: bool


class Truth(Protocol):
    """start: coin -> what there was."""

    start: Mapping[str, Decimal]

    def total(self) -> Mapping[str, Decimal]:
        """Free and locked together, of what is held."""

    def accepted(self) -> int:
        """How many orders there ever were."""

    def done(self, client_id: ClientId) -> set[Done]: ...


class LedgerTruth:
    """A simulated venue's."""

    def __init__(self, venue: str, ledger: Ledger) -> None:
        self.start: Mapping[str, Decimal] = dict(ledger.start)
        self._before = parser(venue).REMEMBERED
        self._ledger = ledger

    def total(self) -> Mapping[str, Decimal]:
        self._ledger.check()
        return {coin: sum(both, NONE) for coin, both in self._ledger.balances.items() if any(both)}

    def accepted(self) -> int:
        return len(self._ledger.orders)

    def done(self, client_id: ClientId) -> set[Done]:
        return {
            Done(fill.trade_id, fill.price, fill.qty, fill.fee, fill.fee_coin, fill.maker)
            for fill in self._ledger.fills
            if fill.client_id == self._before + client_id
        }


class PaperTruth:
    """Paper keeps no books but its own: what its fills and acceptances make of what it started with, reckoned anew."""

    def __init__(self, start: Mapping[str, Decimal], markets: Iterable[Market], events: Iterable[Event]) -> None:
        self.start: Mapping[str, Decimal] = dict(start)
        self._markets = {market.symbol: market for market in markets}
        self._events = events

    def total(self) -> Mapping[str, Decimal]:
        return totals(self.start, self._markets, self._fills())

    def accepted(self) -> int:
        return len({event.venue_id for event in self._events if isinstance(event, OrderUpdate) and event.venue_id})

    def done(self, client_id: ClientId) -> set[Done]:
        return {done_of(fill) for fill in self._fills() if fill.client_id == client_id}

    def _fills(self) -> list[Fill]:
        return list({e.trade_id: e for e in self._events if isinstance(e, Fill)}.values())


def done_of(fill: Fill) -> Done:
    return Done(fill.trade_id, fill.price, fill.qty, fill.fee, fill.fee_coin, fill.maker)


def totals(start: Mapping[str, Decimal], markets: Mapping[Symbol, Market], fills: Iterable[Fill]) -> dict[str, Decimal]:
    """What fills make of an account, their fees included: coin -> free and locked together."""
    held: dict[str, Decimal] = dict(start)

    def add(coin: Coin, amount: Decimal) -> None:
        held[coin] = held.get(coin, NONE) + amount

    for fill in fills:
        market, sign = markets[fill.symbol], 1 if fill.side is Side.BUY else -1
        add(market.base, sign * fill.qty)
        add(market.quote, -sign * fill.qty * fill.price)
        add(fill.fee_coin, -fill.fee)
    return {coin: amount for coin, amount in held.items() if amount}
