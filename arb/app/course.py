"""The course of a trading run: recover, trade, wind down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loguru import logger

from arb.app.assembly import Engine
from arb.app.scanning import LOOK_S, Live, unless, until
from arb.control import clear_wish, read_wish, wish_path
from arb.domain import Stopped, Unwritten
from arb.errors import ArbError, JournalError
from arb.interfaces import Clock
from arb.journal import Records, SqliteJournal
from arb.recovery import recover

WRITTEN_S = 5.0  # a wish must be in the journal by then
GRACE_S = 10.0  # what is open when a run ends may take so long to end by itself
STOPPED_S = 10.0  # and then so long until every order's outcome is known
PATIENCE_S = 30.0  # for each step of a recovery


class Course:
    """accept_balances: take what the venues hold now for right, whatever the journal expected."""

    def __init__(
        self,
        engine: Engine,
        live: Live,
        clock: Clock,
        stop: asyncio.Event,
        *,
        duration_s: float | None,
        accept_balances: bool,
    ) -> None:
        self._engine = engine
        self._live = live
        self._clock = clock
        self._stop = stop
        self._duration_s = duration_s
        self._accept_balances = accept_balances
        self.failure: Exception | None = None  # what something failed of, for good
        self._written = True

    async def run(self) -> str:
        """How it ended: "interrupted", "duration" or "cycles". Raises what `recover` raises, Transient."""
        trader = self._engine.trader
        try:
            if await unless(self._stop, self._recover()) is None:
                return "interrupted"
            trader.open_for_business = self.failure is None
            ended = await until(self._live, self._stop, self._duration_s, once=False, enough=self._enough)
        except ArbError as error:
            self._tell_stopped(str(error))
            raise
        finally:
            trader.open_for_business = False
        await self._wind_down()
        if self._engine.executor.open:
            self._tell_stopped("outcomes are not known")
        return ended

    def fail(self, failure: Exception) -> None:
        """Something has ended for good: nothing new begins, and what is open ends before the run does."""
        self._engine.trader.open_for_business = False
        self._stop.set()
        if self.failure is None:
            self.failure = failure
            logger.error("the run ends: {!r}", failure)
            self._tell_stopped(str(failure) or repr(failure))

    def _enough(self) -> bool:
        self._mind_the_journal()
        broken = self._engine.executor.broken
        if broken is not None:
            self.fail(broken)
        return self._engine.trader.enough

    def _mind_the_journal(self) -> None:
        """Whoever is away from the screen is told, too; once for each time."""
        written, self._written = self._written, not self._engine.journal.trouble
        if written and not self._written:
            self._engine.publisher.publish(Unwritten(self._engine.journal.trouble, self._clock.mono_ns()))

    def _tell_stopped(self, why: str) -> None:
        engine, now_ns = self._engine, self._clock.mono_ns()
        engine.publisher.publish(Stopped(why, len(engine.executor.open), now_ns, self._clock.wall_ns()))

    async def _recover(self) -> bool:
        engine = self._engine
        records = Records(engine.journal.path)
        try:
            done = await recover(
                records, engine.trading, engine.executor, engine.exposure, engine.risk,
                clock=self._clock, sleep=asyncio.sleep, publish=engine.publisher.publish, flush=engine.journal.flush,
                patience_s=PATIENCE_S, accept_balances=self._accept_balances,
            )  # fmt: skip
        finally:
            records.close()
        for mismatch in done.mismatches:
            logger.warning("{}: {}: ours {}, theirs {}", mismatch.venue, mismatch.what, mismatch.ours, mismatch.theirs)
        if done.cycles:
            logger.warning("{} cycles of an earlier run were ended", len(done.cycles))
        await self._obey()
        return True

    async def _obey(self) -> None:
        """What a person asked of an engine that did not run. It is in the journal when the wish is forgotten."""
        path = wish_path(self._engine.journal.path)
        wish = read_wish(path)
        if wish is None:
            return
        risk, now_ns = self._engine.risk, self._clock.mono_ns()
        if wish.verb == "halt":
            risk.halt(wish.why or "asked for before this run", now_ns)
        else:
            risk.resume(wish.why or "asked for before this run", now_ns)
        await self._while(lambda: bool(self._flushed().waiting), WRITTEN_S)
        if self._engine.journal.waiting:
            raise JournalError(f"the wish in {path} cannot be written down: {self._engine.journal.trouble}")
        clear_wish(path)

    def _flushed(self) -> SqliteJournal:
        self._engine.journal.flush()
        return self._engine.journal

    async def _wind_down(self) -> None:
        """Open cycles may end by themselves; then nothing new is sent, and what is left over is reported."""
        executor = self._engine.executor
        await self._while(lambda: bool(executor.open), GRACE_S)
        executor.stop(self._clock.mono_ns())
        await self._while(lambda: bool(executor.open), STOPPED_S)

    async def _while(self, condition: Callable[[], bool], at_most_s: float) -> None:
        end_ns = self._clock.mono_ns() + round(at_most_s * 1e9)
        while condition() and self._clock.mono_ns() < end_ns:  # noqa: ASYNC110  what it waits for is no one event
            await asyncio.sleep(LOOK_S / 10)
