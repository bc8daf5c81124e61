"""Stop calling what keeps failing. Pure: time is an argument."""

from __future__ import annotations

from enum import IntEnum

SECOND_NS = 1_000_000_000


class BreakerState(IntEnum):
    CLOSED = 1  # calls pass
    OPEN = 2  # calls are refused until the rest is over
    HALF_OPEN = 3  # one call passes, to find out


class Breaker:
    """Opens after `threshold` failures in a row and rests; then one call at a time may try whether it works again.

    Each trial that fails doubles the rest, from `rest_ns` up to `cap_ns`; any success closes the breaker. A trial whose
    outcome never comes (its caller was cancelled) is given up after one more rest.
    """

    def __init__(self, threshold: int = 5, rest_ns: int = 2 * SECOND_NS, cap_ns: int = 60 * SECOND_NS) -> None:
        self._threshold = threshold
        self._first_ns = rest_ns
        self._cap_ns = cap_ns
        self._rest_ns = rest_ns
        self._failures = 0
        self._until_ns = 0
        self.state = BreakerState.CLOSED

    def allows(self, now_ns: int) -> bool:
        """Whether a call may be made now. In HALF_OPEN the answer True is given to one caller."""
        if self.state is BreakerState.CLOSED:
            return True
        if now_ns < self._until_ns:
            return False
        self.state = BreakerState.HALF_OPEN
        self._until_ns = now_ns + self._rest_ns
        return True

    def wait_ns(self, now_ns: int) -> int:
        """How long until a call may be allowed; 0: now."""
        return 0 if self.state is BreakerState.CLOSED else max(0, self._until_ns - now_ns)

    def record(self, ok: bool, now_ns: int) -> None:
        """The outcome of a call. A failure that arrives while OPEN is of a call made before and changes nothing."""
        if ok:
            self.state = BreakerState.CLOSED
            self._failures = 0
            self._rest_ns = self._first_ns
        elif self.state is BreakerState.HALF_OPEN:
            self._rest_ns = min(self._cap_ns, self._rest_ns * 2)
            self._open(now_ns)
        elif self.state is BreakerState.CLOSED:
            self._failures += 1
            if self._failures >= self._threshold:
                self._open(now_ns)

    def _open(self, now_ns: int) -> None:
        self.state = BreakerState.OPEN
        self._until_ns = now_ns + self._rest_ns
