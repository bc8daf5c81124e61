"""How long each book was LIVE, how soon the end of that was noticed, and how soon it was over.

Told of turns only, when a book becomes LIVE or stops being it: nothing here costs anything per frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import chain

from arb.domain import BookKey, BookState, Symbol, VenueId
from arb.status import UptimeRow
from arb.sync import BookSync

RECENT = 32  # outages of a book whose durations are remembered
_LIVE = BookState.LIVE


class _Spans:
    """The last durations, and the longest of all. ns."""

    __slots__ = ("count", "recent", "worst")

    def __init__(self) -> None:
        self.recent = array("q")
        self.count = 0
        self.worst = 0

    def add(self, ns: int) -> None:
        if len(self.recent) < RECENT:
            self.recent.append(ns)
        else:
            self.recent[self.count % RECENT] = ns
        self.count += 1
        self.worst = max(self.worst, ns)


class _Record:
    """lost_ns: when the outage at hand began; 0: there is none."""

    __slots__ = ("detect", "lost_ns", "recover")

    def __init__(self) -> None:
        self.detect = _Spans()
        self.recover = _Spans()
        self.lost_ns = 0


class Uptime:
    """`on_turn` is for `Books.listen`. A book that was never lost has no record here: it costs nothing."""

    def __init__(self) -> None:
        self._records: dict[BookKey, _Record] = {}

    def on_turn(self, book: BookSync, now_ns: int) -> None:
        key = (book.venue, book.symbol)
        record = self._records.get(key)
        if book.state is not _LIVE:
            if record is None:
                record = self._records[key] = _Record()
            record.detect.add(max(0, now_ns - book.recv_ns))
            record.lost_ns = now_ns
        elif record is not None and record.lost_ns:
            record.recover.add(now_ns - record.lost_ns)
            record.lost_ns = 0

    def rows(self, books: Iterable[BookSync], now_ns: int) -> list[UptimeRow]:
        """A row for each book; their shares count up to now."""
        return [self._row(book.venue, book.symbol, [book], now_ns) for book in books]

    def venue(self, venue: VenueId, books: Iterable[BookSync], now_ns: int) -> UptimeRow:
        """All of these books as one row."""
        return self._row(venue, Symbol(""), list(books), now_ns)

    def _row(self, venue: VenueId, symbol: Symbol, books: list[BookSync], now_ns: int) -> UptimeRow:
        live_ns = other_ns = 0
        records = []
        for book in books:
            book.settle(now_ns)
            live_ns += book.live_ns
            other_ns += book.not_live_ns
            record = self._records.get((book.venue, book.symbol))
            if record is not None:
                records.append(record)
        detect, recover = [r.detect for r in records], [r.recover for r in records]
        since_ns = [r.lost_ns for r in records if r.lost_ns]
        return UptimeRow(
            venue,
            symbol,
            live_share=live_ns / (live_ns + other_ns) if live_ns + other_ns else None,
            outages=sum(spans.count for spans in detect),
            detect_p50_ms=_p50_ms(detect),
            detect_worst_ms=_worst_ms(detect),
            recover_p50_ms=_p50_ms(recover),
            recover_worst_ms=_worst_ms(recover),
            down_ms=(now_ns - min(since_ns)) / 1e6 if since_ns else None,
        )


def _p50_ms(spans: list[_Spans]) -> float | None:
    found = sorted(chain.from_iterable(span.recent for span in spans))
    return found[(len(found) - 1) // 2] / 1e6 if found else None


def _worst_ms(spans: list[_Spans]) -> float | None:
    found = [span.worst for span in spans if span.count]
    return max(found) / 1e6 if found else None
