"""MEXC's public pushes in any valid layout, through the general reader: what the fast reader is measured against."""

from __future__ import annotations

from math import inf
from typing import Any

from arb.domain import Levels
from fastpath.wire import mexc_push as push
from fastpath.wire.mexc_messages import AGGRE_BOOK_TICKER, AGGRE_DEALS, AGGRE_DEPTHS, LIMIT_DEPTHS, WRAPPER
from fastpath.wire.protobuf import read

DEALS = b"\xd2\x13"  # the tag of field 314
MAX_FRAME = 1 << 20  # the largest push known has 40 levels; a window of 5000 would be a third of this

_VERSION_DIGITS = 19  # fits int64
_MAX_MS = (2**63 - 1) // 10**6  # fits int64 as nanoseconds

Push = tuple[bytes, int, bytes, tuple[Any, ...]]


def read_push(frame: bytes) -> Push | None:
    """(native symbol, sendTime in ms, tag of the body, its values as the reader in `mexc_push` gives them).

    The values of DEALS: one (price, quantity, tradeType, tradeId, time in ms) for each trade. None for a body that
    holds neither a book nor trades. Raises ValueError.
    """
    if len(frame) > MAX_FRAME:
        raise ValueError(f"{len(frame)} bytes")
    wrapper = read(frame, WRAPPER)
    if not wrapper.get("channel"):
        raise ValueError("a push without a channel")
    for name, (tag, values) in _BODIES.items():
        body = wrapper.get(name)
        if body:
            return wrapper.get("symbol", "").encode(), _millis(wrapper, "sendTime"), tag, values(body)
        if body is not None:
            raise ValueError(f"an empty {name}")
    return None


def _aggre_depth(body: dict[str, Any]) -> tuple[Levels, Levels, int, int, int]:
    first, last = _version(body["fromVersion"]), _version(body["toVersion"])
    if not 0 < first <= last:
        raise ValueError(f"versions {first} to {last}")
    return _levels(body, "bids"), _levels(body, "asks"), first, last, _millis(body, "lastOrderCreateTime")


def _limit_depth(body: dict[str, Any]) -> tuple[Levels, Levels, int, int]:
    version = _version(body["version"])
    return _levels(body, "bids"), _levels(body, "asks"), version, _millis(body, "lastOrderCreateTime")


def _book_ticker(body: dict[str, Any]) -> tuple[float, float, float, float, int, int]:
    bid, ask = _touch(body, "bidPrice", "bidQuantity"), _touch(body, "askPrice", "askQuantity")
    version = _version(body.get("version") or "0")
    return *bid, *ask, version, _millis(body, "lastOrderCreateTime")


def _deals(body: dict[str, Any]) -> tuple[tuple[float, float, int, str, int], ...]:
    return tuple(
        (*_level(deal), deal.get("tradeType", 0), deal.get("tradeId", ""), _millis(deal, "time"))
        for deal in body.get("deals", ())
    )


_BODIES = {
    AGGRE_DEPTHS: (push.AGGRE_DEPTHS, _aggre_depth),
    LIMIT_DEPTHS: (push.LIMIT_DEPTHS, _limit_depth),
    AGGRE_BOOK_TICKER: (push.AGGRE_BOOK_TICKER, _book_ticker),
    AGGRE_DEALS: (DEALS, _deals),
}


def _levels(body: dict[str, Any], side: str) -> Levels:
    return tuple(_level(item) for item in body.get(side, ()))


def _level(item: dict[str, Any]) -> tuple[float, float]:
    price, qty = _number(item["price"]), _number(item["quantity"])
    if not (0.0 < price < inf and 0.0 <= qty < inf):
        raise ValueError(f"a level of {item}")
    return price, qty


def _touch(body: dict[str, Any], price_name: str, qty_name: str) -> tuple[float, float]:
    """One side of the top; a side that nobody is on has no price, or 0."""
    price = _number(body.get(price_name) or "0")
    qty = _number(body.get(qty_name) or "0")
    if not (0.0 <= price < inf and 0.0 <= qty < inf):
        raise ValueError(f"{price_name} {price}, {qty_name} {qty}")
    return (price, qty) if price else (0.0, 0.0)


def _number(text: str) -> float:
    if not text.isascii():
        raise ValueError(f"{text!r} is no number")
    return float(text)


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _VERSION_DIGITS:
        raise ValueError(f"version {text!r}")
    return int(text)


def _millis(message: dict[str, Any], name: str) -> int:
    value: int = message.get(name, 0)
    if not 0 <= value <= _MAX_MS:
        raise ValueError(f"{name} {value}")
    return value
