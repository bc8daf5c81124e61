"""A tick on a venue's socket -> our signed orders at both venues' doors, beside a ccxt.pro program that does the same.

The stage stamps both ends with one clock. Clients stay up through all rounds, one at a time may trade.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from arb.bench.frames import ACTIVITY, SYMBOLS
from arb.bench.tick.talk import Block, Doors, Setting, Spent, Tick, Turn
from arb.bench.wire.figures import quantile, ratio
from arb.bench.wire.talk import Child, child
from arb.errors import ArbError

VENUES = ("mexc", "gateio")
MOST_LOST = 0.5  # share of the ticks that may bring no order


class Subject(NamedTuple):
    """Who orders, and how. client: the number of its process.   venues: where its ticks are."""

    name: str
    client: int
    turn: Turn
    venues: tuple[str, ...] = VENUES


OURS, THEIRS, SPUN, SOCKET = "native", "ccxt.pro", "native --spin", "ccxt.pro, its order over the socket"
SUBJECTS = (
    Subject(OURS, 0, Turn(True)),
    Subject(THEIRS, 1, Turn(True)),
    Subject(SPUN, 0, Turn(True, spin=True)),
    Subject(SOCKET, 1, Turn(True, socket=True), ("gateio",)),
)


class TickRow(msgspec.Struct, frozen=True):
    """µs, medians over the rounds of each round's quantile; (least, most) of the rounds' p50s; the worst of all.

    own: until the order was at the venue of the tick; both: until the later of both legs was at its venue.
    decided, handed, commit: p50s of ours, see `Spent`; None: not known.   lost: ticks that brought no order.
    """

    venue: str
    client: str
    ticks: int
    lost: int
    own_p50: float
    own_range: tuple[float, float]
    own_p99: float
    own_worst: float
    both_p50: float
    decided: float | None
    handed: float | None
    commit: float | None


class TickReport(msgspec.Struct, frozen=True):
    """ratios: see `arb.bench.budgets`; of the way to the venue of the tick.   spun: the same of ours with --spin."""

    rounds: int
    pinned: bool
    rows: tuple[TickRow, ...]
    ratios: dict[str, float]
    spun: dict[str, float]


class Taken(msgspec.Struct):
    """rounds: of ticks that brought orders."""

    rounds: list[list[Tick]] = []
    spent: list[Spent] = []
    lost: int = 0


Key = tuple[str, str]  # venue, client


async def ticks(
    count: int = 10, rounds: int = 5, *, seed: int = 1, pin: bool = True, symbols: int = SYMBOLS,
    activity: float = ACTIVITY,
) -> TickReport:  # fmt: skip
    """count: of each client on each venue, a round. Raises ArbError where a client brings no orders."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pinned = pin and len(cores) >= 2
    stage_core, client_core = (cores[0], cores[1]) if pinned else (None, None)
    taken: dict[Key, Taken] = {}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="arb-bench-"))
        stage = await stack.enter_async_context(child("arb.bench.tick.stage", core=stage_core))
        stage.say(Setting(2, seed, symbols, activity))
        doors = await stage.hear(list[Doors])
        clients = [
            await stack.enter_async_context(child("arb.bench.tick.ours", folder, core=client_core)),
            await stack.enter_async_context(child("arb.bench.tick.theirs", core=client_core)),
        ]
        for client, door in zip(clients, doors, strict=True):
            client.say(door)
            await client.hear(bool)
        for number in range(rounds + 1):
            for subject in SUBJECTS:
                for venue in subject.venues:
                    played = await _block(stage, clients[subject.client], subject, Block(subject.client, venue, count))
                    if number:  # the first round of a process pays for what it does once
                        _keep(taken.setdefault((venue, subject.name), Taken()), *played)
    rows = tuple(_row(venue, name, each) for (venue, name), each in taken.items())
    return TickReport(rounds, pinned, rows, _ratios(taken, OURS), _ratios(taken, SPUN))


def tick_lines(report: TickReport) -> Iterator[str]:
    pinned = "stage and clients on a core each" if report.pinned else "processes not pinned"
    yield f"tick -> signed order at its venue's door; µs, medians of {report.rounds} interleaved rounds, {pinned}"
    yield (
        f"{'venue':7} {'client':36} {'own p50':>8} {'(min..max)':>14} {'p99':>7} {'worst':>7} {'both p50':>8} "
        f"{'ticks':>6} {'lost':>4}   of it p50: frame to decision + decision to both handed over (commit)"
    )
    for row in report.rows:
        least, most = row.own_range
        spread = f"({least:.0f}..{most:.0f})"
        parts = ""
        if row.handed is not None:
            parts = f"{row.decided:.0f} + {row.handed:.0f} ({row.commit:.0f})"
        yield (
            f"{row.venue:7} {row.client:36} {row.own_p50:8.0f} {spread:>14} {row.own_p99:7.0f} {row.own_worst:7.0f} "
            f"{row.both_p50:8.0f} {row.ticks:6} {row.lost:4}   {parts}"
        )
    for key, value in report.ratios.items():
        yield f"{key}: {value:.3g} of ccxt.pro's ({report.spun[key]:.3g} with --spin)"


async def _block(stage: Child, client: Child, subject: Subject, block: Block) -> tuple[list[Tick], Spent]:
    client.say(subject.turn)
    await client.hear(Spent)
    stage.say(block)
    played = await stage.hear(list[Tick])
    client.say(Turn(False))
    return played, await client.hear(Spent)


def _keep(into: Taken, played: Sequence[Tick], spent: Spent) -> None:
    into.rounds.append([tick for tick in played if tick.own and tick.both])
    into.lost += len(played) - len(into.rounds[-1])
    into.spent.append(spent)


def _row(venue: str, name: str, taken: Taken) -> TickRow:
    count = sum(map(len, taken.rounds))
    if not all(taken.rounds) or taken.lost > MOST_LOST * (count + taken.lost):
        raise ArbError(f"{name} has let {taken.lost} of {count + taken.lost} ticks on {venue} pass without an order")
    own = [sorted(tick.own / 1e3 for tick in each) for each in taken.rounds]
    both = [sorted(tick.both / 1e3 for tick in each) for each in taken.rounds]
    p50 = [quantile(each, 0.5) for each in own]
    return TickRow(
        venue, name, count, taken.lost,
        round(median(p50), 1), (round(min(p50), 1), round(max(p50), 1)),
        round(median(quantile(each, 0.99) for each in own), 1), round(max(each[-1] for each in own), 1),
        round(median(quantile(each, 0.5) for each in both), 1),
        *(_part([getattr(spent, part) for spent in taken.spent]) for part in Spent.__struct_fields__),
    )  # fmt: skip


def _part(rounds: Sequence[tuple[int, ...]]) -> float | None:
    if not all(rounds):
        return None
    return round(median(quantile(sorted(each), 0.5) for each in rounds) / 1e3, 1)


def _ratios(taken: dict[Key, Taken], name: str) -> dict[str, float]:
    def p50(venue: str, client: str) -> list[float]:
        return [quantile(sorted(tick.own for tick in each), 0.5) for each in taken[venue, client].rounds]

    return {f"tick-order {venue}": ratio(p50(venue, name), p50(venue, THEIRS)) for venue in VENUES}
