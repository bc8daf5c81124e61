from __future__ import annotations

import asyncio

from arb.clock import ManualClock
from arb.sim import SimSettings
from arb.sim.distance import Distant
from tests.arb.sim.support import world
from tests.proof.clockwork import Clockwork


class Far:
    """A transport that keeps what it was given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def test_what_leaves_at_one_instant_arrives_in_order() -> None:
    clock, far = ManualClock(0), Far()

    async def talk() -> None:
        wire = Distant(far, 0.02)  # type: ignore[arg-type]  # as much of a transport as it needs
        for n in range(50):
            wire.write(b"%d" % n)
        wire.close()
        await asyncio.sleep(0.03)

    with asyncio.Runner(loop_factory=lambda: Clockwork(clock)) as runner:
        runner.run(talk())
    assert far.written == [b"%d" % n for n in range(50)]
    assert far.closed


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
