"""A lost push of a balance is healed by the next read."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from arb.app.rereading import reread
from arb.clock import ManualClock
from arb.domain import BalancesRead, VenueId
from arb.errors import Transient
from tests.fake_trading import FakeTrading


class Sink:
    def __init__(self):
        self.events = []
        self.idle = 0

    def on_event(self, event):
        self.events.append(event)

    def on_idle(self, recv_ns):
        self.idle += 1


class Turns:
    """A sleep that lets so many turns pass and then waits for ever."""

    def __init__(self, turns):
        self.left = turns
        self.asked = []
        self.over = asyncio.Event()

    async def __call__(self, seconds):
        self.asked.append(seconds)
        if not self.left:
            self.over.set()
            await asyncio.get_running_loop().create_future()
        self.left -= 1


@pytest.mark.parametrize(
    ("change", "venues"),
    [
        pytest.param(lambda a: None, ["a", "b"], id="every venue in its turn"),
        pytest.param(lambda a: setattr(a, "refusal_text", "down"), ["b"], id="but one that is down"),
        pytest.param(lambda a: setattr(a, "broken", Transient("a", "429")), ["b"], id="a failed read waits its turn"),
    ],
)
async def test_reread(change, venues):
    clock, sink, turns = ManualClock(5), Sink(), Turns(2)
    sides = {VenueId(name): FakeTrading(name, clock, held={"A": Decimal(1)}) for name in ("a", "b")}
    for side in sides.values():
        side.attach(Sink())
        side.gain()
    change(sides[VenueId("a")])
    task = asyncio.create_task(reread(sides, sink, 30.0, turns))
    await turns.over.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [event.venue for event in sink.events] == venues * 2
    assert all(isinstance(event, BalancesRead) for event in sink.events)
    assert (sink.idle, turns.asked) == (len(venues) * 2, [30.0] * 3)
