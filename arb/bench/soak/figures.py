"""What a stage of a soak says, and whether that is flat."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from arb.bench.machine import Machine
from arb.bench.soak.census import Grown
from arb.bench.soak.fit import Slope, slope
from arb.bench.soak.gauge import Counts

WARM_UP = 0.1  # of the samples, not fitted: buffers and free lists reach their size
_COUNTED = ("tasks", "sockets", "files", "threads")


class Bound(msgspec.Struct, frozen=True):
    """What may be called flat. per: units of the stage that slopes are told for.

    rss_kib, blocks: growth for so many units.   rss_noise_kib, blocks_noise: growth over the whole stage that says
    nothing, which matters where the stage is short.
    """

    unit: str
    per: int
    rss_kib: float
    blocks: float
    rss_noise_kib: float = 4_096.0
    blocks_noise: float = 4_000.0


class Trend(msgspec.Struct, frozen=True):
    """slope: by `Bound.per` units.   bound: of its upper end.   judged: False where it is told, and decides nothing."""

    what: str
    slope: Slope
    bound: float
    judged: bool

    @property
    def flat(self) -> bool:
        return not self.judged or self.slope.per + self.slope.err <= self.bound


class Health(msgspec.Struct, frozen=True):
    """Of all books during a stage. live_share: of their time; None where the clock was turned."""

    frames: int
    reconnects: int
    cycles: int
    live_share: float | None
    gaps: int
    resyncs: int
    crossed: int
    decode_errors: int


class StageReport(msgspec.Struct, frozen=True):
    """One stage. amount: units done.   wrong: what speaks against it, in words; none: it is flat."""

    name: str
    unit: str
    per: int
    amount: int
    took_s: float
    health: Health
    before: Counts
    after: Counts
    trends: tuple[Trend, ...]
    grown: tuple[str, ...]
    wrong: tuple[str, ...]


class SoakReport(msgspec.Struct, frozen=True):
    """flat: every stage is."""

    machine: Machine
    seed: int
    stages: tuple[StageReport, ...]
    took_s: float
    flat: bool


class Sample(msgspec.Struct, frozen=True):
    """done: units since the stage began."""

    done: int
    rss_kib: int
    blocks: int


def trends(samples: Sequence[Sample], bound: Bound, judged_from: int = 0) -> tuple[Trend, ...]:
    """judged_from: units until everything that is bounded has filled up; where fewer were done, nothing is judged."""
    total = samples[-1].done
    start = max(judged_from, round(total * WARM_UP))
    kept = [sample for sample in samples if sample.done >= start]
    judged = total >= 2 * judged_from
    length = max(1, total - start)
    made = []
    for what, limit, noise in (
        ("rss_kib", bound.rss_kib, bound.rss_noise_kib),
        ("blocks", bound.blocks, bound.blocks_noise),
    ):
        found = slope([(s.done, getattr(s, what)) for s in kept]).scaled(bound.per)
        made.append(Trend(what, found, max(limit, noise * bound.per / length), judged))
    return tuple(made)


def wrong(
    before: Counts, after: Counts, found: Sequence[Trend], grown: Sequence[Grown], health: Health
) -> tuple[str, ...]:
    """Every reason against calling it flat, or a measurement at all."""
    told = [
        f"{name} {getattr(before, name)} -> {getattr(after, name)}"
        for name in _COUNTED
        if getattr(after, name) > getattr(before, name)
    ]
    for trend in found:
        if not trend.flat:
            err = f"{trend.slope.err:,.1f}" if isfinite(trend.slope.err) else "unknown"
            told.append(f"{trend.what} grows by {trend.slope.per:,.1f} ± {err}, beyond {trend.bound:,.1f}")
    told += [f"grows: {each}" for each in grown]
    amiss = {"gaps": health.gaps, "crossed books": health.crossed, "decode errors": health.decode_errors}
    told += [f"{number} {name}" for name, number in amiss.items() if number]
    return tuple(told)
