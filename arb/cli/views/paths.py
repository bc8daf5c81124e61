"""The paths of a run's market data, and what a comparison of two has found, in words and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arb.cli.views.operating import columns
from arb.cli.views.text import NONE, share
from arb.pathstatus import PathReport, PathRow, Sequences

_COLUMNS = ("venue", "path", "trust", "books_live", "by", "beside", "clean_s", "errors", "gaps", "mismatches", "note")
_COUNTED = ("path", "frames", "updates", "gaps", "crossed", "resyncs", "reconnects", "errors")
_WORST = ("market", "equal", "both_live_s", "largest_bps", "longest_ms", "same_seq", "unequal")
_FACTS = ("market", "fact", "in_use", "ccxt")


def path_lines(rows: Sequence[PathRow]) -> Iterator[str]:
    yield from columns(_COLUMNS, map(_row, rows))


def report_lines(report: PathReport) -> Iterator[str]:
    word = "agree" if report.agrees else "DIFFER"
    yield (
        f"{report.venue}: native and ccxt {word} after {report.seconds:.1f} s;"
        f" {report.both_live}/{report.symbols} markets LIVE on both, decided by {report.deciding.name.lower()}"
    )
    yield (
        f"tops equal {share(report.equal_share)} of the time; largest difference {report.largest_bps:.2f} bps,"
        f" longest {report.longest_ms:.0f} ms, {report.lasting} longer than {report.lasting_s:g} s"
    )
    yield f"states of one sequence: {report.compared} seen on both, {report.unequal} of them not equal"
    if report.native_first is not None:
        yield (
            f"native first with {share(report.native_first)} of {report.leads} states of ccxt's, by p1"
            f" {_ms(report.lead_p1_ms)} p50 {_ms(report.lead_p50_ms)} p99 {_ms(report.lead_p99_ms)}"
        )
    yield from columns(_COUNTED, (_counted("native", report.native), _counted("ccxt", report.ccxt)))
    if report.worst:
        rows = (
            (
                each.symbol,
                share(each.equal_share),
                f"{each.both_live_s:.1f}",
                f"{each.largest_bps:.2f}",
                f"{each.longest_ms:.0f}",
                str(each.compared),
                str(each.unequal),
            )
            for each in report.worst
        )
        yield from columns(_WORST, rows)
    yield f"facts: {report.facts_compared} compared, {len(report.facts)} differ"
    if report.facts:
        yield from columns(_FACTS, ((fact.symbol, fact.fact, fact.ours, fact.theirs) for fact in report.facts))
    yield from report.notes


def _row(row: PathRow) -> tuple[str, ...]:
    note = row.fixed or row.note or row.why
    if row.goal is not None:
        note = f"moving to {row.goal.name.lower()}: {row.why}" if row.why else f"moving to {row.goal.name.lower()}"
    beside = NONE if row.shadow is None else f"{row.shadow.name.lower()} {row.shadow_live}/{row.books}"
    clean = f"{row.clean_s:.0f}/{row.clean_needed_s:.0f}" if row.clean_needed_s else NONE
    counts = (row.errors, row.gaps, row.mismatches) if row.native else (NONE, NONE, NONE)
    return (
        row.venue,
        row.label,
        row.trust or NONE,
        f"{row.books_live}/{row.books}",
        row.by.name.lower(),
        beside,
        clean,
        *map(str, counts),
        note or NONE,
    )


def _counted(path: str, counted: Sequences) -> tuple[str, ...]:
    frames = NONE if counted.frames < 0 else str(counted.frames)
    rest = (counted.updates, counted.gaps, counted.crossed, counted.resyncs, counted.losses, counted.decode_errors)
    return (path, frames, *map(str, rest))


def _ms(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f} ms"
