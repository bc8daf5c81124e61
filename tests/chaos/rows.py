"""What one fault of the matrix did, as a line of the table that `make chaos` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

HEAD = ("fault", "where", "injected", "detected in", "limit", "recovered in", "limit", "false opportunities", "ledger")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fault over all its injections; the slowest of them counts.

    where: "network", "venue" or "ours".   detected_ms: None where nothing has to be detected, because the fault must
    not be noticed at all.   recovered_ms: None where nothing was lost.   false_opportunities: reported as executable
    against the exchanges' own books.   ledger: how much the exchanges' ledgers and our own records differ, "0" if not.
    """

    fault: str
    where: str
    injected: int
    detected_ms: float | None
    detect_limit_ms: float | None
    recovered_ms: float | None
    recover_limit_ms: float | None
    false_opportunities: int
    ledger: str
    note: str = ""

    @property
    def holds(self) -> bool:
        return (
            self.injected > 0
            and _within(self.detected_ms, self.detect_limit_ms)
            and _within(self.recovered_ms, self.recover_limit_ms)
            and not self.false_opportunities
            and self.ledger == "0"
        )


def table(rows: Iterable[Row]) -> Iterator[str]:
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*(line[: len(HEAD)] for line in cells), strict=True)]
    for line in cells:
        shown = [text.ljust(width) for text, width in zip(line, widths, strict=False)]
        yield "  ".join((*shown, *line[len(HEAD) :])).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.fault, row.where, str(row.injected), _ms(row.detected_ms), _ms(row.detect_limit_ms), _ms(row.recovered_ms),
        _ms(row.recover_limit_ms), str(row.false_opportunities), row.ledger,
        " ".join(filter(None, ("" if row.holds else "DOES NOT HOLD", row.note))),
    )  # fmt: skip


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def _within(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value <= limit)
