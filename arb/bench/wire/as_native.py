"""Ours as `arb scan` runs it: link, codec, books, scanner, strategy; the other venue's books stand still."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack, ExitStack
from random import Random
from time import monotonic_ns
from typing import Any
from urllib.parse import urlsplit

from arb.app.memory import settled
from arb.app.venues import native_venue
from arb.bench.frames import Recording
from arb.bench.wire.beside import Beside
from arb.bench.wire.pairing import mirrored, scanner_of
from arb.bench.wire.talk import ASKS, Decision, Play, Stamp, Taken
from arb.books import Books
from arb.clock import SystemClock
from arb.domain import BookChange, BookState, ConnId, Event, Seed, Symbol, VenueId
from arb.engine import Engine
from arb.errors import ArbError, VenueError
from arb.interfaces import Sink
from arb.observers import Observers
from arb.shelf import Shelf
from arb.strategies.cross_venue import CrossVenue
from fastpath.net.link import Link
from fastpath.net.wiring import Wiring

AGE_NS = 3_600_000_000_000  # the other venue's books count as fresh for as long as a play may take
TICK_S, TICK_NS = 0.002, 2_000_000
_CLOCK = SystemClock()


class Watch(Sink):
    """Between link and engine: sees the end of each read, after the engine has decided on it.

    frames: on their way to us.   ended: when the last of them was decided on.
    """

    def __init__(self, engine: Engine, wiring: Wiring, frames: int, play: Play, told_ns: list[int]) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.decisions: list[Decision] = []
        self._engine = engine
        self._counters = wiring.counters
        self._frames = frames
        self._timed = play.stamps
        self._told_ns = told_ns
        self._each = play.each
        if not play.each:
            self.on_event = engine.on_event  # type: ignore[method-assign]  # nothing stands between link and engine

    def shelf(self, venue: VenueId) -> Shelf | None:
        return None if self._each else self._engine.shelf(venue)

    def on_event(self, event: Event) -> None:
        self._engine.on_event(event)
        self._engine.on_idle(_CLOCK.mono_ns())

    def on_idle(self, recv_ns: int) -> None:
        self._engine.on_idle(recv_ns)
        if self._timed:
            self.decisions.append(Decision(len(self._told_ns), monotonic_ns()))
        if self._counters.frames >= self._frames and not self.ended.done():
            self.ended.set_result(monotonic_ns())


class Native:
    def __init__(self, recording: Recording, play: Play, beside: Beside) -> None:
        module = native_venue(recording.venue)
        if module is None:
            raise ArbError(f"{recording.venue} has no codec")
        self._recording = recording
        self._symbols = tuple(recording.seeds)
        self._codec = module.Codec(recording.natives)
        self._venue = VenueId(recording.venue)
        url = f"ws://127.0.0.1:{play.port}{urlsplit(module.SPEC.ws_url).path}{ASKS}"
        self._wiring = Wiring(
            self._venue, module.SPEC, self._codec, recording.feed, url, _CLOCK, asyncio.sleep, Random(1),
            beside.tap, self._complain,
        )  # fmt: skip
        self._changes: list[BookChange] = []
        self._told_ns: list[int] = []
        self._books = Books(self._told if play.stamps else None)
        self._books.add_venue(self._venue, self._seed)
        for symbol in self._symbols:
            self._books.add(self._venue, symbol, recording.feed, 0)
        for event in mirrored(recording, self._books, play.frames, _CLOCK.mono_ns()):
            self._books.on_event(event)
        self.scanner = scanner_of(recording, self._books, AGE_NS, _CLOCK)
        self.engine = Engine(
            self._books, self.scanner, (CrossVenue(),), Observers(list(beside.observers)), _CLOCK, AGE_NS
        )
        self._watch = Watch(self.engine, self._wiring, len(recording.answers) + play.frames, play, self._told_ns)
        self._link = Link(self._wiring, ConnId(1), self._symbols, self._watch, lambda: None)
        self._tasks: list[asyncio.Task[None]] = []
        self._beside = beside
        self._play = play
        self._late_ns: list[int] = []
        self._settled = ExitStack()
        self._before_kib = self._looked = 0
        self._failure: VenueError | None = None

    async def ready(self) -> None:
        self._tasks = [asyncio.create_task(self._link.run(lambda: None))]
        while self._wiring.counters.subscriptions < len(self._symbols):
            await asyncio.sleep(0.01)
            for task in self._tasks:
                if task.done():
                    task.result()
        self.engine.on_idle(_CLOCK.mono_ns())  # what made the other venue's books LIVE is none of the play
        self._changes.clear()
        self._told_ns.clear()
        self._watch.decisions.clear()
        self._before_kib, self._looked = _resident_kib(), self.engine.decisions
        self._settled.enter_context(settled())
        if self._play.ticks:
            self._tasks.append(asyncio.create_task(self._tick()))
        await self._beside.started(self.engine, self._books, self.scanner, self._wiring.counters)

    async def done(self) -> None:
        either: list[asyncio.Future[Any]] = [self._watch.ended, *self._tasks]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._watch.ended.done():
            self._tasks[0].result()
        if wrong := [book.symbol for book in self._books if book.state is not BookState.LIVE]:
            raise ArbError(f"the book of {wrong[0]} is not LIVE at the end: {self._failure or 'a frame is missing'}")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._settled.close()
        await self._beside.close()

    def taken(self, cpu_ns: int) -> Taken:
        return Taken(
            cpu_ns, self._watch.ended.result(), self._stamps(), tuple(self._watch.decisions),
            self.engine.decisions - self._looked, self._beside.found, _resident_kib() - self._before_kib,
            tuple(self._late_ns),
        )  # fmt: skip

    async def _tick(self) -> None:
        """Whoever else lives on this loop."""
        while True:
            before = monotonic_ns()
            await asyncio.sleep(TICK_S)
            self._late_ns.append(max(0, monotonic_ns() - before - TICK_NS))

    def _told(self, change: BookChange) -> None:
        """No more is done before all is decided on."""
        self._told_ns.append(monotonic_ns())
        self._changes.append(change)

    def _stamps(self) -> tuple[Stamp, ...]:
        told = zip(self._changes, self._told_ns, strict=True)
        return tuple(Stamp(change.symbol, change.seq, at_ns) for change, at_ns in told)

    def _seed(self, symbol: Symbol) -> None:
        if self._recording.feed.rule.seed is Seed.REST:
            self._books.on_event(self._codec.decode_snapshot(symbol, self._recording.seeds[symbol], 0))

    def _complain(self, error: VenueError) -> None:
        self._failure = error


def _resident_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def opens(recording: Recording, play: Play) -> Native:
    async with AsyncExitStack() as stack:
        beside = Beside(play.beside, recording)
        stack.push_async_callback(beside.close)
        made = Native(recording, play, beside)
        stack.pop_all()
    return made
