"""The other process: simulated exchanges that a benchmark trades with, started and asked from here."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from arb.errors import Transient
from arb.sim.apart import Door, Wanted

START_S = 20.0
END_S = 5.0

T = TypeVar("T")


class Apart:
    """doors: by venue."""

    def __init__(self, process: asyncio.subprocess.Process, doors: Mapping[str, Door]) -> None:
        self.doors = doors
        self._process = process

    async def arrivals(self) -> dict[str, int]:
        """When each order since the last call came to its venue, by client id: on our monotonic clock."""
        _write(self._process, b"\n")
        return await _read(self._process, dict[str, int])


@asynccontextmanager
async def apart(wanted: Wanted) -> AsyncIterator[Apart]:
    """Serves what is wanted, until left. Raises Transient where that process fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "arb.sim.apart",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        _write(process, msgspec.json.encode(wanted) + b"\n")
        yield Apart(process, await _read(process, dict[str, Door]))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _write(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdin is not None  # asked for a pipe
    process.stdin.write(line)


async def _read(process: asyncio.subprocess.Process, kind: type[T]) -> T:
    assert process.stdout is not None  # asked for a pipe
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
        return msgspec.json.decode(line, type=kind)
    except (TimeoutError, ValueError) as exc:  # ValueError: a line that is cut off, or longer than the pipe's buffer
        raise Transient("sim", f"the process of the simulated exchanges says nothing of use: {exc!r}") from exc
