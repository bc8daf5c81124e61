"""One depth push -> its levels as floats, by every parser that was thought of.

All but the last two of a venue only decode: no sequence is checked and no book touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import msgspec

from arb import core
from arb.bench.decode import Native
from arb.bench.frames import Recording
from arb.bench.tried.rivals import rival
from arb.bench.tried.timing import Way, each
from arb.domain import Level
from arb.interfaces import NativeVenue
from fastpath.wire import gate_messages, mexc_general, mexc_push

Decoded = tuple[str, int, Sequence[Level], Sequence[Level]]
"""The venue's name of the stream, the last id, bids, asks."""

Decode = Callable[[bytes], Decoded]
_Side = Sequence[Sequence[str]]


class _Result(msgspec.Struct, gc=False):
    s: str
    u: int
    b: list[tuple[str, str]] = []
    a: list[tuple[str, str]] = []


class _Push(msgspec.Struct, gc=False):
    result: _Result


_texts = msgspec.json.Decoder(_Push)


def _floats(side: _Side) -> list[Level]:
    return [(float(price), float(qty)) for price, qty in side]


def _by_loads(loads: Callable[[bytes], Any]) -> Decode:
    def decode(frame: bytes) -> Decoded:
        result = loads(frame)["result"]
        return result["s"], result["u"], _floats(result.get("b", ())), _floats(result.get("a", ()))

    return decode


def _by_texts(frame: bytes) -> Decoded:
    result = _texts.decode(frame).result
    return result.s, result.u, _floats(result.b), _floats(result.a)


def _by_lax_floats(frame: bytes) -> Decoded:
    result = gate_messages.book.decode(frame).result
    assert isinstance(result, gate_messages.Levels)  # the feed of this bench has no other
    return result.s, result.u, result.b, result.a


def _upb() -> Any | None:
    """ccxt brings the venue's own definitions, compiled for protobuf's C runtime. None where it does not."""
    try:
        return import_module("ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2").PushDataV3ApiWrapper.FromString
    except ImportError:
        return None


def _by_dict(parse: Callable[[bytes], Any]) -> Decode:
    as_dict = import_module("google.protobuf.json_format").MessageToDict

    def side(levels: Sequence[Mapping[str, str]]) -> list[Level]:
        return [(float(level["price"]), float(level["quantity"])) for level in levels]

    def decode(frame: bytes) -> Decoded:
        push = as_dict(parse(frame))
        depth = push["publicAggreDepths"]
        return push["symbol"], int(depth["toVersion"]), side(depth.get("bids", ())), side(depth.get("asks", ()))

    return decode


def _by_attributes(parse: Callable[[bytes], Any]) -> Decode:
    def side(levels: Sequence[Any]) -> list[Level]:
        return [(float(level.price), float(level.quantity)) for level in levels]

    def decode(frame: bytes) -> Decoded:
        push = parse(frame)
        depth = push.publicAggreDepths
        return push.symbol, int(depth.toVersion), side(depth.bids), side(depth.asks)

    return decode


def _by_general(frame: bytes) -> Decoded:
    push = mexc_general.read_push(frame)
    assert push is not None  # a depth push
    native, _, _, (bids, asks, _, last, _) = push
    return native.decode(), last, bids, asks


def _by_layout(frame: bytes) -> Decoded:
    native, _, body, pos = mexc_push.header(frame)
    bids, asks, _, last, _ = mexc_push.READERS[body](frame, pos)
    return native.decode(), last, bids, asks


def decoders(venue: str) -> dict[str, Decode]:
    """By name, as far as installed."""
    if venue == "gateio":
        orjson = rival("orjson")
        return {
            "json.loads + float()": _by_loads(json.loads),
            **({"orjson + float()": _by_loads(orjson.loads)} if orjson is not None else {}),
            "msgspec Struct of str + float()": _by_texts,
            "msgspec Struct, numeric texts to floats in C": _by_lax_floats,
        }
    parse = _upb()
    return {
        **({"protobuf (upb) + MessageToDict": _by_dict(parse)} if parse is not None else {}),
        **({"protobuf (upb) + attributes + float()": _by_attributes(parse)} if parse is not None else {}),
        "by hand, any layout": _by_general,
        "by hand, the venue's layout": _by_layout,
    }


def parts(recording: Recording) -> tuple[list[bytes], list[bytes]]:
    """The whole books that a stream begins with, and the updates after them."""
    frames = list(recording.frames)
    wholes = sum(b'"full":true' in frame for frame in frames[: len(recording.seeds)])
    return frames[:wholes], frames[wholes:]


def reader(module: NativeVenue, recording: Recording) -> Native:
    """Our own way past the events, its books LIVE and waiting for the first update."""
    native = Native(module, recording)
    for frame in parts(recording)[0]:
        native.play(frame)
    return native


def ways(module: NativeVenue, recording: Recording) -> Iterator[Way]:
    """Raises ArbError where the books cannot be made."""
    updates = parts(recording)[1]
    for name, decode in decoders(recording.venue).items():
        yield each(name, lambda decode=decode: decode, updates)  # type: ignore[misc]  # lambdas have no types to give
    codec = module.Codec(recording.natives)
    yield each("our codec: checked, an event", lambda: lambda frame: codec.decode(frame, 1, 1), updates)

    yield each(
        f"our reader ({core.NAME}): checked, chained, in its book",
        lambda: reader(module, recording).play,
        updates,
        kept=True,
    )
