"""Price levels of one market: for each side its prices and their quantities, in ascending order of price.

Two arrays of doubles, chosen by measurement (`arb bench decode`, `scale` and `alloc`). A dict of quantities beside a
sorted list of prices finds a level sooner while all of it is in the processor's cache, but is six times as large, an
object for each number: with many markets most of them are out of the cache, and then it costs more. Of a window of the
best levels so little is out of it that two lists serve better: they need not make an object to look at a number.
It knows nothing of sequences or time: `arb.sync` decides when it may be believed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, MutableSequence, Sequence
from math import inf, nan
from operator import gt, lt

from arb.domain import Level, Levels

_SHALLOW = 64  # levels of a side that is held in lists
_Numbers = MutableSequence[float]


class Book:
    """Both sides, floats as they came. Quantities are absolute; a level of quantity 0 does not exist.

    _bid, _ask: the best prices, since two in five changes are at them or better. Where a side is empty they are NaN,
    which is neither above nor below nor equal to anything.
    """

    __slots__ = ("_ask", "_ask_px", "_ask_qty", "_bid", "_bid_px", "_bid_qty")

    def __init__(self) -> None:
        self.clear()

    def replace(self, bids: Levels, asks: Levels) -> None:
        """Forget everything and take these levels, in any order."""
        self._bid_px, self._bid_qty = _sorted(bids)  # the best bid is last
        self._ask_px, self._ask_qty = _sorted(asks)  # the best ask is first
        self._bid = self._bid_px[-1] if self._bid_px else nan
        self._ask = self._ask_px[0] if self._ask_px else nan

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set absolute quantities; 0 removes, and removing what is not there is no error."""
        self.put(bids, asks)

    def put(self, bids: Iterable[Level], asks: Iterable[Level]) -> bool:
        """`apply`, and whether it is `crossed` now. Both sides are spelled out: a call for each is not for nothing."""
        if bids:
            best, prices, qty = self._bid, self._bid_px, self._bid_qty
            for price, size in bids:
                if price < best:
                    i = bisect_left(prices, price)
                    if prices[i] == price:
                        if size > 0.0:
                            qty[i] = size
                        else:
                            del prices[i], qty[i]
                    elif size > 0.0:
                        prices.insert(i, price)
                        qty.insert(i, size)
                elif size > 0.0:
                    if price == best:
                        qty[-1] = size
                    else:
                        prices.append(price)
                        qty.append(size)
                        best = price
                elif price == best:
                    del prices[-1], qty[-1]
                    best = prices[-1] if prices else nan
            self._bid = best
        if asks:
            best, prices, qty = self._ask, self._ask_px, self._ask_qty
            for price, size in asks:
                if price > best:
                    i = bisect_left(prices, price)
                    if i < len(prices) and prices[i] == price:
                        if size > 0.0:
                            qty[i] = size
                        else:
                            del prices[i], qty[i]
                    elif size > 0.0:
                        prices.insert(i, price)
                        qty.insert(i, size)
                elif size > 0.0:
                    if price == best:
                        qty[0] = size
                    else:
                        prices.insert(0, price)
                        qty.insert(0, size)
                        best = price
                elif price == best:
                    del prices[0], qty[0]
                    best = prices[0] if prices else nan
            self._ask = best
        return self._bid >= self._ask

    def clear(self) -> None:
        self.replace((), ())

    @property
    def best_bid(self) -> float:
        """0.0 where nobody buys."""
        return self._bid if self._bid_px else 0.0

    @property
    def best_ask(self) -> float:
        """inf where nobody sells."""
        return self._ask if self._ask_px else inf

    @property
    def crossed(self) -> bool:
        return self._bid >= self._ask

    def bids(self, n: int) -> list[Level]:
        """Up to `n` levels, best first."""
        return list(zip(self._bid_px[: -n - 1 : -1], self._bid_qty[: -n - 1 : -1], strict=True))

    def asks(self, n: int) -> list[Level]:
        """Up to `n` levels, best first."""
        return list(zip(self._ask_px[:n], self._ask_qty[:n], strict=True))

    def __len__(self) -> int:
        return len(self._bid_px) + len(self._ask_px)


def tidy(levels: Levels, rising: bool) -> list[Level]:
    """Levels in order of price, each price once (the last word counts), those of quantity 0 left out."""
    qty = {price: size for price, size in levels if size > 0.0}
    return sorted(qty.items(), reverse=not rising)


def _sorted(levels: Levels) -> tuple[_Numbers, _Numbers]:
    if not levels:
        return [], []
    prices, sizes = zip(*levels, strict=True)
    if min(sizes) > 0.0:
        if len(prices) == 1:  # a best bid or ask
            return _held(prices), _held(sizes)
        if all(map(gt, prices, prices[1:])):  # bids, as venues send them
            return _held(prices[::-1]), _held(sizes[::-1])
        if all(map(lt, prices, prices[1:])):  # asks
            return _held(prices), _held(sizes)
    ordered = tidy(levels, rising=True)
    return _held([price for price, _ in ordered]), _held([size for _, size in ordered])


def _held(numbers: Sequence[float]) -> _Numbers:
    return list(numbers) if len(numbers) <= _SHALLOW else array("d", numbers)
