"""`arb bench evenness`: how even the time from frame to decision is at a calm pace, and what the collector has to do
with it: garbage settled as a run settles it, against a collector left alone, both among 150,000 live objects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from arb.bench.evenness_client import FROZEN, KINDS, LIVE, Pauses
from arb.bench.frames import record
from arb.bench.machine import Machine, machine
from arb.bench.wire import Stage, Task
from arb.bench.wire.figures import Numbers, Row, row
from arb.bench.wire.sequence import states
from arb.bench.wire.talk import Play, child
from arb.domain import Depth
from arb.interfaces import NativeVenue

RATE = 500  # frames a second
PACE = f"{RATE}/s"
WITHIN = 10.0  # times its p50 that a p99.9 should stay within


class Evenness(msgspec.Struct, frozen=True):
    """pauses: µs of a full collection, medians over the processes."""

    machine: Machine
    rounds: int
    pinned: bool
    rows: tuple[Row, ...]
    pauses: Pauses


async def run(
    rounds: int = 5, *, modules: Sequence[NativeVenue], frames: int = 2_000, seed: int = 1, pin: bool = True
) -> Evenness:
    """frames: of a play. Raises ArbError where a client fails."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pinned = pin and len(cores) >= 2
    player_core, client_core = (cores[0], cores[1]) if pinned else (None, None)
    rows, paused = [], []
    with TemporaryDirectory(prefix="arb-bench-") as folder:
        for module in modules:
            name = module.SPEC.name
            feed = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
            recording = await record(module, feed, frames, seed)
            file = Path(folder) / name
            file.write_bytes(msgspec.msgpack.encode(recording))
            numbers: Numbers = {state: n for n, state in enumerate(states(recording)) if state is not None}
            async with AsyncExitStack() as stack:
                player = await stack.enter_async_context(child("arb.bench.wire.player", str(file), core=player_core))
                port = await player.hear(int)
                clients = {}
                for kind in KINDS:
                    clients[kind] = await stack.enter_async_context(
                        child("arb.bench.evenness_client", kind, str(file), core=client_core)
                    )
                    paused.append(await clients[kind].hear(Pauses))
                stage = Stage(numbers, port, player, clients)
                for number in range(rounds + 1):
                    for kind in KINDS:
                        pace = PACE if number else "warm-up"
                        await stage.do(Task(kind, kind, pace, Play(frames, RATE)))
            rows += [row(name, kind, PACE, frames, stage.taken[kind, PACE]) for kind in KINDS]
    pauses = Pauses(median(each.whole for each in paused), median(each.frozen for each in paused))
    return Evenness(machine(), rounds, pinned, tuple(rows), pauses)


def evenness_lines(report: Evenness) -> Iterator[str]:
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    pinned = "player and client on a core each" if report.pinned else "processes not pinned"
    yield f"frame -> decision at {PACE}, µs, medians of {report.rounds} interleaved rounds, {pinned}"
    yield f"{'venue':7} {'collector':10} {'p50':>7} {'(min..max)':>13} {'p99':>7} {'p99.9':>7} {'worst':>8} p99.9 / p50"
    for each in report.rows:
        spread = each.decided
        if spread is None:
            continue
        least, most = spread.p50_range
        between, times = f"({least:.0f}..{most:.0f})", spread.p999 / spread.p50
        word = ""
        if each.client == FROZEN:
            word = f"; within {WITHIN:g}: {'yes' if times <= WITHIN else 'no'}"
        yield (
            f"{each.venue:7} {each.client:10} {spread.p50:7.0f} {between:>13} {spread.p99:7.0f} {spread.p999:7.0f} "
            f"{spread.worst:8.0f} {times:.1f}{word}"
        )
    yield (
        f"a full collection among {LIVE:,} live objects and the program's own: {report.pauses.whole:,.0f} µs; "
        f"once they are frozen: {report.pauses.frozen:,.0f} µs"
    )
