"""The slowest of the last answers is what paper takes for its latency."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from arb.app import round_trips
from arb.app.round_trips import KEPT, RoundTrips
from arb.clock import ManualClock
from arb.domain import Coin, Market, NativeSymbol, Symbol, VenueId
from arb.errors import Transient

V = VenueId("v")
MARKET = Market(V, Symbol("A/B"), NativeSymbol("AB"), Coin("A"), Coin("B"), Decimal(1), Decimal(1))


class Data:
    """Answers after so many ns, one after the other; 0: not at all."""

    def __init__(self, clock, *answers):
        self.clock = clock
        self.answers = list(answers)
        self.asked = []
        self.done = asyncio.Event()

    async def fetch_book(self, symbol, levels):
        self.asked.append(symbol)
        takes_ns = self.answers.pop(0)
        if not self.answers:
            self.done.set()
        if not takes_ns:
            raise Transient(V, "no answer")
        self.clock.advance(takes_ns)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param((0, 1), 1, id="what fails measures nothing"),
        pytest.param((5, 9, 3), 9, id="the slowest counts"),
        pytest.param((99, *range(1, KEPT + 1)), KEPT, id="of the last few"),
        pytest.param((0,), None, id="nothing is known without an answer"),
    ],
)
async def test_of(monkeypatch, answers, found):
    monkeypatch.setattr(round_trips, "EVERY_S", 0.0)
    clock = ManualClock(7)
    data, trips = Data(clock, *answers, 0), RoundTrips(clock)
    task = asyncio.create_task(trips.run({V: data}, {V: (MARKET,)}))
    await data.done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert trips.of(V) == found
    assert set(data.asked) == {MARKET.symbol}
