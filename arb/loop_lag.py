"""How late the event loop comes to what is due. Pure: time is an argument."""

from __future__ import annotations

from arb.latency import Latency


class LoopLag:
    """Fed by a timer that should fire `every_ns` after it fired last; what it does then counts as lateness too,

    since nothing else is done meanwhile.
    """

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._due_ns = 0  # 0: the timer does not run
        self._last_ns = 0
        self.latency = Latency()

    def started(self, now_ns: int) -> None:
        """The timer begins."""
        self._due_ns = now_ns + self._every_ns

    def fired(self, now_ns: int) -> None:
        self._last_ns = max(0, now_ns - self._due_ns)
        self.latency.add(self._last_ns)
        self._due_ns = now_ns + self._every_ns

    def stopped(self) -> None:
        """Nothing is due any more."""
        self._due_ns = self._last_ns = 0

    def late_ns(self, now_ns: int) -> int:
        """How late the loop is: at the last firing, or by now at the next one, whichever is more."""
        overdue_ns = now_ns - self._due_ns if self._due_ns else 0
        return max(self._last_ns, overdue_ns)

    @property
    def beat_ns(self) -> int:
        """When the loop was last known to turn; 0: nobody looks. May be read from another thread."""
        return self._due_ns - self._every_ns if self._due_ns else 0
