"""What our own machine does to a running engine, again and again: see the table at the end of `make chaos`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from arb.domain import CycleClosed, CycleEnd, OrderSent
from arb.journal import Records
from arb.sim import FaultPlan, FaultRule
from tests.chaos.ours import faults
from tests.chaos.ours.desk import MOST_AGE_MS, Desk, Happened, at_work, healthy, rows
from tests.chaos.ours.disk import fill, small_disk
from tests.chaos.rows import Row
from tests.proof.live.arrivals import Arrival

SEED = int(os.environ.get("ARB_SEED", "20261127"))
DISK_KIB = 16 << 10
ENTRIES = ("-1", "-2")  # how the names of a cycle's two first orders end
Tell = Callable[[Row], None]
Strike = Callable[[Desk, Random], Awaitable[Happened]]

pytestmark = [pytest.mark.prove, pytest.mark.timeout(1200)]

CASES = [
    pytest.param(lambda desk, rng: faults.locked(desk, rng.uniform(0.3, 3.0)), 5, id="journal locked"),
    pytest.param(lambda desk, rng: faults.may_not_grow(desk, rng.uniform(0.3, 3.0)), 5, id="journal may not grow"),
    pytest.param(lambda desk, rng: faults.descriptors(desk, rng.uniform(1.0, 5.0)), 4, id="out of descriptors"),
    pytest.param(lambda desk, rng: faults.memory(desk, rng.uniform(1.0, 5.0)), 4, id="no more memory"),
    pytest.param(lambda desk, rng: faults.suspended(desk, rng.uniform(1.7, 6.0)), 6, id="suspended"),
    pytest.param(
        lambda desk, rng: faults.suspended(desk, rng.uniform(1.7, 4.0), in_a_cycle=True), 6, id="suspended in a cycle"
    ),
]


@pytest.mark.parametrize(("strike", "times"), CASES)
async def test_again_and_again(tmp_path: Path, told: Tell, strike: Strike, times: int) -> None:
    rng = Random(SEED)
    async with at_work(tmp_path, seed=SEED) as desk:
        happened = []
        for _ in range(times):
            happened.append(await strike(desk, rng))
            await desk.trades()
        await _over(desk, happened, told)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="native"),
        pytest.param(("--fastpath", "mexc=off", "--fastpath", "gateio=off"), id="through ccxt"),
    ],
)
async def test_a_suspended_scan_tells_of_nothing_that_is_over(
    tmp_path: Path, told: Tell, words: tuple[str, ...]
) -> None:
    """The seconds that wait in its sockets are full of gaps that have closed since."""
    rng = Random(SEED)
    async with at_work(tmp_path, seed=SEED, start=False) as desk:
        desk.engine = await desk.stage.arb_begun("scan", "--jsonl", *words)
        slept: list[float] = []
        await desk.stage.until(lambda: '"event":"open"' in desk.engine.printed(), desk.engine)
        for _ in range(5):
            desk.send(signal.SIGSTOP)
            await asyncio.sleep(rng.uniform(2.0, 5.0))
            since = desk.said()
            desk.send(signal.SIGCONT)
            slept.append(await desk.hears("this process stood still for", since))
            await asyncio.sleep(3.0)
        last = await desk.engine.interrupted()
        lines = [json.loads(line) for line in last.out.splitlines()]
        assert sum(line.get("event") == "open" for line in lines) > 10, last.err
        assert all(books == {"LIVE": 3} for books in (venue["books"] for venue in lines[-1]["venues"])), lines[-1]
        false = desk.truth.false_offers(lines, MOST_AGE_MS)
        assert not desk.stage.arrivals
        told(
            Row(
                fault="suspended scan", where="ours", injected=len(slept), detected_ms=max(slept),
                detect_limit_ms=1_000, recovered_ms=None, recover_limit_ms=None, false_opportunities=len(false),
                ledger="0", note="; ".join(false[:2]),
            )
        )  # fmt: skip


async def test_the_wall_clock_is_set_again_and_again(tmp_path: Path, told: Tell) -> None:
    async with at_work(tmp_path, seed=SEED) as desk:
        happened = []
        for _ in range(3):
            happened += [await faults.clock_forward(desk), await faults.clock_back(desk)]
        await _over(desk, happened, told)


async def test_a_disk_that_is_full_again_and_again(tmp_path: Path, told: Tell) -> None:
    rng = Random(SEED)
    with small_disk(tmp_path / "data", DISK_KIB) as disk:
        async with at_work(tmp_path, seed=SEED) as desk:
            happened = []
            for _ in range(4):
                happened.append(await faults.full(desk, disk, rng.uniform(0.5, 5.0)))
                await desk.trades()
            await _over(desk, happened, told)


async def test_a_leg_that_stands_alone_is_covered_on_a_full_disk(tmp_path: Path, told: Tell) -> None:
    """Half of what MEXC takes it cancels at once, and the disk fills up while the orders are on their way."""
    alone = FaultPlan((FaultRule(kind="partial_cancel", venue="mexc", probability=1.0),))
    with small_disk(tmp_path / "data", DISK_KIB) as disk:
        async with at_work(tmp_path, seed=SEED, faults=alone) as desk:
            happened = [await _filled_in_a_cycle(desk, disk) for _ in range(4)]
            await _over(desk, happened, told)
        with closing(Records(desk.stage.journal)) as records:
            assert {closed.end for closed in records.facts(CycleClosed)} <= {CycleEnd.HEDGED, CycleEnd.FLAT}


async def _filled_in_a_cycle(desk: Desk, disk: Path) -> Happened:
    since, hogs, at_ns = desk.said(), [], 0

    def on_order(arrival: Arrival) -> None:
        nonlocal at_ns
        if not hogs and arrival.client_id.endswith(ENTRIES):  # before the venue has answered: nothing is covered yet
            at_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            hogs.append(fill(disk))

    desk.stage.on_order = on_order
    await desk.stage.until(lambda: hogs, desk.engine)  # type: ignore[arg-type, return-value]  # as good as a bool
    detected = await desk.hears("the disk is full: nothing new begins", since)
    await desk.until(lambda status: not status.cycles_open)
    with closing(Records(desk.stage.journal)) as records:
        covered = [sent for sent in records.facts(OrderSent) if sent.at_ns > at_ns]
    assert covered, "nothing was written and sent to cover the leg that stood alone"
    hogs[0].unlink()
    recovered = await desk.hears("can be written again", since)
    desk.stage.on_order = lambda _: None
    await desk.trades()
    return Happened("disk full, a leg stands alone", detected, recovered)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
async def test_a_signal_in_a_cycle_ends_the_run_when_the_cycle_has(tmp_path: Path, told: Tell, number: int) -> None:
    """The exit code says that somebody has stopped it, and nothing is left for the next start."""
    rng = Random(SEED + number)
    async with at_work(tmp_path, seed=SEED) as desk:
        happened = []
        for _ in range(4):
            ended_ms, last = await signalled(desk, number, rng.randint(1, 4))
            assert last.code == 130, last.err
            assert "Traceback" not in last.err
            with closing(Records(desk.stage.journal)) as records:
                assert not records.open_cycles()
            began = time.monotonic()
            await desk.start()
            await desk.until(healthy)
            happened.append(Happened("signal in a cycle", ended_ms, (time.monotonic() - began) * 1e3))
            assert "cycles of an earlier run" not in desk.engine.told()
        await _over(desk, happened, told)


async def test_killed_in_a_cycle(tmp_path: Path, told: Tell) -> None:
    """The table's line of `tests/proof/test_kill.py`, which kills two hundred times."""
    rng = Random(SEED)
    async with at_work(tmp_path, seed=SEED) as desk:
        happened = []
        for _ in range(6):
            which = len(desk.stage.arrivals) + rng.randint(1, 5)

            def on_order(_: object, which: int = which) -> None:
                if len(desk.stage.arrivals) == which:
                    desk.engine.kill()

            desk.stage.on_order = on_order
            await desk.stage.until(lambda which=which: len(desk.stage.arrivals) >= which, desk.engine)  # type: ignore[misc]
            assert (await desk.engine.ended()).code == -9
            desk.stage.on_order = lambda _: None
            began = time.monotonic()
            await desk.start()
            found_ms = await desk.hears("of an earlier run were ended", 0)
            await desk.until(healthy)
            happened.append(Happened("killed in a cycle", found_ms, (time.monotonic() - began) * 1e3))
        await _over(desk, happened, told)


async def signalled(desk: Desk, number: int, later: int) -> tuple[float, object]:
    """Send it as an order reaches its venue. Milliseconds until the process has ended, and its end."""
    which, sent = len(desk.stage.arrivals) + later, []

    def on_order(_: object) -> None:
        if len(desk.stage.arrivals) == which:
            desk.send(number)
            sent.append(time.monotonic())

    desk.stage.on_order = on_order
    last = await desk.engine.ended()
    desk.stage.on_order = lambda _: None
    return (time.monotonic() - sent[0]) * 1e3, last


async def _over(desk: Desk, happened: list[Happened], told: Tell) -> None:
    await asyncio.sleep(0.2)
    last = await desk.engine.interrupted()
    assert last.code == 130, last.err
    assert "Traceback" not in last.err, last.err
    for row in rows(desk, happened, faults.LIMITS):
        told(row)
