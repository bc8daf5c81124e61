"""The journal as it is written. One connection, on the loop's thread; what may wait for a disk is on another thread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from loguru import logger

from arb.bounded import shown
from arb.domain import ClientId, CycleId, CycleOpened, Fact, Order, Refused, RiskMoved
from arb.errors import JournalError
from arb.interfaces import Clock
from arb.journal import kinds
from arb.journal.checkpoint import Checkpointer
from arb.journal.lock import Lock
from arb.journal.reserve import Reserve
from arb.journal.sampling import SECOND_NS, Sampler
from arb.journal.schema import DAMAGE, migrate, read_meta

Synchronous = Literal["NORMAL", "FULL"]
Noted = tuple[Fact, int, int, int]  # the fact, its monotonic and its wall time, how many it stands for

_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ORDER = "INSERT INTO orders VALUES (?, ?, ?, ?, ?)"
_KNOWN_ORDER = "INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_BUSY_S = 0.25  # somebody else's lock may hold up the loop for so long, once; until it is gone nothing waits for it
_LAST_ID = 1 << 62
_MOST_WAITING = 200_000  # facts kept while the file cannot be written; beyond, nothing may be sent any more
_FAILED = (sqlite3.Error, MemoryError)  # the latter is how SQLite's own lack of memory arrives here


class SqliteJournal:
    """Keeps the `Journal` contract in one SQLite file (WAL, synchronous=NORMAL).

    What `ahead` has returned from survives the death of the process at any moment; a power cut may take the last
    seconds, but tears nothing. What was noted is committed by `flush`, which `run` calls every `flush_s`; what a killed
    process had not flushed, the venues still know. The file is its owner's alone, and has one writer.

    mode: of the run; a journal serves one.   run: names this run in each row.
    checkpoint_rows: so many rows ask for a checkpoint; it waits until no order was written ahead for quiet_s.
    Where the disk is full, a reserve beside the file is given up: nothing new begins then, but what is open can be
    hedged, and a halt is remembered; the rest waits until the reserve could be taken back.
    synchronous: FULL survives a power cut too, for an fsync in every commit (see `arb bench journal`).
    Refusals are sampled: one each `refusals_s` for each limit, with the number it stands for.
    Raises JournalError for a file that is locked, damaged, foreign, newer, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        mode: str,
        run: str,
        flush_s: float = 0.02,
        refusals_s: float = 1.0,
        checkpoint_rows: int = 2_000,
        quiet_s: float = 0.1,
        synchronous: Synchronous = "NORMAL",
    ) -> None:
        self.path = path
        self._clock = clock
        self._run = run
        self._flush_s = flush_s
        self._waiting: list[Noted] = []
        self._sampler = Sampler(int(refusals_s * SECOND_NS))
        self._trouble = ""
        self._lost = 0
        self._urgent = False  # a move of the risk gate waits
        self._patient = True  # a lock of somebody else is waited for
        self._lock: Lock | None = None
        self._reserve: Reserve | None = None
        self._db: sqlite3.Connection | None = None
        try:
            self._lock = _own(path)
            self._reserve = Reserve(path)
            self._db = _connect(path, synchronous)
            self._next = self._begin(self._db, mode)
        except (*DAMAGE, OSError) as exc:
            self._release()
            raise JournalError(_told(path, exc)) from None
        except BaseException:
            self._release()
            raise
        self._checkpointer = Checkpointer(path, checkpoint_rows, quiet_s)

    @property
    def trouble(self) -> str:
        """Why the last flush failed; empty: it did not. What it would have written waits for the next one."""
        return self._trouble

    @property
    def waiting(self) -> int:
        """Facts that are noted and not yet committed."""
        return len(self._waiting)

    @property
    def checkpoints(self) -> tuple[int, int]:
        """How often the log was moved into the file, and how often it began anew thereafter."""
        return self._checkpointer.moves, self._checkpointer.done

    def ahead(self, *facts: Fact) -> None:
        """Commit these and all that waits. Raises JournalError: then these are not written, and nothing may be sent."""
        if self._lost:
            raise JournalError(
                f"{self.path}: {self._lost} facts could not be kept while it was not written: {self._trouble}"
            )
        began_ns = self._clock.mono_ns()
        for fact in facts:
            if isinstance(fact, CycleOpened) and fact.orders and not self._roomy(began_ns):
                raise JournalError(f"{self.path}: the disk is full, and what is left of it is for what is open")
        try:
            self._write(self._waiting, [self._noted(fact) for fact in facts])
        except sqlite3.IntegrityError as exc:
            if "orders" not in str(exc):
                raise JournalError(_told(self.path, exc)) from None
            raise JournalError(
                f"{self.path}: an order with this id was written ahead before: none is sent twice"
            ) from None
        except _FAILED as exc:
            self._complain(_told(self.path, exc))
            raise JournalError(_told(self.path, exc)) from None
        self._written()
        now_ns = self._clock.mono_ns()
        for fact in facts:
            if orders := kinds.orders_of(fact):
                committed = kinds.Committed(orders[0][0], _ids(orders), now_ns - began_ns, now_ns)
                self._waiting.append(self._noted(committed))

    def note(self, fact: Fact) -> None:
        """Remember until the next flush; a fact of another kind than `kinds.KINDS` is passed over."""
        if not kinds.is_kept(fact):
            return
        count = self._sampler.take(fact, self._clock.mono_ns()) if isinstance(fact, Refused) else 1
        if not count:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._lost += 1
        else:
            self._waiting.append(self._noted(fact, count))
            self._urgent |= isinstance(fact, RiskMoved)

    def on_fact(self, fact: object) -> None:
        """Listens for what was written ahead: that it is published says that its orders have left, which is noted."""
        if orders := kinds.orders_of(fact):
            self.note(kinds.Left(orders[0][0], _ids(orders), self._clock.mono_ns()))

    def flush(self) -> None:
        """Commit all that waits. Never raises: `trouble` tells, the facts wait on, and `ahead` will raise."""
        for refused, count in self._sampler.due(self._clock.mono_ns()):
            self._waiting.append(self._noted(refused, count))
        if not self._waiting or self._checkpointer.restarting:
            return
        if not (self._roomy(self._clock.mono_ns()) or self._urgent):
            return
        try:
            self._write(self._waiting, ())
        except _FAILED as exc:
            self._complain(_told(self.path, exc))
        else:
            self._written()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Until cancelled: flush every now and then, and once more at the end."""
        try:
            while True:
                await sleep(self._flush_s)
                self.flush()
        finally:
            self.flush()

    def close(self) -> None:
        """Commit the rest and leave one file behind. Raises JournalError where something could not be kept."""
        if self._db is None:
            return
        self._checkpointer.close()
        for refused, count in self._sampler.rest():
            self._waiting.append(self._noted(refused, count))
        if self._reserve is not None:
            self._reserve.give_up()
        self._urgent = True  # whether there is room or not
        self.flush()
        if not self._waiting:
            with suppress(sqlite3.Error):  # somebody reads just now: the log stays for the next one to move
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._release()
        if self._waiting or self._lost:
            lost = len(self._waiting) + self._lost
            raise JournalError(f"{self.path}: the last {lost} facts could not be kept: {self._trouble}")

    # -------------------------------------------------------------------------------------------------------- inside

    def _begin(self, db: sqlite3.Connection, mode: str) -> int:
        """The id of the next row."""
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its pages contradict each other")
        migrate(db, self.path, {"created": str(self._clock.wall_ns()), "arb": _version(), "mode": mode})
        theirs = read_meta(db).get("mode", "")
        if theirs != mode:
            raise JournalError(
                f"{self.path} is the journal of {shown(theirs)} runs, this one is {mode}: name another file"
            )
        (last,) = db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()
        if last > _LAST_ID:
            raise sqlite3.DatabaseError("its records are numbered to the end")
        return int(last) + 1

    def _noted(self, fact: Fact, count: int = 1) -> Noted:
        """With its wall time: its own, else the one at its monotonic moment."""
        now_ns = self._clock.mono_ns()
        mono_ns = kinds.mono_of(fact) or now_ns
        return fact, mono_ns, kinds.wall_of(fact) or self._clock.wall_ns() - (now_ns - mono_ns), count

    def _roomy(self, now_ns: int) -> bool:
        """The disk has room, for all that is known."""
        return self._reserve is None or self._reserve.take_back(now_ns)

    def _write(self, happened: Iterable[Noted], ahead: Iterable[Noted]) -> None:
        """All in one transaction, in the reserve if there is no other room; nothing of it where this raises."""
        try:
            try:
                self._commit(happened, ahead)
            except sqlite3.Error as exc:
                if not (_no_room(exc) and self._reserve is not None and self._reserve.give_up()):
                    raise
                try:
                    self._commit(happened, ahead)
                except sqlite3.Error:
                    self._reserve.fill()  # it was not that
                    raise
        except sqlite3.OperationalError as exc:
            self._wait_for_locks(exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY)
            raise
        self._wait_for_locks(True)

    def _wait_for_locks(self, patient: bool) -> None:
        if patient is not self._patient and self._db is not None:
            self._patient = patient
            self._db.execute(f"PRAGMA busy_timeout = {round(_BUSY_S * 1e3) if patient else 0}")

    def _written(self) -> None:
        self._waiting, self._urgent = [], False
        if self._reserve is not None and not self._reserve.held:
            self._complain(f"{self.path}: the disk is full: nothing new begins, the reserve is for what is open")
        elif self._trouble:
            logger.info("{} can be written again", self.path)
            self._trouble = ""

    def _complain(self, trouble: str) -> None:
        if not self._trouble:
            logger.error("{}", trouble)
        self._trouble = trouble

    def _commit(self, happened: Iterable[Noted], ahead: Iterable[Noted]) -> None:
        """All in one transaction; nothing of it where this raises."""
        if self._db is None:
            raise sqlite3.ProgrammingError("the journal is closed")
        rows: list[tuple[object, ...]] = []
        known: list[tuple[object, ...]] = []
        fresh: list[tuple[object, ...]] = []
        next_id = self._next
        for noted, orders in ((happened, known), (ahead, fresh)):
            for fact, mono_ns, wall_ns, count in noted:
                name = kinds.name_of_kind(type(fact))
                rows.append(
                    (next_id, name, *kinds.key_of(fact), mono_ns, wall_ns, self._run, count, kinds.body_of(fact))
                )
                for cycle, order in kinds.orders_of(fact):
                    orders.append((order.client_id, cycle, order.venue, order.symbol, next_id))
                next_id += 1
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany(_RECORD, rows)
            if known:
                db.executemany(_KNOWN_ORDER, known)
            if fresh:
                db.executemany(_ORDER, fresh)
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # after some errors SQLite has rolled back by itself
                db.execute("ROLLBACK")
            raise
        self._next = next_id
        self._checkpointer.wrote(len(rows), ahead=bool(fresh))

    def _release(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _own(path: Path) -> Lock:
    """Lock the file, made where it is not there yet, and keep others out of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)  # the log and its index take their modes from this file
    except BaseException:
        lock.close()
        raise
    return lock


def _connect(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    try:
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "wal_autocheckpoint = 0"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("PRAGMA cache_size = -16384")  # KiB: the inner pages of all indexes stay in memory
    except BaseException:
        db.close()
        raise
    return db


def _ids(orders: Iterable[tuple[CycleId, Order]]) -> tuple[ClientId, ...]:
    return tuple([order.client_id for _, order in orders])


def _no_room(exc: sqlite3.Error) -> bool:
    """A full disk, or a quota, which SQLite takes for any failed write."""
    code = getattr(exc, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE


def _told(path: Path, exc: Exception) -> str:
    code = getattr(exc, "sqlite_errorname", "")
    if code in ("SQLITE_NOTADB", "SQLITE_CORRUPT") or type(exc) in (sqlite3.DatabaseError, UnicodeDecodeError):
        cure = "move it away to start with a new one, and keep it: it tells what was done"
        return f"{path} is damaged ({shown(exc)}): {cure}"
    if isinstance(exc, OSError):
        return f"{path} cannot be written: {exc.strerror}"
    if isinstance(exc, MemoryError):
        return f"{path} cannot be written: out of memory"
    return f"{path} cannot be written: {exc}"


def _version() -> str:
    try:
        return version("arb")
    except PackageNotFoundError:
        return "?"
