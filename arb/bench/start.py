"""`arb bench start`: from process start to the first LIVE book and the first decision, cold and warm; and `arb --help`.

Cold: nothing is known of the venues' markets, fees and networks. Warm: it was read a moment ago and is in the cache.
The venues are the simulated ones, in a process of their own: over the internet the metadata phase of a cold start
takes as long as the venues take to answer, and a warm one asks them nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic_ns

import msgspec

from arb.bench import start_child
from arb.bench.apart import apart
from arb.bench.machine import Machine, machine
from arb.bench.start_child import Reached
from arb.bench.start_child import Wanted as Start
from arb.errors import ArbError
from arb.sim.apart import Wanted

SYMBOLS = 60
VENUES = ("mexc", "gateio")
PATIENCE_S = 60.0


class Times(msgspec.Struct, frozen=True):
    """ms since the process was started; metadata: of that phase alone."""

    imported: float
    metadata: float
    live: float
    decided: float


class StartRow(msgspec.Struct, frozen=True):
    """Medians over the rounds; (least, most) of the last moment."""

    name: str
    imported_ms: float
    metadata_ms: float
    live_ms: float
    decided_ms: float
    range_ms: tuple[float, float]


class StartReport(msgspec.Struct, frozen=True):
    """help_ms: of `arb --help`, from process start to its end, with (least, most)."""

    machine: Machine
    rounds: int
    symbols: int
    rows: tuple[StartRow, ...]
    help_ms: float
    help_range_ms: tuple[float, float]
    ratios: dict[str, float]


async def run(rounds: int = 5, *, symbols: int = SYMBOLS, seed: int = 1) -> StartReport:
    """A cold and a warm start in turn. Raises ArbError where a start fails."""
    cold: list[Times] = []
    warm: list[Times] = []
    helped: list[float] = []
    async with apart(Wanted(seed, symbols, 0.0, 1.0, VENUES, {})) as other:
        urls = {name: (door.rest_url, door.ws_url) for name, door in other.doors.items()}
        with TemporaryDirectory(prefix="arb-bench-") as folder:
            for _ in range(rounds):
                cache = Path(folder) / "cache"
                shutil.rmtree(cache, ignore_errors=True)
                start = msgspec.json.encode(Start(urls, str(cache))) + b"\n"
                cold.append(await _started(start))
                warm.append(await _started(start))
                helped.append(await _helped())
    ratios = {
        "start-warm": _ratio([t.decided for t in warm], [t.decided for t in cold]),
        "start-metadata": _ratio([t.metadata for t in warm], [t.metadata for t in cold]),
    }
    rows = (_row("cold", cold), _row("warm", warm))
    return StartReport(machine(), rounds, symbols, rows, median(helped), (min(helped), max(helped)), ratios)


def start_lines(report: StartReport) -> Iterator[str]:
    """The machine, then a row a kind of start."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)
    yield (
        f"ms since process start; medians of {report.rounds} interleaved rounds; {report.symbols} simulated symbols at "
        f"{len(VENUES)} venues on this machine"
    )
    yield f"{'start':6} {'imported':>9} {'metadata phase':>15} {'first LIVE book':>16} {'first decision':>15} (range)"
    for row in report.rows:
        least, most = row.range_ms
        yield (
            f"{row.name:6} {row.imported_ms:9.0f} {row.metadata_ms:15.1f} {row.live_ms:16.0f} {row.decided_ms:15.0f} "
            f"({least:.0f}..{most:.0f})"
        )
    least, most = report.help_range_ms
    yield f"arb --help: {report.help_ms:.0f} ({least:.0f}..{most:.0f})"
    for name, ratio in report.ratios.items():
        yield f"{name}: {ratio:.3g}"


async def _started(start: bytes) -> Times:
    out, began = await _process((start_child.__file__,), start)  # by its file: other benches are no part of a start
    try:
        reached = msgspec.json.decode(out, type=Reached)
    except msgspec.DecodeError as exc:
        raise ArbError(f"a start has failed: {exc}") from exc
    return Times(
        (reached.imported - began) / 1e6, (reached.known - reached.asked) / 1e6, (reached.live - began) / 1e6,
        (reached.decided - began) / 1e6,
    )  # fmt: skip


async def _helped() -> float:
    _, began = await _process(("-m", "arb.cli", "--help"), b"")
    return (monotonic_ns() - began) / 1e6


async def _process(args: tuple[str, ...], said: bytes) -> tuple[bytes, int]:
    """What it wrote, and when it was started. Raises ArbError where it fails."""
    began = monotonic_ns()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *args, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await process.communicate(said)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ArbError(f"{' '.join(args)} has not ended within {PATIENCE_S:g} s") from None
    if process.returncode:
        raise ArbError(f"{' '.join(args)} has ended with {process.returncode}")
    return out, began


def _row(name: str, times: list[Times]) -> StartRow:
    decided = [each.decided for each in times]
    return StartRow(
        name,
        round(median(each.imported for each in times), 1),
        round(median(each.metadata for each in times), 2),
        round(median(each.live for each in times), 1),
        round(median(decided), 1),
        (round(min(decided), 1), round(max(decided), 1)),
    )


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return round(median(a / b for a, b in zip(ours, theirs, strict=True)), 4)
