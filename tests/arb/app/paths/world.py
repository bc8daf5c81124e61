"""One venue with a native path and one through ccxt, both fakes, and somebody who decides; in hand-turned time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from arb.app.paths.venue import VenuePaths
from arb.books import Books
from arb.clock import ManualClock
from arb.config import FastpathConfig
from arb.domain import BookSnapshot, DataPath, Depth, PathMoved, Seed, Symbol, Trust, VenueId
from arb.errors import ConfigError
from arb.interfaces import Feed, SyncRule
from tests.fakes import FakeMarketData
from tests.proof.clockwork import Clockwork

V = VenueId("v")
A, B = Symbol("A/USDT"), Symbol("B/USDT")
NATIVE = Feed("native", Depth.FIVE, 5, 10, SyncRule(Seed.NONE), Trust.WHOLE)
CCXT = Feed("ccxt", Depth.FIVE, 5, 0, SyncRule(Seed.NONE), Trust.UNCHECKED)
MAX_AGE_NS = 3_600_000_000_000
S = 1_000_000_000


class Venue:
    """What the venue's books are now, by path. Change them, then `show` the path's data."""

    def __init__(self) -> None:
        self.books: dict[tuple[DataPath, Symbol], BookSnapshot | None] = {}
        for path in DataPath:
            for symbol in (A, B):
                self.set(path, symbol, 10)

    def set(self, path: DataPath, symbol: Symbol, seq: int, bid: float = 1.0, ask: float = 2.0) -> None:
        self.books[path, symbol] = BookSnapshot(V, symbol, ((bid, 1.0),), ((ask, 1.0),), seq, 0, 0)


class Data(FakeMarketData):
    """fails: raised by `run`, once it is set."""

    def __init__(self, path: DataPath, venue: Venue, clock: ManualClock) -> None:
        super().__init__(V, NATIVE if path is DataPath.NATIVE else CCXT, clock, lambda s: venue.books[path, s])
        self.fails: Exception | None = None
        self._failing = asyncio.Event()

    async def run(self, symbols: Any, sink: Any) -> None:
        work = asyncio.create_task(super().run(symbols, sink))
        failing = asyncio.create_task(self._failing.wait())
        try:
            await asyncio.wait((work, failing), return_when=asyncio.FIRST_COMPLETED)
            raise self.fails or AssertionError("ended")
        finally:
            for task in (work, failing):
                task.cancel()
            await asyncio.gather(work, failing, return_exceptions=True)

    def fail(self, failure: Exception) -> None:
        self.fails = failure
        self._failing.set()

    def misread(self, messages: int) -> None:
        self._counters["decode_errors"] += messages


class World:
    """decided: after each read, the feeds and sequences of the books that a decision would rest on.

    made: the public sides, by path, the oldest first.   refuses: a path whose every public side fails at once.
    """

    def __init__(self, clock: ManualClock, start: DataPath = DataPath.NATIVE, **config: Any) -> None:
        self.clock = clock
        self.venue = Venue()
        self.made: dict[DataPath, list[Data]] = {path: [] for path in DataPath}
        self.refuses: DataPath | None = None
        self.moves: list[PathMoved] = []
        self.decided: list[tuple[tuple[str, int], ...]] = []
        self.books = Books()
        settings = {"window_s": 10, "max_errors": 5, "max_gaps": 5, "max_mismatches": 1, "clean_s": 5, **config}
        self.paths = VenuePaths(
            V, {path: self._maker(path) for path in DataPath}, start, self.books, FastpathConfig(**settings), clock,
            MAX_AGE_NS, self.moves.append,
        )  # fmt: skip
        self.books.add_venue(V, self.paths.resync)
        for symbol in (A, B):
            self.books.add(V, symbol, self.paths.feed, clock.mono_ns())
        self.task: asyncio.Task[None] | None = None

    def on_event(self, event: Any) -> None:
        self.books.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        if self.books.take_dirty():
            self.decided.append(tuple((book.feed.name, book.seq) for book in self.books))

    def data(self, path: DataPath) -> Data:
        """The public side of this path that runs, or ran last."""
        return self.made[path][-1]

    def tell(self, path: DataPath, seq: int, **prices: float) -> None:
        """The venue says on this path what both books are now."""
        for symbol in (A, B):
            self.venue.set(path, symbol, seq, **prices)
        self.data(path).show()

    def _maker(self, path: DataPath) -> Callable[[], Data]:
        def make() -> Data:
            self.made[path].append(made := Data(path, self.venue, self.clock))
            if path is self.refuses:
                made.fail(ConfigError("no such stream"))
            return made

        return make


def played(story: Callable[[World], Awaitable[None]], **more: Any) -> World:
    """Run the story beside the venue, in the clock's time, to its end."""
    clock = ManualClock(S)

    async def main() -> World:
        world = World(clock, **more)
        world.task = asyncio.create_task(world.paths.run((A, B), world))
        await asyncio.sleep(0.5)
        try:
            await story(world)
        finally:
            world.task.cancel()
            await asyncio.gather(world.task, return_exceptions=True)
        assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()
        return world

    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner:
        return runner.run(main())
