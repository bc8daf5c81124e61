"""kill -9 of an engine in the middle of its cycles, again and again: every restart finds out what became of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.arb.sim.trading import mexc
from tests.proof.live.account import account
from tests.proof.live.books import check_books
from tests.proof.live.stage import Engine, Stage, staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
AT_ONCE = 0.4  # of the kills come with the order's arrival ...
STARTING = 0.2  # ... and these while the engine starts, which is when it recovers from the one before


@pytest.mark.parametrize(
    ("kills", "path"),
    [
        pytest.param(10, "native", id="ten kills"),
        pytest.param(200, "native", id="two hundred", marks=pytest.mark.prove),
        pytest.param(40, "ccxt", id="forty, orders through ccxt", marks=pytest.mark.prove),
    ],
)
@pytest.mark.timeout(1800)
async def test_nothing_is_sent_twice_and_nothing_forgotten(tmp_path: Path, kills: int, path: str) -> None:
    print(f"ARB_SEED={SEED}")
    rng = Random(SEED)
    async with staged(tmp_path, seed=SEED) as stage:
        stage.through(path)
        await stage.examined()
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


async def test_what_nobody_explains_stops_the_next_start_until_a_person_accepts_it(tmp_path: Path) -> None:
    async with staged(tmp_path, seed=SEED) as stage:
        stage.passed()
        engine = await stage.run()
        await stage.traded(engine, 2)
        assert (await engine.interrupted()).code == 130

        async with account(stage.sim) as person:
            status, told = await mexc(
                person, "POST", "order", symbol="XRPUSDT", side="BUY", type="MARKET", quoteOrderQty=20
            )
            assert status == 200, told
        before = len(stage.arrivals)
        refused = await (await stage.run()).ended()
        assert refused.code == 9, refused
        last = refused.err.splitlines()[-1]
        assert last.startswith("error: balances that nothing in "), refused.err
        assert "mexc XRP: ours " in last
        assert "mexc USDT: ours " in last
        assert "gateio" not in last
        assert last.endswith("look at the account and then start once with 'arb run --accept-balances'")
        assert len(stage.arrivals) == before, "traded before a person has looked"

        for words in (("--accept-balances",), ()):  # once is enough
            engine = await stage.run(*words)
            await stage.traded(engine, 2)
            assert (await engine.interrupted()).code == 130
