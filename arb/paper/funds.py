"""What a paper account begins with where the user has not said: enough of everything to trade either way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from arb.domain import Coin, Market, Symbol
from arb.units import floor_to

WORTH = Decimal(10_000)

Price = Callable[[Symbol], Decimal | None]


class Funds:
    """A quote coin that is bought with no other (USDT, EUR) begins with 10 000 of itself.

    Every other coin is granted once, about as much of it as is worth the quote granted, at the first price that a
    usable book shows: one bought with BTC gets what the BTC of this account would pay for.
    """

    def __init__(self, markets: Iterable[Market]) -> None:
        self._markets: dict[Coin, list[Market]] = {}
        quotes: Counter[Coin] = Counter()
        for market in markets:
            self._markets.setdefault(market.base, []).append(market)
            quotes[market.quote] += 1
        roots = [coin for coin in quotes if coin not in self._markets] or [coin for coin, _ in quotes.most_common(1)]
        self._granted: dict[Coin, Decimal] = dict.fromkeys(roots, WORTH)
        self._waiting = [coin for coin in self._markets if coin not in self._granted]

    @property
    def start(self) -> Mapping[Coin, Decimal]:
        """What there is before any price is known."""
        return dict(self._granted)

    @property
    def complete(self) -> bool:
        return not self._waiting

    def grants(self, price: Price) -> list[tuple[Coin, Decimal]]:
        """What the prices of this moment allow to grant. price: quote per base; None: nobody can tell now."""
        made: list[tuple[Coin, Decimal]] = []
        for coin in self._waiting:
            amount = self._amount(coin, price)
            if amount is not None:
                self._granted[coin] = amount
                made.append((coin, amount))
        self._waiting = [coin for coin in self._waiting if coin not in self._granted]
        return made

    def _amount(self, coin: Coin, price: Price) -> Decimal | None:
        for market in self._markets[coin]:
            worth = self._granted.get(market.quote)
            found = price(market.symbol) if worth is not None else None
            if worth is not None and found is not None:
                return floor_to(worth / found, market.step)
        return None
