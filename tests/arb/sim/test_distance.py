from __future__ import annotations

import asyncio

from arb.sim import SimSettings
from tests.arb.sim.support import world


async def test_a_distant_venue_takes_its_time_both_ways() -> None:
    async with world(settings=SimSettings(activity=0, gaps_hz=0, one_way_ms=20)) as w:
        loop = asyncio.get_running_loop()
        client = await w.connect("gateio")
        for _ in range(2):
            start = loop.time()
            await client.ask({"time": 1, "channel": "spot.ping"})
            assert 0.039 < loop.time() - start < 1
            start = loop.time()
            assert (await w.get("gateio", "/spot/time"))[0] == 200
            assert 0.039 < loop.time() - start < 1
