"""Runs a soak. `arb bench soak`: millions of frames, thousands of reconnects and cycles, and nothing that grows.

Two processes: this one is the whole engine of a run on paper, over real sockets; the other one plays the venues.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic_ns
from urllib.parse import urlsplit

import msgspec

from arb.app.venues import native_venue
from arb.bench.frames import Recording, record
from arb.bench.machine import machine
from arb.bench.soak.engine import Soaked, on_engine
from arb.bench.soak.figures import Bound, SoakReport, StageReport
from arb.bench.soak.others import Hurried, on_ccxt, on_seeded, seeded
from arb.bench.soak.stages import CCXT, RECONNECTS, Played, Stages
from arb.bench.soak.talk import Manner, Wanted
from arb.bench.wire.talk import Child, child
from arb.domain import Depth, VenueId
from arb.errors import ArbError
from arb.interfaces import NativeVenue
from arb.sim.apart import Door

SYMBOLS = 8
RECORDED = 20_000  # frames of each venue, after which its recording begins again
LIVELY = 1.0


class Amounts(msgspec.Struct, frozen=True):
    """How much of everything; 0 leaves a stage out. seeded, ccxt: reconnects of these, which take longer."""

    frames: int = 10_000_000
    reconnects: int = 10_000
    cycles: int = 10_000
    seeded: int = 200
    ccxt: int = 100


Told = Callable[[StageReport], None]


async def run(
    amounts: Amounts,
    *,
    modules: Sequence[NativeVenue],
    seed: int = 1,
    recorded: int = RECORDED,
    symbols: int = SYMBOLS,
    told: Told = lambda _stage: None,
) -> SoakReport:
    """told: of each stage when it is over, which may be long before the end.

    Raises ArbError where a stage cannot be measured: frames that got lost, a venue that does not come back.
    """
    began_ns = monotonic_ns()
    with TemporaryDirectory(prefix="arb-soak-") as place:
        folder = Path(place)
        recordings = await _recordings(modules, recorded, seed, symbols)
        (folder / "recordings").write_bytes(msgspec.msgpack.encode(recordings))
        del recordings  # it must not stand in the memory that is measured
        made: list[StageReport] = []

        def over(stage: StageReport) -> None:
            made.append(stage)
            told(stage)

        await _native(folder, amounts, seed, symbols, over)
        await _others(amounts, modules, seed, symbols, over)
    took_s = round((monotonic_ns() - began_ns) / 1e9, 1)
    return SoakReport(machine(), seed, tuple(made), took_s, not any(stage.wrong for stage in made))


async def _recordings(modules: Sequence[NativeVenue], count: int, seed: int, symbols: int) -> list[Recording]:
    """Of the feed that `arb scan` takes by default."""
    made = []
    for module in modules:
        feed = next(feed for feed in module.SPEC.feeds if feed.depth >= Depth.TWENTY)
        made.append(await record(module, feed, count, seed, symbols))
    return made


async def _native(folder: Path, amounts: Amounts, seed: int, symbols: int, over: Told) -> None:
    async with child("arb.bench.soak.player", str(folder / "recordings")) as player:
        ports = await player.hear(dict[str, int])

        async def play(soaked: Soaked) -> None:
            stages = Played(soaked, player)
            await stages.ready()
            if amounts.frames:
                over(await stages.frames(amounts.frames))
            if amounts.reconnects:
                over(await stages.reconnects("reconnects", amounts.reconnects))
            if amounts.cycles:
                over(await stages.cycles(amounts.cycles))

        async with _housed(seed, symbols, tuple(ports)) as (_, doors):
            await on_engine(doors, _sockets(ports), folder, play)


async def _others(amounts: Amounts, modules: Sequence[NativeVenue], seed: int, symbols: int, over: Told) -> None:
    """Reconnects at the simulated exchanges themselves."""
    talking = asyncio.Lock()

    async def lost(
        house: Child, name: str, amount: int, bound: Bound, soaked: Soaked, clock: Hurried | None = None
    ) -> None:
        async def hang_up(venue: VenueId, _manner: Manner) -> None:
            if clock is not None:
                clock.calm()
            async with talking:  # the venues go on side by side
                house.say(venue)
                await house.hear(int)

        stages = Stages(soaked, hang_up, timed=clock is None)
        await stages.ready()
        over(await stages.reconnects(name, amount, bound))

    async with _housed(seed, symbols, tuple(module.SPEC.name for module in modules)) as (house, doors):
        for venue in seeded(modules) if amounts.seeded else ():
            name = f"reconnects, {venue} seeded"
            clock = Hurried()
            await on_seeded(venue, doors, clock, partial(lost, house, name, amounts.seeded, RECONNECTS, clock=clock))
        if amounts.ccxt:
            await on_ccxt(doors, partial(lost, house, "reconnects, ccxt", amounts.ccxt, CCXT))


@asynccontextmanager
async def _housed(seed: int, symbols: int, venues: tuple[str, ...]) -> AsyncIterator[tuple[Child, Mapping[str, Door]]]:
    async with child("arb.bench.soak.house") as house:
        house.say(Wanted(seed, symbols, LIVELY, venues))
        yield house, await house.hear(dict[str, Door])


def _sockets(ports: Mapping[str, int]) -> dict[str, str]:
    found = {}
    for venue, port in ports.items():
        module = native_venue(venue)
        if module is None:
            raise ArbError(f"{venue} has no codec")
        found[venue] = f"ws://127.0.0.1:{port}{urlsplit(module.SPEC.ws_url).path}"
    return found
