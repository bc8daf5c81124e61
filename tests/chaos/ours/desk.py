"""An engine at work on exchanges that outlive it, what it says, and how long it takes to say it."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from arb.clock import SystemClock
from arb.sim import FaultPlan
from arb.status import EngineStatus
from tests.chaos.ours.touches import Truth
from tests.chaos.rows import Row
from tests.proof.live.books import check_books
from tests.proof.live.stage import ROOT, Engine, Stage, staged

MOST_AGE_MS = 1_500.0  # [risk] max_book_age_ms: whatever is traded on is promised to be younger
UNBOUND = resource.RLIM_INFINITY
STEPPING = Path(__file__).parent / "stepping"
_POLL_S = 0.002


class Desk:
    """stage: the exchanges and what reaches them.   engine: the process of now.   truth: what the books really were."""

    def __init__(self, stage: Stage, engine: Engine, truth: Truth) -> None:
        self.stage = stage
        self.engine = engine
        self.truth = truth
        self.environ = {"PYTHONPATH": f"{STEPPING}:{ROOT}"}

    @property
    def pid(self) -> int:
        return int(self.engine.argv.parent.name)

    def said(self) -> int:
        """How much it has said by now: what comes later is news."""
        return len(self.engine.told())

    async def hears(self, text: str, since: int, at_most_s: float = 20.0) -> float:
        """Milliseconds until the engine says so."""
        began = time.monotonic()
        await self.stage.until(lambda: text in self.engine.told()[since:], self.engine, at_most_s)
        return (time.monotonic() - began) * 1e3

    async def until(self, true: Callable[[EngineStatus], object], at_most_s: float = 40.0) -> float:
        """Milliseconds until its status is so."""
        began = time.monotonic()
        await self.stage.status(self.engine, true, at_most_s)
        return (time.monotonic() - began) * 1e3

    async def trades(self, orders: int = 2, at_most_s: float = 40.0) -> None:
        await self.stage.traded(self.engine, orders, at_most_s)

    async def start(self, *more: str) -> None:
        self.engine = await self.stage.run(*more, environ=self.environ)

    def limit(self, what: int, soft: int) -> None:
        """Of the engine's process, from now on; `UNBOUND` takes it away."""
        _, hard = resource.prlimit(self.pid, what)
        resource.prlimit(self.pid, what, (hard if soft == UNBOUND else soft, hard))

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def cpu_s(self) -> float:
        """That the engine's process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ledger(self) -> str:
        """How our records differ from the exchanges'. For a stopped engine."""
        try:
            check_books(self.stage.journal, self.stage.sim, self.stage.arrivals)
        except AssertionError as error:
            return " ".join(str(error).split())[:300] or "they differ"
        return "0"


def healthy(status: EngineStatus) -> bool:
    return all(venue.private_up and venue.books_live == venue.books > 0 for venue in status.venues)


@asynccontextmanager
async def at_work(
    folder: Path, *, seed: int = 20261127, faults: FaultPlan | None = None, start: bool = True, path: str = "native"
) -> AsyncIterator[Desk]:
    """An engine that has traded, with the ages of books as they are configured by default."""
    async with staged(folder, seed=seed, faults=faults) as stage:
        config = folder / "arb.toml"
        text = config.read_text()
        for key, ours in (("max_age_ms", 3000), ("max_skew_ms", 3000), ("max_book_age_ms", int(MOST_AGE_MS))):
            text = text.replace(f"\n{key} = 10000", f"\n{key} = {ours}")
        config.write_text(text)
        stage.through(path)
        stage.passed()
        desk = Desk(stage, None, Truth(stage.sim))  # type: ignore[arg-type]  # started below, or by the test
        if start:
            await desk.start()
            await desk.trades()
        yield desk


class Happened:
    """One fault that was injected and is over."""

    def __init__(self, fault: str, detected_ms: float | None, recovered_ms: float | None, note: str = "") -> None:
        self.fault = fault
        self.detected_ms = detected_ms
        self.recovered_ms = recovered_ms
        self.note = note
        self.over_ns = SystemClock.mono_ns()


def rows(desk: Desk, happened: list[Happened], limits: Mapping[str, tuple[float | None, float | None]]) -> list[Row]:
    """One for each kind of fault; the engine must have stopped. False cycles count for the fault that is nearest."""
    ledger = desk.ledger()
    false = desk.truth.false_cycles(desk.stage.journal, MOST_AGE_MS)
    made = []
    for fault in dict.fromkeys(each.fault for each in happened):
        ours = [each for each in happened if each.fault == fault]
        found = [
            told for at_ns, told in false
            if min(happened, key=lambda each: abs(each.over_ns - at_ns)).fault == fault
        ]  # fmt: skip
        detect, recover = limits[fault]
        made.append(
            Row(
                fault=fault, where="ours", injected=len(ours),
                detected_ms=_worst([each.detected_ms for each in ours]), detect_limit_ms=detect,
                recovered_ms=_worst([each.recovered_ms for each in ours]), recover_limit_ms=recover,
                false_opportunities=len(found), ledger=ledger, note="; ".join([ours[0].note, *found[:2]]).strip("; "),
            )
        )  # fmt: skip
    return made


def _worst(times: list[float | None]) -> float | None:
    return max((each for each in times if each is not None), default=None)


async def pause(seconds: float) -> None:
    """Of the fault itself, which lasts."""
    await asyncio.sleep(seconds)
