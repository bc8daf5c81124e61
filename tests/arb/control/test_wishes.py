"""What a person wants of an engine that does not run."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from arb.control import Wish, clear_wish, read_wish, record_wish, wish_path
from arb.errors import ConfigError


def test_the_newest_word_counts_until_it_is_obeyed(tmp_path: Path) -> None:
    path = wish_path(tmp_path / "data" / "journal-live.sqlite")
    assert path.name == "journal-live.sqlite.wish"
    assert read_wish(path) is None
    record_wish(path, "halt", "news", 5)
    record_wish(path, "resume", "", 9)
    assert read_wish(path) == Wish("resume", "", 9)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    clear_wish(path)
    clear_wish(path)
    assert read_wish(path) is None


@pytest.mark.parametrize("text", ["", "{}", '{"verb":"sell","why":"","wall_ns":1}', '{"verb":"halt"'])
def test_a_damaged_one_stops_the_start_for_it_may_have_said_halt(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.wish"
    path.write_text(text)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_wish(path)


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        record_wish(tmp_path / "file" / "x.wish", "halt", "", 1)
