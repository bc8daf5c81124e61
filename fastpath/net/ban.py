"""A venue that has shut its door to this address (HTTP 418). Pure: time is an argument."""

from __future__ import annotations

from fastpath.net.pacing import SECOND_NS

BANNED = 418


class Ban:
    """One for a venue: both sides call from one address, and whoever knocks meanwhile makes it longer."""

    def __init__(self) -> None:
        self.count = 0
        self._until_ns = 0

    def begin(self, for_s: float, now_ns: int) -> None:
        self.count += 1
        self._until_ns = max(self._until_ns, now_ns + round(for_s * SECOND_NS))

    def left_ns(self, now_ns: int) -> int:
        """How much longer; 0: it is over, or there was none."""
        return max(0, self._until_ns - now_ns)
