"""Good frames to begin with: built ones from tests/frames, recorded ones where the shared folder is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import msgspec

import fastpath
from arb.session import SplitNatives, guess_venue, read_session
from tests.conftest import ROOT
from tests.contract.test_private_codecs import SENSIBLE
from tests.protobuf_writer import chunk, number
from tests.wire_cases import cases

VENUES = [module.name for module in iter_modules(fastpath.__path__) if not module.ispkg]
MOST_RECORDED = 40  # of a venue, spread over its recordings

_KEPT = 8_000  # bytes: longer frames say nothing more and take longer to spoil


def module_of(venue: str) -> ModuleType:
    return import_module(f"fastpath.{venue}")


@cache
def recorded(venue: str) -> tuple[bytes, ...]:
    """Frames that the venue sent; none where there are no recordings here."""
    folder = _shared() / "data" / "books"
    specs = [module_of(name).SPEC for name in VENUES]
    found = [
        line.payload
        for path in sorted(folder.glob("*.jsonl"))
        if (spec := guess_venue(lines := read_session(path), specs)) is not None and spec.name == venue
        for line in lines
        if line.dir == "in" and not line.conn.startswith("http") and len(line.payload) <= _KEPT
    ]
    return tuple(found[:: max(1, len(found) // MOST_RECORDED)])


@cache
def frames(venue: str) -> tuple[bytes, ...]:
    """Everything that a socket of this venue may bring, in order; each can be read."""
    built = [case.data for case in cases(venue) if case.events is not None and not case.rest and case.data]
    return (*built, *recorded(venue))


@cache
def answers(venue: str) -> tuple[tuple[str, bytes], ...]:
    """(symbol, body) of REST books that can be read."""
    return tuple((case.symbol, case.data) for case in cases(venue) if case.rest and case.events)


def natives(venue: str) -> dict[bytes | str, str]:
    """The symbol table that all of its good frames need, as a table that learns nothing more."""
    learnt = SplitNatives()
    codec = module_of(venue).Codec(learnt)
    built = {native: symbol for case in cases(venue) for native, symbol in case.natives.items()}
    for frame in recorded(venue):
        codec.decode(frame, 1, 2)
    return {**learnt, **built}


@cache
def private_bodies(venue: str) -> tuple[bytes, ...]:
    """Answers to private calls, as values of any venue of ours and as this one gave them."""
    folder = _shared() / "data" / "endpoints" / venue
    told = []
    for path in sorted(folder.glob("*.json")):
        with suppress(msgspec.DecodeError, KeyError):  # notes about an answer rather than an answer
            told.append(msgspec.json.encode(msgspec.json.decode(path.read_bytes())["response"]))
    return (*map(msgspec.json.encode, SENSIBLE), *(body for body in told if len(body) <= _KEPT))


@cache
def private_frames(venue: str) -> tuple[bytes, ...]:
    """What a private socket brings: built, and from the samples of the shared folder."""
    found = [*_BUILT_PRIVATE]
    for path in sorted((_shared() / "protocols" / "samples" / venue).glob("*.json")):
        with suppress(msgspec.DecodeError):
            found += _frames_within(msgspec.json.decode(path.read_bytes()))
    return tuple(frame for frame in dict.fromkeys(found) if len(frame) <= _KEPT)


def _frames_within(tree: Any) -> Iterator[bytes]:
    """Whatever in a page of samples looks like a frame: a text in hex, an object with a channel or a header."""
    if isinstance(tree, dict):
        if isinstance(tree.get("hex"), str):
            yield bytes.fromhex(tree["hex"])
        if tree.keys() & {"channel", "header"}:
            yield msgspec.json.encode(tree)
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _frames_within(inner)


def _shared() -> Path:
    return Path(os.environ.get("ARB_SHARED") or ROOT.parent / "shared")


_ORDER = {
    "id": "1", "text": "t-arb-1", "currency_pair": "AAA_USDT", "amount": "2", "left": "1", "filled_total": "1",
    "status": "open", "side": "buy", "type": "limit", "price": "2", "update_time_ms": 5, "event": "put",
    "finish_as": "open", "fee": "0", "fee_currency": "AAA", "avg_deal_price": "1",
}  # fmt: skip
_BUILT_PRIVATE = (
    msgspec.json.encode({"time": 1, "channel": "spot.orders", "event": "update", "result": [_ORDER]}),
    msgspec.json.encode(
        {
            "time": 1,
            "channel": "spot.balances",
            "event": "update",
            "result": [{"timestamp_ms": "5", "currency": "AAA", "available": "1", "freeze": "0", "total": "1"}],
        }
    ),
    msgspec.json.encode(
        {
            "request_id": "r",
            "ack": False,
            "header": {"response_time": "5", "status": "200", "channel": "spot.order_place", "event": "api"},
            "data": {"result": _ORDER},
        }
    ),
    chunk(1, "spot@private.orders.v3.api.pb") + chunk(3, "AAAUSDT") + number(6, 1_767_225_600_123)
    + chunk(304, chunk(1, "1") + chunk(2, "arb-1") + chunk(3, "2") + chunk(4, "1") + chunk(5, "2") + number(8, 2)),
    chunk(1, "spot@private.account.v3.api.pb") + number(6, 1_767_225_600_123)
    + chunk(307, chunk(1, "AAA") + chunk(2, "1") + chunk(3, "2") + chunk(4, "0") + chunk(5, "0")),
    chunk(1, "spot@private.deals.v3.api.pb") + chunk(3, "AAAUSDT") + number(6, 1_767_225_600_123)
    + chunk(306, chunk(1, "2") + chunk(2, "1") + chunk(3, "2") + number(4, 1) + chunk(7, "9")),
)  # fmt: skip
