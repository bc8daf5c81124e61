from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath.wire.protobuf import BOOL, INT32, INT64, STRING, many, message, numbered, read
from tests.protobuf_writer import chunk, number, varint

POINT = numbered(name=STRING, small=INT32, big=INT64, flag=BOOL)
SHAPE = numbered(first=message(POINT, oneof="kind"), second=message(POINT, oneof="kind"), points=many(POINT))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", {}, id="absent fields are not in the result"),
        pytest.param(chunk(1, "") + number(4, 0), {"name": "", "flag": False}, id="a default on the wire is"),
        pytest.param(number(2, -1) + number(3, -1), {"small": -1, "big": -1}, id="negative integers take ten bytes"),
        pytest.param(number(3, 2**63 - 1), {"big": 2**63 - 1}, id="the largest int64"),
        pytest.param(number(2, 2**32 + 5), {"small": 5}, id="an int32 keeps its low 32 bits"),
        pytest.param(number(4, 300), {"flag": True}, id="any number but 0 is true"),
        pytest.param(number(3, 7, padding=4), {"big": 7}, id="needless varint bytes mean nothing"),
        pytest.param(chunk(1, "a") + chunk(1, "b"), {"name": "b"}, id="the last of two values counts"),
        pytest.param(number(1, 5) + chunk(1, "a"), {"name": "a"}, id="a field of another wire type is unknown"),
        pytest.param(chunk(3, b"\x01") + number(3, 2), {"big": 2}, id="a text where a number belongs is unknown"),
        pytest.param(chunk(99, b"\xff\xff") + number(2, 1), {"small": 1}, id="unknown bytes are skipped unread"),
        pytest.param(varint(9 << 3 | 1) + b"12345678" + number(2, 1), {"small": 1}, id="unknown fixed64 is skipped"),
        pytest.param(varint(9 << 3 | 5) + b"1234" + number(2, 1), {"small": 1}, id="unknown fixed32 is skipped"),
    ],
)
def test_fields(data, expected):
    assert read(data, POINT) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            chunk(3, number(2, 1)) + chunk(3, b"") + chunk(3, number(2, 3)),
            {"points": [{"small": 1}, {}, {"small": 3}]},
            id="repeated messages keep their order, empty ones too",
        ),
        pytest.param(
            chunk(1, number(2, 1) + chunk(1, "a")) + chunk(1, chunk(1, "b")),
            {"first": {"small": 1, "name": "b"}},
            id="a message that comes twice is merged",
        ),
        pytest.param(
            chunk(1, number(2, 1)) + chunk(2, number(2, 2)),
            {"second": {"small": 2}},
            id="of a oneof the last one counts",
        ),
        pytest.param(
            chunk(1, number(2, 1)) + chunk(2, b"") + chunk(1, chunk(1, "b")),
            {"first": {"name": "b"}},
            id="what a oneof has dropped does not come back",
        ),
    ],
)
def test_messages(data, expected):
    assert read(data, SHAPE) == expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x0a", id="a tag and nothing else"),
        pytest.param(b"\x0a\x05abc", id="shorter than its length"),
        pytest.param(b"\x10\x80", id="torn in a varint"),
        pytest.param(b"\x10" + b"\x80" * 10 + b"\x01", id="a varint of eleven bytes"),
        pytest.param(b"\x10" + b"\xff" * 9 + b"\x02", id="a varint beyond 64 bits"),
        pytest.param(b"\x00\x01", id="field number 0"),
        pytest.param(varint(2**32 + 8) + b"\x01", id="a tag beyond 32 bits"),
        pytest.param(b"\x0b\x0c", id="a group"),
        pytest.param(b"\x0e", id="wire type 6"),
        pytest.param(varint(9 << 3 | 1) + b"1234567", id="torn in a fixed64"),
        pytest.param(b"\x0a\x02\xff\xfe", id="text that is not UTF-8"),
        pytest.param(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", id="a length of 2^63"),
    ],
)
def test_broken_bytes_are_a_value_error(data):
    with pytest.raises(ValueError):
        read(data, POINT)
    with pytest.raises(ValueError):
        read(chunk(3, data), SHAPE)


def test_a_message_cannot_reach_beyond_its_own_end():
    """The length of the inner text is right for the frame and wrong for the message that holds it."""
    inner = b"\x0a\x04ab"
    with pytest.raises(ValueError):
        read(chunk(3, inner) + b"\x0a\x00\x0a\x00", SHAPE)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120))
def test_garbage_is_a_message_or_a_value_error(data):
    with suppress(ValueError):
        assert isinstance(read(data, SHAPE), dict)
