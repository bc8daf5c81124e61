"""Protobuf writing, as little as MEXC's pushes need. Field numbers: MEXC spot v3 WebSocket docs, as of autumn 2026.

Fields are written in ascending order, the body last; what would be a proto3 default is left out by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable

AGGRE_DEPTHS, AGGRE_DEALS, AGGRE_BOOK_TICKER, LIMIT_DEPTHS = 313, 314, 315, 303


def varint(value: int) -> bytes:
    """Base 128, low groups first. value >= 0."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = [varint(n) for n in range(1 << 14)]


def _length(size: int) -> bytes:
    return _SMALL[size] if size < 1 << 14 else varint(size)


def blob(number: int, data: bytes) -> bytes:
    """A length-delimited field: text or a message."""
    return varint(number << 3 | 2) + _length(len(data)) + data


def integer(number: int, value: int) -> bytes:
    """A varint field."""
    return varint(number << 3) + varint(value)


def level(side: bytes, price: bytes, quantity: bytes) -> bytes:
    """One item {1 price, 2 quantity} of the repeated field whose tag byte is `side`. Texts below 60 bytes."""
    p, q = len(price), len(quantity)
    return b"%b%c\x0a%c%b\x12%c%b" % (side, p + q + 4, p, price, q, quantity)


ASKS, BIDS = b"\x0a", b"\x12"  # fields 1 and 2


def wrapper_head(channel: str, symbol: str) -> bytes:
    """Channel and symbol of a PushDataV3ApiWrapper, and the tag of sendTime, whose varint must follow."""
    return blob(1, channel.encode()) + blob(3, symbol.encode()) + b"\x30"


def body(number: int, content: bytes) -> bytes:
    """The message of the `oneof`, last in the wrapper."""
    return blob(number, content)


def book_ticker(bid: bytes, bid_qty: bytes, ask: bytes, ask_qty: bytes, version: int, order_ms: int) -> bytes:
    """PublicAggreBookTickerV3Api."""
    parts = [blob(n, text) for n, text in enumerate((bid, bid_qty, ask, ask_qty), 1) if text]
    return b"".join(parts) + blob(5, b"%d" % version) + integer(6, order_ms)


def aggre_depths(levels: bytes, event: bytes, first: int, last: int, order_ms: int) -> bytes:
    """PublicAggreDepthsV3Api. levels: asks, then bids, as made by `level`."""
    return levels + blob(3, event) + blob(4, b"%d" % first) + blob(5, b"%d" % last) + integer(6, order_ms)


def limit_depths(levels: bytes, event: bytes, version: int, order_ms: int) -> bytes:
    """PublicLimitDepthsV3Api."""
    return levels + blob(3, event) + blob(4, b"%d" % version) + integer(5, order_ms)


def deals(items: Iterable[tuple[bytes, bytes, int, int, bytes]], event: bytes) -> bytes:
    """PublicAggreDealsV3Api. items: (price, quantity, 1 buy or 2 sell, ms, trade id)."""
    made = [
        blob(1, blob(1, price) + blob(2, quantity) + integer(3, side) + integer(4, at_ms) + blob(5, trade))
        for price, quantity, side, at_ms, trade in items
    ]
    return b"".join(made) + blob(2, event)
