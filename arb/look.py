"""The quick look at what a changed book is compared with: would judging it again say anything else than last time?

Nearly always it would not. A judgement leaves behind what it rested on, its ground, and as long as the ground is the
same, the pair is passed over. Best prices that cross, or come apart again, without paying are taken note of, no more.
This is the reference for the compiled form of the same (`arb._look`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from arb import core
from arb.cursor import Cursor
from arb.domain import BookState, Trust
from arb.walk import DOUBT

_LIVE = BookState.LIVE


class Ground(IntEnum):
    """What a judgement of two books rested on."""

    NONE = 0  # nothing that a quick look could tell: it is judged each time
    PRICES = 1  # both books may be used, and neither direction pays by its best prices
    AGE = 2  # both are LIVE, and one is too old
    SKEW = 3  # both are LIVE and fresh, but too far apart in time
    STATES = 4  # one is not LIVE


_NONE, _PRICES, _AGE, _SKEW, _STATES = Ground


class Look:
    """Two books that are compared, and the ground of the last judgement.

    first, second: None until they exist.   round: the last pass in which it was not passed over.
    stirred: its best prices have crossed or come apart since `caught_up`.
    _there, _back: whether the second book's best bid is above the first one's best ask, and the other way round; and
    whether they have been since `caught_up`.   _there_hurdle, _back_hurdle: the ratio at which that is worth judging.
    _states: what they were, with STATES.
    """

    __slots__ = (
        "_back", "_back_hurdle", "_ground", "_had_back", "_had_there", "_states", "_there", "_there_hurdle",
        "first", "round", "second", "stirred",
    )  # fmt: skip

    def __init__(self) -> None:
        self.first: Any = None
        self.second: Any = None
        self.round = 0
        self.stirred = False
        self._ground = _NONE
        self._there = self._back = self._had_there = self._had_back = False
        self._there_hurdle = self._back_hurdle = 0.0
        self._states = (BookState.SYNCING, BookState.SYNCING)

    def bind(self, first: Any, second: Any) -> None:
        """Its books: a `Cursor` each, or what looks like one; None: it does not exist yet."""
        self.first, self.second = first, second
        self._ground = _NONE

    def doubt(self) -> None:
        """It is judged next time, whatever the books say."""
        self._ground = _NONE

    def priced(self, there: bool, back: bool, there_hurdle: float, back_hurdle: float) -> None:
        """Neither direction paid. there, back: whether it had a gap at all.   hurdles: as `PairRules` has them."""
        self._there, self._back = there, back
        self._there_hurdle, self._back_hurdle = there_hurdle, back_hurdle
        self._ground = _PRICES

    def refused(self, *, skewed: bool) -> None:
        """Its books are trusted but could not be used together. skewed: for their distance in time alone."""
        self._states = first, second = self.first.state, self.second.state
        if first is not _LIVE or second is not _LIVE:
            self._ground = _STATES
        else:
            self._ground = _SKEW if skewed else _AGE

    def caught_up(self) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
        """For each direction whether it has had a gap since the last time, and whether it has one now."""
        told = (self._had_there, self._there), (self._had_back, self._back)
        self.stirred = self._had_there = self._had_back = False
        return told


class Sieve:
    """Holds back what a judgement would say nothing new of. The limits are a `ScanSettings`'.

    Who inherits says with whom a book is compared, and judges what falls through.
    """

    _compared: Callable[[Any], tuple[Any, ...]]

    def __init__(self, max_age_ns: int, max_skew_ns: int, min_trust: Trust, max_ratio: float) -> None:
        self._limits = (max_age_ns, max_skew_ns, int(min_trust), max_ratio)
        self._pass = 0
        self._stirred: list[Any] = []

    def take_stirred(self) -> list[Any]:
        """Those that must catch up, in the order in which they were stirred."""
        taken, self._stirred = self._stirred, []
        return taken

    def sift(self, books: Iterable[Cursor], now_ns: int) -> list[Any]:
        """These books changed: the pairs to be judged, each once, in the order of the books."""
        self._pass += 1
        passed: list[Any] = []
        for book in books:
            if book.sieve is not self:  # the first time that it is seen here
                book.looks, book.sieve = self._compared(book), self
            for look in book.looks:
                if look.round != self._pass and not self.holds(look, now_ns):
                    look.round = self._pass
                    passed.append(look)
        return passed

    def holds(self, look: Look, now_ns: int) -> bool:
        """Whether the ground is what it was, so that another judgement would have nothing to tell."""
        ground = look._ground
        if ground is _NONE:
            return False
        max_age_ns, max_skew_ns, min_trust, max_ratio = self._limits
        first, second = look.first, look.second
        if first.trust < min_trust or second.trust < min_trust:
            return False
        if first.state is not _LIVE or second.state is not _LIVE:
            return ground is _STATES and look._states == (first.state, second.state)
        first_ns, second_ns = first.recv_ns, second.recv_ns
        if now_ns - first_ns > max_age_ns or now_ns - second_ns > max_age_ns:
            return ground is _AGE
        if not -max_skew_ns <= first_ns - second_ns <= max_skew_ns:
            return ground is _SKEW
        if ground is not _PRICES:
            return False
        one, other = first._book, second._book
        bid, ask, other_bid, other_ask = one.best_bid, one.best_ask, other.best_bid, other.best_ask
        if other_bid > ask * max_ratio or bid > other_ask * max_ratio:
            return False
        there, back = other_bid > ask, bid > other_ask
        if there and other_bid > ask * look._there_hurdle * DOUBT:
            return False
        if back and bid > other_ask * look._back_hurdle * DOUBT:
            return False
        if there is not look._there or back is not look._back:
            self._stir(look, there, back)
        return True

    def _stir(self, look: Look, there: bool, back: bool) -> None:
        look._there, look._back = there, back
        look._had_there |= there
        look._had_back |= back
        if not look.stirred:
            look.stirred = True
            self._stirred.append(look)


compiled = None if core.cursors is None else core.compiled("arb._look")
