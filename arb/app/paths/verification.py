"""Both paths of one venue side by side for a while, on a person's word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from arb.app.paths.comparison import Comparison
from arb.app.paths.report import differing_facts, report, since
from arb.app.paths.venue import VenuePaths
from arb.control import VerifyReply
from arb.errors import ArbError, ControlError
from arb.interfaces import Clock, Statics
from arb.pathstatus import FactDifference, PathReport, Sequences

LOOK_S = 0.1

LoadFacts = Callable[[], Awaitable[Statics]]
Facts = tuple[int, list[FactDifference]]


class Verification:
    """One that is under way or over. task: its own; what it raises is an ArbError."""

    def __init__(self, clock: Clock, seconds: float, work: Callable[[Verification], Awaitable[PathReport]]) -> None:
        self._clock = clock
        self._seconds = seconds
        self.began_ns: int | None = None  # None: the other path is not ready yet
        self.task: asyncio.Task[PathReport] = asyncio.ensure_future(work(self))
        self.task.add_done_callback(_looked_at)

    def left_s(self) -> float:
        began_ns = self.began_ns
        return self._seconds if began_ns is None else self._seconds - (self._clock.mono_ns() - began_ns) / 1e9

    def reply(self) -> VerifyReply:
        """What is known of it by now. Raises ControlError where nothing came of it."""
        if not self.task.done():
            return VerifyReply(left_s=max(0.0, self.left_s()), waiting=self.began_ns is None)
        if self.task.cancelled():
            raise ControlError("the comparison was broken off")
        failure = self.task.exception()
        if failure is not None:
            raise ControlError(str(failure)) if isinstance(failure, ArbError) else failure
        return VerifyReply(report=self.task.result())


def verification(paths: VenuePaths, ours: Statics, load: LoadFacts, clock: Clock, seconds: float) -> Verification:
    """Begins at once. ours: the facts in use.   load: reads them anew by the other path."""

    async def work(made: Verification) -> PathReport:
        paths.beside()
        loading = asyncio.create_task(_facts(paths, ours, load))
        try:
            comparison = await _begun(paths, clock)
            made.began_ns = clock.mono_ns()
            return await _compared(paths, comparison, loading, clock, seconds)
        finally:
            loading.cancel()
            paths.released()

    return Verification(clock, seconds, work)


async def _begun(paths: VenuePaths, clock: Clock) -> Comparison:
    since_ns = clock.mono_ns()
    while (comparison := paths.compared_anew()) is None:
        if clock.mono_ns() - since_ns >= paths.patience_s * 1e9:
            lacking = ", ".join(paths.missing()[:5]) or paths.row().note or "it gave no book"
            raise ControlError(f"{paths.venue}: the other path was not ready within {paths.patience_s:g} s: {lacking}")
        await asyncio.sleep(LOOK_S)
    return comparison


async def _compared(
    paths: VenuePaths, comparison: Comparison, loading: asyncio.Task[Facts], clock: Clock, seconds: float
) -> PathReport:
    before = paths.counted()
    after, deciding, notes = before, paths.path, []
    while True:
        left_s = seconds - (clock.mono_ns() - comparison.began_ns) / 1e9
        if left_s <= 0:
            break
        await asyncio.sleep(min(LOOK_S, left_s))
        if paths.comparison is not comparison:
            notes.append("the path changed meanwhile: the comparison ended with that")
            break
        after = paths.counted()
    now_ns = clock.mono_ns()
    comparison.tick(now_ns)
    facts: Facts | None = None
    try:
        facts = await loading
    except ArbError as exc:
        notes.append(f"static facts were not compared: {exc}")
    native, ccxt = _counted(before, after)
    return report(paths.venue, comparison, deciding, native, ccxt, facts, notes, now_ns)


def _counted(before: tuple[Sequences, Sequences], after: tuple[Sequences, Sequences]) -> tuple[Sequences, Sequences]:
    return since(after[0], before[0]), since(after[1], before[1])


async def _facts(paths: VenuePaths, ours: Statics, load: LoadFacts) -> Facts:
    return differing_facts(ours, await load(), paths.symbols)


def _looked_at(task: asyncio.Task[PathReport]) -> None:
    """Nobody may ask what came of it: then a failure is no loose end either."""
    if not task.cancelled():
        task.exception()
