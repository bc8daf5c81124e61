"""One line for each event: for pipes (words) and programs (JSON)."""

from __future__ import annotations

from arb.cli.output import Lines, Text
from arb.cli.views.text import book_text, opportunity_text, summary_text
from arb.domain import OppEvent, Opportunity, Reason
from arb.schema import book_line, opportunity_line, summary_line
from arb.status import BookShot, ScanSummary, StatusSource


class Selection:
    """Which events are shown: those of episodes that are OK or UNKNOWN, to the end of each, or all of them.

    found: episodes that were OK or UNKNOWN at some moment.
    """

    def __init__(self, *, rejected: bool) -> None:
        self._rejected = rejected
        self._shown: set[str] = set()
        self.found = 0

    def takes(self, opp: Opportunity) -> bool:
        known = opp.id in self._shown
        if opp.event is OppEvent.CLOSE:
            self._shown.discard(opp.id)
        elif not known and is_open_to_use(opp):
            self._shown.add(opp.id)
            self.found += 1
            known = True
        return known or self._rejected


def is_open_to_use(opp: Opportunity) -> bool:
    """Nothing that is known speaks against it."""
    return opp.reason in (Reason.OK, Reason.UNKNOWN)


class ScanLines:
    """A ScanView."""

    def __init__(self, lines: Lines, selection: Selection, *, jsonl: bool) -> None:
        self._lines = lines
        self._selection = selection
        self._opportunity: Text = opportunity_line if jsonl else opportunity_text
        self._summary: Text = summary_line if jsonl else summary_text

    def started(self, source: StatusSource) -> None:
        """Nothing to show before something happens."""

    def opportunity(self, opp: Opportunity) -> None:
        if self._selection.takes(opp):
            self._lines.put(self._opportunity, opp)

    def finished(self, summary: ScanSummary) -> None:
        self._lines.put(self._summary, summary)


class BookLines:
    """A BookView. with_path: two books of one market are watched, so each line says who keeps it."""

    def __init__(self, lines: Lines, *, jsonl: bool, with_path: bool = False) -> None:
        self._lines = lines
        self._summary: Text = summary_line if jsonl else summary_text
        self._book: Text = _with_path if jsonl and with_path else book_line if jsonl else book_text

    def book(self, shot: BookShot) -> None:
        self._lines.put(self._book, shot)

    def finished(self, summary: ScanSummary) -> None:
        self._lines.put(self._summary, summary)


def _with_path(shot: BookShot) -> bytes:
    return book_line(shot, with_path=True)
