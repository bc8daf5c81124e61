"""What the clients of one venue are told about its markets, so that none of them asks for the list."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from adapters.ccxt_client import Exchange
from adapters.ccxt_markets import from_market
from arb.domain import Market


class Listings:
    """Our own facts until the exchange's list is known; they are all that most exchanges need to stream a book."""

    def __init__(self) -> None:
        self._raws: dict[str, Mapping[str, Any]] = {}
        self._real = False
        self._asking = asyncio.Lock()

    def add(self, markets: Iterable[Market]) -> None:
        """Facts of ours, for what the exchange's list has not told."""
        self._raws = {market.symbol: from_market(market) for market in markets} | self._raws

    def tell(self, exchange: Exchange, symbols: Collection[str] | None = None) -> None:
        """symbols: only these (None: all); reading a list of thousands takes ccxt tens of milliseconds."""
        wanted = [raw for symbol, raw in self._raws.items() if symbols is None or symbol in symbols]
        exchange.set_markets(wanted)

    def learn(self, raws: Iterable[Mapping[str, Any]]) -> None:
        """The exchange's own list, as ccxt parsed it, takes the place of ours."""
        self._raws = {raw["symbol"]: raw for raw in raws}
        self._real = True

    async def ask(self, exchange: Exchange) -> bool:
        """Fetch the exchange's own list, unless that was done before. Whether there is something new to tell.

        For exchanges whose streams need more than we keep. Raises what ccxt raises.
        """
        async with self._asking:
            if self._real:
                return False
            self.learn(await fetch_spot(exchange))
            return self._real


async def fetch_spot(exchange: Exchange) -> list[dict[str, Any]]:
    """The spot markets of an exchange, and no request for its other markets where ccxt lets us ask for spot alone.

    `fetch_markets` minds `options["fetchMarkets"]` on some exchanges and fetches everything on others.
    """
    alone = getattr(exchange, "fetch_spot_markets", None)
    markets: list[dict[str, Any]] = await (exchange.fetch_markets() if alone is None else alone({}))
    return [market for market in markets if market.get("spot") is True]
