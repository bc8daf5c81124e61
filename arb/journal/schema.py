"""The tables of a journal, and how a file of an older schema becomes one of this."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from arb.errors import JournalError

# What comes of a damaged file: SQLite's own errors, and their texts, which may repeat names that are no UTF-8.
DAMAGE = (sqlite3.Error, UnicodeError)
_SCHEMA_DIGITS = 6

Steps = Mapping[int, tuple[str, ...]]

# records: append-only.   mono_ns: the fact's own moment on our monotonic clock, wall_ns: the same as wall time.
# count: how many of its like this row stands for.   orders: every order that was ever written ahead, once.
STEPS: Steps = {
    1: (
        "CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, cycle TEXT, client_id TEXT, venue_id TEXT,"
        " venue TEXT, symbol TEXT, coin TEXT, mono_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL, run TEXT NOT NULL,"
        " count INTEGER NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX by_kind ON records (kind, wall_ns)",
        "CREATE INDEX by_cycle ON records (cycle) WHERE cycle IS NOT NULL",
        "CREATE INDEX by_client_id ON records (client_id) WHERE client_id IS NOT NULL",
        # a venue may tell a fill without our id: its order's id there ties it to us
        "CREATE INDEX by_venue_id ON records (venue, venue_id) WHERE venue_id IS NOT NULL",
        "CREATE TABLE orders (client_id TEXT PRIMARY KEY, cycle TEXT NOT NULL, venue TEXT NOT NULL,"
        " symbol TEXT NOT NULL, record INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX orders_by_cycle ON orders (cycle)",
    ),
}
_META = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


def migrate(db: sqlite3.Connection, path: Path, born: Mapping[str, str], steps: Steps = STEPS) -> None:
    """Bring the file to the newest of `steps`, whole or not at all.

    born: what `meta` says of a file that is new.   Raises JournalError for a newer schema and for somebody else's file,
    sqlite3.Error where the file cannot be written.
    """
    newest = max(steps)
    db.execute("BEGIN IMMEDIATE")
    try:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "meta" not in tables:
            raise _foreign(path)
        db.execute(_META)
        if not tables:
            db.executemany("INSERT INTO meta VALUES (?, ?)", [*born.items(), ("schema", "0")])
        now = _schema(read_meta(db), path)
        if now > newest:
            raise _newer(path, now, read_meta(db))
        for step in range(now + 1, newest + 1):
            for statement in steps[step]:
                db.execute(statement)
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(newest),))
        _require_shape(db, path, steps)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def check(db: sqlite3.Connection, path: Path, steps: Steps = STEPS) -> Mapping[str, str]:
    """What `meta` says, of a file that can be read as it is. Raises JournalError, sqlite3.Error."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").fetchone():
        raise _foreign(path)
    meta = read_meta(db)
    schema, newest = _schema(meta, path), max(steps)
    if schema > newest:
        raise _newer(path, schema, meta)
    if schema < newest:
        raise JournalError(f"{path} is of schema {schema}, this arb reads {newest}: the next 'arb run' brings it there")
    _require_shape(db, path, steps)
    return meta


def read_meta(db: sqlite3.Connection) -> Mapping[str, str]:
    return dict(db.execute("SELECT key, value FROM meta").fetchall())


def _schema(meta: Mapping[str, str], path: Path) -> int:
    text = meta.get("schema", "")
    if not all(isinstance(value, str) for value in meta.values()):  # SQLite keeps bytes in any column
        raise _foreign(path)
    if not (text.isascii() and text.isdecimal() and len(text) <= _SCHEMA_DIGITS):
        raise _foreign(path)
    return int(text)


def _require_shape(db: sqlite3.Connection, path: Path, steps: Steps) -> None:
    """Nothing but what our steps have made: no view in a table's place, which may have rows without end, no trigger."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        model.execute(_META)
        for step in sorted(steps):
            for statement in steps[step]:
                model.execute(statement)
        if _shape(db) != _shape(model):
            raise JournalError(f"{path} has other tables than a journal: keep it, and name another file")


def _shape(db: sqlite3.Connection) -> set[tuple[str, str, str]]:
    return set(db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))


def _foreign(path: Path) -> JournalError:
    return JournalError(f"{path} is no journal of arb: name another file with --journal or [journal] path")


def _newer(path: Path, schema: int, meta: Mapping[str, str]) -> JournalError:
    return JournalError(
        f"{path} is of schema {schema}, of arb {meta.get('arb', '?')} or newer: use that one, or name another journal"
    )
