"""bytes -> checked, updated book: what one frame costs natively and through ccxt, on the very same frames.

The floor is what a C parser takes to read the frame and nothing more: no number made, no sequence checked, no book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from statistics import median
from time import perf_counter_ns, thread_time_ns
from typing import Any, Protocol, cast

import msgspec

from adapters.ccxt_client import Client, ClientSettings, Opener
from arb.bench.frames import Recording, fastest, record
from arb.bench.machine import Machine, machine
from arb.books import Books
from arb.domain import BookDelta, BookSnapshot, Depth, Level, Seed, Subscribed, Symbol, VenueId
from arb.errors import ArbError
from arb.interfaces import Feed, NativeVenue
from arb.shelf import reading

TOP = 5  # levels a side on which both must agree at the end


class Path(msgspec.Struct, frozen=True):
    """One path's figures: medians over the rounds; (least, most) beside the p50.

    cpu_us: of this thread, a frame, all frames of a round together.
    """

    name: str
    p50_us: float
    p99_us: float
    p50_range_us: tuple[float, float]
    frames_per_s: float
    cpu_us: float


class Result(msgspec.Struct, frozen=True):
    venue: str
    feed: str
    frames: int
    levels_per_frame: float
    native: Path
    ccxt: Path
    floor: Path | None  # None where its parser is not installed
    ratio: float  # ccxt's p50 over ours


class Report(msgspec.Struct, frozen=True):
    """ratios: our CPU a frame over ccxt's, a venue: the median of the rounds' ratios."""

    machine: Machine
    rounds: int
    results: tuple[Result, ...]
    ratios: dict[str, float]


class Spent(msgspec.Struct, frozen=True):
    """One round. each_ns: wall time, a frame.   cpu_ns: of this thread, in all."""

    each_ns: list[int]
    cpu_ns: int


class Runner(Protocol):
    def play(self, frame: bytes) -> None: ...

    def top(self, symbol: Symbol) -> tuple[list[Level], list[Level]]: ...


async def decode(modules: list[NativeVenue], *, frames: int = 20_000, rounds: int = 5, seed: int = 1) -> Report:
    """Every venue's fastest and its deepest chained feed, native and ccxt in turn; the first one counts for the budget.

    Raises ArbError where the two end with different books.
    """
    results = []
    ratios: dict[str, float] = {}
    for module, feed in _lanes(modules):
        recording = await record(module, feed, frames, seed)
        parse = _plain_parser(recording.frames[0])
        ours: list[Spent] = []
        theirs: list[Spent] = []
        least: list[Spent] = []
        for _ in range(rounds):
            client = await Opener(ClientSettings(module.SPEC.ccxt_id))(lambda _reason: None)
            try:
                native, rival = Native(module, recording), Ccxt(client, module.SPEC.ws_url, recording)
                ours.append(_time(native.play, recording.frames))
                theirs.append(_time(rival.play, recording.frames))
                if parse is not None:
                    least.append(_time(parse, recording.frames))
                _agree(native, rival, recording)
            finally:
                await client.close()
        fast, slow = _path("native", ours), _path("ccxt", theirs)
        floor = _path("floor", least) if least else None
        levels = _levels(module, recording)
        results.append(
            Result(recording.venue, feed.name, frames, levels, fast, slow, floor, round(slow.p50_us / fast.p50_us, 1))
        )
        each = [mine.cpu_ns / other.cpu_ns for mine, other in zip(ours, theirs, strict=True)]
        ratios.setdefault(f"decode {recording.venue}", round(median(each), 4))
    return Report(machine(), rounds, tuple(results), ratios)


def _lanes(modules: list[NativeVenue]) -> Iterator[tuple[NativeVenue, Feed]]:
    for module in modules:
        deepest = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.FULL)
        for feed in dict.fromkeys((fastest(module.SPEC), deepest)):
            yield module, feed


class Native:
    """Codec, sync machine and book, as the engine runs them."""

    def __init__(self, module: NativeVenue, recording: Recording) -> None:
        self._codec = module.Codec(recording.natives)
        self._venue = VenueId(recording.venue)
        self._books = Books()
        self._books.add_venue(self._venue, lambda _symbol: None)
        for symbol in recording.seeds:
            self._books.add(self._venue, symbol, recording.feed, 0)
        self._read = reading(self._codec, self._books.shelf(self._venue))
        self._books.on_event(Subscribed(self._venue, tuple(recording.seeds), 0, 1))
        if recording.feed.rule.seed is Seed.REST:
            for symbol, body in recording.seeds.items():
                self._books.on_event(self._codec.decode_snapshot(symbol, body, 0))

    def play(self, frame: bytes) -> None:
        for event in self._read(frame, 1, 1):
            self._books.on_event(event)

    def top(self, symbol: Symbol) -> tuple[list[Level], list[Level]]:
        tracked = self._books.get((self._venue, symbol))
        if tracked is None:
            raise ArbError(f"no book of {symbol}")
        book = tracked.live(1, 1)
        return book.bids(TOP), book.asks(TOP)


class Ccxt:
    """ccxt.pro's own message handler, from the frame to its cached book; no socket, no waiting consumer."""

    def __init__(self, client: Client, ws_url: str, recording: Recording) -> None:
        self._exchange = cast(Any, client.exchange)  # its insides are no interface of ours
        self._exchange.set_markets(recording.markets)
        self._client = self._exchange.client(ws_url)
        self._text = recording.frames[0][:1] != b"\n"  # a protobuf push begins with the tag of its first field
        if recording.feed.rule.seed is Seed.REST:
            for symbol, body in recording.seeds.items():
                raw = msgspec.json.decode(body)
                parsed = self._exchange.parse_order_book(raw, symbol)
                parsed["nonce"] = raw.get("lastUpdateId") or raw.get("id")
                self._exchange.orderbooks[symbol] = self._exchange.order_book(parsed, 5000)

    def play(self, frame: bytes) -> None:
        self._client.handle_text_or_binary_message(frame.decode() if self._text else frame)

    def top(self, symbol: Symbol) -> tuple[list[Level], list[Level]]:
        book = self._exchange.orderbooks[symbol]
        return [(p, q) for p, q, *_ in book["bids"][:TOP]], [(p, q) for p, q, *_ in book["asks"][:TOP]]


def _plain_parser(frame: bytes) -> Callable[[bytes], object] | None:
    """A parse and nothing more, for frames like this one. None where it is not installed."""
    if frame[:1] != b"\n":
        return msgspec.json.Decoder().decode
    try:
        # ccxt brings the venue's own definitions, compiled for protobuf's C runtime.
        wrapper = import_module("ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2").PushDataV3ApiWrapper
    except ImportError:
        return None
    parse: Callable[[bytes], object] = wrapper.FromString
    return parse


def _time(play: Callable[[bytes], object], frames: tuple[bytes, ...]) -> Spent:
    """The CPU is that of the frames: what the stopwatch itself takes, measured just after, is taken off."""
    spent, idle = _run(play, frames), _run(_nothing, frames)
    return Spent(spent.each_ns, max(1, spent.cpu_ns - idle.cpu_ns))


def _run(play: Callable[[bytes], object], frames: tuple[bytes, ...]) -> Spent:
    spent = []
    clock = perf_counter_ns
    started = thread_time_ns()
    for frame in frames:
        before = clock()
        play(frame)
        spent.append(clock() - before)
    return Spent(spent, thread_time_ns() - started)


def _nothing(_frame: bytes) -> None:
    pass


def _agree(native: Runner, rival: Runner, recording: Recording) -> None:
    for symbol in recording.seeds:
        if native.top(symbol) != rival.top(symbol):
            raise ArbError(f"{recording.venue}: native and ccxt end with different books of {symbol}")


def _path(name: str, rounds: list[Spent]) -> Path:
    p50 = [_quantile(spent.each_ns, 0.5) for spent in rounds]
    return Path(
        name=name,
        p50_us=median(p50),
        p99_us=median(_quantile(spent.each_ns, 0.99) for spent in rounds),
        p50_range_us=(min(p50), max(p50)),
        frames_per_s=median(len(spent.each_ns) / (sum(spent.each_ns) / 1e9) for spent in rounds),
        cpu_us=round(median(spent.cpu_ns / len(spent.each_ns) for spent in rounds) / 1e3, 2),
    )


def _quantile(spent: list[int], share: float) -> float:
    return sorted(spent)[min(len(spent) - 1, int(share * len(spent)))] / 1e3


def _levels(module: NativeVenue, recording: Recording) -> float:
    codec = module.Codec(recording.natives)
    counts = [
        len(event.bids) + len(event.asks)
        for frame in recording.frames
        for event in codec.decode(frame, 1, 1)
        if isinstance(event, BookDelta | BookSnapshot)
    ]
    return round(sum(counts) / max(1, len(counts)), 1)
