"""MEXC's pushes with fields, states and channels that nobody has heard of yet. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from arb.sim.mexc import proto

_NEW_FIELD, _NEW_STATE = 1999, 9
_STATUS = 15  # of PrivateOrdersV3Api
_RENUMBERED = 100  # added to the number of a body that comes under another channel


def with_unknown_fields(payload: bytes) -> bytes:
    return payload + proto.blob(_NEW_FIELD, b"unheard of") + proto.integer(_NEW_FIELD + 1, 7)


def with_new_words(payload: bytes) -> bytes:
    """Only orders have a state."""
    return b"".join(
        proto.blob(number, b"".join(_restated(n, kind, raw) for n, kind, raw in _fields(raw)))
        if number == proto.PRIVATE_ORDERS
        else _written(number, kind, raw)
        for number, kind, raw in _fields(payload)
    )


def renamed(payload: bytes) -> bytes:
    """Another channel, and as its message is another one, another number of the body."""
    made = []
    for number, kind, raw in _fields(payload):
        if number == 1:
            made.append(proto.blob(1, raw.replace(b".v3.api.pb", b".v9.api.pb")))
        else:
            made.append(_written(number + _RENUMBERED if number > 300 else number, kind, raw))
    return b"".join(made)


def _restated(number: int, kind: int, raw: bytes) -> bytes:
    return proto.integer(number, _NEW_STATE) if number == _STATUS else _written(number, kind, raw)


def _written(number: int, kind: int, raw: bytes) -> bytes:
    return proto.varint(number << 3 | kind) + (proto.varint(len(raw)) if kind == 2 else b"") + raw


def _fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(number, wire type, bytes of the value); only the two types that this venue writes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            size, at = _varint(data, at)
            end = at + size
        else:
            _, end = _varint(data, at)
        yield tag >> 3, tag & 7, data[at:end]
        at = end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
