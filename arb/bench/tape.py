"""`arb bench tape`: what a taped frame costs the loop, what it costs the tape's thread, and how much room it takes.

On frames of the simulated exchanges, in socket reads of one frame and of eight. Beside it what tapes were before:
a record object for each frame, blocks of 512 of them as msgpack, zlib at its first level.
"""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time_ns, thread_time_ns
from typing import Protocol

import msgspec

from arb.bench.frames import record
from arb.bench.machine import Machine, machine
from arb.clock import ManualClock
from arb.domain import Depth, VenueId
from arb.interfaces import NativeVenue
from arb.tape import Kind, Record, Run, TapeWriter

READS = (1, 8)  # frames in a socket read
RECORDED = 5_000  # frames, told again and again
_OLD_BLOCK = 512
_STEP_NS = 50_000  # 20,000 reads a second


class TapePath(msgspec.Struct, frozen=True):
    """µs a frame, medians of the rounds; (least, most) of the loop's.   bytes: of the file, a frame."""

    name: str
    read: int
    loop_us: float
    loop_range_us: tuple[float, float]
    thread_us: float
    bytes: float


class TapeResult(msgspec.Struct, frozen=True):
    """size: bytes of a frame, as it came."""

    venue: str
    size: float
    paths: tuple[TapePath, ...]


class TapeCost(msgspec.Struct, frozen=True):
    machine: Machine
    rounds: int
    frames: int
    results: tuple[TapeResult, ...]


class Writes(Protocol):
    """The part of a tape that a socket talks to."""

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None: ...

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None: ...

    def close(self) -> None: ...


class Records:
    """As tapes were written: the loop makes the records, the thread encodes, packs and writes them."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._pending: list[Record] = []
        self._queue: queue.Queue[list[Record] | None] = queue.Queue(maxsize=1024)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None:
        self._add(Record(Kind.FRAME, recv_ns, venue, conn, "", data))

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None:
        self._add(Record(Kind.IDLE, recv_ns, venue, conn))

    def close(self) -> None:
        self._queue.put(self._pending)
        self._queue.put(None)
        self._thread.join()
        self._file.close()

    def _add(self, made: Record) -> None:
        self._pending.append(made)
        if len(self._pending) >= _OLD_BLOCK:
            self._queue.put(self._pending)
            self._pending = []

    def _write(self) -> None:
        encode = msgspec.msgpack.Encoder().encode
        while (block := self._queue.get()) is not None:
            packed = zlib.compress(encode(block), 1)
            self._file.write(len(packed).to_bytes(4, "little") + zlib.crc32(packed).to_bytes(4, "little") + packed)
            self._file.flush()


def _new(path: Path) -> Writes:
    return TapeWriter(path, ManualClock(1), Run(0, 0, (), {}))


PATHS = {"tape": _new, "as it was": Records}


async def run(rounds: int = 5, *, modules: Sequence[NativeVenue], frames: int = 20_000, seed: int = 1) -> TapeCost:
    """frames: of each measurement, of each venue's deepest feed."""
    results = []
    with TemporaryDirectory(prefix="arb-bench-") as folder:
        for module in modules:
            feed = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
            recording = await record(module, feed, min(frames, RECORDED), seed)
            told = list(islice(cycle(recording.frames), frames))
            taken: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
            for number in range(rounds):
                for read in READS:
                    for name, make in PATHS.items():
                        path = Path(folder) / f"{module.SPEC.name} {number} {name} {read}"
                        made = make(path)
                        spent = measured(made, VenueId(module.SPEC.name), told, read)
                        taken.setdefault((name, read), []).append((*spent, path.stat().st_size / frames))
                        path.unlink()
            size = sum(map(len, told)) / frames
            results.append(TapeResult(module.SPEC.name, round(size, 1), tuple(map(_path, taken, taken.values()))))
    return TapeCost(machine(), rounds, frames, tuple(results))


def measured(tape: Writes, venue: VenueId, frames: Sequence[bytes], read: int) -> tuple[float, float]:
    """CPU of the loop's thread, and of all others, in µs a frame. Closes the tape."""
    ours, all_ns = thread_time_ns(), process_time_ns()
    now_ns, left = 1, read
    for data in frames:
        tape.frame(venue, 1, data, now_ns)
        left -= 1
        if not left:
            tape.idle(venue, 1, now_ns)
            now_ns, left = now_ns + _STEP_NS, read
    loop_ns = thread_time_ns() - ours
    tape.close()
    whole_ns = process_time_ns() - all_ns
    return loop_ns / 1e3 / len(frames), (whole_ns - loop_ns) / 1e3 / len(frames)


def tape_lines(report: TapeCost) -> Iterator[str]:
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield f"CPU of a taped frame, µs, medians of {report.rounds} interleaved rounds of {report.frames:,} frames"
    yield f"{'venue':7} {'path':10} {'frames a read':>13} {'loop':>6} {'(min..max)':>13} {'thread':>7} {'bytes':>7}"
    for result in report.results:
        for path in result.paths:
            least, most = path.loop_range_us
            spread = f"({least:.2f}..{most:.2f})"
            yield (
                f"{result.venue:7} {path.name:10} {path.read:13} {path.loop_us:6.2f} {spread:>13} "
                f"{path.thread_us:7.2f} {path.bytes:7.1f}"
            )
        yield f"{result.venue}: a frame has {result.size:,.0f} bytes"


def _path(name_read: tuple[str, int], taken: Sequence[tuple[float, float, float]]) -> TapePath:
    loop, thread, size = zip(*taken, strict=True)
    return TapePath(
        *name_read, round(median(loop), 3), (round(min(loop), 3), round(max(loop), 3)), round(median(thread), 3),
        round(median(size), 1),
    )  # fmt: skip
