"""What a coin is worth in one currency, from the books of this moment. No live book, no price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import inf
from typing import Protocol

from arb.domain import Coin, Reason
from arb.sync import BookSync
from arb.units import exact

_ONE = Decimal(1)
_TWO = Decimal(2)
_NOBODY: frozenset[Coin] = frozenset()


def middle(prices: list[Decimal]) -> Decimal:
    """The median of at least one. Nearly always there are one or two, and `statistics` is a long way for these."""
    count = len(prices)
    if count == 1:
        return prices[0]
    if count > 2:
        prices = sorted(prices)
    at = count // 2
    return prices[at] if count % 2 else (prices[at - 1] + prices[at]) / 2


def mid(book: BookSync, now_ns: int, max_age_ns: int) -> Decimal | None:
    """Between the best bid and the best ask. None: it is not LIVE, older than `max_age_ns`, or one side is empty."""
    if book.refusal(now_ns, max_age_ns) is not Reason.OK:
        return None
    levels = book.live(now_ns, max_age_ns)
    if levels.best_bid <= 0.0 or levels.best_ask == inf:
        return None
    return (exact(levels.best_bid) + exact(levels.best_ask)) / _TWO


class Shelf(Protocol):
    """All books of a run. It may grow; a book on it stays the same object."""

    def __iter__(self) -> Iterator[BookSync]: ...

    def __len__(self) -> int: ...


class Valuer:
    """max_age_ns: a book that was last heard of before that tells nothing.

    The price over several venues is the median of their mids. Where no book joins a coin and the currency directly,
    it goes over one other coin (ABC/BTC and BTC/USDT); over several of those, the median again.
    """

    def __init__(self, books: Shelf, currency: Coin, max_age_ns: int) -> None:
        self._books = books
        self._currency = currency
        self._max_age_ns = max_age_ns
        self._indexed = 0  # books that the index has seen
        self._pairs: dict[tuple[Coin, Coin], list[BookSync]] = {}  # by base and quote
        self._joined: dict[Coin, set[Coin]] = {}  # coins that share a market with it

    def price(self, coin: Coin, now_ns: int) -> Decimal | None:
        """Of one coin, in the currency. None: no live and young book tells; never what one has told before."""
        if coin == self._currency:
            return _ONE
        if self._indexed != len(self._books):
            self._index()
        straight = self._between(coin, self._currency, now_ns)
        if straight is not None:
            return straight
        around = list(self._over_another(coin, now_ns))
        return middle(around) if around else None

    def _over_another(self, coin: Coin, now_ns: int) -> Iterator[Decimal]:
        for other in self._joined.get(coin, _NOBODY) & self._joined.get(self._currency, _NOBODY):
            last = self._between(other, self._currency, now_ns)
            first = self._between(coin, other, now_ns) if last is not None else None
            if first is not None and last is not None:
                yield first * last

    def _between(self, base: Coin, quote: Coin, now_ns: int) -> Decimal | None:
        """Quote per base; from books of the pair, or else of the pair the other way round."""
        mids = self._mids(base, quote, now_ns)
        if mids:
            return middle(mids)
        mids = self._mids(quote, base, now_ns)
        return _ONE / middle(mids) if mids else None

    def _mids(self, base: Coin, quote: Coin, now_ns: int) -> list[Decimal]:
        found = []
        for book in self._pairs.get((base, quote), ()):
            price = mid(book, now_ns, self._max_age_ns)
            if price is not None:
                found.append(price)
        return found

    def _index(self) -> None:
        self._pairs.clear()
        self._joined.clear()
        for book in self._books:
            left, _, right = book.symbol.partition("/")
            base, quote = Coin(left), Coin(right)
            self._pairs.setdefault((base, quote), []).append(book)
            self._joined.setdefault(base, set()).add(quote)
            self._joined.setdefault(quote, set()).add(base)
        self._indexed = len(self._books)
