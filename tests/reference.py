"""A slow book builder of the tests' own: Decimal keys, dicts, the venue's rules written out once more, other parsers.

It shares no code with the project, so that an error in one is not an error in both.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlparse

Side = dict[Decimal, Decimal]


@dataclass
class Shot:
    """What a line did to a book: the state is "LIVE" or whatever ended it."""

    frame: int
    native: str
    live: bool
    seq: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


@dataclass
class Delta:
    first: int
    last: int
    bids: list[list[str]]
    asks: list[list[str]]


@dataclass
class Ref:
    """strict: the next delta begins exactly at the next id; else it may begin before."""

    strict: bool
    seq: int | None = None
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)
    waiting: list[Delta] = field(default_factory=list)
    gaps: int = 0

    def set(self, delta: Delta) -> None:
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            for price, qty in levels:
                if Decimal(qty) == 0:
                    side.pop(Decimal(price), None)
                else:
                    side[Decimal(price)] = Decimal(qty)
        self.seq = delta.last

    def follows(self, delta: Delta) -> bool:
        assert self.seq is not None
        return delta.first == self.seq + 1 or (not self.strict and delta.first <= self.seq)

    def snapshot(self, seq: int, bids: list[list[str]], asks: list[list[str]]) -> bool:
        if self.seq is not None:
            return False
        rest = [d for d in self.waiting if d.last > seq]
        if rest and rest[0].first > seq + 1:
            return False
        self.bids = {Decimal(p): Decimal(q) for p, q in bids}
        self.asks = {Decimal(p): Decimal(q) for p, q in asks}
        self.seq, self.waiting = seq, []
        for index, delta in enumerate(rest):
            if index and not self.follows(delta):
                raise AssertionError("the recordings have no hole among what waits")
            self.set(delta)
        return True

    def delta(self, delta: Delta, first_after_seed: bool) -> str:
        if self.seq is None:
            self.waiting.append(delta)
            return "waits"
        if delta.last <= self.seq:
            return "old"
        if self.follows(delta) or (first_after_seed and delta.first <= self.seq + 1):
            self.set(delta)
            return "applied"
        self.gaps += 1
        self.seq, self.waiting = None, [delta]
        return "gap"

    def shot(self, frame: int, native: str, levels: int) -> Shot:
        live = self.seq is not None
        bids = sorted(self.bids.items(), reverse=True)[:levels] if live else []
        asks = sorted(self.asks.items())[:levels] if live else []
        return Shot(frame, native, live, self.seq or 0, bids, asks)


def build(path: Path, venue: str, levels: int) -> Iterator[Shot]:
    """Every change of every book of a session of "gateio" or "mexc", line by line."""
    parse = {"gateio": _gateio, "mexc": _mexc}[venue]
    books: dict[str, Ref] = {}
    joined: set[str] = set()
    with path.open() as file:
        for frame, line in enumerate(file):
            record = json.loads(line)
            if record["dir"] != "in":
                continue
            parsed = parse(record)
            if parsed is None:
                continue
            native, what = parsed
            book = books.setdefault(native, Ref(strict=venue == "mexc"))
            if isinstance(what, Delta):
                result = book.delta(what, native not in joined)
                if result == "applied":
                    joined.add(native)
                if result in ("applied", "gap"):
                    yield book.shot(frame, native, levels)
                if result == "gap":
                    joined.discard(native)
            elif book.snapshot(*what):
                yield book.shot(frame, native, levels)


def _gateio(record: dict[str, str]):
    body = json.loads(record["data"])
    if record["conn"].startswith("http"):
        native = parse_qs(urlparse(record["url"]).query)["currency_pair"][0]
        return native, (body["id"], body["bids"], body["asks"])
    if body.get("channel") != "spot.order_book_update" or body["event"] != "update":
        return None
    result = body["result"]
    return result["s"], Delta(result["U"], result["u"], result["b"], result["a"])


def _mexc(record: dict[str, str]):
    from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper

    if record["conn"].startswith("http"):
        body = json.loads(record["data"])
        return parse_qs(urlparse(record["url"]).query)["symbol"][0], (body["lastUpdateId"], body["bids"], body["asks"])
    if "data_b64" not in record:
        return None
    push = PushDataV3ApiWrapper()
    push.ParseFromString(base64.b64decode(record["data_b64"]))
    if not push.HasField("publicAggreDepths"):
        return None
    depth = push.publicAggreDepths
    return push.symbol, Delta(
        int(depth.fromVersion),
        int(depth.toVersion),
        [[i.price, i.quantity] for i in depth.bids],
        [[i.price, i.quantity] for i in depth.asks],
    )
