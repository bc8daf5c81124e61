"""Stands between an engine and its scanner, and looks at the books that every decision is made on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from arb.app import scanning
from arb.books import Books
from arb.cursor import Cursor
from arb.domain import BookState, OppEvent, Opportunity, Reason
from arb.engine import Scans
from arb.interfaces import Clock


class Watched:
    """wrong: what no decision may be made on.   decided: decisions by the feeds that the venues' books came from.

    live: stands in for `scanning.Live`.
    """

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.decided: Counter[tuple[str, ...]] = Counter()
        self.executable = 0

    def live(self, *args: Any, **more: Any) -> scanning.Live:
        made = scanning.Live(*args, **more)
        engine = made.engine
        engine._scanner = Looking(self, engine._scanner, made.books, more["clock"], engine._max_age_ns)
        return made


class Looking:
    """A `Scans` that looks at the books first, and at what was found in them."""

    def __init__(self, watched: Watched, scanner: Scans, books: Books, clock: Clock, max_age_ns: int) -> None:
        self._watched = watched
        self._scanner = scanner
        self._books = books
        self._clock = clock
        self._max_age_ns = max_age_ns

    def on_dirty(self, books: Sequence[Cursor], now_ns: int) -> list[Opportunity]:
        self._look()
        return self._found(self._scanner.on_dirty(books, now_ns))

    def on_timer(self, now_ns: int) -> list[Opportunity]:
        self._look()
        return self._found(self._scanner.on_timer(now_ns))

    def finish(self, now_ns: int) -> list[Opportunity]:
        return self._scanner.finish(now_ns)

    def _look(self) -> None:
        """All books of one venue must come by one path."""
        feeds: dict[str, set[str]] = {}
        for book in self._books:
            feeds.setdefault(book.venue, set()).add(book.feed.name)
        for venue, names in feeds.items():
            if len(names) > 1:
                self._watched.wrong.append(f"{venue} is half swapped: {', '.join(sorted(names))}")
        self._watched.decided[tuple(name for names in feeds.values() for name in sorted(names))] += 1

    def _found(self, found: list[Opportunity]) -> list[Opportunity]:
        for opp in found:
            if opp.event is OppEvent.CLOSE or opp.reason not in (Reason.OK, Reason.UNKNOWN):
                continue
            self._watched.executable += 1
            for leg in (opp.buy, opp.sell):
                book = self._books.get((leg.venue, opp.symbol))
                if book is None or book.state is not BookState.LIVE or leg.seq != book.seq:
                    self._watched.wrong.append(f"{opp.symbol} was offered at {leg.venue} on a book that is not LIVE")
                elif book.refusal(self._clock.mono_ns(), self._max_age_ns):
                    self._watched.wrong.append(f"{opp.symbol} was offered at {leg.venue} on a book that is too old")
        return found
