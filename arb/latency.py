"""A histogram of durations that costs one list index per entry and no memory over time."""

from __future__ import annotations

_SUB = 16  # steps within each doubling: quantiles are right within 6 %
_SIZE = 64 * _SUB


class Latency:
    """Nanoseconds in, quantiles out."""

    __slots__ = ("_counts", "count", "worst_ns")

    def __init__(self) -> None:
        self._counts = [0] * _SIZE
        self.count = 0
        self.worst_ns = 0

    def add(self, ns: int) -> None:
        if ns < 0:
            ns = 0
        top = ns.bit_length() - 5  # everything below 32 ns keeps its own step
        index = ns if top <= 0 else top * _SUB + (ns >> top)
        self._counts[index if index < _SIZE else -1] += 1
        self.count += 1
        if ns > self.worst_ns:
            self.worst_ns = ns

    def quantile_ns(self, share: float) -> int:
        """The duration that `share` (0..1) of the entries stay at or below; 0 where there are none."""
        wanted = share * self.count
        seen = 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                top = index // _SUB - 1 if index >= 2 * _SUB else 0
                return min(((index - top * _SUB) << top) + (1 << top) - 1, self.worst_ns)
        return 0
