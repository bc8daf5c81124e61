"""A journal that is open, and a way to read what it has committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from arb.clock import ManualClock
from arb.journal import Records, SqliteJournal
from tests.arb.journal.facts import WALL_NS


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(10_000, WALL_NS + 10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "arb" / "journal-sim.sqlite"


@pytest.fixture
def journal(path: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path, clock, mode="sim", run="r1")
    yield journal
    journal.close()


@pytest.fixture
def records(path: Path, journal: SqliteJournal) -> Iterator[Callable[[], Records]]:
    """Each call opens the file anew, beside its writer."""
    with ExitStack() as stack:

        def read() -> Records:
            found = Records(path)
            stack.callback(found.close)
            return found

        yield read
