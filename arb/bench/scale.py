"""What a frame costs, and a book holds, as symbols, venues and rate grow: how many there are must not matter."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from importlib import import_module
from statistics import median
from time import thread_time_ns

import msgspec

from arb.bench.machine import Machine, machine
from arb.bench.traffic import Traffic, symbol
from arb.books import Books
from arb.clock import SystemClock
from arb.domain import (
    BookDelta,
    BookSnapshot,
    Coin,
    Depth,
    Event,
    FeeSchedule,
    FeeSource,
    Market,
    NativeSymbol,
    Seed,
    Subscribed,
    Symbol,
    VenueId,
)
from arb.engine import Engine
from arb.interfaces import Codec, Feed, NativeVenue, Statics
from arb.observers import Observers
from arb.scanner import Scanner, ScanSettings
from arb.shelf import reading

SYMBOLS = (10, 20, 200, 2_000)
FEW, MANY = 20, 2_000  # what the budget compares
VENUES = (2, 4, 10)
READS = (1, 5, 20, 100)  # frames that one socket read brings: what a growing rate means to the process
LEVELS = 200  # of each book, both sides together
DEEP = 1_000  # of the books whose memory is compared
_BOOKS = 20  # of these
_UPDATES = 100  # of each of these before it is weighed: books live
_FOREVER_NS = 10**18  # a round may take longer than a book stays fresh


class Point(msgspec.Struct, frozen=True):
    """CPU a frame at one size, its frames decided on: the median over the rounds, and (least, most).

    axis: symbols, venues or frames a read.   book_bytes: of one book of LEVELS; 0 where it was not asked.
    """

    venue: str
    axis: str
    size: int
    us: float
    range_us: tuple[float, float]
    book_bytes: int = 0


class ScaleReport(msgspec.Struct, frozen=True):
    """deep_bytes: of one book of DEEP levels by who holds it.

    ratios: cost a frame at MANY symbols over that at FEW, median of the rounds' ratios; our book's memory over ccxt's.
    """

    machine: Machine
    rounds: int
    frames: int
    points: tuple[Point, ...]
    deep_bytes: dict[str, int]
    ratios: dict[str, float]


class World:
    """An engine with books of these venues, all of them LIVE, no gap anywhere: what is measured is the path to "no"."""

    def __init__(self, feeds: dict[VenueId, Feed], symbols: Sequence[Symbol]) -> None:
        self.clock = SystemClock()
        self._books = Books()
        settings = ScanSettings(sizes={}, max_age_ns=_FOREVER_NS, max_skew_ns=_FOREVER_NS)
        keys = []
        for venue, feed in feeds.items():
            self._books.add_venue(venue, _no_resync)
            for one in symbols:
                self._books.add(venue, one, feed, 0)
                keys.append((venue, one))
        scanner = Scanner(keys, [_statics(v, symbols) for v in feeds], self._books.get, settings, self.clock)
        self.engine = Engine(self._books, scanner, (), Observers(), self.clock, _FOREVER_NS)
        for venue in feeds:
            self.engine.on_event(Subscribed(venue, tuple(symbols), self.clock.mono_ns(), 1))

    def play(self, codec: Codec, venue: VenueId, frames: Sequence[bytes], size: int) -> float:
        """µs of CPU a frame, each read of so many frames decided on when it ends, as the driver does it."""
        mono_ns, on_event, on_idle = self.clock.mono_ns, self.engine.on_event, self.engine.on_idle
        read = reading(codec, self.engine.shelf(venue))
        started = thread_time_ns()
        for start in range(0, len(frames), size):
            first_ns = mono_ns()
            for frame in frames[start : start + size]:
                for event in read(frame, mono_ns(), 1):
                    on_event(event)
            on_idle(first_ns)
        return (thread_time_ns() - started) / len(frames) / 1e3

    def tell(self, events: Sequence[Event]) -> float:
        """µs of CPU an event, each of them decided on."""
        mono_ns, on_event, on_idle = self.clock.mono_ns, self.engine.on_event, self.engine.on_idle
        started = thread_time_ns()
        for event in events:
            on_event(event)
            on_idle(mono_ns())
        return (thread_time_ns() - started) / len(events) / 1e3


class Lane:
    """One venue's traffic into a world."""

    def __init__(self, module: NativeVenue, world: World, symbols: int, levels: int, seed: int) -> None:
        self.venue = module.SPEC.name
        self.traffic = Traffic(self.venue, symbols, levels, seed)
        self.codec = module.Codec(self.traffic.natives)
        self._world = world
        for event in seeds(module, self.codec, self.traffic):
            world.engine.on_event(event)
        world.engine.on_idle(world.clock.mono_ns())

    def play(self, count: int, read: int = 1) -> float:
        return self._world.play(self.codec, VenueId(self.venue), self.traffic.frames(count), read)


def run(
    rounds: int = 5,
    *,
    modules: Sequence[NativeVenue],
    frames: int = 4_000,
    symbols: Sequence[int] = SYMBOLS,
    venues: Sequence[int] = VENUES,
    reads: Sequence[int] = READS,
    seed: int = 1,
) -> ScaleReport:
    """Every size in turn, `frames` of each venue a round; one round more goes first and is not counted.

    What stands in memory before the rounds is put out of the garbage collector's sight.
    """
    spent: dict[tuple[str, str, int], list[float]] = {}
    lanes = {size: _lanes(modules, size, seed) for size in symbols}
    crowds = {size: _crowd(modules[0], size, seed) for size in venues}
    gc.collect()
    gc.freeze()
    try:
        for number in range(rounds + 1):
            took: dict[tuple[str, str, int], float] = {}
            for size, pair in lanes.items():
                for lane in pair:
                    took[lane.venue, "symbols", size] = lane.play(frames)
            for read in reads:
                for lane in lanes[symbols[0]]:
                    took[lane.venue, "frames a read", read] = lane.play(frames, read)
            for size, next_events in crowds.items():
                took["events", "venues", size] = next_events(frames)
            for key, us in took.items():
                if number:
                    spent.setdefault(key, []).append(us)
    finally:
        gc.unfreeze()
    lanes.clear()
    crowds.clear()
    weights = {(m.SPEC.name, size): _weigh(m, size, seed) for size in symbols for m in modules}
    points = tuple(
        Point(venue, axis, size, round(median(us), 2), (round(min(us), 2), round(max(us), 2)),
              weights[venue, size] if axis == "symbols" else 0)
        for (venue, axis, size), us in spent.items()
    )  # fmt: skip
    deep = {m.SPEC.name: _weigh(m, _BOOKS, seed, DEEP) for m in modules}
    ratios = _ratios(spent, [m.SPEC.name for m in modules])
    rival = _weigh_ccxt(modules[0], seed)
    if rival is not None:
        ratios["scale-memory"] = round(max(deep.values()) / rival, 3)
        deep["ccxt"] = rival
    return ScaleReport(machine(), rounds, frames, points, deep, ratios)


def scale_lines(report: ScaleReport) -> Iterator[str]:
    """The machine, then a row a size."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield (
        f"CPU from a frame (of venues: an event) to the decision; books of {LEVELS} levels; medians of {report.rounds} "
        f"interleaved rounds of {report.frames:,}"
    )
    yield f"{'venue':10} {'as they grow':14} {'size':>6} {'µs':>8} {'(min..max)':>16} {'B a book':>10}"
    for point in report.points:
        spread = "({:.2f}..{:.2f})".format(*point.range_us)
        held = f"{point.book_bytes:10,}" if point.book_bytes else ""
        yield f"{point.venue:10} {point.axis:14} {point.size:6,} {point.us:8.2f} {spread:>16} {held}".rstrip()
    for holder, size in report.deep_bytes.items():
        yield f"{holder}: {size:,} bytes a book of {DEEP:,} levels"
    if "ccxt" not in report.deep_bytes:
        yield "ccxt: not installed"
    for name, ratio in report.ratios.items():
        yield f"{name}: {ratio:g}"


def _lanes(modules: Sequence[NativeVenue], size: int, seed: int) -> list[Lane]:
    feeds = {VenueId(module.SPEC.name): deepest(module) for module in modules}
    world = World(feeds, [symbol(i) for i in range(size)])
    return [Lane(module, world, size, LEVELS, seed) for module in modules]


def _crowd(module: NativeVenue, venues: int, seed: int) -> Callable[[int], float]:
    """So many venues with FEW symbols each: one venue's events, told of one after the other. Returns who tells more."""
    names = [VenueId(f"venue{i}") for i in range(venues)]
    traffic = Traffic(module.SPEC.name, FEW, LEVELS, seed)
    codec = module.Codec(traffic.natives)
    world = World(dict.fromkeys(names, deepest(module)), tuple(traffic.seeds))
    for event in seeds(module, codec, traffic):
        for name in names:
            world.engine.on_event(msgspec.structs.replace(event, venue=name))

    def tell(count: int) -> float:
        decoded = [event for frame in traffic.frames(count // venues) for event in codec.decode(frame, 1, 1)]
        return world.tell(
            [msgspec.structs.replace(e, venue=n) for e in decoded if isinstance(e, BookDelta) for n in names]
        )

    return tell


def deepest(module: NativeVenue) -> Feed:
    return next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)


def seeds(module: NativeVenue, codec: Codec, traffic: Traffic) -> Iterator[BookSnapshot]:
    """A whole book of every symbol, as this venue's deepest feed begins."""
    pushed = deepest(module).rule.seed is Seed.PUSHED
    for one, body in traffic.seeds.items():
        if not pushed:
            yield codec.decode_snapshot(one, body, SystemClock.mono_ns())
            continue
        for event in codec.decode(body, SystemClock.mono_ns(), 1):
            if isinstance(event, BookSnapshot):
                yield event


def _weigh(module: NativeVenue, symbols: int, seed: int, levels: int = LEVELS) -> int:
    """Bytes of one of so many books that have been seeded and updated."""
    traffic = Traffic(module.SPEC.name, symbols, levels, seed)
    frames = traffic.frames(symbols * _UPDATES if levels == DEEP else 0)
    codec = module.Codec(traffic.natives)
    books, venue = Books(), VenueId(module.SPEC.name)
    books.add_venue(venue, _no_resync)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for one in traffic.seeds:
            books.add(venue, one, deepest(module), 0)
        books.on_event(Subscribed(venue, tuple(traffic.seeds), 0, 1))
        for event in seeds(module, codec, traffic):
            books.on_event(event)
        read = reading(codec, books.shelf(venue))
        for frame in frames:
            for said in read(frame, 1, 1):
                books.on_event(said)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) // symbols
    finally:
        tracemalloc.stop()


def _weigh_ccxt(module: NativeVenue, seed: int) -> int | None:
    """The same of ccxt's order books, which are the same for every venue. None where ccxt is not installed."""
    try:
        order_book = import_module("ccxt.async_support.base.ws.order_book").OrderBook
    except ImportError:
        return None
    traffic = Traffic(module.SPEC.name, _BOOKS, DEEP, seed)
    codec = module.Codec(traffic.natives)
    frames = traffic.frames(_BOOKS * _UPDATES)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        books = {}
        for whole in seeds(module, codec, traffic):
            sides = {"bids": list(map(list, whole.bids)), "asks": list(map(list, whole.asks))}
            books[whole.symbol] = order_book({**sides, "symbol": whole.symbol, "nonce": whole.seq})
            del sides, whole
        for frame in frames:
            for event in codec.decode(frame, 1, 1):
                if isinstance(event, BookDelta):
                    book = books[event.symbol]
                    for side, changed in (("bids", event.bids), ("asks", event.asks)):
                        for price, qty in changed:
                            book[side].store(price, qty)
        del event, changed, price, qty
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) // _BOOKS
    finally:
        tracemalloc.stop()


def _ratios(spent: dict[tuple[str, str, int], list[float]], venues: Sequence[str]) -> dict[str, float]:
    ratios = {}
    for venue in venues:
        few, many = spent.get((venue, "symbols", FEW)), spent.get((venue, "symbols", MANY))
        if few and many:
            each = [large / small for large, small in zip(many, few, strict=True)]
            ratios[f"scale-symbols {venue}"] = round(median(each), 3)
    return ratios


def _statics(venue: VenueId, symbols: Sequence[Symbol]) -> Statics:
    step = Decimal("0.0001")
    fee = Decimal("0.001")
    markets = tuple(
        Market(venue, one, NativeSymbol(one), Coin(one.partition("/")[0]), Coin("USDT"), step, step) for one in symbols
    )
    return Statics(markets, tuple(FeeSchedule(venue, one, fee, fee, FeeSource.MARKET) for one in symbols))


def _no_resync(_symbol: Symbol) -> None:
    """Nothing is lost here that would be asked for again."""
