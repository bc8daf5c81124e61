"""kill -9 of an engine in the middle of its cycles, again and again: every restart finds out what became of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.proof.live.books import check_books
from tests.proof.live.stage import Engine, Stage, staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
AT_ONCE = 0.4  # of the kills come with the order's arrival ...
STARTING = 0.2  # ... and these while the engine starts, which is when it recovers from the one before


@pytest.mark.parametrize(
    "kills", [pytest.param(10, id="ten"), pytest.param(200, id="two hundred", marks=[pytest.mark.prove])]
)
@pytest.mark.timeout(1800)
async def test_nothing_is_sent_twice_and_nothing_forgotten(tmp_path: Path, kills: int) -> None:
    print(f"ARB_SEED={SEED}")
    rng = Random(SEED)
    async with staged(tmp_path, seed=SEED) as stage:
        await stage.passed()
        for number in range(kills):
            engine = await stage.run()
            await _kill(stage, engine, rng)
            assert (await engine.ended()).code == -9, (number, engine.told())
        engine = await stage.run()
        await stage.traded(engine, 4)
        last = await engine.interrupted()
        assert last.code == 130, last.err
        assert check_books(stage.journal, stage.sim, stage.arrivals) >= kills / 2


async def _kill(stage: Stage, engine: Engine, rng: Random) -> None:
    if rng.random() < STARTING:
        await asyncio.sleep(rng.uniform(0.5, 2.0))
        engine.kill()
        return
    which = len(stage.arrivals) + rng.randint(1, 8)
    later_s = 0.0 if rng.random() < AT_ONCE else rng.expovariate(1 / 0.003)

    def on_order(_: object) -> None:
        if len(stage.arrivals) == which and later_s:
            asyncio.get_running_loop().call_later(later_s, engine.kill)
        elif len(stage.arrivals) == which:
            engine.kill()

    stage.on_order = on_order
    await stage.until(lambda: len(stage.arrivals) >= which, engine)
