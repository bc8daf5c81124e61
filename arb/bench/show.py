"""Reports as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from arb.bench.decode import Report


def lines(report: Report) -> Iterator[str]:
    """The machine, then a row a path and a ratio a venue."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)
    yield f"bytes -> checked, updated book; medians of {report.rounds} interleaved rounds on the same frames"
    yield (
        f"{'venue':10} {'feed':20} {'path':8} {'p50 µs':>9} {'(min..max)':>17} {'p99 µs':>9} {'CPU µs':>8} "
        f"{'frames/s':>10}"
    )
    for result in report.results:
        for path in filter(None, (result.native, result.ccxt, result.floor)):
            least, most = path.p50_range_us
            spread = f"({least:.2f}..{most:.2f})"
            yield (
                f"{result.venue:10} {result.feed:20} {path.name:8} {path.p50_us:9.2f} {spread:>17} {path.p99_us:9.2f} "
                f"{path.cpu_us:8.2f} {path.frames_per_s:10,.0f}"
            )
        yield (
            f"{result.venue}: ccxt takes {result.ratio:g} times as long at p50; {result.frames:,} frames of "
            f"{result.levels_per_frame:g} levels on average, books equal at the end"
        )
        cpu = report.ratios[f"decode {result.venue}"]
        yield f"{result.venue}: {cpu:.3f} of ccxt's CPU (median of the rounds' ratios)"
        if result.floor is None:
            yield f"{result.venue}: no floor, its parser is not installed"
