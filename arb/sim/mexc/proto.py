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


PRIVATE_ORDERS, PRIVATE_DEALS, PRIVATE_ACCOUNT = 304, 306, 307


def _texts(fields: Iterable[tuple[int, bytes]]) -> bytes:
    """Text fields; an empty one is a default and left out."""
    return b"".join(blob(number, text) for number, text in fields if text)


def private_order(
    *,
    number: bytes,
    client_id: bytes,
    price: bytes,
    quantity: bytes,
    amount: bytes,
    average: bytes,
    kind: int,
    side: int,
    maker: bool,
    remain_amount: bytes,
    remain_quantity: bytes,
    last_quantity: bytes,
    done_quantity: bytes,
    done_amount: bytes,
    status: int,
    created_ms: int,
) -> bytes:
    """PrivateOrdersV3Api."""
    return (
        _texts(((1, number), (2, client_id), (3, price), (4, quantity), (5, amount), (6, average)))
        + integer(7, kind)
        + integer(8, side)
        + (integer(9, 1) if maker else b"")
        + _texts(((10, remain_amount), (11, remain_quantity), (12, last_quantity)))
        + _texts(((13, done_quantity), (14, done_amount)))
        + integer(15, status)
        + integer(16, created_ms)
    )


def private_deal(
    *,
    price: bytes,
    quantity: bytes,
    amount: bytes,
    side: int,
    maker: bool,
    self_trade: bool,
    trade_id: bytes,
    client_id: bytes,
    order_id: bytes,
    fee: bytes,
    fee_coin: bytes,
    at_ms: int,
) -> bytes:
    """PrivateDealsV3Api."""
    return (
        _texts(((1, price), (2, quantity), (3, amount)))
        + integer(4, side)
        + (integer(5, 1) if maker else b"")
        + (integer(6, 1) if self_trade else b"")
        + _texts(((7, trade_id), (8, client_id), (9, order_id), (10, fee), (11, fee_coin)))
        + integer(12, at_ms)
    )


def private_account(
    coin: bytes,
    coin_id: bytes,
    free: bytes,
    free_change: bytes,
    locked: bytes,
    locked_change: bytes,
    kind: bytes,
    at_ms: int,
) -> bytes:
    """PrivateAccountV3Api."""
    fields = enumerate((coin, coin_id, free, free_change, locked, locked_change, kind), 1)
    return _texts(fields) + integer(8, at_ms)
