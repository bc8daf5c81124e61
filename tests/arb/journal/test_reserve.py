"""A full disk stops what is new; what is open is still written down, in room that was kept for it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arb.clock import ManualClock
from arb.domain import CycleOpened, OrderSent, PrivateUp, Purpose, RiskMoved, RiskState
from arb.errors import JournalError
from arb.journal import Records, SqliteJournal
from arb.journal.reserve import AGAIN_NS, SIZE
from tests.arb.journal.facts import MEXC, WALL_NS, cycle_id, opened, order, risk_moved
from tests.chaos.ours.disk import fill, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", (SIZE >> 10) + 2_048) as folder:
        yield folder


@pytest.fixture
def journal(disk: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    made = SqliteJournal(disk / "j.sqlite", clock, mode="sim", run="r1")
    yield made
    made.close()


def hedge(number: int) -> OrderSent:
    return OrderSent(cycle_id(1), order(f"arb-1-{number}"), Purpose.REVERSE, 1, 5, WALL_NS)


def begin(journal: SqliteJournal, numbers: range) -> None:
    for number in numbers:
        journal.ahead(opened(number))


def kept(journal: SqliteJournal, kind: type) -> list:
    with closing(Records(journal.path)) as records:
        return list(records.facts(kind))


def test_nothing_new_begins_and_what_is_open_is_hedged(journal: SqliteJournal, disk: Path, clock: ManualClock) -> None:
    journal.ahead(opened(1))
    hog = fill(disk)
    with pytest.raises(JournalError, match="the disk is full, and what is left of it is for what is open"):
        begin(journal, range(2, 200))  # what room there is in the log is used up first
    for number in range(3, 43):
        journal.ahead(hedge(number))
    assert [sent.order.client_id for sent in kept(journal, OrderSent)] == [f"arb-1-{n}" for n in range(3, 43)]
    journal.note(PrivateUp(MEXC, 5))
    journal.flush()
    assert journal.waiting, "what is not urgent waits"
    journal.note(risk_moved(RiskState.HALTED, "halt"))
    journal.flush()
    assert not journal.waiting
    assert [moved.limit for moved in kept(journal, RiskMoved)] == ["halt"], "a person's word is kept"
    assert "the disk is full" in journal.trouble

    hog.unlink()
    clock.advance(AGAIN_NS)
    journal.note(PrivateUp(MEXC, 6))
    journal.flush()
    assert (journal.trouble, journal.waiting) == ("", 0)
    journal.ahead(opened(500))
    assert kept(journal, CycleOpened)[-1] == opened(500)


def test_a_journal_that_ends_on_a_full_disk_has_everything(disk: Path, clock: ManualClock) -> None:
    journal = SqliteJournal(disk / "j.sqlite", clock, mode="sim", run="r1")
    journal.ahead(opened(1))
    fill(disk)
    for number in range(2, 200):
        journal.note(PrivateUp(MEXC, number))
        journal.flush()
    assert journal.waiting
    journal.close()
    assert len(kept(journal, PrivateUp)) == 198
    assert not (disk / "j.sqlite.reserve").exists()


def test_there_is_no_start_without_room(disk: Path, clock: ManualClock) -> None:
    fill(disk, leave=1 << 20)
    with pytest.raises(JournalError, match="cannot be written: No space left on device"):
        SqliteJournal(disk / "j.sqlite", clock, mode="sim", run="r1")


def test_whoever_notices_first_that_nothing_can_be_written_tells(path: Path, clock: ManualClock) -> None:
    journal = SqliteJournal(path, clock, mode="sim", run="r1")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, hard))  # no file may grow: not even the reserve may come back
    try:
        with pytest.raises(JournalError, match="disk I/O error"):
            begin(journal, range(100))
        assert journal.trouble.endswith("cannot be written: disk I/O error")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.note(PrivateUp(MEXC, 5))
    clock.advance(AGAIN_NS)
    journal.flush()
    assert (journal.trouble, journal.waiting) == ("", 0)
    journal.close()
