"""Ours as `arb run` trades: sockets, codecs, books, scanner, strategy, plan, gate, journal, native orders.

`python -m arb.bench.tick.ours FOLDER` is told the doors, answers `true` once orders may leave, then to each `Turn`
with what the orders since the last one have cost.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from arb.app.spinning import spinning
from arb.bench.rig import AGAIN_S, READY_S, Standing, bench_settings, is_ready, standing
from arb.bench.stopwatch import TimedJournal
from arb.bench.tick.talk import Doors, Spent, Turn
from arb.bench.wire.talk import answer, lines
from arb.clock import SystemClock
from arb.config import ExecutionConfig
from arb.domain import CycleOpened, Fact
from arb.errors import Transient

_CLOCK = SystemClock()


class Stages:
    """A listener of the publisher, which hears of a cycle when its orders have been handed over."""

    def __init__(self, journal: TimedJournal) -> None:
        self._journal = journal
        self._spent: list[tuple[int, int, int]] = []

    def on_fact(self, fact: Fact) -> None:
        if isinstance(fact, CycleOpened):
            plan, now_ns = fact.plan, _CLOCK.mono_ns()
            heard_ns = plan.planned_ns - min(book.age_ns for book in plan.books)
            spent = (plan.detected_ns - heard_ns, now_ns - plan.detected_ns, self._journal.took_ns)
            self._spent.append(spent)

    def take(self) -> Spent:
        spent, self._spent = self._spent, []
        return Spent(*zip(*spent, strict=True)) if spent else Spent()


async def trade(made: Standing, told: asyncio.StreamReader) -> str:
    engine, stages = made.engine, Stages(made.journal)
    engine.publisher.listen(stages.on_fact)
    symbols = [market.symbol for chosen in made.markets.values() for market in chosen]
    try:
        async with asyncio.timeout(READY_S):
            while not is_ready(engine, made.books, symbols):  # noqa: ASYNC110  what it waits for is no one event
                await asyncio.sleep(AGAIN_S)
    except TimeoutError:
        raise Transient("sim", f"books and accounts are not ready after {READY_S:g} s") from None
    answer(True)
    with ExitStack() as spins:
        while line := await told.readline():
            turn = msgspec.json.decode(line, type=Turn)
            engine.trader.open_for_business = turn.on
            spins.close()
            spins.enter_context(spinning(turn.spin))
            answer(stages.take())
    return "told to end"


async def serve(folder: Path) -> None:
    told = await lines()
    doors = msgspec.json.decode(await told.readline(), type=Doors)
    settings = bench_settings(doors, "native").model_copy(update={"execution": ExecutionConfig()})
    async with standing(doors, folder, settings, scans=True) as made:
        await made.live.run(lambda: trade(made, told), made.work())


def main(folder: str) -> None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(serve(Path(folder)))
    else:
        uvloop.run(serve(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
