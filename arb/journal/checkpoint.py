"""Moves what the write-ahead log holds into the journal's file, on a thread with a connection of its own.

On the loop's connection this would cost two fsyncs in the middle of a commit. A log that is wholly moved begins anew
with the next write, which must then fsync its header: that write is made here too, and for as long as it takes nobody
else can write. So all of it waits for a quiet moment, in which no order is being written ahead.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from loguru import logger

_OVERDUE = 16  # times the rows that ask for a checkpoint: then it waits for no quiet moment
_TRIES = 3  # each moves what was appended during the one before
_FEW = 8  # pages: a log that has just begun
_LOG_BYTES = 1 << 20  # of the log's file, kept when it begins anew


class Checkpointer:
    """rows: so many written ask for a checkpoint.   quiet_s: no order ahead for so long is a quiet moment.

    restarting: a short write of its own holds the file, while this is so.
    done: checkpoints that moved all there was.   moves: how often something was moved.
    """

    def __init__(self, path: Path, rows: int, quiet_s: float) -> None:
        self.restarting = False
        self.done = 0
        self.moves = 0
        self._path = path
        self._rows = rows
        self._quiet_s = quiet_s
        self._written = 0  # since the last one that was done
        self._aheads = 0
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def wrote(self, rows: int, *, ahead: bool) -> None:
        """So many were committed. ahead: orders wait for it."""
        self._aheads += ahead
        self._written += rows
        if self._written >= self._rows:
            self._wanted.set()

    def close(self) -> None:
        self._stopping.set()
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
        with closing(db):
            for pragma in ("synchronous = NORMAL", "wal_autocheckpoint = 0", f"journal_size_limit = {_LOG_BYTES}"):
                db.execute(f"PRAGMA {pragma}")
            while True:
                self._wanted.wait()
                before = self._aheads
                if self._stopping.wait(self._quiet_s):
                    return
                if before == self._aheads or self._written >= _OVERDUE * self._rows:
                    self._wanted.clear()
                    if self._checkpoint(db):
                        self._written = 0
                    else:
                        self._wanted.set()

    def _checkpoint(self, db: sqlite3.Connection) -> bool:
        """Whether the log was wholly moved and has begun anew."""
        try:
            for _ in range(_TRIES):
                frames, moved = _move(db)
                self.moves += 1
                if frames == moved and self._write(db) and _move(db)[0] < max(frames, _FEW):
                    self.done += 1
                    return True
        except sqlite3.Error as exc:
            logger.warning("the journal's log could not be moved into its file and grows: {}", exc)
            return True  # the next rows ask again: a full disk is not asked twenty times a second
        return False

    def _write(self, db: sqlite3.Connection) -> bool:
        """The first write after a checkpoint begins the log anew, unless the loop's came first."""
        self.restarting = True
        try:
            db.execute("INSERT INTO meta VALUES ('checkpoints', '1') ON CONFLICT DO UPDATE SET value = value + 1")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False  # the loop writes just now
        finally:
            self.restarting = False
        return True


def _move(db: sqlite3.Connection) -> tuple[int, int]:
    """Pages in the log, and how many of them are in the file; waits for nobody."""
    _, frames, moved = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return frames, moved
