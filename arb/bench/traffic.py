"""Depth traffic made here: any number of symbols, books of any depth, as the frames of a venue.

The recorded streams of the simulated exchanges (`frames.record`) hold twenty symbols and the books they happen to
have; where a figure is asked for as those numbers grow, they have to be given. An update sets four or five levels,
most of them near the touch; one in five is a deletion. No book is ever crossed, here or between venues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from random import Random

import msgspec

from arb.domain import NativeSymbol, Symbol
from arb.sim.mexc import proto

_FIRST_ID = 1_000_000
_MS = 1_767_225_600_000
_TICK = 0.01
_DELETED = 0.2  # of the changed levels
_NEAR = 3.0  # the larger, the nearer to the touch changes are
_FEWEST, _MOST = 4, 5  # levels changed by an update: 4.8 on average is what the venues send

_Side = list[tuple[str, str]]


class Change(msgspec.Struct, frozen=True, gc=False):
    """What one frame says. first, last: the ids it covers; a whole book has first 0."""

    symbol: int
    bids: _Side
    asks: _Side
    first: int
    last: int


class Wire(msgspec.Struct, frozen=True):
    """How one venue writes it. native: of a symbol's number.   seed: a whole book; a push, or a REST answer's body."""

    native: Callable[[int], str]
    seed: Callable[[Change], bytes]
    frame: Callable[[Change], bytes]


class Traffic:
    """The endless stream of one venue. levels: of each book, both sides together.   seeds: a whole book a symbol."""

    def __init__(self, venue: str, symbols: int, levels: int, seed: int) -> None:
        self._wire = WIRES[venue]
        self._random = Random(seed)
        self._depth = levels // 2
        self._ids = [_FIRST_ID] * symbols
        self.natives: Mapping[NativeSymbol, Symbol] = {
            NativeSymbol(self._wire.native(i)): symbol(i) for i in range(symbols)
        }
        self.seeds = {symbol(i): self._wire.seed(self._whole(i)) for i in range(symbols)}
        self._next = cycle(range(symbols))

    def frames(self, count: int) -> list[bytes]:
        """The next so many, every symbol in turn."""
        return [self._wire.frame(change) for change in islice(self._changes(), count)]

    def _changes(self) -> Iterator[Change]:
        for number in self._next:
            changed = self._random.randint(_FEWEST, _MOST)
            bids = self._random.randint(0, changed)
            first = self._ids[number] + 1
            self._ids[number] += changed
            mine, theirs = self._side(number, -1, bids), self._side(number, 1, changed - bids)
            yield Change(number, mine, theirs, first, self._ids[number])

    def _side(self, number: int, sign: int, count: int) -> _Side:
        places = {int(self._depth * self._random.random() ** _NEAR) for _ in range(count)}
        return [
            (_price(number, sign, place), "0" if place and self._random.random() < _DELETED else self._qty())
            for place in places
        ]

    def _whole(self, number: int) -> Change:
        bids, asks = ([(_price(number, sign, n), self._qty()) for n in range(self._depth)] for sign in (-1, 1))
        return Change(number, bids, asks, 0, _FIRST_ID)

    def _qty(self) -> str:
        return f"{self._random.expovariate(0.01) + 0.0001:.4f}"


def symbol(number: int) -> Symbol:
    return Symbol(f"C{number:04}/USDT")


def _price(number: int, sign: int, place: int) -> str:
    return f"{100.0 + number + sign * (place + 1) * _TICK:.2f}"


def _gate_result(change: Change) -> dict[str, object]:
    stream = f"ob.{_gate_native(change.symbol)}.400"
    return {"t": _MS, "s": stream, "u": change.last, "b": change.bids, "a": change.asks}


def _gate_seed(change: Change) -> bytes:
    return _gate_push({**_gate_result(change), "full": True})


def _gate_frame(change: Change) -> bytes:
    return _gate_push({**_gate_result(change), "U": change.first})


def _gate_push(result: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"channel": "spot.obu", "result": result, "time_ms": _MS + 5, "event": "update"})


def _gate_native(number: int) -> str:
    return f"C{number:04}_USDT"


def _mexc_native(number: int) -> str:
    return f"C{number:04}USDT"


def _mexc_seed(change: Change) -> bytes:
    whole = {"lastUpdateId": change.last, "bids": change.bids, "asks": change.asks, "timestamp": _MS}
    return msgspec.json.encode(whole)


def _mexc_frame(change: Change) -> bytes:
    native, topic = _mexc_native(change.symbol), "spot@public.aggre.depth.v3.api.pb"
    levels = _mexc_levels(proto.ASKS, change.asks) + _mexc_levels(proto.BIDS, change.bids)
    content = proto.aggre_depths(levels, topic.encode(), change.first, change.last, _MS)
    head = proto.wrapper_head(f"{topic}@10ms@{native}", native)
    return head + proto.varint(_MS + 5) + proto.body(proto.AGGRE_DEPTHS, content)


def _mexc_levels(tag: bytes, side: Sequence[tuple[str, str]]) -> bytes:
    return b"".join(proto.level(tag, price.encode(), qty.encode()) for price, qty in side)


WIRES = {
    "gateio": Wire(_gate_native, _gate_seed, _gate_frame),
    "mexc": Wire(_mexc_native, _mexc_seed, _mexc_frame),
}
