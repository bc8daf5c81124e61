"""What a native path got wrong, read from what is counted of it anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arb.app.paths.comparison import Comparison
from arb.app.paths.watch import Wrong
from arb.domain import Symbol
from arb.sync import BookSync


class _Seen:
    """One book at the last look. hole_ns: when a hole was last found in it."""

    __slots__ = ("conflicts", "hole_ns", "holes")

    def __init__(self, book: BookSync) -> None:
        self.holes, self.conflicts = _holes(book), book.conflicts
        self.hole_ns: int | None = None


class Tally:
    """total: since it began.   window_ns: a hole in a book that had one so short a time ago is a repeated one."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._books: dict[Symbol, _Seen] = {}
        self._errors = self._disagreed = 0
        self.total = Wrong()

    def begin(self, counters: Mapping[str, int], books: Iterable[BookSync], beside: Comparison | None) -> None:
        """Another native, or one that decides now: what is counted by now is the past. beside: its comparison."""
        self._books = {book.symbol: _Seen(book) for book in books}
        self._errors = counters.get("decode_errors", 0)
        self._disagreed = beside.disagreed if beside is not None else 0
        self.total = Wrong()

    def look(
        self, counters: Mapping[str, int], books: Iterable[BookSync], beside: Comparison | None, now_ns: int
    ) -> Wrong:
        """What came since the last look. Counters that began anew count from there."""
        errors, self._errors = counters.get("decode_errors", 0) - self._errors, counters.get("decode_errors", 0)
        now_disagreed = beside.disagreed if beside is not None else 0
        disagreed, self._disagreed = now_disagreed - self._disagreed, now_disagreed
        gaps = repeated = mismatches = 0
        for book in books:
            seen = self._books.get(book.symbol)
            if seen is None:
                self._books[book.symbol] = _Seen(book)
                continue
            holes = _holes(book)
            if holes > seen.holes:
                again = seen.hole_ns is not None and now_ns - seen.hole_ns < self._window_ns
                gaps += holes - seen.holes
                repeated += holes - seen.holes - (not again)
                seen.hole_ns = now_ns
            mismatches += max(0, book.conflicts - seen.conflicts)
            seen.holes, seen.conflicts = holes, book.conflicts
        fresh = Wrong(max(0, errors), gaps, mismatches, max(0, disagreed), repeated)
        if fresh:
            self.total = self.total.plus(fresh)
        return fresh


def _holes(book: BookSync) -> int:
    return book.gaps + book.crossed
