"""The real clock and a hand-turned one. Nothing else in the project reads the time."""

from __future__ import annotations

import time
from functools import partial
from typing import Protocol

# CLOCK_MONOTONIC stands still while a Linux machine is suspended, and then no book would have grown older.
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """A clock that nobody can set, and that goes on while the machine sleeps, for intervals and ages (CLOCK_BOOTTIME,
    where there is none CLOCK_MONOTONIC); wall time for people and signatures.
    """

    __slots__ = ()

    mono_ns = staticmethod(time.monotonic_ns if _BOOT is None else partial(time.clock_gettime_ns, _BOOT))
    wall_ns = staticmethod(time.time_ns)


class Reads(Protocol):
    """A `Clock`, which this module may not import from above."""

    def mono_ns(self) -> int: ...

    def wall_ns(self) -> int: ...


class Steps:
    """Notices that somebody has set the wall clock.

    A machine that was stopped as a whole, and told the time when it went on, looks the same: no clock of its own has
    counted meanwhile.
    """

    def __init__(self, clock: Reads, least_ns: int = 250_000_000) -> None:
        self._clock = clock
        self._least_ns = least_ns
        self._apart_ns = clock.wall_ns() - clock.mono_ns()

    def look(self) -> int:
        """By how much it was set since the last look, > 0: forward. A clock that is merely drawn right is not set."""
        before_ns = self._clock.mono_ns()
        apart_ns = self._clock.wall_ns() - before_ns
        took_ns = self._clock.mono_ns() - before_ns
        by_ns = apart_ns - self._apart_ns
        if abs(by_ns) >= self._least_ns and took_ns > self._least_ns // 2:
            return 0  # held up between the two readings: the next look tells
        self._apart_ns = apart_ns
        return by_ns if abs(by_ns) >= self._least_ns else 0


class ManualClock:
    """Moves only when told to: replays and tests. `start_ns` sets both readings."""

    __slots__ = ("_mono_ns", "_wall_ns")

    def __init__(self, start_ns: int = 0, wall_ns: int | None = None) -> None:
        self._mono_ns = start_ns
        self._wall_ns = start_ns if wall_ns is None else wall_ns

    def mono_ns(self) -> int:
        return self._mono_ns

    def wall_ns(self) -> int:
        return self._wall_ns

    def advance(self, ns: int) -> None:
        self._mono_ns += ns
        self._wall_ns += ns

    def set(self, mono_ns: int, wall_ns: int | None = None) -> None:
        """Jump to a recorded moment; wall time follows by the same amount where it is not given."""
        self._wall_ns = self._wall_ns + (mono_ns - self._mono_ns) if wall_ns is None else wall_ns
        self._mono_ns = mono_ns
