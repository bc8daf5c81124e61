"""The journal as it is read: also while another process writes it, and after one that was killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from arb.bounded import shown
from arb.domain import (
    BalancesRead,
    Baseline,
    ClientId,
    CycleClosed,
    CycleId,
    CycleOpened,
    ExposureMoved,
    Fact,
    Fill,
    NotFound,
    Order,
    OrderSent,
    OrderUpdate,
    Purpose,
    VenueId,
)
from arb.errors import JournalError
from arb.journal.kinds import fact_of, name_of_kind
from arb.journal.schema import DAMAGE, check

F = TypeVar("F", bound=Fact)

_WAIT_S = 5.0  # for a lock; only the start of a writer after a crash holds one that readers see
_FIELDS = "id, kind, mono_ns, wall_ns, run, count, body"


class Record(msgspec.Struct, frozen=True):
    """A row. mono_ns, wall_ns: the moment of the fact.   run: that wrote it.   count: how many it stands for."""

    id: int
    fact: Fact
    mono_ns: int
    wall_ns: int
    run: str
    count: int


class SentOrder(msgspec.Struct, frozen=True):
    """An order that was written ahead. step: of the ladder, 0 for an entry."""

    cycle: CycleId
    order: Order
    purpose: Purpose
    step: int
    record: Record


class Records:
    """Read-only. Every method reads what is committed at that moment. Raises JournalError, of one line, throughout."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise JournalError(f"there is no journal {path} yet: 'arb run' begins one")
        self._db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_WAIT_S
        )
        try:
            self._db.execute("PRAGMA query_only = ON")
            self.meta = check(self._db, path)
        except DAMAGE as exc:
            self.close()
            raise self._damaged(exc) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._db.close()

    def facts(self, kind: type[F], *, since_ns: int = 0, cycle: CycleId | None = None) -> Iterator[F]:
        """All of one kind since a wall time, or of one cycle; as they were written."""
        for record in self.records((kind,), since_ns=since_ns, cycle=cycle):
            yield cast(F, record.fact)

    def records(
        self, kinds: Sequence[type[Fact]], *, since_ns: int = 0, after: int = 0, cycle: CycleId | None = None
    ) -> Iterator[Record]:
        """since_ns: wall time.   after: a record's id.   In the order in which they were written."""
        where = f"kind IN ({', '.join('?' * len(kinds))}) AND wall_ns >= ? AND id > ?"
        given: list[object] = [*map(name_of_kind, kinds), since_ns, after]
        if cycle is not None:
            where, given = f"{where} AND cycle = ?", [*given, cycle]
        return self._select(f"{where} ORDER BY id", *given)

    # ------------------------------------------------------------------------------------------------------- cycles

    def opened(self, cycle: CycleId) -> CycleOpened | None:
        return next(self.facts(CycleOpened, cycle=cycle), None)

    def closed(self, cycle: CycleId) -> CycleClosed | None:
        return next(self.facts(CycleClosed, cycle=cycle), None)

    def open_cycles(self) -> tuple[CycleOpened, ...]:
        """Those that have no end yet, oldest first."""
        found = self._select(
            "kind = 'CycleOpened' AND NOT EXISTS"
            " (SELECT 1 FROM records AS r WHERE r.cycle = records.cycle AND r.kind = 'CycleClosed') ORDER BY id"
        )
        return tuple(cast(CycleOpened, record.fact) for record in found)

    def cycle_ids(self, prefix: str) -> tuple[CycleId, ...]:
        """Those that begin like this."""
        rows = self._rows(
            "SELECT DISTINCT cycle FROM records WHERE kind = 'CycleOpened' AND substr(cycle, 1, ?) = ? ORDER BY id",
            len(prefix), prefix,
        )  # fmt: skip
        return tuple(CycleId(cycle) for (cycle,) in rows)

    def events(self, cycle: CycleId) -> tuple[OrderUpdate | Fill, ...]:
        """What the venues said of its orders, in the order in which it came, doubles and all."""
        return tuple(r.fact for r in self.story(cycle) if isinstance(r.fact, OrderUpdate | Fill))

    def story(self, cycle: CycleId) -> tuple[Record, ...]:
        """All that concerns a cycle: its facts, and those of its orders."""
        told = {record.id: record for record in self._select("cycle = ?", cycle)}
        for client_id, venue in self._rows("SELECT client_id, venue FROM orders WHERE cycle = ?", cycle):
            told |= {record.id: record for record in self._heard(client_id, venue)}
        return tuple(told[id_] for id_ in sorted(told))

    def began_ns(self, since_ns: int) -> int:
        """Wall time of the first beginning among the cycles that ended since; 0 where there is none."""
        row = self._row(
            "SELECT min(wall_ns) FROM records WHERE kind = 'CycleOpened' AND cycle IN"
            " (SELECT cycle FROM records WHERE kind = 'CycleClosed' AND wall_ns >= ?)",
            since_ns,
        )
        return self._number(row)

    # ------------------------------------------------------------------------------------------------------- orders

    def orders(self, *, since_ns: int = 0, cycle: CycleId | None = None) -> Iterator[SentOrder]:
        """Every order that was written ahead, oldest first, once."""
        seen: set[ClientId] = set()
        for record in self.records((CycleOpened, OrderSent), since_ns=since_ns, cycle=cycle):
            for sent in _sent(record):
                if sent.order.client_id not in seen:
                    seen.add(sent.order.client_id)
                    yield sent

    def cycle_of(self, client_id: ClientId) -> CycleId | None:
        """The cycle that an order was written ahead for."""
        row = self._row("SELECT cycle FROM orders WHERE client_id = ?", client_id)
        return None if row is None else CycleId(row[0])

    def owner_of(self, fill: Fill) -> ClientId | None:
        """The order of ours that a fill belongs to, also where the venue did not repeat our id."""
        if fill.client_id:
            return fill.client_id
        row = None
        if fill.venue_id:
            row = self._row(
                "SELECT client_id FROM records WHERE venue = ? AND venue_id = ? AND client_id IS NOT NULL LIMIT 1",
                fill.venue, fill.venue_id,
            )  # fmt: skip
        return None if row is None else ClientId(row[0])

    def answers(self, order: Order) -> tuple[OrderUpdate | Fill | NotFound, ...]:
        """What its venue said of one order, in the order in which it came, doubles and all."""
        found = {record.id: record.fact for record in self._heard(order.client_id, order.venue)}
        return tuple(f for _, f in sorted(found.items()) if isinstance(f, OrderUpdate | Fill | NotFound))

    def fills(self, *, since_ns: int = 0, after: int = 0) -> Iterator[Fill]:
        """Each once, however often it was told."""
        seen: set[tuple[object, ...]] = set()
        for record in self.records((Fill,), since_ns=since_ns, after=after):
            fill = cast(Fill, record.fact)
            if (key := fill_key(fill)) not in seen:
                seen.add(key)
                yield fill

    # --------------------------------------------------------------------------------------- balances, exposure, risk

    def baselines(self) -> dict[VenueId, Record]:
        """The last Baseline of each venue."""
        return self._last_by_venue(Baseline)

    def balances(self) -> dict[VenueId, Record]:
        """The last BalancesRead of each venue."""
        return self._last_by_venue(BalancesRead)

    def exposures(self) -> tuple[ExposureMoved, ...]:
        """The last move of each venue and coin."""
        last = self._select("id IN (SELECT max(id) FROM records WHERE kind = 'ExposureMoved' GROUP BY venue, coin)")
        return tuple(cast(ExposureMoved, record.fact) for record in last)

    def last_risk(self, before_ns: int | None = None) -> Record | None:
        """The last RiskMoved; before_ns: of those before this wall time."""
        bound = (1 << 63) - 1 if before_ns is None else before_ns
        return next(self._select("kind = 'RiskMoved' AND wall_ns < ? ORDER BY id DESC LIMIT 1", bound), None)

    def last_sent_ns(self) -> int:
        """Wall time of the last order that was written ahead; 0 where there is none."""
        row = self._row("SELECT max(wall_ns) FROM records WHERE kind IN ('CycleOpened', 'OrderSent')")
        return self._number(row)

    # -------------------------------------------------------------------------------------------------------- inside

    def _heard(self, client_id: str, venue: str) -> Iterator[Record]:
        """What concerns one order, fills too that the venue told without our id of it."""
        named = set()
        for record in self._select("client_id = ?", client_id):
            yield record
            if isinstance(record.fact, OrderUpdate):
                named.add(record.fact.venue_id)
        for venue_id in named - {""}:
            yield from self._select("venue = ? AND venue_id = ? AND client_id IS NULL", venue, venue_id)

    def _last_by_venue(self, kind: type[Fact]) -> dict[VenueId, Record]:
        name = name_of_kind(kind)
        within = "SELECT max(id) FROM records WHERE kind = ? GROUP BY venue"
        last = self._select(f"id IN ({within})", name)
        return {cast(Baseline | BalancesRead, record.fact).venue: record for record in last}

    def _select(self, where: str, *given: object) -> Iterator[Record]:
        for id_, kind, mono_ns, wall_ns, run, count, body in self._each(
            f"SELECT {_FIELDS} FROM records WHERE {where}", *given
        ):
            if not (type(mono_ns) is type(wall_ns) is type(count) is int and type(run) is type(body) is str):
                raise JournalError(f"{self.path}: record {id_} has something else in it than was written")
            yield Record(id_, fact_of(kind, body, f"{self.path}: record {id_}"), mono_ns, wall_ns, run, count)

    def _rows(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        return list(self._each(sql, *given))

    def _row(self, sql: str, *given: object) -> tuple[Any, ...] | None:
        return next(iter(self._rows(sql, *given)), None)

    def _number(self, row: tuple[Any, ...] | None) -> int:
        """0 for none."""
        if row is None or row[0] is None:
            return 0
        if type(row[0]) is not int:
            raise JournalError(f"{self.path} has something else than times where times should be")
        return row[0]

    def _each(self, sql: str, *given: object) -> Iterator[tuple[Any, ...]]:
        """One at a time: a journal may be larger than memory."""
        try:
            cursor = self._db.execute(sql, given)
        except (*DAMAGE, OverflowError) as exc:  # the last: a number was asked for that no column holds
            raise self._damaged(exc) from None
        try:
            yield from cursor
        except DAMAGE as exc:
            raise self._damaged(exc) from None
        finally:
            with suppress(sqlite3.Error):
                cursor.close()

    def _damaged(self, exc: Exception) -> JournalError:
        return JournalError(f"{self.path} cannot be read: {shown(exc)}")


def fill_key(fill: Fill) -> tuple[object, ...]:
    """What a fill is known again by. A trade of ours with ourselves is two fills of one trade id."""
    return fill.venue, fill.symbol, fill.trade_id, fill.side


def _sent(record: Record) -> Iterator[SentOrder]:
    fact = record.fact
    if isinstance(fact, CycleOpened):
        for order in fact.orders:
            yield SentOrder(fact.cycle, order, Purpose.ENTRY, 0, record)
    elif isinstance(fact, OrderSent):
        yield SentOrder(fact.cycle, fact.order, fact.purpose, fact.step, record)
