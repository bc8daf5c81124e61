"""How far this machine's clock, by which ccxt signs, may be from the venue's."""

from __future__ import annotations

from collections import deque

KEEP_NS = 120_000_000_000  # older readings say little: clocks drift
_GRAIN_NS = 1_000_000  # venues tell whole milliseconds


class Skew:
    """The best of the last readings: the one whose answer came fastest."""

    def __init__(self) -> None:
        self._readings: deque[tuple[int, int, int]] = deque(maxlen=12)  # when, round trip, offset at most

    def read(self, at_ns: int, trip_ns: int, wall_ns: int, venue_ms: int) -> None:
        """at_ns: monotonic, of the answer.   trip_ns: question to answer.   wall_ns: ours, in the middle of both."""
        off_ns = abs(venue_ms * 1_000_000 - wall_ns)
        self._readings.append((at_ns, trip_ns, off_ns + trip_ns // 2 + _GRAIN_NS))

    def error_ns(self, now_ns: int) -> int | None:
        """At most so far; None: no reading, or none that is recent."""
        recent = [(trip_ns, error_ns) for at_ns, trip_ns, error_ns in self._readings if now_ns - at_ns <= KEEP_NS]
        return min(recent)[1] if recent else None
