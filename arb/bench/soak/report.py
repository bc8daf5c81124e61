"""A soak as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from arb.bench.machine import Machine
from arb.bench.soak.figures import SoakReport, StageReport, Trend

_WORDS = {"rss_kib": ("RSS", "KiB"), "blocks": ("memory blocks", "")}


def lines(report: SoakReport) -> Iterator[str]:
    """The machine, then a few lines a stage, then the verdict."""
    yield from head(report.machine)
    for stage in report.stages:
        yield from stage_lines(stage)
    yield verdict(report)


def head(m: Machine) -> Iterator[str]:
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)


def verdict(report: SoakReport) -> str:
    return f"soaked for {report.took_s:.0f} s: {'flat' if report.flat else 'NOT FLAT'}"


def stage_lines(stage: StageReport) -> Iterator[str]:
    health = stage.health
    live = "-" if health.live_share is None else f"{health.live_share:.2%}"
    yield (
        f"{stage.name}: {stage.amount:,} in {stage.took_s:,.0f} s, {stage.amount / max(stage.took_s, 0.1):,.0f}/s; "
        f"{health.frames:,} frames, {health.reconnects:,} reconnects, {health.cycles:,} cycles; "
        f"LIVE {live}; gaps {health.gaps}, crossed {health.crossed}, "
        f"decode errors {health.decode_errors}"
    )
    for trend in stage.trends:
        yield _trend(trend, stage)
    before, after = stage.before, stage.after
    yield (
        f"  before -> after   RSS {before.rss_kib:,} -> {after.rss_kib:,} KiB, tasks {before.tasks} -> {after.tasks}, "
        f"sockets {before.sockets} -> {after.sockets}, files {before.files} -> {after.files}, "
        f"threads {before.threads} -> {after.threads}"
    )
    yield f"  containers        {'; '.join(stage.grown) or 'none grows'}"
    for reason in stage.wrong:
        yield f"  NOT FLAT          {reason}"


def _trend(trend: Trend, stage: StageReport) -> str:
    word, unit = _WORDS[trend.what]
    slope = trend.slope
    err = f"{slope.err:,.1f}" if isfinite(slope.err) else "?"
    judged = "" if trend.judged else ", not judged: what is remembered of the past has not filled up"
    return (
        f"  {word:<17} {slope.per:+,.1f} ± {err} {unit} per {stage.per:,} {stage.unit} "
        f"(at most {trend.bound:,.1f}{judged})"
    ).replace("  per", " per")
