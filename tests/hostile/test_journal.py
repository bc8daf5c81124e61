"""A journal that something has written over: every question about it is answered, or refused in one line of ours.

Recovery reads it before anything is sent: a bug there would be an engine that starts with a wrong idea of its money.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import note
from hypothesis import strategies as st

from arb import history
from arb.clock import ManualClock
from arb.domain import Fill
from arb.errors import JournalError
from arb.history import lines
from arb.history.page import page
from arb.journal import Records, SqliteJournal
from tests.arb.history.stories import Writer
from tests.arb.journal.facts import WALL_NS, cycle_id, one_of_each
from tests.hostile.fuzzing import fuzz, on_a_leash, outcome
from tests.hostile.mutation import Step, altered_json, damaged, foreign, steps

NOW_NS = WALL_NS + 10**12


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One file: two cycles and one fact of each kind."""
    path = tmp_path_factory.mktemp("journal") / "good.sqlite"
    writer = Writer(path)
    writer.good(1)
    writer.bad(2)
    for fact in one_of_each():
        writer.journal.note(fact)
    writer.close()
    return path.read_bytes()


def questions(records: Records) -> Iterator[Callable[[], Any]]:
    """Everything that anybody asks of a journal: people, the start of an engine, its recovery."""
    yield lambda: [lines.cycle_line(row) for row in history.cycles(records, 0)]
    yield lambda: [lines.order_line(row) for row in history.orders(records, 0, only_open=False)]
    yield lambda: [lines.order_line(row) for row in history.orders(records, 0, only_open=True)]
    yield lambda: lines.explain_line(history.explain(records, "c1"))
    yield lambda: lines.explain_line(history.explain(records, "c2"))
    yield lambda: page(history.report(records, 0, NOW_NS))
    yield lambda: lines.report_csv(history.report(records, 0, NOW_NS))
    yield records.open_cycles
    yield records.baselines
    yield records.balances
    yield records.exposures
    yield records.last_risk
    yield records.last_sent_ns
    yield lambda: [records.owner_of(fill) for fill in records.fills() if isinstance(fill, Fill)]
    yield lambda: [records.answers(sent.order) for sent in records.orders()]
    yield lambda: records.story(cycle_id(2))
    yield lambda: records.began_ns(0)


def answered_or_refused(path: Path) -> tuple[int, bool]:
    """How many questions were answered, and whether an engine may go on writing it."""
    answered = 0
    records, error = outcome(JournalError, lambda: Records(path))
    one_line(error)
    if records is not None:
        with closing(records):
            for ask in questions(records):
                _, error = outcome(JournalError, ask)
                one_line(error)
                answered += error is None
    written, error = outcome(JournalError, lambda: SqliteJournal(path, ManualClock(1, NOW_NS), mode="sim", run="r2"))
    one_line(error)
    if written is not None:
        _, error = outcome(JournalError, written.close)
        one_line(error)
    return answered, written is not None


def one_line(error: JournalError | None) -> None:
    assert "\n" not in str(error)
    assert len(str(error)) < 2_000


def is_json(data: bytes) -> bool:
    """Not any more where the same row was rewritten before."""
    return outcome((ValueError, RecursionError), lambda: msgspec.json.decode(data))[1] is None


def put(folder: Path, data: bytes) -> Path:
    path = folder / "journal.sqlite"
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def test_the_journal_to_begin_with_is_good(journal: bytes, tmp_path: Path) -> None:
    path = put(tmp_path, journal)
    with closing(Records(path)) as records:
        assert answered_or_refused(path) == (len(list(questions(records))), True)


@fuzz(15, doing=steps)
def test_a_damaged_file_is_answered_or_refused(journal: bytes, tmp_path: Path, doing: list[Step]) -> None:
    answered_or_refused(put(tmp_path, damaged(journal, doing)))


COLUMNS = (
    "id",
    "kind",
    "cycle",
    "client_id",
    "venue_id",
    "venue",
    "symbol",
    "coin",
    "mono_ns",
    "wall_ns",
    "count",
    "run",
)


@fuzz(20, doing=steps, rows=st.lists(st.integers(0, 1_000), min_size=1, max_size=4))
def test_rewritten_rows_are_answered_or_refused(
    journal: bytes, tmp_path: Path, doing: list[Step], rows: list[int]
) -> None:
    path = put(tmp_path, journal)
    with closing(sqlite3.connect(path)) as db:
        ids = [id_ for (id_,) in db.execute("SELECT id FROM records")]
        for row, (what, _, which) in zip(rows, doing, strict=False):
            chosen = ids[row % len(ids)]
            if what % 2:
                (body,) = db.execute("SELECT body FROM records WHERE id = ?", (chosen,)).fetchone() or ("{}",)
                good = body.encode(errors="replace") if isinstance(body, str) else b"{}"
                value: Any = (altered_json if is_json(good) else damaged)(good, doing)
                text = value if which % 5 == 0 else value.decode(errors="replace")
                column = "body"
            else:
                column, text = COLUMNS[what % len(COLUMNS)], foreign(which)
            note(f"record {chosen}: {column} = {text!r}"[:3_000])
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                db.execute(f"UPDATE records SET {column} = ? WHERE id = ?", (text, chosen))
        db.commit()
    answered_or_refused(path)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("UPDATE meta SET value = '9' WHERE key = 'schema'", id="a schema to come"),
        pytest.param(f"UPDATE meta SET value = '{'9' * 5_000}' WHERE key = 'schema'", id="a schema of 5000 digits"),
        pytest.param("UPDATE meta SET value = '²' WHERE key = 'schema'", id="a schema that is no number"),
        pytest.param("UPDATE meta SET value = x'ff' WHERE key = 'schema'", id="a schema of bytes"),
        pytest.param("UPDATE meta SET value = x'ff' WHERE key = 'mode'", id="a mode of bytes"),
        pytest.param("UPDATE meta SET value = CAST(x'ff' AS TEXT) WHERE key = 'mode'", id="a mode that is no text"),
        pytest.param("DELETE FROM meta", id="nothing in meta"),
        pytest.param("DROP TABLE records", id="no records"),
        pytest.param("DROP TABLE orders", id="no orders"),
        pytest.param("ALTER TABLE records RENAME COLUMN body TO bodies", id="another column"),
        pytest.param("UPDATE records SET id = 9223372036854775807 WHERE id = 1", id="the last id there is"),
        pytest.param("UPDATE records SET body = x'00ff'", id="bodies of bytes"),
        pytest.param("UPDATE records SET body = CAST(x'ff' AS TEXT)", id="bodies that are no text"),
        pytest.param(f"UPDATE records SET body = '{'[' * 9_999}'", id="bodies nested without end"),
        pytest.param("UPDATE records SET body = 7, kind = 8", id="numbers"),
        pytest.param(
            "DROP TABLE records; CREATE VIEW records AS"
            " WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM r) SELECT id, 'Fill' AS kind, '' AS cycle,"
            " '' AS client_id, '' AS venue_id, '' AS venue, '' AS symbol, '' AS coin, 0 AS mono_ns, 0 AS wall_ns,"
            " '' AS run, 1 AS count, '{}' AS body FROM r",
            id="records without end",
        ),
    ],
)
def test_another_schema_is_refused(journal: bytes, tmp_path: Path, sql: str) -> None:
    path = put(tmp_path, journal)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)
    with on_a_leash(cpu_s=5.0, more_bytes=256 << 20):
        assert answered_or_refused(path) != (17, True)
