"""What `ahead` returned from is there; what is noted comes in order; nobody else writes; errors are one line."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from loguru import logger

from arb.clock import ManualClock
from arb.domain import BookChange, BookState, CycleOpened, Fill, OrderStatus, OrderUpdate, PrivateUp, Refused
from arb.errors import JournalError
from arb.journal import Committed, Left, Records, SqliteJournal
from arb.journal.kinds import KINDS
from tests.arb.journal.facts import BTC, MEXC, cycle_id, fill, legs, opened, refused, update

Read = Callable[[], Records]


def test_ahead_is_committed_when_it_returns_with_all_that_was_noted_before(
    journal: SqliteJournal, records: Read
) -> None:
    journal.note(PrivateUp(MEXC, 5))
    assert list(records().records(KINDS)) == []
    journal.ahead(opened())
    assert [record.fact for record in records().records(KINDS)] == [PrivateUp(MEXC, 5), opened()]


def test_a_write_ahead_leaves_what_it_cost(journal: SqliteJournal, records: Read, clock: ManualClock) -> None:
    journal.ahead(opened())
    assert journal.waiting == 1
    journal.flush()
    ids = tuple(order.client_id for order in legs())
    assert list(records().facts(Committed)) == [Committed(cycle_id(), ids, 0, clock.mono_ns())]


def test_that_orders_have_left_is_noted_and_nothing_else(journal: SqliteJournal, records: Read) -> None:
    journal.ahead(opened())
    for fact in (opened(), PrivateUp(MEXC, 1), "words"):
        journal.on_fact(fact)
    journal.flush()
    assert [left.client_ids for left in records().facts(Left)] == [tuple(order.client_id for order in legs())]
    assert list(records().facts(PrivateUp)) == []


def test_an_order_is_never_written_ahead_twice(journal: SqliteJournal, records: Read) -> None:
    journal.ahead(opened(1))
    journal.note(PrivateUp(MEXC, 5))
    with pytest.raises(JournalError, match="none is sent twice"):
        journal.ahead(opened(1, at_ns=7))
    journal.ahead(opened(2))
    journal.flush()
    assert [r.fact for r in records().records((CycleOpened, PrivateUp))] == [opened(1), PrivateUp(MEXC, 5), opened(2)]


def test_a_record_knows_its_moment_on_both_clocks(journal: SqliteJournal, records: Read, clock: ManualClock) -> None:
    buy, _ = legs()
    clock.advance(5_000)
    journal.note(update(buy, OrderStatus.OPEN, at_ns=clock.mono_ns() - 1_000))
    journal.note(opened(wall_ns=77))
    journal.flush()
    told, began = records().records((OrderUpdate, CycleOpened))
    assert (told.mono_ns, told.wall_ns) == (clock.mono_ns() - 1_000, clock.wall_ns() - 1_000)
    assert (began.mono_ns, began.wall_ns) == (1_000, 77)
    assert (told.run, told.count) == ("r1", 1)


def test_what_nobody_journals_is_passed_over(journal: SqliteJournal) -> None:
    journal.note(BookChange(MEXC, BTC, BookState.LIVE, 1, 0, 0))
    assert journal.waiting == 0


def test_refusals_are_sampled_with_their_count(journal: SqliteJournal, records: Read, clock: ManualClock) -> None:
    for _ in range(1_000):
        journal.note(refused())
    assert journal.waiting == 1
    clock.advance(2_000_000_000)
    journal.flush()
    assert [record.count for record in records().records((Refused,))] == [1, 999]


async def test_run_flushes_and_once_more_at_its_end(journal: SqliteJournal, records: Read) -> None:
    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)
        if len(slept) == 2:
            journal.note(PrivateUp(MEXC, 2))
            raise asyncio.CancelledError

    journal.note(PrivateUp(MEXC, 1))
    with pytest.raises(asyncio.CancelledError):
        await journal.run(sleep)
    assert list(records().facts(PrivateUp)) == [PrivateUp(MEXC, 1), PrivateUp(MEXC, 2)]
    assert slept == [0.02, 0.02]


def test_the_file_is_its_owners_alone(journal: SqliteJournal, path: Path) -> None:
    journal.ahead(opened())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {path.name + end: 0o600 for end in ("", "-wal", "-shm", ".lock", ".reserve")}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_wider_mode_is_narrowed(path: Path, clock: ManualClock) -> None:
    SqliteJournal(path, clock, mode="sim", run="r1").close()
    path.chmod(0o644)
    SqliteJournal(path, clock, mode="sim", run="r2").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_writer_at_a_time(journal: SqliteJournal, path: Path, clock: ManualClock) -> None:
    with pytest.raises(JournalError, match=rf"is being written by process {os.getpid()}: stop that one first"):
        SqliteJournal(path, clock, mode="sim", run="r2")
    journal.close()
    SqliteJournal(path, clock, mode="sim", run="r2").close()


def test_a_journal_serves_one_mode(path: Path, clock: ManualClock) -> None:
    SqliteJournal(path, clock, mode="paper", run="r1").close()
    with pytest.raises(JournalError, match="the journal of paper runs, this one is live: name another file"):
        SqliteJournal(path, clock, mode="live", run="r2")
    SqliteJournal(path, clock, mode="paper", run="r2").close()  # the refusal has let go of it


def test_close_leaves_one_file_and_all_facts(path: Path, clock: ManualClock) -> None:
    journal = SqliteJournal(path, clock, mode="sim", run="r1")
    journal.ahead(opened())
    for _ in range(3):
        journal.note(refused())
    journal.close()
    journal.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]
    with closing(Records(path)) as records:
        assert [record.count for record in records.records((Refused,))] == [1, 2]
    with pytest.raises(JournalError, match="closed"):
        journal.ahead(opened(2))


def test_a_second_run_goes_on_where_the_first_ended(path: Path, clock: ManualClock) -> None:
    for number in (1, 2):
        journal = SqliteJournal(path, clock, mode="sim", run=f"r{number}")
        journal.ahead(opened(number))
        journal.close()
    with closing(Records(path)) as records:
        assert [(r.id, r.run) for r in records.records((CycleOpened,))] == [(1, "r1"), (3, "r2")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"not a database" * 100, "is damaged", id="another kind of file"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 5_000, "is damaged", id="torn behind its header"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(path: Path, clock: ManualClock, content: bytes, says: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalError, match=says) as caught:
        SqliteJournal(path, clock, mode="sim", run="r1")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content  # it is evidence
    with pytest.raises(JournalError, match="cannot be read"):
        Records(path)


def test_pages_that_contradict_each_other_are_found_at_the_start(path: Path, clock: ManualClock) -> None:
    journal = SqliteJournal(path, clock, mode="sim", run="r1")
    for number in range(200):
        journal.ahead(opened(number))
    journal.close()
    data = bytearray(path.read_bytes())
    data[5 * 4096 : 9 * 4096] = os.urandom(4 * 4096)
    path.write_bytes(data)
    with pytest.raises(JournalError, match="is damaged"):
        SqliteJournal(path, clock, mode="sim", run="r2")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written: "):
        SqliteJournal(tmp_path / "file" / "j.sqlite", clock, mode="sim", run="r1")


class TestTrouble:
    """A disk that is full: nothing is sent, nothing is forgotten, and it goes on when there is room."""

    @pytest.fixture
    def full(self, journal: SqliteJournal, path: Path) -> Callable[[bool], None]:
        """The file may not grow, or may again."""

        def limit(on: bool) -> None:
            assert journal._db is not None
            journal._db.execute(f"PRAGMA max_page_count = {1 if on else 1_000_000}")

        return limit

    def test_ahead_raises_and_writes_nothing_of_it(
        self, journal: SqliteJournal, records: Read, full: Callable[[bool], None]
    ) -> None:
        for number in range(20):
            journal.note(fill(legs()[0], f"t{number}", "1", "1"))
        full(True)
        big = tuple(opened(number) for number in range(300))
        with pytest.raises(JournalError, match="cannot be written: database or disk is full"):
            journal.ahead(*big)
        full(False)
        journal.ahead(opened(5_000))
        assert list(records().facts(CycleOpened)) == [opened(5_000)]
        assert sum(1 for _ in records().fills()) == 20  # what waited went with it

    def test_flush_keeps_what_it_could_not_write(
        self, journal: SqliteJournal, records: Read, full: Callable[[bool], None]
    ) -> None:
        said: list[str] = []
        sink = logger.add(lambda message: said.append(message.record["message"]), level="INFO")
        full(True)
        for number in range(300):
            journal.note(fill(legs()[0], f"t{number}", "1", "1"))
        journal.flush()
        journal.flush()
        assert "disk is full" in journal.trouble
        assert journal.waiting == 300
        full(False)
        journal.flush()
        logger.remove(sink)
        assert (journal.trouble, journal.waiting) == ("", 0)
        assert [record.fact.trade_id for record in records().records((Fill,))] == [f"t{n}" for n in range(300)]
        assert ["full" in line for line in said] == [True, False]

    def test_beyond_what_can_be_kept_nothing_may_be_sent(
        self, journal: SqliteJournal, full: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("arb.journal.writer._MOST_WAITING", 300)
        full(True)
        for number in range(301):
            journal.note(fill(legs()[0], f"t{number}", "1", "1"))
        journal.flush()
        full(False)
        with pytest.raises(JournalError, match="1 facts could not be kept"):
            journal.ahead(opened())
        with pytest.raises(JournalError, match="the last 1 facts could not be kept"):
            journal.close()

    def test_a_lock_of_somebody_else_is_not_waited_for_long(self, journal: SqliteJournal, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError, match="locked"):
                journal.ahead(opened())
            other.execute("ROLLBACK")
        journal.ahead(opened())

    def test_a_lock_that_stays_holds_up_the_loop_once(self, journal: SqliteJournal, path: Path) -> None:
        journal.note(PrivateUp(MEXC, 5))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            journal.flush()
            began = time.monotonic()
            for number in range(100):
                journal.flush()
                with pytest.raises(JournalError, match="locked"):
                    journal.ahead(opened(number))
            assert time.monotonic() - began < 5.0  # 200 times a quarter of a second would be 50
            other.execute("ROLLBACK")
        journal.flush()
        assert (journal.trouble, journal.waiting) == ("", 0)
        journal.ahead(opened())

    def test_a_lack_of_memory_is_an_error_like_any_other(
        self, journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def commit(*_args: object) -> None:
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(journal, "_commit", commit)
            journal.note(PrivateUp(MEXC, 5))
            journal.flush()
            assert journal.trouble.endswith("out of memory")
            with pytest.raises(JournalError, match="out of memory"):
                journal.ahead(opened())
        journal.ahead(opened())
        assert journal.trouble == ""


def test_the_log_is_moved_into_the_file_and_begins_anew(path: Path, clock: ManualClock) -> None:
    journal = SqliteJournal(path, clock, mode="sim", run="r1", checkpoint_rows=200)
    log = path.with_name(f"{path.name}-wal")
    number = 0
    try:
        for done, cycles in ((1, 101), (2, 100), (3, 100)):  # the first of all has no Committed before it
            for _ in range(cycles):
                number += 1
                journal.ahead(opened(number))
            for _ in range(2_000):
                if journal.checkpoints[1] == done:
                    break
                threading.Event().wait(0.005)  # for the journal's thread, which is real
            assert journal.checkpoints[1] == done
            assert log.stat().st_size <= 1 << 20  # of more than 3 MiB that went through it
    finally:
        journal.close()
    with closing(Records(path)) as records:
        assert sum(1 for _ in records.facts(CycleOpened)) == number
