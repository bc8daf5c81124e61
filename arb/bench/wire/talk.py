"""What the three kinds of process of this bench tell each other: lines of JSON on standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

import msgspec

from arb.errors import ArbError

PATIENCE_S = 60.0
LONGEST_LINE = 256 << 20
END_S = 5.0
REWORDED = "?reworded"  # ends the URL of a client that wants `reword.reworded` frames
ASKS = "?answered"  # ends the URL of a client that wants the recorded answers to its subscriptions

T = TypeVar("T")


class Play(msgspec.Struct, frozen=True):
    """One measurement: so many frames of the recording from its beginning.

    rate: frames a second, in bursts of `burst`; 0: as fast as the socket takes them.   port: of the player.
    spin: keep the loop from sleeping.   each: decide on every frame alone, never once for a whole socket read.
    stamps: note when each frame was dealt with; without them nothing disturbs what a frame costs.
    beside: what else a run does meanwhile.   ticks: note how late a timer comes meanwhile.
    """

    frames: int
    rate: int = 0
    burst: int = 1
    port: int = 0
    spin: bool = False
    each: bool = False
    stamps: bool = True
    beside: Literal["", "tape", "journal", "screen"] = ""
    ticks: bool = False


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """A book was handed to whoever watches it, as of the venue's id `seq`."""

    symbol: str
    seq: int
    ns: int


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """Everything up to the stamp number `upto` was decided on."""

    upto: int
    ns: int


class Taken(msgspec.Struct, frozen=True):
    """What a client noted. cpu_ns: of its process from the first frame's sending on.   last_ns: the last book's time.

    looked: books that the scanner was asked about; a book that changed twice within a read is one.
    found: opportunity events that came of it.   grew_kib: of the most memory that was ever resident.
    late_ns: how long after its time each tick of a timer came: what an order or a ping waits for its turn.
    """

    cpu_ns: int
    last_ns: int
    stamps: tuple[Stamp, ...] = ()
    decisions: tuple[Decision, ...] = ()
    looked: int = 0
    found: int = 0
    grew_kib: int = 0
    late_ns: tuple[int, ...] = ()


class Sent(msgspec.Struct, frozen=True):
    """When each frame was handed to the kernel, by its number; one time for all frames of a burst."""

    at_ns: tuple[int, ...]


class Child:
    """Another process of ours that answers lines with lines."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name

    def say(self, what: object) -> None:
        assert self._process.stdin is not None  # asked for a pipe
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")

    async def hear(self, kind: type[T]) -> T:
        """Raises ArbError where that process has failed or says nothing for too long."""
        assert self._process.stdout is not None  # asked for a pipe
        try:
            async with asyncio.timeout(PATIENCE_S):
                return msgspec.json.decode(await self._process.stdout.readline(), type=kind)
        except (TimeoutError, ValueError) as exc:
            raise ArbError(f"the process of {self._name} says nothing of use: {exc!r}") from exc


@asynccontextmanager
async def child(
    module: str, *args: str, core: int | None = None, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Runs `python -m module args`, pinned to a core where that is wanted and can be; ends it when left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *args,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(environ or {})},
    )  # fmt: skip
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {core})
    try:
        yield Child(process, " ".join((module, *args)))
    finally:
        assert process.stdin is not None  # asked for a pipe
        process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def lines() -> asyncio.StreamReader:
    """Our own standard input, for a process that is such a child."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def answer(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()
