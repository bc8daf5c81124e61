"""Whether a venue's native path may decide: a machine that is told what happened and when, and does nothing itself.

Away is quick (more wrong within the window than the bounds allow) and back is slow (a whole clean period in the
shadow, in which native carried every book and agreed). A return that soon proves wrong doubles the next clean period:
so a venue that is wrong again and again changes its path ever more rarely.
"""

from __future__ import annotations

from collections import deque

import msgspec

from arb.config import FastpathConfig

SECOND_NS = 1_000_000_000
MOST_DOUBLINGS = 5
FORGIVEN = 8  # times the clean period that was asked for: native for so long, and the next demotion counts as the first


class Wrong(msgspec.Struct, frozen=True):
    """What native got wrong. disagreed: books that differed from ccxt's, at one sequence or for too long.

    repeated: of the gaps, those in a book that had one shortly before. A venue that begins to count anew makes one hole
    in every book, which says nothing against us.
    """

    errors: int = 0
    gaps: int = 0
    mismatches: int = 0
    disagreed: int = 0
    repeated: int = 0

    def __bool__(self) -> bool:
        return bool(self.errors or self.gaps or self.mismatches or self.disagreed)

    def plus(self, other: Wrong) -> Wrong:
        return Wrong(
            self.errors + other.errors,
            self.gaps + other.gaps,
            self.mismatches + other.mismatches,
            self.disagreed + other.disagreed,
            self.repeated + other.repeated,
        )

    def __str__(self) -> str:
        parts = (
            (self.errors, "unreadable messages"),
            (self.gaps, "gaps"),
            (self.repeated, "of them repeated"),
            (self.mismatches, "books that an audit found wrong"),
            (self.disagreed, "books that ccxt has otherwise"),
        )
        return ", ".join(f"{count} {what}" for count, what in parts if count) or "nothing wrong"


class Watch:
    """One venue's. It is told either of `deciding` or of `shadowing`, as native does one or the other."""

    def __init__(self, config: FastpathConfig) -> None:
        self._config = config
        self._window_ns = round(config.window_s * SECOND_NS)
        self._clean_ns = round(config.clean_s * SECOND_NS)
        self._recent: deque[tuple[int, Wrong]] = deque()
        self._demotions = 0  # in a row: each soon after a return
        self._returned_ns: int | None = None
        self._clean_since_ns: int | None = None
        self._spoilt = ""

    @property
    def needed_ns(self) -> int:
        """How long native must be clean now."""
        return self._clean_ns << min(max(self._demotions - 1, 0), MOST_DOUBLINGS)

    def deciding(self, wrong: Wrong, now_ns: int) -> str:
        """Native decides, and got this wrong since the last call. Returns why it may no longer; "": it may."""
        recent = self._recent
        if wrong:
            recent.append((now_ns, wrong))
        while recent and now_ns - recent[0][0] >= self._window_ns:
            recent.popleft()
        total = Wrong()
        for _, each in recent:
            total = total.plus(each)
        bounds = self._config
        if (
            total.errors > bounds.max_errors
            or total.repeated > bounds.max_gaps
            or total.mismatches > bounds.max_mismatches
        ):
            return f"{total} within {bounds.window_s:g} s"
        return ""

    def demoted(self, now_ns: int) -> None:
        """ccxt decides from now on, because of what `deciding` said."""
        returned_ns = self._returned_ns
        if returned_ns is not None and now_ns - returned_ns >= FORGIVEN * self.needed_ns:
            self._demotions = 0
        self._demotions += 1
        self._begin()

    def shadowing(self, wrong: Wrong, complete: bool, now_ns: int) -> bool:
        """Native runs beside ccxt. complete: it carries every book that ccxt does. Returns whether it may decide."""
        if wrong or not complete:
            self._clean_since_ns = None
            self._spoilt = str(wrong) if wrong else "not every book is there"
            return False
        if self._clean_since_ns is None:
            self._clean_since_ns = now_ns
        return now_ns - self._clean_since_ns >= self.needed_ns

    def clean_s(self, now_ns: int) -> float:
        """For how long native has been clean in the shadow."""
        return 0.0 if self._clean_since_ns is None else (now_ns - self._clean_since_ns) / SECOND_NS

    @property
    def spoilt(self) -> str:
        """What last ended a clean period; "" where nothing did."""
        return self._spoilt

    def returned(self, now_ns: int) -> None:
        """Native decides again, since `shadowing` said so."""
        self._begin()
        self._returned_ns = now_ns

    def forgive(self) -> None:
        """A person has decided on the path: what happened before counts for nothing."""
        self._begin()
        self._demotions = 0
        self._returned_ns = None

    def _begin(self) -> None:
        self._recent.clear()
        self._clean_since_ns = None
        self._spoilt = ""
