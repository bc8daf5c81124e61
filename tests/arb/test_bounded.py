"""Foreign input never takes more room than it may, neither in memory nor in a message."""

from __future__ import annotations

import errno
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from arb.bounded import MOST_SHOWN, UNREADABLE, read_at_most, shown


def test_a_file_within_its_bound_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 1_024)
    assert read_at_most(path, 1_024) == b"x" * 1_024


def test_a_larger_one_is_an_os_error_that_says_why(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 2_049)
    with pytest.raises(OSError, match="more than 2 KiB, which no such file has") as caught:
        read_at_most(path, 2_048)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [
        pytest.param("a\n  b\tc", "a b c", id="in one line"),
        pytest.param(ValueError("x\ny"), "x y", id="an error by its text"),
        pytest.param("x" * MOST_SHOWN, "x" * MOST_SHOWN, id="as long as it may be"),
        pytest.param("x" * (MOST_SHOWN + 1), "x" * MOST_SHOWN + "...", id="longer than that"),
        pytest.param("x" + "\n" * 10_000, "x...", id="much of nothing"),
    ],
)
def test_what_is_shown_of_it(foreign: object, expected: str) -> None:
    assert shown(foreign) == expected


@pytest.mark.parametrize(
    "decode",
    [
        pytest.param(lambda: msgspec.json.decode(b"["), id="cut off"),
        pytest.param(lambda: msgspec.json.decode(b"[" * 9_999), id="nested without end"),
        pytest.param(lambda: msgspec.json.decode(b'"\xff"'), id="no text"),
        pytest.param(lambda: msgspec.msgpack.decode(b"\x91" * 9_999), id="nested in msgpack"),
        pytest.param(lambda: json.loads("[" * 99_999), id="nested for json"),
        pytest.param(lambda: tomllib.loads("a = " + "9" * 5_000), id="a number of 5000 digits"),
        pytest.param(lambda: tomllib.loads("a = " + "[" * 9_999), id="nested in TOML"),
    ],
)
def test_every_decoder_s_complaint_is_among_them(decode: Callable[[], object]) -> None:
    with pytest.raises(UNREADABLE):
        decode()
