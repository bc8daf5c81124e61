"""Where things are kept: the XDG rules, and one file a mode."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from arb.config.files import write_owner_only
from arb.config.folders import config_dir, control_path, data_dir, journal_path
from arb.errors import ConfigError

HOME = Path("/home/me")


def test_without_xdg_everything_lies_in_the_home_folder() -> None:
    assert config_dir({}, HOME) == HOME / ".config" / "arb"
    assert data_dir({}, HOME) == HOME / ".local" / "share" / "arb"
    assert control_path("live", {}, HOME) == HOME / ".local" / "share" / "arb" / "run" / "live.sock"


def test_xdg_says_where() -> None:
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_RUNTIME_DIR": "/r"}
    assert config_dir(environ, HOME) == Path("/c/arb")
    assert data_dir(environ, HOME) == Path("/d/arb")
    assert control_path("paper", environ, HOME) == Path("/r/arb/paper.sock")


@pytest.mark.parametrize("value", ["", "relative"])
def test_what_is_not_absolute_counts_as_unset(value: str) -> None:
    assert data_dir({"XDG_DATA_HOME": value}, HOME) == data_dir({}, HOME)


def test_each_mode_has_a_journal_unless_the_file_names_one() -> None:
    assert journal_path("", "live", {}, HOME) == HOME / ".local" / "share" / "arb" / "journal-live.sqlite"
    assert journal_path("", "paper", {}, HOME).name == "journal-paper.sqlite"
    assert journal_path("x.sqlite", "live", {}, HOME) == Path("x.sqlite")


def test_a_small_file_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "data" / "x.json"
    write_owner_only(path, b"old and long")
    write_owner_only(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_owner_only(tmp_path / "file" / "x.json", b"")
