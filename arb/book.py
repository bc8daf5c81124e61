"""Price levels of one market: a dict for the quantities and a sorted list of prices for the order.

Chosen by measurement among dicts, heaps, sorted pairs and numpy (`arb bench decode` prints what it costs). It knows
nothing of sequences or time: `arb.sync` decides when it may be believed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from math import inf

from arb.domain import Level, Levels


class Book:
    """Both sides, floats as they came. Quantities are absolute; a level of quantity 0 does not exist."""

    __slots__ = ("_ask_px", "_ask_qty", "_bid_px", "_bid_qty")

    def __init__(self) -> None:
        self._bid_qty: dict[float, float] = {}
        self._ask_qty: dict[float, float] = {}
        self._bid_px: list[float] = []  # ascending: the best bid is last
        self._ask_px: list[float] = []  # ascending: the best ask is first

    def replace(self, bids: Levels, asks: Levels) -> None:
        """Forget everything and take these levels, in any order."""
        self._bid_qty = {price: qty for price, qty in bids if qty > 0.0}
        self._ask_qty = {price: qty for price, qty in asks if qty > 0.0}
        self._bid_px = sorted(self._bid_qty)
        self._ask_px = sorted(self._ask_qty)

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set absolute quantities; 0 removes, and removing what is not there is no error."""
        if bids:
            _merge(self._bid_qty, self._bid_px, bids)
        if asks:
            _merge(self._ask_qty, self._ask_px, asks)

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
        qty = self._bid_qty
        return [(price, qty[price]) for price in islice(reversed(self._bid_px), n)]

    def asks(self, n: int) -> list[Level]:
        """Up to `n` levels, best first."""
        qty = self._ask_qty
        return [(price, qty[price]) for price in self._ask_px[:n]]

    def __len__(self) -> int:
        return len(self._bid_px) + len(self._ask_px)


def _merge(qty: dict[float, float], prices: list[float], levels: Levels) -> None:
    for price, size in levels:
        if price in qty:
            if size > 0.0:
                qty[price] = size
            else:
                del qty[price]
                del prices[bisect_left(prices, price)]
        elif size > 0.0:
            qty[price] = size
            insort(prices, price)
