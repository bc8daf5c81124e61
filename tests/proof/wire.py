"""What the venues' frames say, read with json and Google's protobuf: nothing of the project's codecs.

Rules: shared protocol pages of both venues. Frames that cannot be meant raise Unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from tests.proof.exact import Level

_TICKER_VERSION = 5  # of PublicAggreBookTickerV3Api; younger than the schema that ccxt has compiled


class Unreadable(Exception):
    """No frame of this venue."""


class Whole(NamedTuple):
    """The top of a book, complete in itself. seq: of the book it shows."""

    native: str
    seq: int
    bids: list[Level]
    asks: list[Level]


class Full(NamedTuple):
    """The beginning of a chain, pushed: replaces whatever was there."""

    native: str
    seq: int
    bids: list[Level]
    asks: list[Level]


class Delta(NamedTuple):
    """Absolute quantities of updates first..last."""

    native: str
    first: int
    last: int
    bids: list[Level]
    asks: list[Level]


class Seed(NamedTuple):
    """A REST book."""

    seq: int
    bids: list[Level]
    asks: list[Level]


class Carried(NamedTuple):
    """The venue says that it will stream these on the connection (or, `on` false, no longer)."""

    natives: list[str]
    on: bool


Message = Whole | Full | Delta | Carried


def read(venue: str, data: bytes) -> Message | None:
    """None: nothing about books."""
    try:
        return _READERS[venue](data)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, InvalidOperation, DecodeError) as exc:
        raise Unreadable(f"{exc!r} in {data[:200]!r}") from exc


def read_seed(venue: str, body: bytes) -> Seed:
    book = json.loads(body)
    return Seed(book["lastUpdateId" if venue == "mexc" else "id"], _levels(book["bids"]), _levels(book["asks"]))


def _mexc(data: bytes) -> Message | None:
    if data[:1] == b"{":
        return _mexc_answer(json.loads(data))
    push = PushDataV3ApiWrapper()
    push.ParseFromString(data)
    body = push.WhichOneof("body")
    if body == "publicLimitDepths":
        top = push.publicLimitDepths
        return Whole(push.symbol, int(top.version), _items(top.bids), _items(top.asks))
    if body == "publicAggreDepths":
        depth = push.publicAggreDepths
        first, last = int(depth.fromVersion), int(depth.toVersion)
        return Delta(push.symbol, *_ids(first, last), _items(depth.bids), _items(depth.asks))
    if body == "publicAggreBookTicker":
        touch = push.publicAggreBookTicker
        version = next(field.data for field in UnknownFieldSet(touch) if field.field_number == _TICKER_VERSION)
        bids, asks = (touch.bidPrice, touch.bidQuantity), (touch.askPrice, touch.askQuantity)
        return Whole(push.symbol, int(version), _touch(*bids), _touch(*asks))
    return None


def _mexc_answer(answer: dict[str, Any]) -> Carried | None:
    """Refusals have code 0 too: the topics that were accepted are named before the ones that were not."""
    said = answer["msg"].partition("Not Subscribed")[0]
    topics = [topic for topic in said.replace("[", ",").replace("]", ",").split(",") if "spot@public" in topic]
    natives = [next(p for p in topic.split("@")[2:] if not p.endswith("ms") and not p.isdigit()) for topic in topics]
    return Carried(natives, answer.get("id") != 2) if natives else None


def _gateio(data: bytes) -> Message | None:
    frame = json.loads(data)
    channel, event, result = frame["channel"], frame.get("event"), frame.get("result")
    if event in ("subscribe", "unsubscribe"):
        if frame.get("error") and event == "subscribe":
            return None
        pairs = frame["payload"]
        if channel == "spot.obu":
            return Carried([_pair(stream) for stream in pairs], event == "subscribe")
        if channel in ("spot.order_book_update", "spot.order_book"):
            pairs = pairs[:1]
        return Carried(pairs, event == "subscribe")
    if event != "update":
        return None
    if channel == "spot.book_ticker":
        return Whole(result["s"], _id(result["u"]), _touch(result["b"], result["B"]), _touch(result["a"], result["A"]))
    if channel == "spot.order_book":
        return Whole(result["s"], _id(result["lastUpdateId"]), _levels(result["bids"]), _levels(result["asks"]))
    if channel not in ("spot.obu", "spot.order_book_update"):
        return None
    native = _pair(result["s"]) if channel == "spot.obu" else result["s"]
    bids, asks = _levels(result.get("b", ())), _levels(result.get("a", ()))
    if result.get("full"):
        return Full(native, _id(result["u"]), bids, asks)
    return Delta(native, *_ids(_id(result["U"]), _id(result["u"])), bids, asks)


_READERS: dict[str, Callable[[bytes], Message | None]] = {"mexc": _mexc, "gateio": _gateio}


def _pair(stream: str) -> str:
    """ob.BTC_USDT.50 -> BTC_USDT"""
    prefix, pair, level = stream.split(".")
    if prefix != "ob" or not level.isdecimal():
        raise ValueError(stream)
    return pair


def _id(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def _ids(first: int, last: int) -> tuple[int, int]:
    if not 0 < first <= last:
        raise ValueError(f"ids {first} to {last}")
    return first, last


@lru_cache(maxsize=1 << 16)  # most levels are told again and again
def _level(price: str, qty: str) -> Level:
    level = Decimal(price), Decimal(qty)
    if not (level[0].is_finite() and level[1].is_finite() and level[0] > 0 and level[1] >= 0):
        raise ValueError(level)
    return level


def _levels(pairs: Iterable[Any]) -> list[Level]:
    return [_level(price, qty) for price, qty in pairs]


def _items(items: Iterable[Any]) -> list[Level]:
    return [_level(item.price, item.quantity) for item in items]


def _touch(price: str, qty: str) -> list[Level]:
    """An empty side is an empty text."""
    return [_level(price, qty)] if price else []
