"""fastpath.net.link: one connection that subscribes, pings, notices its death, and never waits for one symbol."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from arb.domain import Connected, ConnId, Disconnected, Seed, Subscribed, SubscriptionRefused, Symbol
from arb.errors import Transient
from fastpath.net import link as module
from fastpath.net import subscriptions
from fastpath.net.link import Link
from tests.fastpath.net.venue import Errors, Heard, Venue, running, wiring

A, B = Symbol("A/USDT"), Symbol("B/USDT")


class Line:
    def __init__(self, venue: Venue, seed: Seed = Seed.NONE, **changes: Any) -> None:
        self.heard = Heard()
        self.errors = Errors()
        self.wiring = wiring(venue.url, seed=seed, tap=self.heard, on_error=self.errors, **changes)
        self.notified = 0
        self.ups = 0
        self.link = Link(self.wiring, ConnId(3), (A, B), self.heard, self._notify)

    def _notify(self) -> None:
        self.notified += 1

    def up(self) -> None:
        self.ups += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        async with running(self.link.run(self.up)) as task:
            yield task

    async def refusals(self, count: int) -> list[SubscriptionRefused]:
        await self.heard.until(lambda: len(self.heard.of(SubscriptionRefused)) >= count)
        return self.heard.of(SubscriptionRefused)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are awaited for 50 ms instead of 5 s."""
    monkeypatch.setattr(subscriptions.Subscriptions.__init__, "__defaults__", (0.05,))


async def test_it_subscribes_and_carries_what_is_accepted(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.heard.until(lambda: line.link.flowing == {A, B})
        assert venue.asked("on") == [A, B]
        assert line.link.settled
        assert line.wiring.counters["subscriptions"] == 2
    assert line.link.flowing == frozenset()
    assert line.heard.of(Disconnected)[0].reason == "stopped"


async def test_frames_keep_to_the_rate_of_the_venue(venue: Venue) -> None:
    line = Line(venue, message_hz=1.9)
    loop = asyncio.get_running_loop()
    async with line.running():
        await venue.until(lambda: bool(venue.asked("on")))
        first = loop.time()
        await venue.until(lambda: len(venue.asked("on")) == 2)
        assert 0.4 < loop.time() - first < 5


async def test_silence_is_broken_by_pings_which_the_venue_answers(venue: Venue) -> None:
    line = Line(venue, ping_s=0.05, dead_s=0.4)
    async with line.running() as task:
        await venue.until(lambda: sum("ping" in m for _, m in venue.received) >= 3)
        assert not task.done()
        assert line.wiring.counters["pings"] >= 3


async def test_no_ping_while_the_venue_talks(venue: Venue) -> None:
    line = Line(venue, ping_s=0.2)
    async with line.running():
        for number in range(30):
            await asyncio.sleep(0.01)
            if venue.sockets:
                await venue.say({"delta": A, "seq": number})
    assert line.wiring.counters["pings"] == 0


async def test_a_connection_without_a_sign_of_life_is_dropped(venue: Venue) -> None:
    line = Line(venue, ping_s=10.0, dead_s=0.15)
    venue.mute = {A, B}
    with pytest.raises(Transient, match=r"nothing heard for 0\.15 s"):
        await line.link.run(line.up)
    assert line.heard.of(Disconnected)[0].symbols == (A, B)
    assert line.heard.all[-1] == "idle"


async def test_a_venue_that_answers_no_ping_is_asked_at_the_same_pace_until_it_is_dead(venue: Venue) -> None:
    venue.pongs = False
    line = Line(venue, ping_s=0.1, dead_s=0.45)
    with pytest.raises(Transient, match="nothing heard"):
        await line.link.run(line.up)
    assert 2 <= line.wiring.counters["pings"] <= 4


async def test_it_has_proved_itself_after_a_while_and_says_so_once(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STABLE_S", 0.1)
    line = Line(venue, ping_s=0.02)
    async with line.running():
        await line.heard.until(lambda: line.link.settled)
        assert line.ups == 0
        await asyncio.sleep(0.25)
    assert line.ups == 1


async def test_a_closing_notice_is_noticed(venue: Venue) -> None:
    line = Line(venue)
    async with line.running():
        await line.heard.until(lambda: line.link.settled)
        before = line.notified
        await venue.say({"closing": "upgrade"})
        await line.heard.until(lambda: line.link.closing_ns > 0)
        assert line.notified == before + 1


async def test_cancelled_while_it_is_being_connected_it_is_closed(venue: Venue) -> None:
    line = Line(venue)
    task = asyncio.create_task(line.link.run(line.up))
    line.heard.on = lambda event: task.cancel() if isinstance(event, Connected) else None
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [type(e) for e in line.heard.of(Connected, Disconnected)] == [Connected, Disconnected]
    await venue.until(lambda: bool(venue.sockets) and not venue.open)


async def test_the_loss_of_the_socket_is_raised(venue: Venue) -> None:
    line = Line(venue)
    task = asyncio.create_task(line.link.run(line.up))
    await line.heard.until(lambda: line.link.settled)
    await venue.sockets[0].close(code=1001, message=b"maintenance")
    with pytest.raises(Transient, match="1001 maintenance"):
        await task


# ------------------------------------------------------------------------------------------------ refusals


async def test_a_refused_symbol_does_not_touch_the_others(venue: Venue) -> None:
    venue.bad = {A}
    line = Line(venue)
    async with line.running() as task:
        (refused,) = await line.refusals(1)
        await line.heard.until(lambda: line.link.settled)
        assert refused.symbols == (A,)
        assert line.link.flowing == {B}
        assert not task.done()
    assert line.wiring.counters["refused"] == 1


@pytest.mark.usefixtures("hasty")
async def test_no_answer_is_a_refusal_of_our_own_told_to_tape_and_sink(venue: Venue) -> None:
    venue.mute = {B}
    line = Line(venue)
    async with line.running():
        (refused,) = await line.refusals(1)
        await line.heard.until(lambda: line.heard.all[-1] == "idle")
    assert (refused.symbols, refused.reason, refused.conn) == ((B,), "no answer", 3)
    where = line.heard.all.index(refused)
    assert line.heard.all[where - 2 : where + 2] == [("event", refused), ("idle", 3), refused, "idle"]
    assert line.heard.of(Subscribed)[0].symbols == (A,)


@pytest.mark.usefixtures("hasty")
async def test_what_was_not_answered_is_asked_for_again(venue: Venue) -> None:
    venue.mute = {B}
    line = Line(venue)
    async with line.running():
        await line.refusals(1)
        venue.mute.clear()
        await line.heard.until(lambda: line.link.flowing == {A, B})
    assert [next(iter(m.items())) for _, m in venue.received] == [
        ("on", [A]), ("on", [B]), ("off", [B]), ("on", [B]),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ pushed books


async def test_a_pushed_book_is_awaited(venue: Venue) -> None:
    venue.hollow = {A, B}
    venue.pushes_full = True
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        await line.heard.until(lambda: len(line.heard.of(Subscribed)) == 2)
        assert not line.link.settled
        await venue.say({"full": A, "seq": 1}, {"full": B, "seq": 2})
        await line.heard.until(lambda: line.link.settled)


@pytest.mark.usefixtures("hasty")
async def test_an_accepted_symbol_without_a_book_is_refused_by_us_and_taken_off_first(venue: Venue) -> None:
    venue.pushes_full = True
    venue.hollow = {B}
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        (refused,) = await line.refusals(1)
        assert (refused.symbols, refused.reason) == ((B,), "no full book")
        venue.hollow.clear()
        await line.heard.until(lambda: line.link.flowing == {A, B})
    assert venue.asked("off") == [B]


async def test_renewing_takes_off_and_asks_again_for_that_symbol_only(venue: Venue) -> None:
    venue.pushes_full = True
    line = Line(venue, Seed.PUSHED)
    async with line.running():
        await line.heard.until(lambda: line.link.settled)
        assert line.link.renew(A)
        assert not line.link.renew(A)
        assert line.link.flowing == {B}
        await line.heard.until(lambda: line.link.settled)
    assert (venue.asked("off"), venue.asked("on")) == ([A], [A, B, A])
