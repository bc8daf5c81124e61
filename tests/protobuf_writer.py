"""Protobuf bytes written by hand, so that a reader is tested against what it did not write itself."""

from __future__ import annotations


def varint(value: int, padding: int = 0) -> bytes:
    """padding: needless bytes behind it, which the encoding allows."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def number(field: int, value: int, padding: int = 0) -> bytes:
    return varint(field << 3) + varint(value % 2**64, padding)


def chunk(field: int, value: bytes | str) -> bytes:
    """A text or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def level(field: int, price: str, quantity: str) -> bytes:
    return chunk(field, chunk(1, price) + chunk(2, quantity))
