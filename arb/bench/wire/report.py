"""The report of `arb bench wire`, and as text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arb.bench.machine import Machine
from arb.bench.wire.figures import Row, Spread

EVEN = "500/s"


class Report(msgspec.Struct, frozen=True):
    """ratios: see `arb.bench.budgets`; of the form in use, and where that is the compiled one, of the pure one too.

    notes: what could not be measured, and what to know about the rest."""

    machine: Machine
    rounds: int
    pinned: bool
    rows: tuple[Row, ...]
    ratios: dict[str, float]
    pure: dict[str, float]
    notes: tuple[str, ...] = ()


def lines(report: Report) -> Iterator[str]:
    """The machine, then a row a client and pace, ratios, notes."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)
    pinned = "player and client on a core each" if report.pinned else "processes not pinned"
    yield f"µs; medians of {report.rounds} interleaved rounds on the same frames from another process, {pinned}"
    yield (
        f"{'venue':7} {'client':16} {'pace':22} {'CPU a frame':>11} {'(min..max)':>15} {'s/100k':>6} {'frames/s':>9} "
        f"{'book p50':>9} {'p99':>8} {'p99.9':>8} {'worst':>8} {'decided p50':>11} {'(min..max)':>17} {'p99':>8} "
        f"{'p99.9':>8} {'worst':>8} {'handed':>6} {'confl.':>6}"
    )
    for row in report.rows:
        least, most = row.cpu_range_us
        spread = f"({least:.2f}..{most:.2f})"
        yield (
            f"{row.venue:7} {row.client:16} {row.pace:22} {row.cpu_us:11.2f} {spread:>15} {row.cpu_s_per_100k:6.2f} "
            f"{row.frames_per_s:9,.0f} {_four(row.book)} {_decided(row.decided)} {_share(row.handed)} "
            f"{_share(row.conflated)}"
        )
    for row in report.rows:
        if row.age is not None and row.pace.startswith("overload"):
            yield (
                f"{row.venue}: overloaded ({row.pace}), what is decided on is {row.age.p50:,.0f} µs old at p50, "
                f"{row.age.p99:,.0f} at p99, {row.age.worst:,.0f} at worst; memory grew by {row.grew_kib:,} KiB"
            )
            if row.late is not None:
                yield (
                    f"{row.venue}: meanwhile a timer of the loop, in whose turns orders and pings leave, was "
                    f"{row.late.p50:,.0f} µs late at p50, {row.late.p99:,.0f} at p99, {row.late.worst:,.0f} at worst"
                )
    for row in report.rows:
        if row.decided is not None and row.pace == EVEN:
            yield f"{row.venue}: at {EVEN} ({row.client}), p99.9 is {row.decided.p999 / row.decided.p50:.1f} times p50"
    for form, ratios in (("", report.ratios), ("pure ", report.pure)):
        for name, ratio in ratios.items():
            yield f"{form}{name}: {ratio:.3g}"
    yield from report.notes


def _four(spread: Spread | None) -> str:
    if spread is None:
        return f"{'-':>9} {'-':>8} {'-':>8} {'-':>8}"
    return f"{spread.p50:9.1f} {spread.p99:8.0f} {spread.p999:8.0f} {spread.worst:8.0f}"


def _decided(spread: Spread | None) -> str:
    if spread is None:
        return f"{'-':>11} {'-':>17} {'-':>8} {'-':>8} {'-':>8}"
    least, most = spread.p50_range
    between = f"({least:.0f}..{most:.0f})"
    return f"{spread.p50:11.1f} {between:>17} {spread.p99:8.0f} {spread.p999:8.0f} {spread.worst:8.0f}"


def _share(share: float | None) -> str:
    return f"{'-':>6}" if share is None else f"{share:6.0%}"
