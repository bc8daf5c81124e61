"""How fast something grows: a straight line through what was measured, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt
from statistics import fmean

import msgspec

BLOCKS = 10  # neighbours are alike: their means are as good as independent
_LEAST = 3
_T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}  # by degrees of freedom

Point = tuple[float, float]


class Slope(msgspec.Struct, frozen=True):
    """per: growth by one of x.   err: half of its interval at 95 %; infinite where there are too few points."""

    per: float
    err: float

    def scaled(self, by: float) -> Slope:
        return Slope(self.per * by, self.err * by)


def slope(points: Sequence[Point]) -> Slope:
    """Least squares over the means of `BLOCKS` runs of neighbours (each alone where there are fewer points)."""
    if len(points) < _LEAST:
        return Slope(0.0, inf)
    means = _means(points)
    mean_x, mean_y = fmean(x for x, _ in means), fmean(y for _, y in means)
    spread = sum((x - mean_x) ** 2 for x, _ in means)
    per = sum((x - mean_x) * (y - mean_y) for x, y in means) / spread
    left = sum((y - mean_y - per * (x - mean_x)) ** 2 for x, y in means)
    freedom = len(means) - 2
    return Slope(per, _T95[freedom] * sqrt(left / freedom / spread))


def _means(points: Sequence[Point]) -> list[Point]:
    blocks = min(BLOCKS, len(points))
    edges = [round(number * len(points) / blocks) for number in range(blocks + 1)]
    parts = [points[start:end] for start, end in pairwise(edges)]
    return [(fmean(x for x, _ in part), fmean(y for _, y in part)) for part in parts]
