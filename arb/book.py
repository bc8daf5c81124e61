"""Price levels of one market: for each side its prices and their quantities, two arrays of doubles in ascending order.

Chosen by measurement (`arb bench decode`, `scale` and `alloc`). A dict of quantities beside a sorted list of prices
finds a level sooner while all of it is in the processor's cache, but is six times as large, an object for each number:
with many markets most of them are out of the cache, and then it costs more. It knows nothing of sequences or time:
`arb.sync` decides when it may be believed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from math import inf
from operator import gt, lt

from arb.domain import Level, Levels


class Book:
    """Both sides, floats as they came. Quantities are absolute; a level of quantity 0 does not exist."""

    __slots__ = ("_ask_px", "_ask_qty", "_bid_px", "_bid_qty")

    def __init__(self) -> None:
        self.clear()

    def replace(self, bids: Levels, asks: Levels) -> None:
        """Forget everything and take these levels, in any order."""
        self._bid_px, self._bid_qty = _sorted(bids)  # the best bid is last
        self._ask_px, self._ask_qty = _sorted(asks)  # the best ask is first

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set absolute quantities; 0 removes, and removing what is not there is no error."""
        if bids:
            _merge(self._bid_px, self._bid_qty, bids)
        if asks:
            _merge(self._ask_px, self._ask_qty, asks)

    def clear(self) -> None:
        self.replace((), ())

    @property
    def best_bid(self) -> float:
        """0.0 where nobody buys."""
        return self._bid_px[-1] if self._bid_px else 0.0

    @property
    def best_ask(self) -> float:
        """inf where nobody sells."""
        return self._ask_px[0] if self._ask_px else inf

    @property
    def crossed(self) -> bool:
        bids, asks = self._bid_px, self._ask_px
        return bids[-1] >= asks[0] if bids and asks else False

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


def _sorted(levels: Levels) -> tuple[array[float], array[float]]:
    if not levels:
        return array("d"), array("d")
    prices, sizes = zip(*levels, strict=True)
    if min(sizes) > 0.0:
        if len(prices) == 1:  # a best bid or ask
            return array("d", prices), array("d", sizes)
        if all(map(gt, prices, prices[1:])):  # bids, as venues send them
            return array("d", prices[::-1]), array("d", sizes[::-1])
        if all(map(lt, prices, prices[1:])):  # asks
            return array("d", prices), array("d", sizes)
    ordered = tidy(levels, rising=True)
    return array("d", [price for price, _ in ordered]), array("d", [size for _, size in ordered])


def _merge(prices: array[float], qty: array[float], levels: Levels) -> None:
    for price, size in levels:
        i = bisect_left(prices, price)
        if i < len(prices) and prices[i] == price:
            if size > 0.0:
                qty[i] = size
            else:
                del prices[i]
                del qty[i]
        elif size > 0.0:
            prices.insert(i, price)
            qty.insert(i, size)
