"""`arb bench tried`: what was chosen beside what it was chosen from, part by part, in one run.

It holds no budget: it says why things are as they are, and tells when that should be looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic_ns

import msgspec

from arb import core
from arb.bench.frames import Recording, fastest, record
from arb.bench.machine import Machine, machine
from arb.bench.tried import answers, books, decoders, handover, orders, rivals, sockets
from arb.bench.tried.timing import Row, measure
from arb.interfaces import NativeVenue

__all__ = ["Amount", "TriedReport", "run", "tried_lines"]


class Amount(msgspec.Struct, frozen=True):
    """How much of everything, a round. saturated, paced: frames to each client."""

    frames: int = 4_000
    updates: int = 4_000
    saturated: int = 20_000
    paced: int = 600
    events: int = 10_000
    orders: int = 4_000
    asked: int = 400


class Section(msgspec.Struct, frozen=True):
    name: str
    rows: tuple[Row, ...]


class TriedReport(msgspec.Struct, frozen=True):
    """rivals: versions of those that are none of our dependencies.   notes: what was left out, and why."""

    machine: Machine
    rivals: tuple[tuple[str, str], ...]
    core: str
    rounds: int
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    took_s: float


async def run(
    rounds: int = 5, *, modules: Sequence[NativeVenue], seed: int = 1, amount: Amount | None = None
) -> TriedReport:
    """Raises ArbError where a client fails."""
    began = monotonic_ns()
    n = amount or Amount()
    recorded = [(module, await record(module, fastest(module.SPEC), n.frames, seed)) for module in modules]
    sections = []
    for module, recording in recorded:
        group = f"{module.SPEC.name} {recording.feed.name}, CPU a frame"
        rows = await measure(group, decoders.ways(module, recording), rounds)
        sections.append(Section("decoders", tuple(rows)))
    group = f"{books.SYMBOLS} books of {books.LEVELS:,} levels, CPU an update with a look at the touch"
    sections.append(Section("books", tuple(await measure(group, books.ways(n.updates, seed), rounds))))
    sections.append(Section("sockets", await _sockets(_long(recorded[0][1], n.saturated), n, rounds)))
    rows = await measure("CPU an event", handover.ways(n.events), rounds)
    sections.append(Section("hand-over", tuple(rows)))
    sections.append(Section("orders", await _orders(n, rounds)))
    return TriedReport(
        machine(), rivals.versions(), core.NAME, rounds, _merged(sections), rivals.notes(),
        round((monotonic_ns() - began) / 1e9, 1),
    )  # fmt: skip


def tried_lines(report: TriedReport) -> Iterator[str]:
    """The machine and the versions, then a row a way; `*` before the one that is kept."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in (*m.packages, *report.rivals))
    yield f"core: {report.core}; medians of {report.rounds} interleaved rounds, µs; *: ours, of which x tells"
    for section in report.sections:
        group = ""
        for row in section.rows:
            if row.group != group:
                group = row.group
                yield f"== {section.name}: {group}"
            least, most = row.range_us
            spread, times = f"({least:.2f}..{most:.2f})", f"x {row.times:.2f}" if row.times else ""
            yield f"{'*' if row.kept else ' '} {row.name:58} {row.us:9.2f} {spread:>19} {times:>8}"
    yield from report.notes
    yield f"{report.took_s:.0f} s"


async def _sockets(recording: Recording, n: Amount, rounds: int) -> tuple[Row, ...]:
    async with sockets.clients(recording) as found:
        full = await measure("saturated, CPU a frame", sockets.saturated(found, n.saturated), rounds)
        slow = await measure(f"{sockets.RATE:,}/s, p50 from write to callback", sockets.paced(found, n.paced), rounds)
    return (*full, *slow)


async def _orders(n: Amount, rounds: int) -> tuple[Row, ...]:
    rows = await measure("CPU to encode one", orders.encoding(n.orders), rounds)
    for algorithm in ("sha256", "sha512"):
        rows += await measure(f"CPU of an HMAC-{algorithm.upper()}", orders.signing(algorithm, n.orders), rounds)
    rows += await measure("CPU to read an HTTP answer", answers.parsing(n.orders), rounds)
    async with answers.clients() as found:
        group = "HTTP round trip, CPU of client and server together"
        rows += await measure(group, answers.asking(found, n.asked), rounds)
    return tuple(rows)


def _long(recording: Recording, count: int) -> Recording:
    """As many frames as that: the clients of this section do not read them."""
    frames = recording.frames * (count // len(recording.frames) + 1)
    return msgspec.structs.replace(recording, frames=frames[:count])


def _merged(sections: Sequence[Section]) -> tuple[Section, ...]:
    """One section of a name."""
    rows: dict[str, tuple[Row, ...]] = {}
    for section in sections:
        rows[section.name] = rows.get(section.name, ()) + section.rows
    return tuple(Section(name, each) for name, each in rows.items())
