"""A bad day of one engine: what our own machine does to it, one after the other, and nothing false, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.ours import faults
from tests.chaos.ours.desk import at_work, rows
from tests.chaos.ours.disk import mountable, small_disk
from tests.chaos.rows import Row

DISK_KIB = 16 << 10


@pytest.mark.timeout(240)
async def test_a_bad_day(tmp_path: Path, told: Callable[[Row], None]) -> None:
    with ExitStack() as stack:
        disk = tmp_path / "data" if mountable(tmp_path / "data") else None
        if disk is not None:
            stack.enter_context(small_disk(disk, DISK_KIB))
        await _a_bad_day(tmp_path, disk, told)


async def _a_bad_day(folder: Path, disk: Path | None, told: Callable[[Row], None]) -> None:
    async with at_work(folder) as desk:
        happened = [
            await faults.locked(desk, 0.5),
            await faults.may_not_grow(desk, 0.5),
            await faults.descriptors(desk, 0.5),
            await faults.clock_forward(desk),
            await faults.clock_back(desk),
            await faults.memory(desk, 0.5),
            await faults.suspended(desk, 2.0),
        ]
        if disk is not None:
            happened.append(await faults.full(desk, disk, 0.5))
        await desk.trades()
        last = await desk.engine.interrupted()
        assert last.code == 130, last.err
        assert "Traceback" not in last.err
        for row in rows(desk, happened, faults.LIMITS):
            told(row)
