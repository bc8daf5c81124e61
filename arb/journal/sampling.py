"""What may happen a thousand times a second for one and the same reason is written now and then, with its count."""

from __future__ import annotations

from arb.domain import Refused

SECOND_NS = 1_000_000_000


class Sampler:
    """Of the refusals for one limit: the first one at once, then the latest one each `every_ns`, standing for all."""

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._due_ns: dict[str, int] = {}  # by limit: a few words, all of them ours
        self._held: dict[str, tuple[Refused, int]] = {}

    def take(self, refused: Refused, now_ns: int) -> int:
        """How many it stands for, itself included; 0: it is held back, and counted."""
        limit = refused.limit
        _, held = self._held.get(limit, (refused, 0))
        if now_ns < self._due_ns.get(limit, now_ns):
            self._held[limit] = (refused, held + 1)
            return 0
        self._held.pop(limit, None)
        self._due_ns[limit] = now_ns + self._every_ns
        return held + 1

    def due(self, now_ns: int) -> tuple[tuple[Refused, int], ...]:
        """Those held back for long enough, each with the number it stands for; they are held no more."""
        ready = [limit for limit in self._held if now_ns >= self._due_ns[limit]]
        self._due_ns.update((limit, now_ns + self._every_ns) for limit in ready)
        return tuple(self._held.pop(limit) for limit in ready)

    def rest(self) -> tuple[tuple[Refused, int], ...]:
        """All that is held back: at the end."""
        rest = tuple(self._held.values())
        self._held.clear()
        return rest
