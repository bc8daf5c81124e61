"""How an event gets from who has it to who decides on it: a call, or what asyncio has for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import thread_time_ns

from arb.bench.tried.timing import Way
from arb.domain import Quote, Symbol, VenueId

Take = Callable[[Quote], None]
HandOver = Callable[[Sequence[Quote], Take], Awaitable[None]]


async def call(events: Sequence[Quote], take: Take) -> None:
    for event in events:
        take(event)


async def tuples(events: Sequence[Quote], take: Take) -> None:
    def decode(event: Quote) -> tuple[Quote, ...]:
        return (event,)

    for event in events:
        for each in decode(event):
            take(each)


async def coroutine(events: Sequence[Quote], take: Take) -> None:
    async def taking(event: Quote) -> None:
        take(event)

    for event in events:
        await taking(event)


async def turn(events: Sequence[Quote], take: Take) -> None:
    for event in events:
        take(event)
        await asyncio.sleep(0)


async def queue(events: Sequence[Quote], take: Take) -> None:
    hop: asyncio.Queue[Quote | None] = asyncio.Queue()

    async def taking() -> None:
        while (event := await hop.get()) is not None:
            take(event)

    reader = asyncio.create_task(taking())
    for event in events:
        hop.put_nowait(event)
        await asyncio.sleep(0)
    hop.put_nowait(None)
    await reader


async def task(events: Sequence[Quote], take: Take) -> None:
    async def taking(event: Quote) -> None:
        take(event)

    made: asyncio.Task[None] | None = None
    for event in events:
        made = asyncio.create_task(taking(event))
        await asyncio.sleep(0)
    if made is not None:
        await made


HAND_OVERS: dict[str, HandOver] = {
    "asyncio.create_task, a turn of the loop": task,
    "asyncio.Queue, a turn of the loop": queue,
    "that turn of the loop alone": turn,
    "await a coroutine": coroutine,
    "a tuple of events, then a loop": tuples,
    "direct call": call,
}


def quotes(count: int) -> list[Quote]:
    symbol = Symbol("BTC/USDT")
    return [Quote(VenueId("sim"), symbol, 100.0, 1.0, 101.0, 1.0, n, n, n) for n in range(1, count + 1)]


def ways(count: int) -> Iterator[Way]:
    events = quotes(count)
    for name, hand_over in HAND_OVERS.items():
        yield Way(name, lambda hand_over=hand_over: _time(hand_over, events), kept=hand_over is call)  # type: ignore[misc]


async def _time(hand_over: HandOver, events: Sequence[Quote]) -> float:
    last = 0

    def take(event: Quote) -> None:
        nonlocal last
        last = event.seq

    before = thread_time_ns()
    await hand_over(events, take)
    assert last == events[-1].seq  # it has come to its end
    return (thread_time_ns() - before) / len(events) / 1e3
