"""Stop calling what keeps failing. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Callable

from arb.domain import BreakerState

SECOND_NS = 1_000_000_000

Moved = Callable[[BreakerState, BreakerState, str, int], None]  # before, after, what failed last, when


class Breaker:
    """Opens after `threshold` failures in a row and rests; then one call at a time may try whether it works again.

    Each trial that fails doubles the rest, from `rest_ns` up to `cap_ns`; any success closes the breaker. A trial whose
    outcome never comes (its caller was cancelled) is given up after one more rest.
    moved: told of each change of state; must neither wait nor raise.   why: what failed last.
    """

    def __init__(
        self,
        threshold: int = 5,
        rest_ns: int = 2 * SECOND_NS,
        cap_ns: int = 60 * SECOND_NS,
        moved: Moved | None = None,
    ) -> None:
        self._threshold = threshold
        self._first_ns = rest_ns
        self._cap_ns = cap_ns
        self._rest_ns = rest_ns
        self._failures = 0
        self._until_ns = 0
        self._moved = moved
        self.state = BreakerState.CLOSED
        self.why = ""

    def allows(self, now_ns: int) -> bool:
        """Whether a call may be made now. In HALF_OPEN the answer True is given to one caller."""
        if self.state is BreakerState.CLOSED:
            return True
        if now_ns < self._until_ns:
            return False
        self._until_ns = now_ns + self._rest_ns
        self._enter(BreakerState.HALF_OPEN, now_ns)
        return True

    def wait_ns(self, now_ns: int) -> int:
        """How long until a call may be allowed; 0: now."""
        return 0 if self.state is BreakerState.CLOSED else max(0, self._until_ns - now_ns)

    def record(self, ok: bool, now_ns: int, why: str = "") -> None:
        """The outcome of a call. A failure that arrives while OPEN is of a call made before and changes nothing."""
        if ok:
            self._failures = 0
            self._rest_ns = self._first_ns
            self.why = ""
            self._enter(BreakerState.CLOSED, now_ns)
        elif self.state is BreakerState.HALF_OPEN:
            self._rest_ns = min(self._cap_ns, self._rest_ns * 2)
            self._open(now_ns, why)
        elif self.state is BreakerState.CLOSED:
            self._failures += 1
            if self._failures >= self._threshold:
                self._open(now_ns, why)

    def _open(self, now_ns: int, why: str) -> None:
        self._until_ns = now_ns + self._rest_ns
        self.why = why
        self._enter(BreakerState.OPEN, now_ns)

    def _enter(self, state: BreakerState, now_ns: int) -> None:
        before, self.state = self.state, state
        if state is not before and self._moved is not None:
            self._moved(before, state, self.why, now_ns)
