"""A general proto3 reader: bytes -> plain dicts, driven by a table of fields.

It knows every layout the encoding allows: any field order, unknown fields (skipped), repeated singular fields (the
last one wins, messages merge) and absent defaults (left out of the result). Whatever is faster keeps it as its oracle.
Source: protobuf.dev/programming-guides/encoding, read 2026-11. Groups, retired before proto3, are an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import partial
from typing import Any, NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_TAG = 2**32 - 1
_MAX_VARINT = 2**64 - 1


class Kind(IntEnum):
    STRING = 1
    INT32 = 2
    INT64 = 3
    BOOL = 4
    MESSAGE = 5


class Field(NamedTuple):
    """What stands behind one field number. table: of a MESSAGE.   oneof: at most one field of this name is set."""

    kind: Kind
    table: Table = {}  # noqa: RUF012  (a tuple's default: nobody writes to a Mapping)
    repeated: bool = False
    oneof: str = ""


Table = Mapping[int, tuple[str, Field]]

STRING, INT32, INT64, BOOL = Field(Kind.STRING), Field(Kind.INT32), Field(Kind.INT64), Field(Kind.BOOL)


def message(table: Table, oneof: str = "") -> Field:
    """A field that holds one message."""
    return Field(Kind.MESSAGE, table, oneof=oneof)


def many(table: Table) -> Field:
    """A field that holds a list of messages."""
    return Field(Kind.MESSAGE, table, repeated=True)


def numbered(**fields: Field) -> Table:
    """The table of a message whose fields are numbered 1, 2, 3 ... in this order."""
    return dict(enumerate(fields.items(), start=1))


def read(data: bytes, table: Table) -> dict[str, Any]:
    """One message as a dict by field name: str, int, bool, dict, or a list of dicts; absent fields are not in it.

    Raises ValueError for bytes that are no such message: torn, lengths that do not fit, text that is not UTF-8.
    """
    result: dict[str, Any] = {}
    _read_into(result, data, 0, len(data), table)
    return result


def _read_into(result: dict[str, Any], data: bytes, pos: int, end: int, table: Table) -> None:
    while pos < end:
        tag, pos = _varint(data, pos, end)
        number, wire = tag >> 3, tag & 7
        if not number or tag > _MAX_TAG:
            raise ValueError(f"field number {number} at byte {pos}")
        name, field = table.get(number, ("", None))
        if wire == _BYTES:
            length, pos = _varint(data, pos, end)
            stop = pos + length
            if stop > end:
                raise ValueError(f"field {number} is {length} bytes, {end - pos} are left")
            if field is not None and field.kind is Kind.STRING:
                result[name] = data[pos:stop].decode()
            elif field is not None and field.kind is Kind.MESSAGE:
                _read_into(_slot(result, name, field, table), data, pos, stop, field.table)
            pos = stop
        elif wire == _VARINT:
            value, pos = _varint(data, pos, end)
            if field is not None and field.kind in _FROM_VARINT:
                result[name] = _FROM_VARINT[field.kind](value)
        elif wire in _FIXED_SIZES:
            pos += _FIXED_SIZES[wire]
            if pos > end:
                raise ValueError(f"field {number} ends {pos - end} bytes too late")
        else:
            raise ValueError(f"wire type {wire} at byte {pos}")


def _slot(result: dict[str, Any], name: str, field: Field, table: Table) -> dict[str, Any]:
    """The dict that the next occurrence of a message field is read into."""
    fresh: dict[str, Any] = {}
    if field.repeated:
        result.setdefault(name, []).append(fresh)
        return fresh
    if field.oneof and name not in result:
        for other, rival in table.values():
            if rival.oneof == field.oneof:
                result.pop(other, None)
    slot: dict[str, Any] = result.setdefault(name, fresh)
    return slot


def _varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while pos < end and shift < 70:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _MAX_VARINT:
                break
            return value, pos
        shift += 7
    raise ValueError(f"no whole varint before byte {pos}")


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


_FROM_VARINT: dict[Kind, Callable[[int], int]] = {
    Kind.INT32: partial(_signed, bits=32),
    Kind.INT64: partial(_signed, bits=64),
    Kind.BOOL: bool,
}
