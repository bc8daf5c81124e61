"""The stages of a soak: frames without a reconnect, reconnects with few frames, cycles one after the other."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from time import monotonic_ns

from arb.bench.soak.bounds import bound_of
from arb.bench.soak.census import Census, census, grown
from arb.bench.soak.engine import Soaked
from arb.bench.soak.figures import Bound, Health, Sample, StageReport, trends, wrong
from arb.bench.soak.gauge import Counts, at_rest, counts, memory
from arb.bench.soak.talk import MANNERS, Done, Manner, Task
from arb.bench.wire.talk import Child
from arb.domain import BookKey, BookState, Disconnected, VenueId
from arb.errors import ArbError, Transient
from arb.execution.executor import MOST_CLOSED
from arb.supervise import first

SAMPLES = 100
CENSUSES = 2  # beyond the first
PATIENCE_S = 60.0
LOOK_S = 0.001
BEGUN_S = 1.0  # what begins only after the books has begun by then
LIFE = 10  # frames of each connection beyond those that bring its books whole, on average
IN_FLIGHT = 1_000  # frames that are played and not read yet, at most
AT_ONCE = 100  # frames between two looks whether enough cycles have ended

FRAMES = Bound("frames", 1_000_000, rss_kib=256.0, blocks=1_000.0)
RECONNECTS = Bound("reconnects", 1_000, rss_kib=256.0, blocks=1_000.0)
CCXT = Bound("reconnects", 1_000, rss_kib=256.0, blocks=1_000.0, rss_noise_kib=16_384.0, blocks_noise=50_000.0)
CYCLES = Bound("cycles", 1_000, rss_kib=512.0, blocks=2_000.0)  # a minute of orders is kept: a fast run never fills it


Hangs = Callable[[VenueId, Manner], Awaitable[None]]


class Downs:
    """An Observer: sees which books a lost connection has taken down."""

    def __init__(self, soaked: Soaked) -> None:
        self.seen: set[BookKey] = set()
        self._books = soaked.books
        soaked.live.observers.add(self)

    def on_fact(self, fact: object) -> None:
        if isinstance(fact, Disconnected):
            for symbol in fact.symbols:
                key = (fact.venue, symbol)
                book = self._books.get(key)
                if book is not None and book.state is BookState.DOWN:
                    self.seen.add(key)


class Stages:
    """Each stage takes how much of it, and answers with its report. hang_up: has a venue end its connections."""

    def __init__(self, soaked: Soaked, hang_up: Hangs, *, timed: bool = True) -> None:
        """timed: the books' clock is nobody's to turn, so that shares of time mean something."""
        self._soaked = soaked
        self._hang_up = hang_up
        self._timed = timed
        self._downs = Downs(soaked)
        self._venues = tuple(soaked.live.data)
        self._manners = cycle(MANNERS)

    async def ready(self) -> None:
        """Every book is LIVE. Raises Transient."""
        await self._live(*self._venues)
        await asyncio.sleep(BEGUN_S)

    async def reconnects(self, name: str, amount: int, bound: Bound = RECONNECTS) -> StageReport:
        """The venues hang up, each as soon as all its books are LIVE again, in the three manners in turns."""
        return await self._stage(name, bound, amount, self._lost)

    async def _lost(self, count: int) -> int:
        left = iter(range(count))

        async def again_and_again(venue: VenueId) -> None:
            for _ in left:  # shared: whoever is ready takes the next one
                await self._drop(venue)

        try:
            async with asyncio.TaskGroup() as group:
                for venue in self._venues:
                    group.create_task(again_and_again(venue))
        except BaseExceptionGroup as failures:
            raise first(failures) from None
        return count

    async def _drop(self, venue: VenueId) -> None:
        """Every book DOWN, and LIVE again."""
        keys = {(book.venue, book.symbol) for book in self._soaked.books if book.venue == venue}
        self._downs.seen -= keys
        await self._hang_up(venue, next(self._manners))
        await until(lambda: keys <= self._downs.seen, f"not every book of {venue} is DOWN")
        await self._live(venue)

    async def _live(self, *venues: VenueId) -> None:
        books = [book for book in self._soaked.books if book.venue in venues]
        await until(lambda: all(book.state is BookState.LIVE for book in books), f"{', '.join(venues)} is not LIVE")

    async def _stage(
        self, name: str, bound: Bound, amount: int, step: Callable[[int], Awaitable[int]], judged_from: int = 0
    ) -> StageReport:
        """step: does so many units, or a few more, and says how many."""
        share = max(1, -(-amount // SAMPLES))
        taken = array("q")  # no objects: what is noted must not look like growth
        counted: list[Census] = []
        health, began_ns, done = self._health(), monotonic_ns(), 0
        before: Counts | None = None
        after = counts()
        while done < amount:
            done += await step(min(share, amount - done))
            taken.extend((done, *memory()))
            if before is None or done >= amount or len(counted) <= CENSUSES * done // amount:
                after = await at_rest()
                counted.append(census())
                before = before or after
        took_s, now_health = (monotonic_ns() - began_ns) / 1e9, self._since(health)
        samples = [Sample(*taken[at : at + 3]) for at in range(0, len(taken), 3)]
        found = trends(samples, bound, judged_from)
        rising = grown(counted, bound_of)
        against = wrong(before or after, after, found, rising, now_health)
        return StageReport(
            name, bound.unit, bound.per, done, round(took_s, 1), now_health, before or after, after, found,
            tuple(map(str, rising)), against,
        )  # fmt: skip

    def _health(self) -> tuple[Health, int, int]:
        """Since the start of the run, and how long all books were LIVE and how long they were not, ns."""
        soaked = self._soaked
        venues = soaked.counted.status().venues
        books = list(soaked.books)
        total = Health(
            sum(v.messages for v in venues), sum(v.reconnects for v in venues),
            soaked.engine.trader.closed if soaked.engine is not None else 0, None, sum(v.gaps for v in venues),
            sum(v.resyncs for v in venues), sum(v.crossed for v in venues), sum(v.decode_errors for v in venues),
        )  # fmt: skip
        return total, sum(book.live_ns for book in books), sum(book.not_live_ns for book in books)

    def _since(self, before: tuple[Health, int, int]) -> Health:
        then, live_then, other_then = before
        now, live_now, other_now = self._health()
        live_ns, other_ns = live_now - live_then, other_now - other_then
        return Health(
            now.frames - then.frames, now.reconnects - then.reconnects, now.cycles - then.cycles,
            live_ns / max(1, live_ns + other_ns) if self._timed else None, now.gaps - then.gaps,
            now.resyncs - then.resyncs, now.crossed - then.crossed, now.decode_errors - then.decode_errors,
        )  # fmt: skip


class Played(Stages):
    """With venues that play recordings, and a trading side."""

    def __init__(self, soaked: Soaked, player: Child) -> None:
        self._player = player
        self._talking = asyncio.Lock()
        super().__init__(soaked, self._ask_to_go)
        if soaked.engine is None:
            raise ArbError("nothing trades in a scan")
        self._engine = soaked.engine

    async def ready(self) -> None:
        """And both private sides stand."""
        inventory = self._engine.inventory
        await until(lambda: not any(map(inventory.why_not, self._engine.trading)), "balances are not read")
        await super().ready()

    async def frames(self, amount: int) -> StageReport:
        """Flat out, on the connections that stand."""

        async def step(count: int) -> int:
            await self._play(count)
            return count

        return await self._stage("frames", FRAMES, amount, step)

    async def cycles(self, amount: int) -> StageReport:
        """Frames flow until so many cycles have ended on paper, each with its journal."""
        trader, executor = self._engine.trader, self._engine.executor

        async def step(count: int) -> int:
            before = trader.closed
            trader.open_for_business = True
            try:
                async with _within(PATIENCE_S, "too few cycles have ended"):
                    while trader.closed - before < count:
                        await self._play(AT_ONCE)
            finally:
                trader.open_for_business = False
            await until(lambda: not executor.open, "a cycle did not end")
            return trader.closed - before

        return await self._stage("cycles", CYCLES, amount, step, judged_from=MOST_CLOSED * 5 // 4)

    async def _lost(self, count: int) -> int:
        done = await super()._lost(count)
        await self._play(count * LIFE)
        return done

    async def _ask_to_go(self, venue: VenueId, manner: Manner) -> None:
        await self._ask(Task(drop=venue, manner=manner))

    async def _play(self, count: int) -> None:
        """So many frames, shared out among the venues, until each has reached its book.

        Never more than IN_FLIGHT at once: what a reader has not read yet stands in its socket and then in its read
        buffer, which picows doubles and keeps. No venue has megabytes on their way to us.
        """
        for start in range(0, count, IN_FLIGHT):
            await self._play_some(min(IN_FLIGHT, count - start))

    async def _play_some(self, count: int) -> None:
        data = self._soaked.live.data
        before = {venue: side.counters["frames"] for venue, side in data.items()}
        done = await self._ask(Task(count))
        await until(
            lambda: all(data[VenueId(v)].counters["frames"] - before[VenueId(v)] >= n for v, n in done.frames.items()),
            "frames got lost",
        )

    async def _ask(self, task: Task) -> Done:
        async with self._talking:
            self._player.say(task)
            return await self._player.hear(Done)


async def until(true: Callable[[], bool], otherwise: str) -> None:
    async with _within(PATIENCE_S, otherwise):
        while not true():  # noqa: ASYNC110  what it waits for is no one event
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def _within(seconds: float, otherwise: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Transient("soak", f"{otherwise} after {seconds:g} s") from None
