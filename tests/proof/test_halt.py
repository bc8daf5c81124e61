"""What a person says to an engine is done at once: within one turn of its loop, under load, and beyond its end."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from arb import app
from arb.clock import SystemClock
from arb.config import Settings
from arb.control import HALT, RESUME
from arb.domain import CycleClosed, CycleOpened, RiskMoved, RiskState
from arb.journal import Records
from arb.rows import SimOptions, TradeFiles
from arb.status import EngineSource, EngineStatus, TradeSummary
from tests.proof.live.books import check_books, sent_while_halted
from tests.proof.live.stage import staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
ON_ITS_WAY_S = 0.1  # what was written to a socket before a halt has arrived by then
WATCHED_S = 0.4


@pytest.mark.parametrize("halts", [pytest.param(6, id="six"), pytest.param(100, id="hundred", marks=pytest.mark.prove)])
@pytest.mark.timeout(1800)
async def test_no_order_leaves_after_a_halt_under_load_nor_after_a_kill_and_a_restart(
    tmp_path: Path, halts: int
) -> None:
    print(f"ARB_SEED={SEED}")
    rng = Random(SEED)
    async with staged(tmp_path, seed=SEED, symbols=("*/USDT",), listed=20, size="20", gaps_hz=200.0) as stage:
        stage.passed()
        engine = await stage.run()
        for number in range(halts):
            await stage.traded(engine, rng.randint(1, 6))
            await asyncio.sleep(rng.uniform(0, 0.01))
            reply = await stage.ask(HALT, why=f"number {number}")
            assert (reply.before, reply.after) == (RiskState.ACTIVE, RiskState.HALTED)
            await asyncio.sleep(ON_ITS_WAY_S)
            arrived = len(stage.arrivals)
            await asyncio.sleep(WATCHED_S)
            assert len(stage.arrivals) == arrived, "an order left after the halt"
            assert (await stage.ask(RESUME)).after is RiskState.ACTIVE

        await stage.traded(engine, 1)
        await stage.ask(HALT, why="the last one")
        engine.kill()  # whatever it had been told is written down by the time it answers
        assert (await engine.ended()).code == -9
        engine = await stage.run()
        status = await stage.status(engine, at_work)
        assert (status.risk, status.limit, status.why) == (RiskState.HALTED, "halt", "the last one")
        arrived = len(stage.arrivals)
        await asyncio.sleep(2 * WATCHED_S)
        assert len(stage.arrivals) == arrived

        resumed = await stage.arb("resume", "--why", "looked at it")
        assert resumed.code == 0, resumed
        await stage.traded(engine, 2)
        assert (await engine.interrupted()).code == 130
        assert sent_while_halted(stage.journal) == []
        check_books(stage.journal, stage.sim, stage.arrivals)


def at_work(status: EngineStatus) -> bool:
    """It has recovered what was, and sees what is."""
    return not status.cycles_open and all(venue.private_up and venue.books_live for venue in status.venues)


class Turns:
    """A view that notes in which turn of the loop the risk gate moved. now: counts up with every turn."""

    def __init__(self) -> None:
        self.now = 0
        self.moved_at: list[tuple[str, int]] = []
        self.ended: list[CycleClosed] = []

    def count(self) -> None:
        self.now += 1
        asyncio.get_running_loop().call_soon(self.count)

    def started(self, source: EngineSource) -> None: ...

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None:
        self.ended.append(closed)

    def moved(self, moved: RiskMoved) -> None:
        self.moved_at.append((moved.limit, self.now))

    def finished(self, summary: TradeSummary) -> None: ...


async def test_a_halt_is_done_in_the_turn_of_the_loop_that_reads_it(tmp_path: Path) -> None:
    files = TradeFiles(tmp_path / "j.sqlite", tmp_path / "run" / "sim.sock")
    settings = Settings.model_validate({
        "exchanges": {"mexc": {}, "gateio": {}},
        "risk": {"max_book_age_ms": 10_000, "max_skew_ms": 10_000, "max_daily_loss": "100000"},
        "cache": {"dir": str(tmp_path / "cache")},
    })  # fmt: skip
    turns, stop = Turns(), asyncio.Event()
    engine = asyncio.create_task(
        app.trade(
            settings, mode="sim", credentials={}, clock=SystemClock(), view=turns, files=files, environ={},
            sim=SimOptions(seed=SEED, symbols=40), duration_s=None, max_cycles=None, accept_balances=False, stop=stop,
        )
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while len(turns.ended) < 2:
                assert not engine.done(), await engine
                await asyncio.sleep(0.01)
            turns.count()
            for number in range(10):
                told = len(turns.moved_at)
                with socket.socket(socket.AF_UNIX) as asking:
                    asking.setblocking(False)
                    asking.connect(str(files.control))
                    await asyncio.sleep(0.05)  # it is accepted, and the load goes on
                    verb = "resume" if number % 2 else "halt"
                    sent_at = turns.now
                    asking.send(b'{"verb":"%s"}\n' % verb.encode())  # there when the loop looks next
                    while len(turns.moved_at) == told:  # noqa: ASYNC110  as above
                        await asyncio.sleep(0)
                    assert turns.moved_at[told:] == [(verb, pytest.approx(sent_at, abs=1))]
                    await asyncio.sleep(0.1)
                    assert asking.recv(4096).startswith(b'{"ok":true')
    finally:
        stop.set()
        await engine
    assert sent_while_halted(files.journal) == []
    with closing(Records(files.journal)) as records:
        assert len(list(records.facts(RiskMoved))) >= 10
