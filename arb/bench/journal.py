"""What it costs the loop to write two orders down before they leave, and everything else afterwards."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns

import msgspec

from arb.bench.machine import Machine, machine
from arb.clock import SystemClock
from arb.domain import (
    BookSeen,
    BookState,
    ClientId,
    Coin,
    CycleId,
    CycleOpened,
    Fill,
    Intent,
    LegPlan,
    Order,
    OrderType,
    Plan,
    Side,
    Symbol,
    VenueId,
)
from arb.journal import SqliteJournal
from arb.journal.writer import Synchronous

FLUSH = 50  # facts noted between two flushes: a busy moment
_BUSY_ROWS = 20  # with no quiet to wait for, a checkpoint is under way nearly all the time
_SELDOM = 1 << 60

Ahead = Callable[[CycleOpened], None]


class Cost(msgspec.Struct, frozen=True):
    """Of one commit: medians over the rounds of each round's p50 and p99, and the longest of all."""

    name: str
    p50_us: float
    p99_us: float
    most_us: float


class JournalReport(msgspec.Struct, frozen=True):
    """note_us: of each fact that is noted, its share of the flush included.   checkpoints: during the second path."""

    machine: Machine
    sqlite: str
    folder: str
    cycles: int
    rounds: int
    costs: tuple[Cost, ...]
    note_us: float
    checkpoints: int


def journal(folder: Path | None = None, *, cycles: int = 1_000, rounds: int = 5) -> JournalReport:
    """Every path in turn on files in `folder` (None: that of temporary files), as many commits of each."""
    spent: dict[str, list[list[int]]] = {}
    noted: list[float] = []
    checkpoints = 0
    with TemporaryDirectory(dir=folder, prefix="arb-bench-") as name:
        for number in range(rounds):
            for label, opened in _paths(Path(name), number):
                with opened as ahead:
                    spent.setdefault(label, []).append(_time(ahead, cycles))
            with closing(_journal(Path(name) / f"busy-{number}", _BUSY_ROWS, 0.0)) as busy:
                spent.setdefault("during checkpoints", []).append(_time(busy.ahead, cycles))
                checkpoints += busy.checkpoints[0]
            with closing(_journal(Path(name) / f"notes-{number}")) as notes:
                noted.append(_note(notes, cycles))
        where = str(Path(name).parent)
    costs = tuple(_cost(label, rounds_spent) for label, rounds_spent in spent.items())
    return JournalReport(
        machine(), sqlite3.sqlite_version, where, cycles, rounds, costs, round(median(noted), 2), checkpoints
    )


def journal_lines(report: JournalReport) -> Iterator[str]:
    """The machine, then a row a path."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}, SQLite {report.sqlite}, files in {report.folder}"
    yield f"two orders written ahead in one commit; medians of {report.rounds} interleaved rounds of {report.cycles:,}"
    yield f"{'path':34} {'p50 µs':>10} {'p99 µs':>10} {'most µs':>10}"
    for cost in report.costs:
        yield f"{cost.name:34} {cost.p50_us:10.1f} {cost.p99_us:10.1f} {cost.most_us:10.1f}"
    yield f"{report.checkpoints} times the journal's thread moved the log during the last of them"
    yield f"a fact that is noted costs {report.note_us:.1f} µs, flushed {FLUSH} at a time"


def _paths(folder: Path, number: int) -> Iterator[tuple[str, AbstractContextManager[Ahead]]]:
    yield "the journal (synchronous=NORMAL)", _ours(folder / f"normal-{number}", "NORMAL")
    yield "the same with synchronous=FULL", _ours(folder / f"full-{number}", "FULL")
    yield "a plain file, fsync for each", _plain(folder / f"plain-{number}")


@contextmanager
def _ours(path: Path, synchronous: Synchronous) -> Iterator[Ahead]:
    with closing(_journal(path, synchronous=synchronous)) as opened:
        yield opened.ahead


@contextmanager
def _plain(path: Path) -> Iterator[Ahead]:
    """What a journal without a database would do to survive a power cut: append a line, wait for the disk."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    encode = msgspec.json.Encoder().encode

    def ahead(fact: CycleOpened) -> None:
        os.write(file, encode(fact) + b"\n")
        os.fsync(file)

    try:
        yield ahead
    finally:
        os.close(file)


def _journal(
    path: Path, rows: int = _SELDOM, quiet_s: float = 1.0, synchronous: Synchronous = "NORMAL"
) -> SqliteJournal:
    return SqliteJournal(
        path,
        SystemClock(),
        mode="sim",
        run="bench",
        checkpoint_rows=rows,
        quiet_s=quiet_s,
        synchronous=synchronous,
    )


def _time(ahead: Ahead, cycles: int) -> list[int]:
    spent = []
    for number in range(cycles):
        fact = _cycle(number)
        before = perf_counter_ns()
        ahead(fact)
        spent.append(perf_counter_ns() - before)
    return spent


def _note(notes: SqliteJournal, cycles: int) -> float:
    """µs a fact."""
    fills = [_fill(number) for number in range(cycles)]
    before = perf_counter_ns()
    for number, fill in enumerate(fills, 1):
        notes.note(fill)
        if not number % FLUSH:
            notes.flush()
    notes.flush()
    return (perf_counter_ns() - before) / 1e3 / cycles


def _cost(name: str, rounds: list[list[int]]) -> Cost:
    return Cost(
        name,
        median(_quantile(spent, 0.5) for spent in rounds),
        median(_quantile(spent, 0.99) for spent in rounds),
        max(max(spent) for spent in rounds) / 1e3,
    )


def _quantile(spent: list[int], share: float) -> float:
    return sorted(spent)[min(len(spent) - 1, int(share * len(spent)))] / 1e3


_BUY, _SELL, _SYMBOL = VenueId("mexc"), VenueId("gateio"), Symbol("BTC/USDT")
_QTY, _ASK, _BID, _COST, _FEE = (Decimal(text) for text in ("0.00742", "67250.10", "67391.40", "499.49", "0.24975"))


def _cycle(number: int) -> CycleOpened:
    """As large as a real one."""
    intent = Intent("cross_venue", f"x{number:06}", _SYMBOL, _BUY, _SELL, _QTY, _QTY, _ASK, _BID, Decimal("0.5484"))
    plan = Plan(
        intent,
        _SYMBOL,
        Coin("BTC"),
        Coin("USDT"),
        LegPlan(_BUY, Side.BUY, _QTY, _ASK, Coin("USDT"), _COST, _ASK, _FEE),
        LegPlan(_SELL, Side.SELL, _QTY, _BID, Coin("BTC"), _QTY, _BID, _FEE),
        Decimal("0.548911"),
        tuple(
            BookSeen(venue, _SYMBOL, BookState.LIVE, 31_415_926_535 + number, 1_234_567, _BID, _ASK)
            for venue in (_BUY, _SELL)
        ),
        ("identity",),
        number,
        number,
    )
    orders = tuple(
        Order(
            leg.venue, _SYMBOL, leg.side, OrderType.IOC, leg.qty, leg.price, ClientId(f"arb-mf3k2a9c01{number:x}-{n}")
        )
        for n, leg in enumerate((plan.buy, plan.sell), 1)
    )
    return CycleOpened(CycleId(f"mf3k2a9c01{number:x}"), plan, orders, number, 1_790_000_000_000_000_000 + number)


def _fill(number: int) -> Fill:
    return Fill(
        _BUY, _SYMBOL, ClientId(f"arb-mf3k2a9c01{number:x}-1"), f"{number}X1", Side.BUY, _ASK, _QTY, _FEE, Coin("USDT"),
        False, 1_790_000_000_000_000_000, number, f"C02__{number}",
    )  # fmt: skip
