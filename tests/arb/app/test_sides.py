"""Private sides that live together, and one that fails for good."""

from __future__ import annotations

import asyncio

import pytest

from arb.app.sides import run_sides
from arb.domain import PrivateDown, PrivateUp, VenueId
from arb.errors import AuthFailed
from tests.fake_trading import FakeTrading
from tests.fastpath.net.venue import CLOCK, Heard

REFUSED = AuthFailed("mexc", "the key is refused")


class Failing(FakeTrading):
    """Fails once `over` is set; stubborn: a cancellation does not hurry it, and ends in what it failed of."""

    def __init__(self, *, stubborn: bool = False) -> None:
        super().__init__("mexc", CLOCK)
        self.over = asyncio.Event()
        self._stubborn = stubborn

    async def run(self, sink: object) -> None:
        while not self.over.is_set():
            try:
                await self.over.wait()
            except asyncio.CancelledError:
                if not self._stubborn:
                    raise
                self.over.set()
        raise REFUSED


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "stubborn", [pytest.param(False, id="failed before the end"), pytest.param(True, id="failed while it was ended")]
)
async def test_one_that_fails_is_told_and_the_others_live_on_until_the_end(stubborn: bool) -> None:
    failing, living, heard, told = Failing(stubborn=stubborn), FakeTrading("gateio", CLOCK), Heard(), []
    sides = {VenueId("mexc"): failing, VenueId("gateio"): living}
    task = asyncio.create_task(run_sides(sides, heard, told.append))
    await settle()
    if not stubborn:
        failing.over.set()
        await settle()
        assert told == [REFUSED]
    assert (len(heard.of(PrivateUp)), heard.of(PrivateDown), task.done()) == (1, [], False)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert (told, task.cancelled(), living.up) == ([REFUSED], True, False)


async def test_where_nobody_is_to_be_told_the_first_that_fails_ends_all() -> None:
    failing, living = Failing(), FakeTrading("gateio", CLOCK)
    failing.over.set()
    with pytest.raises(ExceptionGroup) as raised:
        await run_sides({VenueId("gateio"): living, VenueId("mexc"): failing}, Heard())
    assert raised.value.exceptions == (REFUSED,)
    assert not living.up
