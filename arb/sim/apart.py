"""Simulated exchanges in a process of their own, so that their work does not sit on the loop of whoever is measured.

`python -m arb.sim.apart` is told what to serve by a first line of JSON, answers with a line of addresses, and to each
empty line that follows with when the orders since then arrived. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping

import msgspec

from arb.clock import SystemClock
from arb.sim.exchanges import SimExchanges
from arb.sim.venue import SimSettings

_ORDER = re.compile(r"arb-[0-9a-z]+-[0-9a-z]+")


class Wanted(msgspec.Struct, frozen=True):
    """activity, one_way_ms: see `SimSettings`.   balances: venue -> coin -> amount."""

    seed: int
    symbols: int
    one_way_ms: float
    activity: float
    venues: tuple[str, ...]
    balances: Mapping[str, Mapping[str, str]]


class Door(msgspec.Struct, frozen=True):
    """Where one venue is served, and the keys of the account there."""

    rest_url: str
    ws_url: str
    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Door({self.rest_url}, {self.ws_url})"


class Arrivals:
    """When each of our orders first came to a venue's door, by client id: ns of the machine's monotonic clock."""

    def __init__(self) -> None:
        self.at_ns: dict[str, int] = {}

    def on_arrival(self, said: str) -> None:
        now_ns = SystemClock.mono_ns()
        found = _ORDER.search(said)
        if found is not None:
            self.at_ns.setdefault(found[0], now_ns)


async def serve(wanted: Wanted, lines: asyncio.StreamReader) -> None:
    arrivals = Arrivals()
    settings = SimSettings(
        gaps_hz=0.0, activity=wanted.activity, one_way_ms=wanted.one_way_ms, balances=wanted.balances
    )
    exchanges = SimExchanges(
        SystemClock(), seed=wanted.seed, symbols=wanted.symbols, venues=wanted.venues, settings=settings
    )
    for venue in exchanges.venues.values():
        venue.on_arrival = arrivals.on_arrival
    await exchanges.start()
    try:
        doors = {name: Door(urls.rest_url, urls.ws_url, *exchanges.keys[name]) for name, urls in exchanges.urls.items()}
        _say(doors)
        while await lines.readline():
            _say(arrivals.at_ns)
            arrivals.at_ns = {}
    finally:
        await exchanges.stop()


def _say(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


async def _main() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await serve(msgspec.json.decode(await lines.readline(), type=Wanted), lines)


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(_main())
    else:
        uvloop.run(_main())
