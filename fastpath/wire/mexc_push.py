"""MEXC's book pushes in the byte layout the venue sends: fields ascending, body last, nothing unknown.

Every byte that is not a number or a name is checked, so what is returned equals what the general reader finds; any
other layout, valid or not, raises ValueError or IndexError and belongs to the general reader. The layout: real frames
of 2025-09 to 2026-09, docs/spot-v3 websocket-market-streams.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

from arb.domain import Level, Levels

AGGRE_DEPTHS, AGGRE_BOOK_TICKER, LIMIT_DEPTHS = b"\xca\x13", b"\xda\x13", b"\xfa\x12"  # tags of fields 313, 315, 303

_LAYOUT = "not the usual layout"
_VERSION_DIGITS = 19  # fits int64
_VERSION = 2 + _VERSION_DIGITS  # bytes of the longest, with its tag and its length


def header(frame: bytes) -> tuple[bytes, int, bytes, int]:
    """(native symbol, sendTime in ms, tag of the body, where the body begins). The body ends the frame."""
    symbol = 2 + frame[1]
    sent = symbol + 2 + frame[symbol + 1]
    if frame[0] != 0x0A or frame[symbol] != 0x1A or frame[sent] != 0x30:
        raise ValueError(_LAYOUT)
    if not 0 < frame[1] < 128 or frame[symbol + 1] > 127:
        raise ValueError(_LAYOUT)
    tag, sent_ms, body = opening(frame, sent + 1)
    return frame[symbol + 2 : sent], sent_ms, tag, body


def opening(frame: bytes, pos: int) -> tuple[bytes, int, int]:
    """(tag of the body, sendTime in ms, where the body begins) of a frame whose sendTime is at `pos`."""
    low, middle = frame[pos], frame[pos + 1]
    if low < 128 or middle < 128:
        raise ValueError(_LAYOUT)
    tag, high = _tag_and_millis(frame[pos + 2 : pos + 8])
    length = frame[pos + 8]
    body = pos + 9
    if length > 127:
        more = frame[body]
        if more > 127:
            raise ValueError(_LAYOUT)
        length += (more - 1) << 7
        body += 1
    if body + length != len(frame):
        raise ValueError(_LAYOUT)
    return tag, low + (middle << 7) + high, body


def changes(frame: bytes, pos: int) -> tuple[list[Level], list[Level], int, int, int]:
    """`aggre_depth` for those who keep none of it. In one piece: half of it would be calls."""
    asks: list[Level] = []
    bids: list[Level] = []
    for tag, side in ((0x0A, asks), (0x12, bids)):
        while frame[pos] == tag:
            price_end = pos + 4 + frame[pos + 3]
            end = pos + 2 + frame[pos + 1]
            if frame[pos + 2] != 0x0A or frame[price_end] != 0x12 or price_end + 2 + frame[price_end + 1] != end:
                raise ValueError(_LAYOUT)
            price, qty = float(frame[pos + 4 : price_end]), float(frame[price_end + 2 : end])
            if not price > 0.0 <= qty or not price + qty < inf or end > pos + 129:
                raise ValueError(_LAYOUT)
            side.append((price, qty))
            pos = end
    from_at = pos + 2 + frame[pos + 1]
    to_at = from_at + 2 + frame[from_at + 1]
    end = to_at + 2 + frame[to_at + 1]
    if frame[pos] != 0x1A or frame[pos + 1] > 127 or frame[from_at] != 0x22 or frame[to_at] != 0x2A:
        raise ValueError(_LAYOUT)
    first_text, last_text = frame[from_at + 2 : to_at], frame[to_at + 2 : end]
    if not first_text.isdigit() or not last_text.isdigit() or to_at - from_at > _VERSION or end - to_at > _VERSION:
        raise ValueError(_LAYOUT)
    first, last = int(first_text), int(last_text)
    if not 0 < first <= last:
        raise ValueError(_LAYOUT)
    return bids, asks, first, last, _last_millis(frame, end, 0x30)


def aggre_depth(frame: bytes, pos: int) -> tuple[Levels, Levels, int, int, int]:
    """(bids, asks, fromVersion, toVersion, lastOrderCreateTime in ms or 0) of the body at `pos`."""
    bids, asks, first, last, ms = changes(frame, pos)
    return tuple(bids), tuple(asks), first, last, ms


def limit_depth(frame: bytes, pos: int) -> tuple[Levels, Levels, int, int]:
    """(bids, asks, version, lastOrderCreateTime in ms or 0) of the body at `pos`."""
    asks, pos = _levels(frame, pos, 0x0A)
    bids, pos = _levels(frame, pos, 0x12)
    version, pos = _version(frame, _skip_event_type(frame, pos), 0x22)
    return bids, asks, version, _last_millis(frame, pos, 0x28)


def book_ticker(frame: bytes, pos: int) -> tuple[float, float, float, float, int, int]:
    """(bid, its quantity, ask, its quantity, version or 0, lastOrderCreateTime in ms or 0) of the body at `pos`."""
    bid_qty = pos + 2 + frame[pos + 1]
    ask = bid_qty + 2 + frame[bid_qty + 1]
    ask_qty = ask + 2 + frame[ask + 1]
    end = ask_qty + 2 + frame[ask_qty + 1]
    if (
        frame[pos] != 0x0A
        or frame[bid_qty] != 0x12
        or frame[ask] != 0x1A
        or frame[ask_qty] != 0x22
        or end - pos > 127  # then none of the four lengths takes a second byte
    ):
        raise ValueError(_LAYOUT)
    bid, bid_size = float(frame[pos + 2 : bid_qty]), float(frame[bid_qty + 2 : ask])
    ask_price, ask_size = float(frame[ask + 2 : ask_qty]), float(frame[ask_qty + 2 : end])
    if not (0.0 < bid < inf and 0.0 <= bid_size < inf and 0.0 < ask_price < inf and 0.0 <= ask_size < inf):
        raise ValueError(_LAYOUT)
    if end == len(frame):  # before June 2026
        return bid, bid_size, ask_price, ask_size, 0, 0
    version, end = _version(frame, end, 0x2A)
    return bid, bid_size, ask_price, ask_size, version, _last_millis(frame, end, 0x30)


def _levels(frame: bytes, pos: int, tag: int) -> tuple[Levels, int]:
    levels: list[Level] = []
    while frame[pos] == tag:
        price_end = pos + 4 + frame[pos + 3]
        qty = price_end + 2
        end = qty + frame[price_end + 1]
        if frame[pos + 2] != 0x0A or frame[price_end] != 0x12 or not frame[pos + 1] == end - pos - 2 < 128:
            raise ValueError(_LAYOUT)
        level = float(frame[pos + 4 : price_end]), float(frame[qty:end])
        if not (0.0 < level[0] < inf and 0.0 <= level[1] < inf):
            raise ValueError(_LAYOUT)
        levels.append(level)
        pos = end
    return tuple(levels), pos


def _skip_event_type(frame: bytes, pos: int) -> int:
    if frame[pos] != 0x1A or frame[pos + 1] > 127:
        raise ValueError(_LAYOUT)
    return pos + 2 + frame[pos + 1]


def _version(frame: bytes, pos: int, tag: int) -> tuple[int, int]:
    length = frame[pos + 1]
    end = pos + 2 + length
    text = frame[pos + 2 : end]
    if frame[pos] != tag or length > _VERSION_DIGITS or not text.isdigit():
        raise ValueError(_LAYOUT)
    return int(text), end


def _last_millis(frame: bytes, pos: int, tag: int) -> int:
    """The time that ends a body, a varint of six bytes: any ms between 2005 and 2109. 0 where it ends without one."""
    if pos == len(frame):
        return 0
    if frame[pos] != tag or pos + 7 != len(frame):
        raise ValueError(_LAYOUT)
    low, middle = frame[pos + 1], frame[pos + 2]
    if low < 128 or middle < 128:
        raise ValueError(_LAYOUT)
    return low + (middle << 7) + _high_millis(frame[pos + 3 :])


@lru_cache(maxsize=64)
def _tag_and_millis(raw: bytes) -> tuple[bytes, int]:
    """The tag that ends these bytes, and of the rest what `_high_millis` tells."""
    return raw[4:], _high_millis(raw[:4])


@lru_cache(maxsize=64)
def _high_millis(raw: bytes) -> int:
    """The last four of the six bytes, less the marks of the first two. They change every 16 s: worth keeping."""
    third, fourth, fifth, sixth = raw
    if third < 128 or fourth < 128 or fifth < 128 or sixth > 127:
        raise ValueError(_LAYOUT)
    return ((third & 127) << 14 | (fourth & 127) << 21 | (fifth & 127) << 28 | sixth << 35) - 128 - (128 << 7)


READERS: dict[bytes, Callable[[bytes, int], tuple[Any, ...]]] = {
    AGGRE_DEPTHS: aggre_depth,
    AGGRE_BOOK_TICKER: book_ticker,
    LIMIT_DEPTHS: limit_depth,
}
