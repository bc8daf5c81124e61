"""What will happen, by the time it is due."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[int], None]


class Timeline:
    """Actions in the order of their due times; those of one moment in the order in which they were put."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action]] = []
        self._count = 0

    @property
    def next_ns(self) -> int | None:
        """When the next one is due; None: there is none."""
        return self._heap[0][0] if self._heap else None

    def put(self, due_ns: int, action: Action) -> None:
        self._count += 1
        heappush(self._heap, (due_ns, self._count, action))

    def advance(self, now_ns: int) -> int:
        """Do whatever is due, also what that puts meanwhile; each is told `now_ns`. Returns how many there were."""
        done = 0
        while self._heap and self._heap[0][0] <= now_ns:
            heappop(self._heap)[2](now_ns)
            done += 1
        return done


class Channel:
    """One way in one direction: whatever is sent over it arrives in the order in which it was sent."""

    def __init__(self) -> None:
        self._last_ns = 0

    def due(self, at_ns: int) -> int:
        """When something arrives that would take until `at_ns` if it had the way to itself."""
        self._last_ns = max(self._last_ns, at_ns)
        return self._last_ns
