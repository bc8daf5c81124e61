"""Request budgets per fixed window, as venues count them."""

from __future__ import annotations


class Budget:
    """`allowance` units per `window_ns`, counted separately per key."""

    def __init__(self, allowance: int, window_ns: int) -> None:
        self.allowance = allowance
        self.window_ns = window_ns
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, key: str, weight: int, now_ns: int) -> int:
        """What is left after this request; negative: refused, and not counted."""
        window = now_ns // self.window_ns
        seen, used = self._used.get(key, (window, 0))
        if seen != window:
            used = 0
        if used + weight > self.allowance:
            return -1
        self._used[key] = (window, used + weight)
        return self.allowance - used - weight

    def reopens_ns(self, now_ns: int) -> int:
        """When the current window ends, on the scale of `now_ns`."""
        return (now_ns // self.window_ns + 1) * self.window_ns
