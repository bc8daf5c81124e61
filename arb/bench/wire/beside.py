"""What a run does beside deciding, one at a time: its tape, its journal, its screen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from arb.app.status import Counted, VenueDesk
from arb.bench.frames import Recording
from arb.books import Books
from arb.clock import SystemClock
from arb.domain import Intent, Opportunity, Refused, VenueId
from arb.engine import Engine
from arb.interfaces import Observer
from arb.journal import SqliteJournal
from arb.scanner import Scanner
from arb.tape import Run, TapeWriter
from fastpath.net.counters import Counters

TICK_S = 0.05
REDRAW_S = 0.25
_CLOCK = SystemClock()


class Counting:
    """An Observer."""

    def __init__(self) -> None:
        self.found = 0

    def on_fact(self, fact: object) -> None:
        self.found += type(fact) is Opportunity


class Refusing:
    """An Observer that journals every intent as refused: what a run with a closed gate writes down."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal

    def on_fact(self, fact: object) -> None:
        if isinstance(fact, Intent):
            self._journal.note(Refused(fact, "bench", "no orders are sent", _CLOCK.mono_ns()))


class Terminal(StringIO):
    """Takes what is drawn and keeps none of it."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


class Desk:
    """As much of the command line's as a screen needs."""

    stdout = stderr = Terminal()
    color = True


class Source:
    def __init__(self, counters: Counters) -> None:
        self.counters = counters


class Beside:
    """what: "tape", "journal", "screen" or "".   tap, observers: what the run must be given for it."""

    def __init__(self, what: str, recording: Recording) -> None:
        self._what = what
        self._recording = recording
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._counting = Counting()
        self.observers: list[Observer] = [self._counting]
        self.tap: TapeWriter | None = None
        self._journal: SqliteJournal | None = None
        if what in ("tape", "journal"):
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="arb-bench-")))
            if what == "tape":
                self.tap = TapeWriter(folder / "tape", _CLOCK, Run(0, 0, (), {}))
                self._stack.callback(self.tap.close)
            else:
                self._journal = SqliteJournal(folder / "journal", _CLOCK, mode="paper", run="bench")
                self._stack.callback(self._journal.close)
                self.observers.append(Refusing(self._journal))

    @property
    def found(self) -> int:
        return self._counting.found

    async def started(self, engine: Engine, books: Books, scanner: Scanner, counters: Counters) -> None:
        if self.tap is not None:
            self._spawn(_ticking(self.tap))
        if self._journal is not None:
            self._spawn(self._journal.run())
        if self._what == "screen":
            await self._draw(engine, books, scanner, counters)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._stack.aclose()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _draw(self, engine: Engine, books: Books, scanner: Scanner, counters: Counters) -> None:
        # the command line is built on top of everything here, so it is asked for by name
        table = import_module("arb.cli.views.table").ScanTable(
            import_module("arb.cli.views.lines").Selection(rejected=False), rejected=False
        )
        counted = Counted("scan", table, books, scanner, _CLOCK)
        counted.attach(engine)
        counted.add_venue(VenueDesk(VenueId(self._recording.venue), True, self._recording.feed, Source(counters)))
        counted.started()
        drawn = import_module("arb.cli.views.live").drawn
        await self._stack.enter_async_context(drawn(Desk(), REDRAW_S, table.picture, table.refresh))


async def _ticking(tape: TapeWriter) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        tape.tick(_CLOCK.mono_ns())
