"""A block of a tape: what goes in comes out, and nothing else is taken for one."""

from __future__ import annotations

import struct
from itertools import chain

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from arb import columns
from arb.columns import Packer, unpacked

_ITEMS = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=50)), max_size=20
)
_SOURCES = st.lists(st.tuples(st.text(max_size=5), st.integers(0, 2**40)), max_size=3)


@given(_SOURCES, _ITEMS)
def test_what_goes_in_comes_out(sources, items) -> None:
    told, records = unpacked(Packer().block(sources, list(chain.from_iterable(items))))
    assert list(told) == sources
    assert list(records) == items


@given(st.binary(max_size=200))
def test_whatever_is_no_block_is_a_value_error(data: bytes) -> None:
    for block in (data, zstandard.compress(data)):
        try:
            list(unpacked(block)[1])
        except ValueError:
            continue
        assert columns._head.decode(data[4 : 4 + struct.unpack_from("<I", data)[0]]) is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "no head", id="empty"),
        pytest.param(struct.pack("<I", 1) + b"\xc1", "cannot be read", id="a head that is none"),
        pytest.param(struct.pack("<I", 3) + msgspec.msgpack.encode(([], 9)), "too short for 9", id="missing records"),
        pytest.param(struct.pack("<I", 3) + msgspec.msgpack.encode(([], -1)), "too short", id="a count below 0"),
        pytest.param(
            struct.pack("<I", 3) + msgspec.msgpack.encode(([], 0)) + b"x", "another size", id="bytes too many"
        ),
    ],
)
def test_what_a_damaged_block_says(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpacked(zstandard.compress(content))


def test_no_more_is_unpacked_than_any_block_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_UNPACKED", 1000)
    with pytest.raises(ValueError, match="does not unpack"):
        unpacked(zstandard.compress(bytes(1001)))
    untold = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10))
    with pytest.raises(ValueError, match="does not unpack"):
        unpacked(untold)
