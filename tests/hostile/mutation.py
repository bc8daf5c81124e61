"""Good input gone wrong: steps that a strategy draws, and pure functions that carry them out.

A step is (what, where, which): numbers that every input can be walked by, so that one list of them fits all inputs and
shrinks to the one change that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.protobuf_writer import varint

_MANY, _LONG = 20_000, 80_000

Step = tuple[int, int, int]
steps = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4)

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 1e-320, 1e308, -0.0, 0.1, True, False, None,
)  # fmt: skip
TEXTS = (
    "", " ", "0", "-0", "-1", "NaN", "nan", "Infinity", "-inf", "1e400", "1e-400", "1_000", "0x10", " 1 ", "+1",
    "1.", ".5", "٣", "²", "\u0000", "\ud7ff", "１", "1e5", "9" * 5_000, "0." + "1" * 5_000, "1E+999999999", "\n",
    "x" * 70_000, "%s%n", "../../etc/passwd", "ob.", "ob.BTC_USDT.", "spot@", "spot@public.", "<html>", "null", "{}",
    "🙂" * 50,
)  # fmt: skip
SHAPES: tuple[Any, ...] = ([], {}, [[]], [None], {"": None}, [0] * 2_000, {"a": {"a": {"a": {}}}})
RAW = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800", b'"\\ud800"', b"1e999", b"-1e999", b"NaN", b"Infinity",
    b"9" * 5_000, b"[" * 3_000, b'{"a":' * 3_000, b"]", b"}", b'"', b",", b"//", b"\r\n\r\n", b"\n", b"\x80" * 12,
    b"\x1f\x8b\x08\x00", b"x\x9c",
)  # fmt: skip


def damaged(data: bytes, doing: Sequence[Step]) -> bytes:
    """Bytes changed, cut, doubled or put in between; knows nothing of what they mean."""
    spoiled = bytearray(data)
    for what, where, which in doing:
        place = where % (len(spoiled) + 1)
        kind = what % 6
        if kind == 0 and spoiled:
            spoiled[place % len(spoiled)] = which
        elif kind == 1:
            del spoiled[place:]
        elif kind == 2:
            spoiled[place:place] = spoiled[: which + 1]
        elif kind == 3:
            spoiled[place:place] = RAW[which % len(RAW)]
        elif kind == 4:
            del spoiled[place : place + which + 1]
        else:
            del spoiled[:place]
    return bytes(spoiled)


def foreign(which: int) -> Any:
    """A value that is rarely meant."""
    pool: tuple[Any, ...] = (*NUMBERS, *TEXTS, *SHAPES)
    return deepcopy(pool[which % len(pool)])  # what is altered next may be within it


def altered(tree: Any, doing: Sequence[Step]) -> Any:
    """A tree of dicts and lists in which values, keys and shapes have become others. Changes `tree` itself."""
    root = [tree]
    for what, where, which in doing:
        spots = list(_spots(root))
        holder, key = spots[where % len(spots)]
        kind = what % 8
        if kind < 3:
            holder[key] = foreign(which)
        elif kind == 3 and holder is not root:
            del holder[key]
        elif kind == 4:
            holder[key] = [holder[key]] * (1 + which % 3)
        elif kind == 5:
            holder[key] = {str(foreign(which)): holder[key]}
        elif kind == 6 and isinstance(holder, dict):
            holder[str(foreign(which))] = holder.pop(key)
        else:
            value = holder[key]
            holder[key] = value[:20] * (which + 2) if isinstance(value, list) else str(value)[:_LONG]
    if len(_spots(root)) >= _MANY:  # doubled again and again it would be a bomb: those have tests of their own
        return None
    return root[0]


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(found) < _MANY:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list) and holder[key]:
                waiting.append(holder[key])
    return found


def altered_json(data: bytes, doing: Sequence[Step]) -> bytes:
    """A JSON text whose tree was altered; then, for steps of the upper half, damaged as bytes."""
    tree = msgspec.json.decode(data)
    text = msgspec.json.encode(altered(tree, doing))
    return damaged(text, [step for step in doing if step[0] >= 12])


Part = tuple[int, int, Any]  # number, wire type, value: an int, bytes, or a list of parts


def altered_protobuf(data: bytes, doing: Sequence[Step]) -> bytes:
    """A protobuf message with fields gone, doubled, moved, of another type, or whose length lies."""
    parts = _parts(data)
    if parts is None:
        return damaged(data, doing)
    for what, where, which in doing:
        spots = list(_within(parts))
        if not spots:
            break
        holder, place = spots[where % len(spots)]
        number, wire, value = holder[place]
        kind = what % 8
        if kind == 0:
            del holder[place]
        elif kind == 1:
            holder.insert(place, holder[place])
        elif kind == 2:
            holder[place] = ((which * 7) % 330, wire, value)
        elif kind == 3:
            holder[place] = (number, (which % 8), value)
        elif kind == 4 and wire == 2:
            holder[place] = (number, wire, TEXTS[which % len(TEXTS)].encode())
        elif kind == 5 and wire == 0:
            holder[place] = (number, wire, NUMBERS[which % 9])
        elif kind == 6:
            holder.append(holder.pop(0))
        else:
            holder[place] = (number, 2, b"" if which % 2 else [*holder])
    return damaged(_written(parts), [step for step in doing if step[0] >= 12])


def _within(parts: list[Part]) -> list[tuple[list[Part], int]]:
    found = []
    for place, (_, _, value) in enumerate(parts):
        found.append((parts, place))
        if isinstance(value, list):
            found += _within(value)
    return found


def _written(parts: Sequence[Part]) -> bytes:
    out = bytearray()
    for number, wire, value in parts:
        out += varint((number or 0) << 3 | wire)
        if isinstance(value, list):
            value = _written(value)
        if isinstance(value, bytes):
            out += (varint(len(value)) if wire == 2 else b"") + value
        else:
            out += varint(int(value) % 2**64)
    return bytes(out)


def _parts(data: bytes, depth: int = 0) -> list[Part] | None:
    """None where these bytes are no message."""
    found: list[Part] = []
    pos = 0
    while pos < len(data):
        tag = _varint(data, pos)
        if tag is None or not tag[0] >> 3 or depth > 6:
            return None
        number, wire, pos = tag[0] >> 3, tag[0] & 7, tag[1]
        read = _varint(data, pos)
        if wire not in (0, 2) or read is None:
            return None
        value, pos = read
        if wire == 0:
            found.append((number, wire, value))
            continue
        if pos + value > len(data):
            return None
        chunk = data[pos : pos + value]
        inner = None if chunk.isascii() and chunk.decode().isprintable() else _parts(chunk, depth + 1)
        found.append((number, wire, chunk if inner is None else inner))
        pos += value
    return found


def _varint(data: bytes, pos: int) -> tuple[int, int] | None:
    value = shift = 0
    while pos < len(data) and shift < 63:
        value |= (data[pos] & 0x7F) << shift
        pos += 1
        if data[pos - 1] < 0x80:
            return value, pos
        shift += 7
    return None


def spoiled(data: bytes, doing: Sequence[Step]) -> bytes:
    """As the frame is: JSON by its tree, anything else as protobuf; every fourth one as mere bytes."""
    if doing[0][2] % 4 == 0:
        return damaged(data, doing)
    if data[:1] in b"{[" and data:
        return altered_json(data, doing)
    return altered_protobuf(data, doing)


WORDS = (
    "nan", "inf", "-inf", "1e999", "9" * 5_000, "-1", "0", "true", "[]", "{}", "''", "[" * 3_000, "{a=" * 2_000,
    "[[1]]", "'''\n'''", "1979-05-27T07:32:00Z", "'NaN'", "'-Infinity'", "'1E+999999999'", "'\\u0000'", '"\\u0000"',
    '"\\ud800"', "'" + "x" * 70_000 + "'", "['a', 'a']", "0x7fffffffffffffffffff", "'ws://h'",
    "'http://[::1'", "'https://h:99999'", "[inf]", "{ verify = false }", "{ USDT = nan }", "'a/b,c/d'", "'*/*'",
    "'\u202e'",
)  # fmt: skip
KEYS = ("", "''", "a.b", "exchanges", "size", "scan.size", "x" * 5_000, "'\\n'", "exchanges.mexc", "[x]", "é", "key")


def altered_toml(text: str, doing: Sequence[Step]) -> bytes:
    """Lines of TOML with other values, keys and tables; as bytes, damaged for steps of the upper half."""
    lines = text.splitlines()
    for what, where, which in doing:
        place = where % len(lines)
        key, found, _ = lines[place].partition("=")
        kind = what % 6
        if kind < 3 and found:
            lines[place] = f"{key}= {WORDS[which % len(WORDS)]}"
        elif kind == 3:
            lines.insert(place, f"{KEYS[which % len(KEYS)]} = {WORDS[where % len(WORDS)]}")
        elif kind == 4:
            lines.insert(place, f"[{KEYS[which % len(KEYS)]}]")
        else:
            lines.insert(place, lines[which % len(lines)])
    return damaged("\n".join(lines).encode(), [step for step in doing if step[0] >= 12])
