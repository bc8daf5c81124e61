"""`arb bench wire`: frame on the socket -> book watcher called, and -> scanner decided, beside what a user would pick.

Three processes: this one tells the others what to do; the player is a venue that plays a recording; the client is what
is measured. Clients stay up through all rounds, one at a time is at work.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from arb import core
from arb.bench.frames import Recording, fastest, record
from arb.bench.machine import machine
from arb.bench.wire.figures import Numbers, Once, Row, once, quantile, ratio, row
from arb.bench.wire.report import EVEN, Report, lines
from arb.bench.wire.sequence import states
from arb.bench.wire.talk import Child, Play, Sent, Taken, child
from arb.interfaces import NativeVenue

__all__ = ["Report", "lines", "run"]

FLAT, BURST, RATE, SPIN = "flat out", "bursts of 20, 2,000/s", "2,000/s", "2,000/s --spin"
EACH, OVERLOAD = "flat out, each alone", "overload, 2 x that"
BUSY, CALM, IN_BURST = 2_000, 500, 20
TIMES = 2  # what a core carries
RIVALS = ("ccxt", "websockets")
NEEDS = {"websockets": "websockets", "picows": "picows", "ccxt": "ccxt", "cryptofeed": "cryptofeed"}
ONLY = {"cryptofeed": "gateio"}  # speaks no other of the venues here
BESIDE = ("tape", "journal", "screen")
SPINNING = ("native", "pure", "picows")  # ours, and their floor


class Task(NamedTuple):
    """label: the client's in the report."""

    kind: str
    label: str
    pace: str
    play: Play


class Stage:
    """The processes of one venue, and what they have measured so far."""

    def __init__(self, numbers: Numbers, port: int, player: Child, clients: dict[str, Child]) -> None:
        self.taken: dict[tuple[str, str], list[Once]] = {}
        self.frames: dict[tuple[str, str], int] = {}
        self.clients = clients
        self._numbers = numbers
        self._port = port
        self._player = player

    async def do(self, task: Task) -> Once:
        client, play = self.clients[task.kind], msgspec.structs.replace(task.play, port=self._port)
        client.say(play)
        await client.hear(bool)
        self._player.say(play)
        sent, taken = await self._player.hear(Sent), await client.hear(Taken)
        figures = once(play, taken, sent, self._numbers)
        key = (task.label, task.pace)
        self.taken.setdefault(key, []).append(figures)
        self.frames[key] = play.frames
        return figures


async def run(
    rounds: int = 5, *, modules: Sequence[NativeVenue], flat: int = 20_000, paced: int = 2_000, seed: int = 1,
    pin: bool = True,
) -> Report:  # fmt: skip
    """flat, paced: frames of a play without a pace, and with one. Raises ArbError where a client fails."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pinned = pin and len(cores) >= 2
    kinds = ["native", *(() if core.NAME == "pure" else ("pure",)), "picows", *RIVALS, "cryptofeed"]
    missing = [kind for kind in kinds if kind in NEEDS and find_spec(NEEDS[kind]) is None]
    rows: list[Row] = []
    ratios: dict[str, float] = {}
    pure: dict[str, float] = {}
    with TemporaryDirectory(prefix="arb-bench-") as folder:
        for module in modules:
            venue = module.SPEC.name
            recording = await record(module, fastest(module.SPEC), flat, seed)
            file = Path(folder) / venue
            file.write_bytes(msgspec.msgpack.encode(recording))
            here = [kind for kind in kinds if kind not in missing and ONLY.get(kind, venue) == venue]
            async with AsyncExitStack() as stack:
                player = await stack.enter_async_context(
                    child("arb.bench.wire.player", str(file), core=cores[0] if pinned else None)
                )
                port = await player.hear(int)
                clients = {}
                for kind in here:
                    clients[kind] = await stack.enter_async_context(
                        child(
                            "arb.bench.wire.clients",
                            kind,
                            str(file),
                            core=cores[1] if pinned else None,
                            environ={core.SWITCH: "1"} if kind == "pure" else {},
                        )
                    )
                stage = Stage(_numbers(recording), port, player, clients)
                for kind in here:  # the first play of a process pays for what it imports
                    await stage.do(Task(kind, "warm-up", kind, Play(min(flat, paced), stamps=False)))
                for _ in range(rounds):
                    for task in _tasks(here, flat, min(flat, paced)):
                        await stage.do(task)
                    await _overload(stage, flat)
            rows += [
                row(venue, label, pace, stage.frames[label, pace], plays)
                for (label, pace), plays in stage.taken.items()
                if label != "warm-up"
            ]
            ratios.update(_ratios(venue, stage, "native"))
            if "pure" in here:
                pure.update(_ratios(venue, stage, "pure"))
    notes = tuple(f"{kind}: not installed (pip install 'arb[bench]')" for kind in missing)
    return Report(machine(), rounds, pinned, tuple(rows), ratios, pure, notes)


def _tasks(kinds: Sequence[str], flat: int, paced: int) -> list[Task]:
    """One round: what is compared stands side by side."""
    burst, rate = Play(paced, BUSY, IN_BURST), Play(paced, BUSY)
    tasks = [Task(kind, kind, FLAT, Play(flat, stamps=False)) for kind in kinds]
    tasks += [Task(kind, kind, BURST, burst) for kind in kinds]
    tasks += [Task(kind, kind, RATE, rate) for kind in kinds]
    tasks += [Task(kind, kind, SPIN, Play(paced, BUSY, spin=True)) for kind in kinds if kind in SPINNING]
    for what in BESIDE:
        beside = f"native + {what}"
        tasks.append(Task("native", beside, FLAT, Play(flat, stamps=False, beside=what)))  # type: ignore[arg-type]
        tasks.append(Task("native", beside, RATE, Play(paced, BUSY, beside=what)))  # type: ignore[arg-type]
    tasks.append(Task("native", "native", EVEN, Play(max(1, paced // 2), CALM)))
    return tasks


async def _overload(stage: Stage, flat: int) -> None:
    """Twice what a core carries that decides on every frame alone. Its rate differs from round to round."""
    carried = await stage.do(Task("native", "native", EACH, Play(flat, stamps=False, each=True)))
    rate = max(1, round(carried.frames_per_s * TIMES))
    await stage.do(Task("native", "native", OVERLOAD, Play(flat, rate, IN_BURST, ticks=True)))


def _numbers(recording: Recording) -> Numbers:
    return {state: number for number, state in enumerate(states(recording)) if state is not None}


def _ratios(venue: str, stage: Stage, mine: str) -> dict[str, float]:
    """As far as the rivals of this run allow. mine: which form of ours."""
    taken = stage.taken
    ours, ccxt, floor = ([p.cpu_us for p in taken.get((name, FLAT), ())] for name in (mine, "ccxt", "picows"))
    found = {}
    if ccxt:
        found[f"wire-cpu-ccxt {venue}"] = ratio(ours, ccxt)
        for name, pace, theirs, share in (
            ("wire-burst-p50", BURST, BURST, 0.5),
            ("wire-spin-p50", SPIN, RATE, 0.5),
            ("wire-spin-p99", SPIN, RATE, 0.99),
        ):
            decided = [quantile(sorted(play.decided), share) for play in taken[mine, pace]]
            other = [quantile(sorted(play.book), share) for play in taken["ccxt", theirs]]
            found[f"{name} {venue}"] = ratio(decided, other)
    if floor:
        found[f"wire-cpu-floor {venue}"] = ratio(ours, floor)
    return found
