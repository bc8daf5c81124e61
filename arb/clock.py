"""The real clock and a hand-turned one. Nothing else in the project reads the time."""

from __future__ import annotations

import time
from functools import partial

# CLOCK_MONOTONIC stands still while a Linux machine is suspended, and then no book would have grown older.
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """A clock that nobody can set, and that goes on while the machine sleeps, for intervals and ages (CLOCK_BOOTTIME,
    where there is none CLOCK_MONOTONIC); wall time for people and signatures.
    """

    __slots__ = ()

    mono_ns = staticmethod(time.monotonic_ns if _BOOT is None else partial(time.clock_gettime_ns, _BOOT))
    wall_ns = staticmethod(time.time_ns)


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
