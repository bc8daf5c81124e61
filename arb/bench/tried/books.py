"""One update of a book and a look at its touch, by every way to keep levels that was thought of."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, Protocol

from arb import core
from arb.bench.traffic import Traffic
from arb.bench.tried.rivals import rival
from arb.bench.tried.timing import Way, each
from arb.book import Book
from arb.domain import BookDelta, BookSnapshot, Symbol
from fastpath import gateio

SYMBOLS, LEVELS = 20, 1_000
_TICKS = 100  # the traffic's prices have two decimals

Pairs = Sequence[tuple[Any, float]]
"""Prices as this kind of book has them, and absolute quantities; 0 removes."""


class Kept(Protocol):
    """levels: as floats, each side in ascending order of price."""

    def apply(self, bids: Pairs, asks: Pairs) -> None: ...

    def touch(self) -> tuple[Any, Any]: ...

    def levels(self) -> tuple[Pairs, Pairs]: ...


class Change(NamedTuple):
    symbol: Symbol
    bids: Pairs
    asks: Pairs


class Bisected:
    """A dict of quantities beside a sorted list of prices."""

    def __init__(self) -> None:
        self._qty: tuple[dict[Any, float], dict[Any, float]] = {}, {}
        self._prices: tuple[list[Any], list[Any]] = [], []

    def apply(self, bids: Pairs, asks: Pairs) -> None:
        for qty, prices, levels in zip(self._qty, self._prices, (bids, asks), strict=True):
            for price, size in levels:
                if size:
                    if price not in qty:
                        insort(prices, price)
                    qty[price] = size
                elif qty.pop(price, None) is not None:
                    del prices[bisect_left(prices, price)]

    def touch(self) -> tuple[Any, Any]:
        return self._prices[0][-1], self._prices[1][0]

    def levels(self) -> tuple[Pairs, Pairs]:
        return _ascending(self._qty[0]), _ascending(self._qty[1])


class Unsorted:
    """A dict a side; the best of it is looked for each time."""

    def __init__(self) -> None:
        self._sides: tuple[dict[Any, float], dict[Any, float]] = {}, {}

    def apply(self, bids: Pairs, asks: Pairs) -> None:
        for side, levels in zip(self._sides, (bids, asks), strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)

    def touch(self) -> tuple[Any, Any]:
        return max(self._sides[0]), min(self._sides[1])

    def levels(self) -> tuple[Pairs, Pairs]:
        return _ascending(self._sides[0]), _ascending(self._sides[1])


class SortedDicts(Unsorted):
    """sortedcontainers' SortedDict a side."""

    def __init__(self, sortedcontainers: Any) -> None:
        self._sides = sortedcontainers.SortedDict(), sortedcontainers.SortedDict()

    def touch(self) -> tuple[Any, Any]:
        bids: Any
        asks: Any
        bids, asks = self._sides
        return bids.peekitem(-1)[0], asks.peekitem(0)[0]


class Searched:
    """numpy arrays with room for more, `searchsorted`, levels moved by slices."""

    def __init__(self, numpy: Any) -> None:
        self._sides = [numpy.empty((2, 2 * LEVELS)), numpy.empty((2, 2 * LEVELS))]
        self._n = [0, 0]

    def apply(self, bids: Pairs, asks: Pairs) -> None:
        for number, levels in enumerate((bids, asks)):
            side, n = self._sides[number], self._n[number]
            prices = side[0]
            for price, size in levels:
                i = int(prices[:n].searchsorted(price))
                there = i < n and prices[i] == price
                if size:
                    if not there:
                        side[:, i + 1 : n + 1] = side[:, i:n]
                        prices[i] = price
                        n += 1
                    side[1, i] = size
                elif there:
                    n -= 1
                    side[:, i:n] = side[:, i + 1 : n + 1]
            self._n[number] = n

    def touch(self) -> tuple[Any, Any]:
        return float(self._sides[0][0, self._n[0] - 1]), float(self._sides[1][0, 0])

    def levels(self) -> tuple[Pairs, Pairs]:
        bids, asks = ([tuple(level) for level in self._sides[n][:, : self._n[n]].T.tolist()] for n in range(2))
        return bids, asks


class Ours:
    """`arb.book.Book` or its compiled form, through Python calls."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self.apply: Callable[[Pairs, Pairs], None] = book.apply

    def touch(self) -> tuple[Any, Any]:
        return self._book.best_bid, self._book.best_ask

    def levels(self) -> tuple[Pairs, Pairs]:
        n = len(self._book)
        return list(reversed(self._book.bids(n))), self._book.asks(n)


class Kind(NamedTuple):
    """price: as this kind wants it; made beforehand, so that it is not in the figure."""

    make: Callable[[], Kept]
    price: Callable[[float], Any] = float
    back: Callable[[Any], float] = float


def kinds() -> dict[str, Kind]:
    """By name, as far as installed."""
    sortedcontainers, numpy = rival("sortedcontainers"), rival("numpy")
    found = {"dict, max() and min() at each look": Kind(Unsorted)}
    if numpy is not None:
        found["numpy arrays, searchsorted"] = Kind(partial(Searched, numpy))
    if sortedcontainers is not None:
        found["SortedDict"] = Kind(partial(SortedDicts, sortedcontainers))
    found["dict + sorted list (bisect), Decimal keys"] = Kind(Bisected, lambda price: Decimal(f"{price:.2f}"))
    found["dict + sorted list (bisect), integer ticks"] = Kind(Bisected, _ticks, lambda ticks: ticks / _TICKS)
    found["dict + sorted list (bisect), float keys"] = Kind(Bisected)
    found["our pure Book: two arrays of doubles, bisect"] = Kind(lambda: Ours(Book()))
    if core.cursors is not None:
        compiled: Callable[[], Book] = core.cursors.Book
        found["our compiled Book: the same, in Cython"] = Kind(lambda: Ours(compiled()))
    return found


def traffic(count: int, seed: int) -> tuple[list[Change], list[Change]]:
    """Whole books, one a symbol, and so many updates of 4.8 levels."""
    made = Traffic("gateio", SYMBOLS, LEVELS, seed)
    codec = gateio.Codec(made.natives)
    wholes, updates = (
        [
            Change(event.symbol, event.bids, event.asks)
            for frame in frames
            for event in codec.decode(frame, 1, 1)
            if isinstance(event, BookDelta | BookSnapshot)
        ]
        for frames in (made.seeds.values(), made.frames(count))
    )
    return wholes, updates


def seeded(kind: Kind, wholes: Sequence[Change]) -> dict[Symbol, Kept]:
    books = {}
    for change in adapted(kind, wholes):
        book = books[change.symbol] = kind.make()
        book.apply(change.bids, change.asks)
    return books


def adapted(kind: Kind, changes: Sequence[Change]) -> list[Change]:
    """With prices as this kind of book has them."""
    bids, asks = (
        [[(kind.price(price), size) for price, size in side] for side in sides]
        for sides in ([change.bids for change in changes], [change.asks for change in changes])
    )
    return [Change(change.symbol, *sides) for change, *sides in zip(changes, bids, asks, strict=True)]


def updating(books: dict[Symbol, Kept]) -> Callable[[Change], object]:
    def update(change: Change) -> object:
        book = books[change.symbol]
        book.apply(change.bids, change.asks)
        return book.touch()

    return update


def ways(count: int, seed: int) -> Iterator[Way]:
    wholes, updates = traffic(count, seed)
    ours = list(kinds())[-1]
    for name, kind in kinds().items():
        yield each(name, lambda kind=kind: updating(seeded(kind, wholes)), adapted(kind, updates), kept=name == ours)  # type: ignore[misc]  # lambdas have no types to give


def _ascending(side: dict[Any, float]) -> Pairs:
    return sorted(side.items())


def _ticks(price: float) -> int:
    return round(price * _TICKS)
