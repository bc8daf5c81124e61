"""`arb bench all`: every bench of this package in one run, and each budget with what was measured of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns

import msgspec

from arb import core
from arb.bench import alloc, evenness, scale, start, tape, wire
from arb.bench.budgets import Budget, Core, Verdict, judge
from arb.bench.cycle import cycle, cycle_lines
from arb.bench.decode import decode
from arb.bench.journal import journal, journal_lines
from arb.bench.machine import Machine, machine
from arb.bench.order import order, order_lines
from arb.bench.show import lines as decode_lines
from arb.errors import ArbError
from arb.interfaces import NativeVenue


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """folder: where journals are written; None: the system's.   The rest is how much of everything.

    calm_rounds, calm_venues: of what plays at a calm pace, which takes long; None: all venues.
    """

    modules: Sequence[NativeVenue]
    folder: Path | None = None
    rounds: int = 5
    calm_rounds: int = 3
    calm_venues: int | None = 1
    seed: int = 1
    frames: int = 20_000
    paced: int = 1_000
    orders: int = 500
    ticks: int = 5
    cycles: int = 10
    commits: int = 500


class Outcome(msgspec.Struct, frozen=True):
    """What a bench says. report: as it goes into `--jsonl`.   failed: why there is none.

    ratios: of the form in use.   pure: of the pure one, where that is another.
    """

    name: str
    report: msgspec.Struct | None
    lines: tuple[str, ...]
    ratios: Mapping[str, float]
    took_s: float
    failed: str = ""
    pure: Mapping[str, float] = {}


class Suite(msgspec.Struct, frozen=True):
    """core: the form in use.   took_s: of all of it."""

    machine: Machine
    date: str
    core: Core
    outcomes: tuple[Outcome, ...]
    verdicts: tuple[Verdict, ...]
    took_s: float

    @property
    def met(self) -> bool:
        return all(verdict.met for verdict in self.verdicts) and not any(each.failed for each in self.outcomes)


Told = tuple[msgspec.Struct, Iterable[str]]


async def _decode(o: Options) -> Told:
    report = await decode(list(o.modules), frames=o.frames, rounds=o.rounds, seed=o.seed)
    return report, decode_lines(report)


async def _wire(o: Options) -> Told:
    report = await wire.run(o.rounds, modules=o.modules, flat=o.frames, paced=o.paced, seed=o.seed)
    return report, wire.lines(report)


async def _order(o: Options) -> Told:
    report = await order(list(o.modules), orders=o.orders, rounds=o.rounds, ticked=o.ticks, seed=o.seed)
    return report, order_lines(report)


async def _cycle(o: Options) -> Told:
    report = await cycle(o.folder, cycles=o.cycles, rounds=o.rounds, seed=o.seed)
    return report, cycle_lines(report)


async def _journal(o: Options) -> Told:
    report = journal(o.folder, cycles=o.commits, rounds=o.rounds)
    return report, journal_lines(report)


async def _tape(o: Options) -> Told:
    report = await tape.run(o.rounds, modules=o.modules, frames=o.frames, seed=o.seed)
    return report, tape.tape_lines(report)


async def _evenness(o: Options) -> Told:
    report = await evenness.run(o.calm_rounds, modules=o.modules[: o.calm_venues], frames=o.paced, seed=o.seed)
    return report, evenness.evenness_lines(report)


async def _scale(o: Options) -> Told:
    report = scale.run(o.rounds, modules=o.modules, seed=o.seed)
    return report, scale.scale_lines(report)


async def _alloc(o: Options) -> Told:
    report = alloc.run(o.rounds, modules=o.modules, seed=o.seed)
    return report, alloc.alloc_lines(report)


async def _start(o: Options) -> Told:
    report = await start.run(o.rounds, seed=o.seed)
    return report, start.start_lines(report)


BENCHES: Mapping[str, Callable[[Options], Awaitable[Told]]] = {
    "decode": _decode,
    "wire": _wire,
    "order": _order,
    "cycle": _cycle,
    "journal": _journal,
    "tape": _tape,
    "evenness": _evenness,
    "scale": _scale,
    "alloc": _alloc,
    "start": _start,
}


AGAIN = frozenset(("decode", "order", "scale", "alloc"))  # done anew without the compiled core; `wire` does it itself


async def one(name: str, options: Options) -> Outcome:
    """Raises ArbError where the bench fails."""
    began = monotonic_ns()
    report, told = await BENCHES[name](options)
    ratios: Mapping[str, float] = getattr(report, "ratios", {})
    pure: Mapping[str, float] = getattr(report, "pure", {})
    return Outcome(name, report, tuple(told), ratios, (monotonic_ns() - began) / 1e9, pure=pure)


async def without_core(name: str, options: Options) -> Mapping[str, float]:
    """The ratios of the same bench in a process of its own that has only the pure form. Raises ArbError."""
    venues = ",".join(module.SPEC.name for module in options.modules)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "arb.cli", "bench", name, "--jsonl", "--exchanges", venues,
        "--rounds", str(options.rounds),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, core.SWITCH: "1"},
    )  # fmt: skip
    try:
        said, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ArbError(f"{name} without the compiled core: {complaint.decode(errors='replace').strip()[-200:]}")
    return msgspec.json.decode(said, type=_Told).ratios


class _Told(msgspec.Struct):
    ratios: dict[str, float] = {}


async def run(options: Options, budgets: Iterable[Budget]) -> Suite:
    """Each bench in turn. One that fails costs its own figures, and by that its budgets."""
    began = monotonic_ns()
    outcomes = []
    for name in BENCHES:
        at = monotonic_ns()
        try:
            outcome = await one(name, options)
            if core.NAME == "compiled" and name in AGAIN:
                pure = await without_core(name, options)
                took_s = (monotonic_ns() - at) / 1e9
                outcome = msgspec.structs.replace(outcome, pure=pure, took_s=took_s)
            outcomes.append(outcome)
        except ArbError as exc:
            took_s = (monotonic_ns() - at) / 1e9
            outcomes.append(Outcome(name, None, (), {}, took_s, f"{type(exc).__name__}: {exc}"))
    ratios = {key: ratio for each in outcomes for key, ratio in each.ratios.items()}
    verdicts = list(judge(ratios, core.NAME, budgets := tuple(budgets)))
    if core.NAME == "compiled":
        without = {key: ratio for each in outcomes for key, ratio in each.pure.items()}
        same = [budget for budget in budgets if budget.formless]
        verdicts += judge(without, "pure", [budget for budget in budgets if budget not in same])
    return Suite(
        machine(), datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), core.NAME, tuple(outcomes),
        tuple(verdicts), (monotonic_ns() - began) / 1e9,
    )  # fmt: skip


def suite_lines(suite: Suite) -> Iterator[str]:
    """What each bench said, then a line a budget, then the sum of it."""
    for outcome in suite.outcomes:
        yield f"== {outcome.name} ({outcome.took_s:.0f} s)"
        yield from outcome.lines
        if outcome.failed:
            yield f"failed: {outcome.failed}"
        yield ""
    yield f"== budgets ({suite.date}, {suite.took_s:.0f} s in all)"
    for verdict in suite.verdicts:
        yield verdict_line(verdict)
    met = sum(verdict.met for verdict in suite.verdicts)
    yield f"{met} of {len(suite.verdicts)} budgets met"


def verdict_line(verdict: Verdict) -> str:
    measured = "not measured" if verdict.ratio is None else f"{verdict.ratio:.3f}"
    return f"{verdict.word:6} {verdict.core:8} {verdict.key:24} {measured:>12} <= {verdict.limit:<6.3f} {verdict.text}"
