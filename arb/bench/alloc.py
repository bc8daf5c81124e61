"""Blocks of memory a book takes and an update makes, beside a book that keeps a frozen Struct for each level.

Blocks are those of Python's own allocator. Beyond 512 bytes it hands a request on to the C library and counts none:
four buffers of a deep book on either path. Bytes, all of them counted, are told by `scale`.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Protocol

import msgspec

from arb.bench.machine import Machine, machine
from arb.bench.traffic import Traffic
from arb.books import Books
from arb.domain import BookDelta, BookSnapshot, Depth, Event, Levels, Seed, Subscribed, Symbol, VenueId
from arb.interfaces import Codec, NativeVenue
from arb.shelf import reading

SYMBOLS = 20
LEVELS = 1_000  # of each book, both sides together
_TRACED = 500  # updates whose peak is looked at, one by one: tracing makes everything slow


class AllocPath(msgspec.Struct, frozen=True):
    """Medians over the rounds, (least, most) beside the first.

    net: blocks alive after the last update that were not there before the first book.
    gross: blocks of one update where nothing that it made is let go.
    peak: bytes in flight at the worst moment of one update (the median update).
    """

    name: str
    net: float
    net_range: tuple[float, float]
    gross: float
    peak: float


class AllocResult(msgspec.Struct, frozen=True):
    venue: str
    feed: str
    paths: tuple[AllocPath, ...]


class AllocReport(msgspec.Struct, frozen=True):
    """ratios: our net blocks over the rival's, a venue."""

    machine: Machine
    rounds: int
    updates: int
    results: tuple[AllocResult, ...]
    ratios: dict[str, float]


class Runner(Protocol):
    def seed(self, symbol: Symbol, body: bytes) -> None: ...

    def play(self, frame: bytes) -> object:
        """Returns all that it has made and does not need itself."""


class Native:
    """Codec, sync machine and book, as the engine runs them."""

    def __init__(self, module: NativeVenue, traffic: Traffic) -> None:
        feed = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
        venue = VenueId(module.SPEC.name)
        self._codec = module.Codec(traffic.natives)
        self._pushed = feed.rule.seed is Seed.PUSHED
        self._books = Books()
        self._books.add_venue(venue, lambda _symbol: None)
        for symbol in traffic.seeds:
            self._books.add(venue, symbol, feed, 0)
        self._books.on_event(Subscribed(venue, tuple(traffic.seeds), 0, 1))
        self._read = reading(self._codec, self._books.shelf(venue))

    def seed(self, symbol: Symbol, body: bytes) -> None:
        for event in _whole(self._codec, self._pushed, symbol, body):
            self._books.on_event(event)

    def play(self, frame: bytes) -> object:
        events = self._read(frame, 1, 1)
        for event in events:
            self._books.on_event(event)
        return events


class _Level(msgspec.Struct, frozen=True, gc=False):
    price: float
    qty: float


class _Sides:
    """A book of such levels; sorted prices give their order, as in ours."""

    def __init__(self) -> None:
        self.levels: tuple[dict[float, _Level], dict[float, _Level]] = ({}, {})
        self.prices: tuple[list[float], list[float]] = ([], [])

    def apply(self, sides: Sequence[Sequence[_Level]]) -> None:
        for levels, prices, changed in zip(self.levels, self.prices, sides, strict=True):
            for level in changed:
                if level.qty > 0.0:
                    if level.price not in levels:
                        insort(prices, level.price)
                    levels[level.price] = level
                elif level.price in levels:
                    del levels[level.price]
                    del prices[bisect_left(prices, level.price)]


class Objects:
    """The same codec, and one frozen Struct for each level of an event, which the book then keeps."""

    def __init__(self, module: NativeVenue, traffic: Traffic) -> None:
        feed = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
        self._codec = module.Codec(traffic.natives)
        self._pushed = feed.rule.seed is Seed.PUSHED
        self._books = {symbol: _Sides() for symbol in traffic.seeds}

    def seed(self, symbol: Symbol, body: bytes) -> None:
        self._apply(_whole(self._codec, self._pushed, symbol, body))

    def play(self, frame: bytes) -> object:
        events = self._codec.decode(frame, 1, 1)
        return events, self._apply(events)

    def _apply(self, events: Sequence[Event]) -> list[object]:
        made: list[object] = []
        for event in events:
            if isinstance(event, BookDelta | BookSnapshot):
                sides = _levels(event.bids), _levels(event.asks)
                self._books[event.symbol].apply(sides)
                made.append(sides)
        return made


PATHS: dict[str, Callable[[NativeVenue, Traffic], Runner]] = {"native": Native, "a Struct a level": Objects}


def run(rounds: int = 5, *, modules: Sequence[NativeVenue], updates: int = 10_000, seed: int = 1) -> AllocReport:
    """Every venue's deepest feed, each path in turn, on the very same frames."""
    results = []
    for module in modules:
        traffic = Traffic(module.SPEC.name, SYMBOLS, LEVELS, seed)
        frames = traffic.frames(updates + _TRACED)
        counts: dict[str, list[tuple[int, float, float]]] = {name: [] for name in PATHS}
        for _ in range(rounds):
            for name, make in PATHS.items():
                counts[name].append(_count(make, module, traffic, frames))
        feed = next(feed.name for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
        results.append(AllocResult(module.SPEC.name, feed, tuple(_path(name, made) for name, made in counts.items())))
    ratios = {f"alloc-net {r.venue}": round(r.paths[0].net / r.paths[1].net, 4) for r in results}
    return AllocReport(machine(), rounds, updates, tuple(results), ratios)


def alloc_lines(report: AllocReport) -> Iterator[str]:
    """The machine, then a row a path and a ratio a venue."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield (
        f"blocks of memory, {SYMBOLS} books of {LEVELS:,} levels and {report.updates:,} updates; "
        f"medians of {report.rounds} interleaved rounds"
    )
    yield f"{'venue':10} {'feed':18} {'path':17} {'net blocks':>11} {'(min..max)':>19} {'gross/update':>13} peak B"
    for result in report.results:
        for path in result.paths:
            spread = "({:,.0f}..{:,.0f})".format(*path.net_range)
            yield (
                f"{result.venue:10} {result.feed:18} {path.name:17} {path.net:11,.0f} {spread:>19} "
                f"{path.gross:13.1f} {path.peak:6,.0f}"
            )
        yield f"{result.venue}: {report.ratios[f'alloc-net {result.venue}']:.2f} of the blocks a Struct a level takes"


def _count(
    make: Callable[[NativeVenue, Traffic], Runner], module: NativeVenue, traffic: Traffic, frames: Sequence[bytes]
) -> tuple[int, float, float]:
    """Net blocks, gross blocks an update, peak bytes of the median update: the last _TRACED frames are for that."""
    frames, traced = frames[:-_TRACED], frames[-_TRACED:]
    before = _blocks()
    runner = _seeded(make, module, traffic)
    for frame in frames:
        runner.play(frame)
    net = _blocks() - before
    del runner
    runner = _seeded(make, module, traffic)
    kept: list[object] = [None] * len(frames)  # its own memory is there before the first is counted
    before = _blocks()
    for i, frame in enumerate(frames):
        kept[i] = runner.play(frame)
    gross = (sys.getallocatedblocks() - before) / len(frames)
    kept.clear()
    return net, gross, _peak(runner, traced)


def _seeded(make: Callable[[NativeVenue, Traffic], Runner], module: NativeVenue, traffic: Traffic) -> Runner:
    runner = make(module, traffic)
    for symbol, body in traffic.seeds.items():
        runner.seed(symbol, body)
    return runner


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _peak(runner: Runner, frames: Sequence[bytes]) -> float:
    peaks = []
    tracemalloc.start()
    try:
        for frame in frames:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            runner.play(frame)
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    return median(peaks)


def _whole(codec: Codec, pushed: bool, symbol: Symbol, body: bytes) -> Sequence[Event]:
    return codec.decode(body, 0, 1) if pushed else (codec.decode_snapshot(symbol, body, 0),)


def _levels(levels: Levels) -> tuple[_Level, ...]:
    return tuple(_Level(price, qty) for price, qty in levels)


def _path(name: str, counts: Sequence[tuple[int, float, float]]) -> AllocPath:
    net = [made[0] for made in counts]
    gross, peak = median(made[1] for made in counts), median(made[2] for made in counts)
    return AllocPath(name, median(net), (min(net), max(net)), round(gross, 1), peak)
