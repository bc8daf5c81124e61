"""The other process: the simulated exchanges in real time, which tell static facts, seed books, and hang up when told.

`python -m arb.bench.soak.house` is told what to serve by a first line of JSON, answers with the doors, and to each
line (a venue's name) with how many sockets it has closed.
"""

from __future__ import annotations

import asyncio

import msgspec

from arb.bench.soak.talk import Wanted
from arb.bench.wire.talk import answer, lines
from arb.clock import SystemClock
from arb.sim.apart import Door
from arb.sim.exchanges import SimExchanges
from arb.sim.venue import SimSettings, SimVenue

_GOING_AWAY = 1001


def hang_up(venue: SimVenue) -> int:
    """With a close frame and with a reset, in turns."""
    gone = 0
    for conn in list(venue.conns):
        if conn.number % 2:
            conn.close(_GOING_AWAY, "maintenance")
        else:
            conn.abort()
        gone += 1
    return gone


async def serve() -> None:
    told = await lines()
    wanted = msgspec.json.decode(await told.readline(), type=Wanted)
    settings = SimSettings(gaps_hz=0.0, activity=wanted.activity)
    exchanges = SimExchanges(
        SystemClock(), seed=wanted.seed, symbols=wanted.symbols, venues=wanted.venues, settings=settings
    )
    await exchanges.start()
    try:
        answer({name: Door(urls.rest_url, urls.ws_url, *exchanges.keys[name]) for name, urls in exchanges.urls.items()})
        while line := await told.readline():
            answer(hang_up(exchanges.venues[msgspec.json.decode(line, type=str)]))
    finally:
        await exchanges.stop()


if __name__ == "__main__":
    asyncio.run(serve())
