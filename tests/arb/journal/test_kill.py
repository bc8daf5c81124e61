"""A writer that is killed at any moment has lost nothing that `ahead` returned from, and torn nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from arb.clock import ManualClock, SystemClock
from arb.domain import CycleOpened
from arb.journal import Records, SqliteJournal
from tests.arb.journal.facts import cycle_id, legs, opened

ROOT = Path(__file__).parents[3]
WRITER = """
import os, sys
from pathlib import Path
from arb.clock import SystemClock
from arb.journal import SqliteJournal
from tests.arb.journal.facts import fill, legs, opened

journal = SqliteJournal(Path(sys.argv[1]), SystemClock(), mode="sim", run="killed", checkpoint_rows=100)
for number in range(1_000_000):
    journal.ahead(opened(number))
    os.write(1, b"%d\\n" % number)
    for order in legs(number):
        journal.note(fill(order, f"t{number}", "0.01", "100"))
    if number % 3 == 0:
        journal.flush()
"""


@pytest.mark.parametrize("lines", [1, 60, 251, 700])
def test_kill(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "j.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(lines)]
        with closing(Records(path)) as beside:  # a reader while it is written
            assert sum(1 for _ in beside.facts(CycleOpened)) >= lines
        writer.send_signal(signal.SIGKILL)
        told += map(int, writer.stdout.read().split())
    with closing(Records(path)) as records:
        kept = [fact.cycle for fact in records.facts(CycleOpened)]
        assert kept[: len(told)] == [cycle_id(number) for number in told]
        assert len(kept) <= len(told) + 1  # one may have been committed and not been told
        assert [fact.cycle for fact in records.open_cycles()] == kept
    journal = SqliteJournal(path, SystemClock(), mode="sim", run="next")  # its lock ended with it
    journal.ahead(opened(2_000_000))
    journal.close()


def test_a_reader_sees_whole_commits_only(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = SqliteJournal(path, ManualClock(), mode="sim", run="r")
    with closing(Records(path)) as records:
        begun = records.facts(CycleOpened)
        assert next(begun, None) is None
        for number in range(3):
            journal.ahead(opened(number))
            assert [order.order for order in records.orders()][-2:] == list(legs(number))
        first = records.facts(CycleOpened)
        assert next(first).cycle == cycle_id(0)
        journal.ahead(opened(3))
        assert [fact.cycle for fact in first] == [cycle_id(1), cycle_id(2)]  # a look in progress stays what it was
    journal.close()
