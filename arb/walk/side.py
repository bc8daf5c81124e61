"""One side of a book as exact integers, counted in steps of its market."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from operator import mul


def integers(values: Iterable[float]) -> tuple[list[int], int]:
    """Floats as the decimals they were written as: (integers, places), each value being integer / 10**places."""
    split = []
    for value in values:
        text = repr(value)
        if "e" in text:
            text = format(Decimal(text), "f")
        whole, _, part = text.partition(".")
        split.append((whole, "" if part == "0" else part))
    places = max((len(part) for _, part in split), default=0)
    return [int(whole + part.ljust(places, "0")) for whole, part in split], places


class Side:
    """Notionals of the first `count` steps of one side, best price first.

    prices: integers, none of them 0.   quantities, step: integers of one scale, all > 0.
    """

    __slots__ = ("_ends", "_sums", "lasts", "prices", "step", "total")

    def __init__(self, prices: Sequence[int], quantities: Sequence[int], step: int) -> None:
        self.prices = prices
        self.step = step
        self._ends: list[int] = list(accumulate(quantities))  # quantity up to and with each level
        self._sums: list[int] = list(accumulate(map(mul, prices, quantities)))  # its notional
        self.lasts = [end // step for end in self._ends]  # the last whole step that each level completes
        self.total = self.lasts[-1]

    def level(self, count: int) -> int:
        """Index of the level that the last of `count` steps reaches into. count <= total."""
        return bisect_left(self.lasts, count)

    def notional(self, count: int) -> int:
        """Of the first `count` steps. count <= total."""
        i = bisect_left(self.lasts, count)
        return self._sums[i] - self.prices[i] * (self._ends[i] - count * self.step)

    def reaching(self, notional: int) -> int:
        """The fewest steps worth at least `notional`; more than `total` where the whole side is not."""
        i = bisect_left(self._sums, notional)
        if i == len(self._sums):
            return self.total + 1
        quantity = self._ends[i] - (self._sums[i] - notional) // self.prices[i]
        return -(-quantity // self.step)

    def within(self, notional: int) -> int:
        """The most steps worth at most `notional`."""
        i = bisect_right(self._sums, notional)
        if i == len(self._sums):
            return self.total
        quantity = self._ends[i] + (notional - self._sums[i]) // self.prices[i]
        return max(0, quantity // self.step)
