"""Many cycles at once through the real parts, under one fault, until all of them are over and nothing moves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from arb.clock import ManualClock
from arb.domain import (
    CycleClosed,
    CycleEnd,
    CycleOpened,
    Fact,
    Mismatch,
    OrderSent,
    Plan,
    Refused,
    VenueId,
)
from arb.interfaces import Lane, Statics
from arb.journal import Records
from tests.proof.clockwork import Clockwork
from tests.proof.money.chance import Chance
from tests.proof.money.desk import Desk, desk, listed
from tests.proof.money.faults import FAULTS, Fault
from tests.proof.money.reckoning import Known, Reckoned, Written, held_by

START_NS, WALL_NS = 5 * 10**9, 1_767_225_600 * 10**9
START_S = 30.0  # for every book and both accounts
PAUSE_S, MOST = 0.4, 5  # between two bursts of cycles, on average; and how many begin at once
EACH_S = 30.0  # of a run's own time, for each cycle: one that takes longer is stuck
ENDS_S = 600.0  # for the last ones
PATIENT = 3  # times as many cycles until every kind of fault has struck
QUIET_S = 12.0  # whatever is late has come by then

RUNGS: Mapping[str, Any] = {
    "retry, then reverse": [
        {"action": "retry", "max_loss_bps": "10", "attempts": 2},
        {"action": "reverse", "max_loss_bps": "50", "attempts": 3},
    ],
    "reverse at once": [{"action": "reverse", "max_loss_bps": "80", "attempts": 4}],
    "retry only, and dearly": [{"action": "retry", "max_loss_bps": "100", "attempts": 3}],
    "a third venue that is not there, then reverse": [
        {"action": "hedge", "max_loss_bps": "30"},
        {"action": "reverse", "max_loss_bps": "50", "attempts": 2},
    ],
    "none": [],
}


class Ran(NamedTuple):
    """injected: how often each kind of fault struck.   unwritten: orders that left before they were in the journal.

    too_much: where more was called free than is, of `looked` looks.   refused: why cycles did not start.
    seconds: of the run's own time.
    """

    seed: int
    reckoned: Reckoned
    injected: Mapping[str, int]
    unwritten: tuple[str, ...]
    too_much: tuple[str, ...]
    looked: int
    most_open: int
    refused: Mapping[str, int]
    seconds: float

    @property
    def ends(self) -> Counter[CycleEnd]:
        return Counter(closed.end for closed in self.reckoned.written.closed)

    @property
    def legs(self) -> Counter[str]:
        """How the legs of cycles came out."""
        return Counter(closed.why.partition(";")[0] for closed in self.reckoned.written.closed)


def ran(seed: int, fault: str | Fault, cycles: int, folder: Path) -> Ran:
    """folder: for the journal."""
    before, clock = ManualClock(START_NS, WALL_NS), ManualClock(START_NS, WALL_NS)
    with asyncio.Runner(loop_factory=lambda: Clockwork(before)) as runner:
        statics = runner.run(listed(seed, before))
    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner:
        planned = fault if isinstance(fault, Fault) else FAULTS[fault]
        return runner.run(_run(seed, statics, planned, cycles, folder / f"{seed}.sqlite", clock))


async def _run(
    seed: int, statics: Mapping[VenueId, Statics], fault: Fault, cycles: int, journal: Path, clock: ManualClock
) -> Ran:
    rng = Random(f"{seed}:run")
    execution = {
        "answer_ms": rng.choice((300, 800)), "ask_ms": rng.choice((50, 200)), "thin_first": rng.random() < 0.25,
        "unwind": rng.choice(list(RUNGS.values())),
    }  # fmt: skip
    one_way_ms, money = rng.choice((0.0, 1.0, 8.0, 25.0)), rng.choice(("200000", "200000", "1200"))
    began_ns = clock.mono_ns()
    async with desk(seed, statics, fault, execution, one_way_ms, money, journal, clock) as d:
        refused: Counter[str] = Counter()
        await _until(lambda: _ready(d), START_S, clock, "the books and the accounts")
        most_open = await _drive(d, rng, fault, cycles, clock, refused)
        await _until(lambda: not d.engine.executor.open, ENDS_S, clock, "the last cycles")
        await asyncio.sleep(QUIET_S)
        d.engine.journal.flush()
        exposure = held_by(d.engine.exposure)
        known = {venue: Known.of(d.sim.ledger(venue)) for venue in d.doors}
        for venue in d.doors:
            d.sim.ledger(venue).check()
    written = _written(journal)
    sent: Counter[str] = Counter(name for door in d.doors.values() for name in door.sent.elements())
    return Ran(
        seed, Reckoned(written, known, exposure, d.markets, sent),
        Counter(each.kind for each in d.sim.injected),
        tuple(name for door in d.doors.values() for name in door.unwritten),
        tuple(text for till in d.tills.values() for text in till.too_much),
        sum(till.looked for till in d.tills.values()), most_open, refused, (clock.mono_ns() - began_ns) / 1e9,
    )  # fmt: skip


async def _drive(d: Desk, rng: Random, fault: Fault, cycles: int, clock: ManualClock, refused: Counter[str]) -> int:
    """Start so many, and more where a fault has not struck yet; returns how many were open at once at most."""
    chance = Chance(rng, d.books, d.markets, d.fees)
    symbols = {symbol for _, symbol in d.markets}
    executor, started, most = d.engine.executor, 0, 0
    end_ns = clock.mono_ns() + round(cycles * EACH_S * 1e9)
    while started < cycles or (started < PATIENT * cycles and not all(d.sim.counters.get(k) for k in fault.kinds)):
        if clock.mono_ns() > end_ns:
            raise AssertionError(f"only {started} of {cycles} cycles could start; refused: {refused}")
        await asyncio.sleep(rng.expovariate(1 / PAUSE_S))
        for _ in range(min(rng.randint(1, MOST), max(1, cycles - started))):
            busy = {cycle.plan.symbol for cycle in executor.open.values()}
            why = _start(d, chance.plan(symbols - busy, clock.mono_ns()), clock.mono_ns())
            started += not why
            if why:
                refused[why] += 1
        most = max(most, len(executor.open))
    return most


def _start(d: Desk, plan: Plan | None, now_ns: int) -> str:
    """Through the gate and out, in this very call. Returns what is in the way; "": it has left."""
    if plan is None:
        return "no plan"
    if any(d.doors[venue].refusal(2, Lane.ORDER) for venue in (plan.buy.venue, plan.sell.venue)):
        return "the venue"
    verdict = d.engine.risk.check(plan, now_ns)
    if isinstance(verdict, Refused):
        return verdict.limit
    d.engine.executor.start(verdict, now_ns)
    return ""


def _ready(d: Desk) -> bool:
    inventory = d.engine.trader._inventory
    return all(book.updates for book in d.books) and not any(inventory.why_not(venue) for venue in d.doors)


async def _until(condition: Callable[[], bool], at_most_s: float, clock: ManualClock, what: str) -> None:
    end_ns = clock.mono_ns() + round(at_most_s * 1e9)
    while not condition():
        if clock.mono_ns() > end_ns:
            raise AssertionError(f"{what}: not within {at_most_s:g} s")
        await asyncio.sleep(0.05)


def _written(journal: Path) -> Written:
    records = Records(journal)

    def all_of(kind: type[Fact]) -> Any:
        return tuple(records.facts(kind))

    try:
        return Written(
            all_of(CycleOpened), all_of(OrderSent), all_of(CycleClosed), tuple(records.fills()), all_of(Mismatch)
        )
    finally:
        records.close()
