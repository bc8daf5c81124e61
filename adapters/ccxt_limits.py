"""How many levels to ask ccxt for. Exchanges take different numbers, and most say which only when they refuse."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arb.domain import Depth

_NUMBER = re.compile(r"(?<![\w.])\d{1,4}(?![\w.])")
# None leaves the choice to ccxt. It picks what keeps a book whole: a small number would seed the books that are kept
# by deltas with so few levels that holes open as the price moves.
_BY_DEPTH: dict[Depth, tuple[int | None, ...]] = {
    Depth.TOP: (None,),
    Depth.FIVE: (None,),
    Depth.TWENTY: (None, 100),  # the second where ccxt's own choice turns out to be less than was promised
    Depth.FULL: (400, None),
}


class Limits:
    """A sequence of numbers to try; the first that works is kept."""

    def __init__(self, wanted: Sequence[int | None]) -> None:
        self._rest = tuple(wanted[1:])
        self._tried: set[int | None] = set()
        self._proven = False
        self.current = wanted[0]

    @classmethod
    def of_depth(cls, depth: Depth) -> Limits:
        return cls(_BY_DEPTH[depth])

    def worked(self) -> None:
        self._proven = True

    def refused(self, used: int | None, message: str) -> bool:
        """Whether there is another number to try after a refusal of `used` with these words."""
        if used != self.current:
            return True  # somebody else heard the same and has moved on
        if self._proven or used is None:
            return False
        numbers = _NUMBER.findall(message) if "limit" in message.lower() else ()
        told = sorted({int(number) for number in numbers} - {used, 0})
        fitting = [number for number in told if number > used] or told[-1:]
        return self._next([*fitting[:1], *self._rest, None])

    def short(self, used: int | None, promised: int, bids: int, asks: int) -> bool:
        """Whether to try another number than `used`, since both sides end early and at the same place."""
        if not 0 < bids == asks < promised:
            return False
        return used != self.current or self._next(self._rest)

    def _next(self, candidates: Sequence[int | None]) -> bool:
        self._tried.add(self.current)
        untried = [number for number in candidates if number not in self._tried]
        if not untried:
            return False
        self.current, self._proven = untried[0], False
        return True
