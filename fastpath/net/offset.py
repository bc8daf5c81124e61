"""A venue's time as well as we know it: an offset from our monotonic clock, with its uncertainty. Pure."""

from __future__ import annotations

from collections import deque

import msgspec

KEPT = 8  # samples
DRIFT_PPM = 100  # of two clocks against each other at worst: a cheap quartz each
RESOLUTION_NS = 1_000_000  # venues tell whole milliseconds, cut off


class Sample(msgspec.Struct, frozen=True):
    """offset_ns: of the venue's time from our monotonic clock.   error_ns: at most, at `at_ns`."""

    offset_ns: int
    error_ns: int
    at_ns: int

    def error_at(self, now_ns: int) -> int:
        return self.error_ns + abs(now_ns - self.at_ns) * DRIFT_PPM // 1_000_000


class Offset:
    """The best of the last samples. The monotonic clock is measured against, so that a step of the wall clock here

    is no error there. A sample that contradicts the others is believed: one of the two clocks was set.
    """

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._best: Sample | None = None  # all grow worse at one rate, so that the best of them stays the best

    def add(self, sent_ns: int, recv_ns: int, venue_ns: int) -> None:
        """The venue said `venue_ns` at some moment between these two, which is as much as we know of it."""
        half_ns = (recv_ns - sent_ns) // 2
        offset_ns = venue_ns + RESOLUTION_NS // 2 - (sent_ns + half_ns)
        sample = Sample(offset_ns, half_ns + RESOLUTION_NS // 2, recv_ns)
        best = self._best
        if best is not None and abs(best.offset_ns - offset_ns) > best.error_at(recv_ns) + sample.error_ns:
            self._samples.clear()
        self._samples.append(sample)
        self._best = min(self._samples, key=lambda each: each.error_at(recv_ns))

    def forget(self) -> None:
        """The venue found our time wrong: nothing measured so far is worth anything."""
        self._samples.clear()
        self._best = None

    def venue_ns(self, now_ns: int) -> int | None:
        """The venue's time at `now_ns` of our monotonic clock; None: not measured."""
        return None if self._best is None else now_ns + self._best.offset_ns

    def error_ns(self, now_ns: int) -> int | None:
        """How far that may be wrong at most."""
        return None if self._best is None else self._best.error_at(now_ns)
