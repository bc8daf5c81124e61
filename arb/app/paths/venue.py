"""One venue's market data by one of two paths: the other one is made ready in the shadow, then takes over at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from loguru import logger

from arb.app.paths.comparison import Comparison
from arb.app.paths.readiness import LATE_S
from arb.app.paths.standby import Standby
from arb.app.paths.tally import Tally
from arb.app.paths.track import Track
from arb.app.paths.watch import SECOND_NS, Watch
from arb.books import Books
from arb.config import FastpathConfig
from arb.domain import BookSnapshot, BookState, DataPath, Mover, PathMoved, Symbol, VenueId
from arb.errors import ControlError
from arb.interfaces import Clock, Feed, MarketData, Sink
from arb.pathstatus import PathRow, Sequences
from arb.sync import BookSync

LOOK_S = 0.1
GIVE_UP_S = 60.0  # what a person asked for and the other path cannot give by then is told and forgotten ...
EACH_S = 0.25  # ... and so much later for each book: ccxt asks for one after the other
AGAIN_S = 30.0  # until a shadow that failed for good is tried again

Make = Callable[[], MarketData]


class Shown(Protocol):
    """Who shows the path that is in use."""

    def moved(self, native: bool, feed: Feed, label: str) -> None: ...


class Goal(NamedTuple):
    path: DataPath
    by: Mover
    why: str
    since_ns: int


class VenuePaths:
    """A MarketData. make: a fresh public side of each path.   publish: told of every move.   others: keep it running.

    Every change of mind happens in `_step`, in one callback: nothing of it is ever seen half done.
    """

    def __init__(
        self,
        venue: VenueId,
        make: Mapping[DataPath, Make],
        path: DataPath,
        books: Books,
        config: FastpathConfig,
        clock: Clock,
        max_age_ns: int,
        publish: Callable[[PathMoved], None],
    ) -> None:
        self.venue = venue
        self._make = make
        self._books = books
        self._auto = config.auto
        self._clock = clock
        self._max_age_ns = max_age_ns
        self._publish = publish
        self._watch = Watch(config)
        self._track = Track(make[path](), path)
        self._standby: Standby | None = None
        self._goal: Goal | None = None
        self._by, self._why, self._note = Mover.CONFIG, "", ""
        self.symbols: tuple[Symbol, ...] = ()
        self._own: tuple[BookSync, ...] = ()
        self._sink: Sink | None = None
        self._tally = Tally(round(config.window_s * SECOND_NS))
        self._carried: dict[str, int] = {}  # counted by paths that decided before
        self._leaving: set[asyncio.Task[None]] = set()
        self._again_ns = 0
        self._moves = 0
        self._wanted_beside = 0  # comparisons that a person waits for
        self.shown: Shown | None = None

    # ------------------------------------------------------------------------------------------- as a MarketData

    @property
    def feed(self) -> Feed:
        return self._track.data.feed

    @property
    def counters(self) -> Mapping[str, int]:
        """Of the paths while they decided."""
        now = self._track.counters
        return {name: self._carried.get(name, 0) + now.get(name, 0) for name in {**self._carried, **now}}

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        """Until cancelled. Raises what ends the path that decides."""
        self.symbols, self._sink = tuple(dict.fromkeys(symbols)), sink
        self._own = tuple(
            book for symbol in self.symbols if (book := self._books.get((self.venue, symbol))) is not None
        )
        self._track.start(self.symbols, sink)
        self._count_anew()
        try:
            while True:
                task = self._track.task
                assert task is not None
                await asyncio.wait((task,), timeout=LOOK_S)
                if task.done():
                    return task.result()  # raises what ended it
                self._step()
        finally:
            await self._end()

    def resync(self, symbol: Symbol) -> None:
        self._track.data.resync(symbol)

    def restart(self, why: str) -> None:
        self._track.data.restart(why)
        if self._standby is not None:
            self._standby.track.data.restart(why)

    async def fetch_book(self, symbol: Symbol, levels: int) -> BookSnapshot:
        return await self._track.data.fetch_book(symbol, levels)

    # ------------------------------------------------------------------------------------------- what a person asks

    def turn(self, path: DataPath, why: str) -> PathRow:
        """Begin to move there, on a person's word; `_step` does it once the other path is ready."""
        if self._sink is None:
            raise ControlError(f"{self.venue} is not running yet; ask again in a moment")
        self._watch.forgive()
        self._note = ""
        if self._track.path is path:
            self._goal = None
            self._by, self._why = Mover.PERSON, why
            self._show()
        else:
            self._goal = Goal(path, Mover.PERSON, why, self._clock.mono_ns())
        return self.row()

    def beside(self) -> None:
        """Somebody wants both paths to run until `released`."""
        self._wanted_beside += 1

    def released(self) -> None:
        self._wanted_beside -= 1

    def compared_anew(self) -> Comparison | None:
        """A comparison that begins now; None as long as the shadow does not carry what the path that decides does."""
        standby = self._standby
        return standby.compare() if standby is not None and standby.ready(LATE_S, forced=False) else None

    @property
    def comparison(self) -> Comparison | None:
        """The one under way; another one, or none, once the path has changed."""
        return self._standby.comparison if self._standby is not None else None

    def counted(self) -> tuple[Sequences, Sequences]:
        """What native and ccxt have counted by now; both run."""
        assert self._standby is not None
        return self._standby.counted()

    @property
    def patience_s(self) -> float:
        """How long the other path is waited for, where a person wants it."""
        return GIVE_UP_S + EACH_S * len(self._own)

    @property
    def path(self) -> DataPath:
        return self._track.path

    @property
    def label(self) -> str:
        """How the path that decides is shown."""
        if self.path is DataPath.NATIVE:
            return "native"
        return {Mover.WATCH: "ccxt (demoted)", Mover.PERSON: "ccxt (by hand)"}.get(self._by, "ccxt")

    def missing(self) -> list[str]:
        """Symbols that the shadow does not carry."""
        return self._standby.missing() if self._standby is not None else []

    def row(self) -> PathRow:
        now_ns, standby, goal = self._clock.mono_ns(), self._standby, self._goal
        wrong = self._tally.total
        probation = self.path is DataPath.CCXT and self._by is Mover.WATCH
        note = self._note
        if not note and probation and self._watch.spoilt:
            note = f"not clean yet: {self._watch.spoilt}"
        return PathRow(
            venue=self.venue,
            path=self.path,
            label=self.label,
            by=self._by,
            why=goal.why if goal is not None else self._why,
            trust=self.feed.trust.name.lower(),
            books=len(self._own),
            books_live=sum(book.state is BookState.LIVE for book in self._own),
            shadow=standby.track.path if standby is not None else None,
            shadow_live=standby.live if standby is not None else 0,
            goal=goal.path if goal is not None else None,
            clean_s=self._watch.clean_s(now_ns) if probation else 0.0,
            clean_needed_s=self._watch.needed_ns / SECOND_NS if probation else 0.0,
            note=note,
            moves=self._moves,
            errors=wrong.errors,
            gaps=wrong.gaps,
            mismatches=wrong.mismatches,
        )

    # ------------------------------------------------------------------------------------------- inside

    def _step(self) -> None:
        now_ns = self._clock.mono_ns()
        standby = self._standby
        if standby is not None:
            standby.tick(now_ns)
        self._judge(now_ns)
        self._tend(now_ns)
        goal, standby = self._goal, self._standby
        if goal is None or standby is None:
            return
        waited_s = (now_ns - goal.since_ns) / SECOND_NS
        unbelieved = goal.by is Mover.WATCH and goal.path is DataPath.CCXT
        if standby.ready(waited_s, forced=unbelieved):
            self._move(goal, standby, now_ns)
        elif goal.by is Mover.PERSON and waited_s >= self.patience_s:
            lacking = standby.missing()
            self._give_up(f"{goal.path.name.lower()} does not carry {', '.join(lacking[:5]) or 'one book'}")

    def _judge(self, now_ns: int) -> None:
        """What native got wrong since the last look, and what follows from it."""
        native = self._native()
        if native is None:
            return
        fresh, goal = self._tally.look(*native, now_ns), self._goal
        if goal is not None and goal.by is Mover.WATCH and goal.path is DataPath.NATIVE and fresh:
            self._goal = goal = None  # not so clean after all
        if not self._auto or goal is not None:
            return
        if self.path is DataPath.NATIVE:
            why = self._watch.deciding(fresh, now_ns)
            if why:
                self._goal = Goal(DataPath.CCXT, Mover.WATCH, why, now_ns)
                logger.warning("{}: native is not believed any more ({}); moving to ccxt", self.venue, why)
            return
        standby = self._standby
        if self._by is not Mover.WATCH or standby is None:
            return
        if self._watch.shadowing(fresh, standby.complete(), now_ns):
            why = f"clean for {self._watch.clean_s(now_ns):.0f} s beside ccxt"
            self._goal = Goal(DataPath.NATIVE, Mover.WATCH, why, now_ns)

    def _native(self) -> tuple[Mapping[str, int], Iterable[BookSync], Comparison | None] | None:
        """Counters and books of native, and its comparison where it does not decide; None: it does not run."""
        if self.path is DataPath.NATIVE:
            return self._track.data.counters, self._own, None
        standby = self._standby
        return None if standby is None else (standby.track.data.counters, standby.shadow.books, standby.comparison)

    def _count_anew(self) -> None:
        native = self._native()
        if native is not None:
            self._tally.begin(*native)

    def _tend(self, now_ns: int) -> None:
        """A shadow is there while somebody needs it, and only then."""
        standby = self._standby
        if standby is not None and standby.track.task is not None and standby.track.task.done():
            self._dropped(standby, now_ns)
            standby = None
        probation = self._auto and self.path is DataPath.CCXT and self._by is Mover.WATCH
        needed = self._goal is not None or probation or self._wanted_beside > 0
        if needed and standby is None and now_ns >= self._again_ns:
            self._begin()
        elif not needed and standby is not None:
            self._drop(standby)

    def _begin(self) -> None:
        path = DataPath.CCXT if self.path is DataPath.NATIVE else DataPath.NATIVE
        self._standby = Standby(
            self._make[path](), path, self._track, self._books, self.symbols, self._clock, self._max_age_ns
        )
        if path is DataPath.NATIVE:
            self._count_anew()

    def _dropped(self, standby: Standby, now_ns: int) -> None:
        """The shadow has ended by itself, which only what no retry mends does."""
        task = standby.track.task
        failure = task.exception() if task is not None and not task.cancelled() else None
        self._drop(standby)
        self._again_ns = now_ns + round(AGAIN_S * SECOND_NS)
        why = f"{standby.track.path.name.lower()} cannot run: {failure or 'it ended'}"
        if self._goal is not None and self._goal.by is Mover.PERSON:
            self._give_up(why)
        else:
            self._note = why
            logger.warning("{}: {}", self.venue, why)

    def _drop(self, standby: Standby) -> None:
        self._track.listen(None)
        self._leave(standby.track)
        self._standby = None

    def _give_up(self, why: str) -> None:
        """What a person wanted is not to be had: all stays as it is."""
        self._goal = None
        self._note = f"stays on {self.path.name.lower()}: {why}"
        logger.warning("{}: {}", self.venue, self._note)

    def _move(self, goal: Goal, standby: Standby, now_ns: int) -> None:
        """All books at once: whoever looks before this call sees the old ones, whoever looks after it the new ones."""
        old, new, sink = self._track, standby.track, self._sink
        assert sink is not None
        carried = self.counters
        self._leave(old)
        self._books.take_over(self.venue, standby.shadow.books, new.data.resync, now_ns)
        new.listen(None)
        new.lead(sink)
        self._track, self._standby, self._goal = new, None, None
        self._carried = dict(carried)
        self._by, self._why, self._note = goal.by, goal.why, ""
        self._moves += 1
        if goal.by is Mover.PERSON:
            self._watch.forgive()
        elif new.path is DataPath.CCXT:
            self._watch.demoted(now_ns)
        else:
            self._watch.returned(now_ns)
        self._count_anew()
        self._show()
        logger.warning("{}: market data goes on by {} ({})", self.venue, self.label, goal.why)
        self._publish(PathMoved(self.venue, old.path, new.path, goal.by, goal.why, now_ns, self._clock.wall_ns()))
        sink.on_idle(now_ns)  # what rests on these books is decided anew

    def _show(self) -> None:
        if self.shown is not None:
            self.shown.moved(self.path is DataPath.NATIVE, self.feed, self.label)

    def _leave(self, track: Track) -> None:
        task = track.stop()
        if task is not None:
            self._leaving.add(task)
            task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # it was not wanted any more: what it ended in is no news

    async def _end(self) -> None:
        if self._standby is not None:
            self._leave(self._standby.track)
            self._standby = None
        self._leave_last()
        await asyncio.gather(*tuple(self._leaving), return_exceptions=True)

    def _leave_last(self) -> None:
        """The path that decides goes as it always did: its farewell is heard."""
        if self._track.task is not None:
            self._track.task.cancel()
            self._leaving.add(self._track.task)
