"""A journal knows its schema: an older one is brought up, a newer or foreign one is refused with the cure."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arb.clock import ManualClock
from arb.errors import JournalError
from arb.journal import Records, SqliteJournal
from arb.journal.schema import STEPS, check, migrate, read_meta

BORN = {"created": "5", "arb": "0.1", "mode": "sim"}
NEXT = {**STEPS, max(STEPS) + 1: ("ALTER TABLE records ADD COLUMN note TEXT", "CREATE TABLE extra (x)")}
BROKEN = {**STEPS, max(STEPS) + 1: ("CREATE TABLE extra (x)", "CREATE TABLE records (x)")}


def db_at(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_file_says_what_it_is(tmp_path: Path) -> None:
    with db_at(tmp_path / "j") as db:
        migrate(db, tmp_path / "j", BORN)
        assert read_meta(db) == {**BORN, "schema": str(max(STEPS))}
        assert tables(db) == {"meta", "records", "orders"}


def test_an_older_one_is_brought_up_and_keeps_its_birth(tmp_path: Path) -> None:
    with db_at(tmp_path / "j") as db:
        migrate(db, tmp_path / "j", BORN)
        with pytest.raises(JournalError, match="the next 'arb run' brings it there"):
            check(db, tmp_path / "j", NEXT)
        migrate(db, tmp_path / "j", {**BORN, "created": "6"}, NEXT)
        assert read_meta(db) == {**BORN, "schema": str(max(NEXT))}
        assert "extra" in tables(db)
        migrate(db, tmp_path / "j", BORN, NEXT)  # nothing is done twice


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    with db_at(tmp_path / "j") as db:
        migrate(db, tmp_path / "j", BORN)
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            migrate(db, tmp_path / "j", BORN, BROKEN)
        assert read_meta(db)["schema"] == str(max(STEPS))
        assert "extra" not in tables(db)


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        pytest.param(("CREATE TABLE mine (x)",), "no journal of arb: name another file", id="somebody else's database"),
        pytest.param(
            ("CREATE TABLE meta (key, value)", "INSERT INTO meta VALUES ('schema', '99'), ('arb', '7.0')"),
            "of schema 99, of arb 7.0 or newer: use that one",
            id="of a newer arb",
        ),
        pytest.param(("CREATE TABLE meta (key, value)",), "no journal of arb", id="a schema that is not told"),
    ],
)
def test_what_is_not_ours_is_neither_read_nor_written(tmp_path: Path, statements: tuple[str, ...], says: str) -> None:
    path = tmp_path / "j"
    with db_at(path) as db:
        for statement in statements:
            db.execute(statement)
    for use in (lambda: Records(path), lambda: SqliteJournal(path, ManualClock(), mode="sim", run="r")):
        with pytest.raises(JournalError, match=says) as caught:
            use()
        assert "\n" not in str(caught.value)
