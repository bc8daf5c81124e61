"""Hostile frames between good ones, over a real socket: the books end as if only the good ones had come.

Whatever lies between the socket and the book is asked here, by whatever way frames go: nothing of a frame that is
refused may stay in a book, a counter of sequence or an engine's decision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiohttp import web

from arb.books import Books
from arb.clock import SystemClock
from arb.domain import Depth, Disconnected, Event, VenueId
from arb.errors import VenueError
from fastpath.net.driver import Driver
from fastpath.net.wiring import Wiring
from tests.hostile.mutation import spoiled
from tests.hostile.seeds import VENUES, frames, module_of, natives

CLOCK = SystemClock()
ROUNDS = 6


def refused(codec: Any, good: Sequence[bytes], rng: Random, count: int) -> list[bytes]:
    """Frames that this codec does not read; found with a codec of their own."""
    found: list[bytes] = []
    while len(found) < count:
        step = (rng.randrange(16), rng.randrange(1 << 16), rng.randrange(256))
        frame = spoiled(rng.choice(good), [step])
        try:
            codec.decode(frame, 1, 1)
        except VenueError:
            if 0 < len(frame) < 4_000 and (codec_is_binary(good) or is_text(frame)):
                found.append(frame)
    return found


def is_text(frame: bytes) -> bool:
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True


def codec_is_binary(good: Sequence[bytes]) -> bool:
    return any(not frame.startswith(b"{") for frame in good)


class Kept:
    """A Sink: books, and what else was said."""

    def __init__(self, venue: str) -> None:
        self.books = Books()
        self.books.add_venue(VenueId(venue), lambda _symbol: None)
        spec = module_of(venue).SPEC
        feed = next(feed for feed in spec.feeds if feed.depth is Depth.TWENTY)
        for symbol in dict.fromkeys(natives(venue).values()):
            book = self.books.add(VenueId(venue), symbol, feed, 0)  # type: ignore[arg-type]
            book.on_subscribed(1, 0)
        self.events: list[Event] = []
        self.losses: list[str] = []
        self.symbols = tuple(dict.fromkeys(natives(venue).values()))

    def on_event(self, event: Event) -> None:
        if isinstance(event, Disconnected):
            self.losses.append(event.reason)
            return
        self.events.append(event)
        self.books.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        pass

    def state(self) -> list[tuple[object, ...]]:
        return [
            (b.symbol, b.state, b.seq, b.exch_ns, b.updates, b.gaps, b.resyncs, b.crossed, levels_of(b))
            for b in self.books
        ]


def levels_of(book: Any) -> tuple[object, ...]:
    """Of a book in whatever state: what a frame left in it may come to light later."""
    return (*book._book.bids(50), "|", *book._book.asks(50))


async def heard(venue: str, sent: Sequence[bytes]) -> tuple[Kept, int, list[VenueError]]:
    """What comes of these frames: books, frames that were counted as unreadable, errors that were told."""
    module, kept, errors = module_of(venue), Kept(venue), list[VenueError]()
    lost = asyncio.Event()
    async with serving(sent) as url:
        wiring = Wiring(
            VenueId(venue), module.SPEC, module.Codec(natives(venue)), module.SPEC.feeds[0], url, CLOCK, asyncio.sleep,
            Random(1), None, errors.append,
        )  # fmt: skip
        driver = Driver(wiring, 1, (), kept, lost.set)  # type: ignore[arg-type]
        await driver.open()
        await asyncio.wait_for(lost.wait(), 10.0)
        await driver.close("over")
    return kept, wiring.counters.decode_errors + wiring.counters.venue_errors, errors


@asynccontextmanager
async def serving(sent: Sequence[bytes]) -> Any:
    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in sent:
            if frame.startswith(b"{") and is_text(frame):
                await socket.send_str(frame.decode())
            else:
                await socket.send_bytes(frame)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/ws", talk)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    finally:
        await runner.cleanup()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("venue", VENUES)
async def test_frames_that_are_refused_leave_no_trace(venue: str) -> None:
    good = [*frames(venue)] * ROUNDS
    rng = Random(7)
    bad = refused(module_of(venue).Codec(natives(venue)), frames(venue), rng, len(good))
    mixed = [frame for pair in zip(good, bad, strict=True) for frame in pair]
    alone, unread, told = await heard(venue, good)
    beside, unread_beside, told_beside = await heard(venue, mixed)
    assert unread == 0
    assert told == []
    assert unread_beside == len(bad)
    assert told_beside
    assert beside.state() == alone.state()
    assert any(state[2] for state in alone.state()), "no book came of the good ones"
    assert len(beside.events) == len(alone.events)
    assert beside.losses == alone.losses
