"""When something may be done (again). Pure: time is an argument, chance is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from random import Random

SECOND_NS = 1_000_000_000
CALM_S = 5.0  # a book that was right for so long was mended: what it is asked anew for is another trouble


class Bucket:
    """At most `rate_hz` a second in the long run, at most `burst` at once."""

    def __init__(self, rate_hz: float, burst: float = 1.0) -> None:
        self._step_ns = round(SECOND_NS / rate_hz)
        self._slack_ns = round((burst - 1.0) * self._step_ns)
        self._next_ns = 0  # when the next one would be due if all came evenly

    def wait_ns(self, now_ns: int) -> int:
        """How long until the next one may go; 0: now."""
        return max(0, self._next_ns - self._slack_ns - now_ns)

    def take(self, now_ns: int) -> None:
        """One goes now."""
        self._next_ns = max(self._next_ns, now_ns) + self._step_ns


class Pace:
    """At most `rate_hz` within any second, all of them at once if need be: what a venue counts it sees so, too."""

    def __init__(self, rate_hz: float) -> None:
        self._most = max(1, int(rate_hz))
        self._window_ns = round(self._most / rate_hz * SECOND_NS)
        self._taken: deque[int] = deque(maxlen=self._most)

    def wait_ns(self, now_ns: int) -> int:
        """How long until the next one may go; 0: now."""
        if len(self._taken) < self._most:
            return 0
        return max(0, self._taken[0] + self._window_ns - now_ns)

    def take(self, now_ns: int) -> None:
        """One goes now."""
        self._taken.append(now_ns)


class Ladder:
    """For each key a wait that doubles from `first_s` to `cap_s` while it is asked for again and again.

    free: so many times there is no wait at all.   quiet_s: a key not asked for during this time starts anew.
    calm_s: for each time so long without being asked for, it is forgiven one of its times; 0: it is not.
    Each wait is shortened by up to half at random, so that what failed together does not return together.
    """

    def __init__(
        self, first_s: float, cap_s: float, quiet_s: float, rng: Random, free: int = 0, calm_s: float = 0.0
    ) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._quiet_ns = round(quiet_s * SECOND_NS)
        self._free = free
        self._calm_ns = round(calm_s * SECOND_NS)
        self._rng = rng
        self._rungs: dict[Hashable, tuple[int, int]] = {}  # times asked, and when the last wait was over

    def step_ns(self, key: Hashable, now_ns: int) -> int:
        """How long `key` must wait this time."""
        times, since_ns = self._rungs.get(key, (0, now_ns))
        if now_ns - since_ns > self._quiet_ns:
            times = 0
        elif self._calm_ns:
            times = max(0, times - max(0, now_ns - since_ns) // self._calm_ns)
        wait_ns = 0
        if times >= self._free:
            longest_s = min(self._cap_s, self._first_s * 2.0 ** min(times - self._free, 40))
            wait_ns = round(self._rng.uniform(longest_s / 2.0, longest_s) * SECOND_NS)
        self._rungs[key] = (times + 1, now_ns + wait_ns)
        return wait_ns
