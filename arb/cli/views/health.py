"""How a run fares, in words: how late its loop is, how long books were lost, what is not called just now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from arb.domain import BreakerState
from arb.status import BreakerRow, LoopStatus, UptimeRow

NONE = "-"
UPTIME_COLUMNS = ("venue", "symbol", "live", "outages", "detect_ms", "recover_ms", "down_ms")


def loop_lag(loop: LoopStatus) -> str:
    """ "p50 0.3 ms p99 1.1 ms worst 12.5 ms" """
    if loop.p50_us is None or loop.p99_us is None or loop.worst_us is None:
        return NONE
    return f"p50 {loop.p50_us / 1e3:.1f} ms p99 {loop.p99_us / 1e3:.1f} ms worst {loop.worst_us / 1e3:.1f} ms"


def spans(p50_ms: float | None, worst_ms: float | None) -> str:
    """ "p50/worst" """
    return NONE if p50_ms is None or worst_ms is None else f"{p50_ms:.0f}/{worst_ms:.0f}"


def outages(row: UptimeRow | None) -> str:
    """ "3 outages (seen in 50/60 ms, back in 120/300 ms)"; "" where there was none."""
    if row is None or not row.outages:
        return ""
    seen, back = spans(row.detect_p50_ms, row.detect_worst_ms), spans(row.recover_p50_ms, row.recover_worst_ms)
    many = "s" if row.outages > 1 else ""
    return f"{row.outages} outage{many} (seen in {seen} ms, back in {back} ms)"


def breakers(rows: Iterable[BreakerRow]) -> str:
    """Those that are not closed: "PRIVATE OPEN 1.4 s"; "-" where all are."""
    return ", ".join(map(_breaker, _amiss(rows))) or NONE


def breaker_texts(venue: str, rows: Iterable[BreakerRow]) -> Iterator[str]:
    """Those that are not closed, with what failed last."""
    for row in _amiss(rows):
        yield f"{venue} {_breaker(row)}{f': {row.why}' if row.why else ''}"


def uptime_row(row: UptimeRow) -> tuple[str, ...]:
    return (
        row.venue,
        row.symbol or "all",
        NONE if row.live_share is None else f"{row.live_share:.3%}",
        str(row.outages),
        spans(row.detect_p50_ms, row.detect_worst_ms),
        spans(row.recover_p50_ms, row.recover_worst_ms),
        NONE if row.down_ms is None else f"{row.down_ms:.0f}",
    )


def worst_first(rows: Sequence[UptimeRow]) -> list[UptimeRow]:
    """The book that was LIVE for the smallest share of its time first."""
    return sorted(rows, key=lambda row: (1.0 if row.live_share is None else row.live_share, row.venue, row.symbol))


def _amiss(rows: Iterable[BreakerRow]) -> Iterator[BreakerRow]:
    return (row for row in rows if row.state is not BreakerState.CLOSED)


def _breaker(row: BreakerRow) -> str:
    return f"{row.part.name} {row.state.name}{f' {row.rest_s:.1f} s' if row.rest_s else ''}"
