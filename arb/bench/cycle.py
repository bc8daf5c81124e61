"""decision -> both orders at the venues -> both answered -> the cycle's end: natively and through ccxt, in one run.

The simulated exchanges are another process, so that their work does not sit on the loop of the engine that is timed.
Everything on our side is real: planner, risk gate, executor, journal file, private sides, live books.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from arb.bench.apart import Apart, apart
from arb.bench.machine import Machine, machine
from arb.bench.rig import OrderPath, Rig, on_rig
from arb.bench.stopwatch import Lap
from arb.errors import ArbError
from arb.sim.apart import Wanted

TARGET_MS = 50.0
TARGET_AT_MS = 10.0  # one-way
WARM_UP = 8  # cycles of each rig before those that count
SYMBOLS = 6
ACTIVITY = 0.3
VENUES = ("mexc", "gateio")
_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "TRX", "LTC")


class Subject(NamedTuple):
    """What is measured: orders over this path, with or without the journal."""

    name: str
    orders: OrderPath
    journal: bool = True


SUBJECTS = (Subject("native", "native"), Subject("no journal", "native", False), Subject("ccxt", "ccxt"))


class Quantiles(msgspec.Struct, frozen=True):
    p50_ms: float
    p99_ms: float


class CycleResult(msgspec.Struct, frozen=True):
    """One path at one distance, over the cycles of all rounds.

    plan, judge, commit: what the loop spends on the plan, on the risk gate, and on writing the orders ahead.
    handed, sent, acked, closed: since the gate's word: until both orders are handed over (natively: written to their
    sockets; through ccxt: to tasks that have yet to run), have both been read by the other process (which at no
    distance works on the first before it reads the second), are answered, and the cycle is closed.
    unwound: cycles whose legs differed, so that the ladder was climbed; they are in the figures.
    reused: share of HTTP calls that found a connection in use before; None: the path does not count.
    """

    path: str
    one_way_ms: float
    cycles: int
    unwound: int
    plan: Quantiles
    judge: Quantiles
    commit: Quantiles
    handed: Quantiles
    sent: Quantiles
    acked: Quantiles
    closed: Quantiles
    reused: float | None


class CycleReport(msgspec.Struct, frozen=True):
    """met: natively, at `target_at_ms` one way, the p99 of the whole cycle is below the target; None: not measured.

    load: of the machine when it began, over a minute; None where nobody tells.
    """

    machine: Machine
    load: float | None
    rounds: int
    target_ms: float
    target_at_ms: float
    met: bool | None
    results: tuple[CycleResult, ...]


class Taken(msgspec.Struct):
    """What the rigs of one path at one distance have brought."""

    laps: list[Lap] = []
    calls: Counter[str] = msgspec.field(default_factory=Counter)


async def cycle(
    folder: Path | None = None, *, cycles: int = 30, rounds: int = 5, seed: int = 1, warm_up: int = WARM_UP,
    one_way_ms: Sequence[float] = (0.0, TARGET_AT_MS), subjects: Sequence[Subject] = SUBJECTS,
) -> CycleReport:  # fmt: skip
    """Every path at every distance in turn, `cycles` of each a round, after `warm_up` of them that nobody counts.

    folder: where the journals are; None: the system's for temporary files.
    Raises ArbError where a cycle cannot be started or does not end.
    """
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None  # not on Windows
    taken = {(subject, distance): Taken() for distance in one_way_ms for subject in subjects}
    with TemporaryDirectory(dir=folder, prefix="arb-bench-") as name:
        for number in range(rounds):
            for distance in one_way_ms:
                async with apart(_wanted(seed + number, distance)) as other:
                    for subject in subjects:
                        play = partial(_measure, other, taken[subject, distance], cycles, warm_up)
                        await on_rig(other.doors, Path(name), play, orders=subject.orders, journal=subject.journal)
    results = tuple(_result(subject, distance, each) for (subject, distance), each in taken.items())
    judged = [each for each in results if each.path == SUBJECTS[0].name and each.one_way_ms == TARGET_AT_MS]
    met = judged[0].closed.p99_ms < TARGET_MS if judged else None
    return CycleReport(machine(), load, rounds, TARGET_MS, TARGET_AT_MS, met, results)


def cycle_lines(report: CycleReport) -> Iterator[str]:
    """The machine, then a row a path and distance, and whether the target is met."""
    m = report.machine
    busy = "" if report.load is None else f", load {report.load:g}"
    yield f"{m.cpu}, {m.cores} cores{busy}, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)
    yield f"ms since the risk gate's word, p50/p99 of {report.rounds} interleaved rounds; venues in another process"
    yield (
        f"{'one way':>7} {'path':11} {'both handed over':>17} {'both at venues':>17} {'both answered':>15} "
        f"{'cycle closed':>15} {'of it journal':>13} {'before: plan + gate':>21} {'reused':>6}"
    )
    for r in report.results:
        before = f"{_pair(r.plan)} + {_pair(r.judge)}"
        reused = "-" if r.reused is None else f"{r.reused:.0%}"
        yield (
            f"{r.one_way_ms:4g} ms {r.path:11} {_pair(r.handed):>17} {_pair(r.sent):>17} {_pair(r.acked):>15} "
            f"{_pair(r.closed):>15} {_pair(r.commit):>13} {before:>21} {reused:>6}"
        )
    for native, ccxt in _rivals(report.results):
        times = ccxt.closed.p50_ms / native.closed.p50_ms
        yield (
            f"{native.one_way_ms:g} ms: ccxt takes {times:.1f} times as long to the end at p50 "
            f"(native: {native.cycles} cycles, {native.unwound} unwound; ccxt: {ccxt.cycles}, {ccxt.unwound})"
        )
    if report.met is not None:
        word = "met" if report.met else "missed"
        at = f"at {report.target_at_ms:g} ms one way"
        yield f"target < {report.target_ms:g} ms for the whole cycle {at}, natively, at p99: {word}"


async def _measure(other: Apart, into: Taken, cycles: int, warm_up: int, rig: Rig) -> None:
    await _laps(rig, warm_up)
    before = _calls(rig)
    laps = await _laps(rig, cycles)
    into.calls += _calls(rig) - before
    arrived = await other.arrivals()
    for lap in laps:
        if lost := [order for order in lap.orders if order not in arrived]:
            raise ArbError(f"{lost[0]} never came to its venue: a cycle without it says nothing")
        lap.arrived_ns = max(arrived[order] for order in lap.orders)
    into.laps += laps


async def _laps(rig: Rig, count: int) -> list[Lap]:
    return [await rig.lap() for _ in range(count)]


def _calls(rig: Rig) -> Counter[str]:
    """HTTP calls of all private sides so far, by whether they found a connection in use before."""
    names = ("rest_opened", "rest_reused")
    return Counter({name: sum(side.counters.get(name, 0) for side in rig.engine.trading.values()) for name in names})


def _wanted(seed: int, one_way_ms: float) -> Wanted:
    coins = dict.fromkeys(_COINS, "1000000")
    balances = {venue: {"USDT": "1000000", **coins} for venue in VENUES}
    return Wanted(seed, SYMBOLS, one_way_ms, ACTIVITY, VENUES, balances)


def _result(subject: Subject, one_way_ms: float, taken: Taken) -> CycleResult:
    laps = taken.laps
    if unanswered := [lap for lap in laps if not lap.acked_ns]:
        raise ArbError(f"{subject.name}: a cycle closed before its orders {unanswered[0].orders} were answered")
    calls = taken.calls.total()
    return CycleResult(
        subject.name,
        one_way_ms,
        len(laps),
        sum(lap.steps > 0 for lap in laps),
        _quantiles([lap.planned_in_ns for lap in laps]),
        _quantiles([lap.judged_in_ns for lap in laps]),
        _quantiles([lap.committed_in_ns for lap in laps]),
        _quantiles([lap.handed_ns - lap.approved_ns for lap in laps]),
        _quantiles([lap.arrived_ns - lap.approved_ns for lap in laps]),
        _quantiles([lap.acked_ns - lap.approved_ns for lap in laps]),
        _quantiles([lap.closed_ns - lap.approved_ns for lap in laps]),
        taken.calls["rest_reused"] / calls if calls else None,
    )


def _quantiles(spent: list[int]) -> Quantiles:
    ordered = sorted(spent)
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6 for share in (0.5, 0.99))
    return Quantiles(round(p50, 4), round(p99, 4))


def _rivals(results: Sequence[CycleResult]) -> Iterator[tuple[CycleResult, CycleResult]]:
    for native in results:
        for ccxt in results:
            if (native.path, ccxt.path) == ("native", "ccxt") and native.one_way_ms == ccxt.one_way_ms:
                yield native, ccxt


def _pair(quantiles: Quantiles) -> str:
    return f"{quantiles.p50_ms:.2f}/{quantiles.p99_ms:.2f}"
