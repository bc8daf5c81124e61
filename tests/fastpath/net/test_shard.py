"""fastpath.net.shard: reconnects, and the change of a connection before it dies, without a moment uncovered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count
from random import Random
from typing import Any

import pytest

from arb.domain import Connected, ConnId, Disconnected, Seed, Subscribed, Symbol
from arb.errors import AuthFailed, Transient, VenueError
from fastpath.net import shard as module
from fastpath.net.shard import LIFE_SHARE, Shard
from tests.fastpath.net.venue import Errors, Heard, Venue, wiring

A, B = Symbol("A/USDT"), Symbol("B/USDT")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERLAP_S", 0.05)
    monkeypatch.setattr(module, "SETTLE_S", 0.1)
    monkeypatch.setattr(module, "GRACE_S", 1.0)


class Line:
    def __init__(self, venue: Venue, seed: Seed = Seed.NONE, **changes: Any) -> None:
        self.heard = Heard()
        self.errors = Errors()
        self.wiring = wiring(venue.url, seed=seed, on_error=self.errors, **changes)
        self.shard = Shard(self.wiring, map(ConnId, count(1)), (A, B), self.heard, 0.0)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.shard.run(group.create_task))
            try:
                yield
            finally:
                for slot in self.shard._slots:
                    slot.stop("over")
                task.cancel()

    def conns(self, *kinds: type) -> list[int]:
        return [e.conn for e in self.heard.of(*kinds)]

    async def subscribed(self, conn: int) -> None:
        await self.heard.until(lambda: self.conns(Subscribed).count(conn) == 2)

    async def gone(self, conn: int) -> Disconnected:
        await self.heard.until(lambda: conn in self.conns(Disconnected))
        return next(e for e in self.heard.of(Disconnected) if e.conn == conn)


async def test_a_lost_connection_is_replaced_and_everything_subscribed_again(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.subscribed(1)
        await venue.sockets[0].close()
        await line.subscribed(2)
        assert venue.asked("on", socket=1) == [A, B]
        order = [type(e) for e in line.heard.of(Connected, Disconnected, Subscribed)]
        assert order == [Connected, Subscribed, Subscribed, Disconnected, Connected, Subscribed, Subscribed]
        assert line.wiring.counters["losses"] == 1
        assert line.errors == []  # a loss is an event


async def test_attempts_that_fail_are_told_and_repeated(venue: Venue) -> None:
    line = Line(venue)
    slept: list[float] = []
    enough = asyncio.Event()

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)
        if len(slept) > 3:
            enough.set()
            await asyncio.Event().wait()

    unreachable = wiring("ws://127.0.0.1:1/ws", on_error=line.errors)
    object.__setattr__(unreachable, "sleep", sleep)
    line.shard = Shard(unreachable, map(ConnId, count(1)), (A,), line.heard, 0.5)
    async with line.running(), asyncio.timeout(5):
        await enough.wait()
    assert slept[0] == 0.5  # its place in the queue of the first connects
    assert [type(e) for e in line.errors] == [Transient] * 3
    assert line.heard.all == []


async def test_a_bug_behind_the_sink_is_told_as_one(venue: Venue) -> None:
    line = Line(venue)

    def stumble(event: object) -> None:
        if isinstance(event, Subscribed) and event.conn == 1:
            raise ZeroDivisionError("a bug")

    line.heard.on = stumble
    async with line.running():
        await line.subscribed(2)
    assert [type(e.__cause__) for e in line.errors] == [ZeroDivisionError]
    assert [type(e) for e in line.errors] == [VenueError]


async def test_what_no_retry_mends_ends_everything(venue: Venue) -> None:
    line = Line(venue)

    async def refused() -> None:
        async with line.running():
            await line.subscribed(1)
            await venue.say({"auth": "no"})
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await refused()
    assert isinstance(caught.value.exceptions[0], AuthFailed)


# ------------------------------------------------------------------------------------------------ rotation


@pytest.mark.parametrize("seed", [Seed.NONE, Seed.PUSHED], ids=lambda s: s.name)
async def test_before_its_end_a_connection_is_replaced_the_new_one_first(venue: Venue, seed: Seed) -> None:
    venue.pushes_full = True
    line = Line(venue, seed, life_s=0.5)
    started = asyncio.get_running_loop().time()
    async with line.running():
        lost = await line.gone(1)
        lasted = asyncio.get_running_loop().time() - started
        venue_open = list(venue.open)
    assert lost.reason == "rotated"
    assert line.conns(Subscribed)[:4] == [1, 1, 2, 2]
    order = line.heard.of(Subscribed, Disconnected)
    assert order.index(lost) == 4  # after all is accepted on the new one
    assert lost.recv_ns - order[3].recv_ns >= 50_000_000  # and some overlap
    assert 0.5 * LIFE_SHARE[0] <= lasted
    assert venue_open[-1] == 1
    assert line.wiring.counters["rotations"] == 1
    assert line.wiring.counters["losses"] == 0


def test_shards_opened_together_do_not_end_together() -> None:
    shares = {Random(seed).uniform(*LIFE_SHARE) for seed in range(50)}
    assert 0.90 <= min(shares) < 0.91
    assert 0.96 < max(shares) <= 0.97


async def test_a_pushed_feed_waits_for_the_books_of_the_new_connection(venue: Venue) -> None:
    venue.pushes_full = True
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        await line.subscribed(1)
        venue.hollow = {B}
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"})
        await line.subscribed(2)
        await asyncio.sleep(0.15)
        assert line.conns(Disconnected) == []
        await venue.say({"full": B, "seq": 9}, socket=1)
        assert (await line.gone(1)).reason == "rotated"


async def test_a_successor_that_cannot_carry_all_takes_over_after_some_grace(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.subscribed(1)
        venue.bad = {B}
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"})
        await line.heard.until(lambda: 2 in line.conns(Subscribed))
        await asyncio.sleep(0.3)
        assert line.conns(Disconnected) == []
        assert (await line.gone(1)).reason == "rotated"


async def test_a_closing_notice_moves_at_once_and_only_once(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.subscribed(1)
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"}, {"closing": "upgrade"})
        await line.gone(1)
        await asyncio.sleep(0.3)
        assert venue.open == [1]
        assert line.wiring.counters["rotations"] == 1


async def test_a_venue_that_announces_the_end_of_every_connection_does_not_drive_us_in_circles(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 0.25)
    line = Line(venue)
    started = asyncio.get_running_loop().time()
    async with line.running():
        while (lasted := asyncio.get_running_loop().time() - started) < 0.8:
            await asyncio.sleep(0.005)
            for socket in venue.open:
                with contextlib.suppress(ConnectionError):
                    await venue.say({"closing": "soon"}, socket=socket)
        assert 2 <= len(venue.sockets) <= 1 + lasted / 0.25


async def test_the_old_connection_lost_during_a_rotation_costs_nothing(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.subscribed(1)
        venue.mute = {B}
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"})
        await line.heard.until(lambda: 2 in line.conns(Subscribed))
        await venue.sockets[0].close()
        venue.mute.clear()
        await venue.say({"ok": [B]}, socket=1)
        await line.subscribed(2)
        await line.heard.until(lambda: line.wiring.counters["rotations"] == 1 or len(venue.open) == 1)
        await asyncio.sleep(0.3)
        assert len(venue.open) == 1


async def test_the_new_connection_lost_during_the_overlap_leaves_the_old_one(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OVERLAP_S", 0.3)
    line = Line(venue)
    async with line.running():
        await line.subscribed(1)
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"})
        await line.subscribed(2)
        venue.mute = {A, B}
        await venue.sockets[1].close()
        await asyncio.sleep(0.5)
        assert line.conns(Disconnected) == [2]
        assert 0 in venue.open


async def test_renewal_reaches_both_connections_of_a_rotation(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERLAP_S", 5.0)
    venue.pushes_full = True
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        await line.subscribed(1)
        await asyncio.sleep(0.12)
        await venue.say({"closing": "upgrade"})
        await line.subscribed(2)
        await asyncio.sleep(0.05)
        assert line.shard.renew(A)
        await venue.until(lambda: len(venue.asked("off")) == 2)
        assert (venue.asked("off", 0), venue.asked("off", 1)) == ([A], [A])
