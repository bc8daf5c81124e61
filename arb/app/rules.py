"""The static facts of a run by market, always the newest: what planning and execution look up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arb.domain import BookKey, Coin, FeeSchedule, Market, Symbol, VenueId
from arb.interfaces import Statics


class Rules:
    """statics: of every venue. `refresh` replaces them all."""

    def __init__(self, statics: Iterable[Statics]) -> None:
        self._markets: dict[BookKey, Market] = {}
        self._fees: dict[BookKey, FeeSchedule] = {}
        self._venues: dict[Symbol, tuple[VenueId, ...]] = {}
        self._money: frozenset[Coin] = frozenset()
        self.refresh(statics)

    def refresh(self, statics: Iterable[Statics]) -> None:
        markets: dict[BookKey, Market] = {}
        fees: dict[BookKey, FeeSchedule] = {}
        venues: dict[Symbol, tuple[VenueId, ...]] = {}
        for facts in statics:
            fees.update({(fee.venue, fee.symbol): fee for fee in facts.fees})
            for market in facts.markets:
                markets[market.venue, market.symbol] = market
                venues[market.symbol] = (*venues.get(market.symbol, ()), market.venue)
        self._markets, self._fees, self._venues = markets, fees, venues
        bases = {market.base for market in markets.values()}
        self._money = frozenset(market.quote for market in markets.values()) - bases

    def market(self, key: BookKey) -> Market | None:
        return self._markets.get(key)

    def fee(self, key: BookKey) -> FeeSchedule | None:
        return self._fees.get(key)

    def money(self) -> frozenset[Coin]:
        """Coins that are only ever paid with: what is earned in them is no position."""
        return self._money

    def venues_of(self, symbol: Symbol) -> Sequence[VenueId]:
        """Who lists it."""
        return self._venues.get(symbol, ())
