"""How long a book may be silent before that is strange: by its own pace, never longer than the user's `max_age_ms`.

A busy book that says nothing for as long as eight of its messages usually take has most likely been cut off, though
its socket stands. Of a quiet one nobody can tell before `max_age_ms`. What is measured is the mean time between two
messages over the slower of the last two windows, so that a burst does not make the calm after it look like silence.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb.domain import BookKey
from arb.sync import BookSync

WINDOW_NS = 5_000_000_000
LEAST = 20  # messages within a window, or there is no pace
TIMES = 8  # a Poisson stream is silent for so many of its means once in 3,000 messages
FLOOR_NS = 500_000_000  # whatever the pace: networks hiccup


class Paces:
    """limits: for books that have a pace, after how much silence (ns) they are STALE."""

    def __init__(self) -> None:
        self.limits: Mapping[BookKey, int] = {}
        self._measured_ns = 0
        self._marks: dict[
            BookKey, tuple[int, int]
        ] = {}  # messages and the moment of the last one, at the window's start
        self._before: dict[BookKey, int] = {}  # mean time between messages in the window before

    def measure(self, books: Mapping[BookKey, BookSync], now_ns: int, max_age_ns: int) -> None:
        """Look at what each book has said since; does something once in a window."""
        if now_ns - self._measured_ns < WINDOW_NS:
            return
        self._measured_ns = now_ns
        limits: dict[BookKey, int] = {}
        before, self._before = self._before, {}
        for key, book in books.items():
            said = book.updates
            if not said:
                continue
            count, since_ns = self._marks.get(key, (said, book.recv_ns))
            self._marks[key] = said, book.recv_ns
            if said - count < LEAST:
                continue
            mean_ns = (book.recv_ns - since_ns) // (said - count)
            self._before[key] = mean_ns
            if key in before:
                limit_ns = max(FLOOR_NS, TIMES * max(mean_ns, before[key]))
                if limit_ns < max_age_ns:
                    limits[key] = limit_ns
        self.limits = limits
