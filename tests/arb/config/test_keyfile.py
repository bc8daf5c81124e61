"""Keys in a file: only where nobody but their owner can read or replace it, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arb.config import Credentials, credentials_for
from arb.config.keyfile import MOST_BYTES, find_keys, read_keys
from arb.errors import ConfigError

SECRET = "t0ps3cr3t"
TEXT = f"[mexc]\nkey = 'k3y'\nsecret = '{SECRET}'\n[gate]\nkey = ' g '\nsecret = 's'\npassphrase = 'p'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    return folder


def write(folder: Path, text: str | bytes = TEXT, mode: int = 0o600) -> Path:
    path = folder / "keys.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_keys(path)
    message = str(caught.value)
    assert "\n" not in message
    assert not any(part in message for part in (SECRET, "k3y"))
    return message


def test_every_table_is_a_venue_under_our_own_name(folder: Path) -> None:
    found = read_keys(write(folder), lambda name: {"gate": "gateio"}.get(name, name))
    assert found == {"mexc": Credentials("mexc", "k3y", SECRET), "gateio": Credentials("gateio", "g", "s", "p")}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o610])
def test_a_wider_mode_is_refused_with_the_cure(folder: Path, mode: int) -> None:
    path = write(folder, mode=mode)
    assert refusal(path) == f"{path} can be read by others (mode {mode:04o}); run: chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_the_owner_alone_may_do_as_he_likes(folder: Path, mode: int) -> None:
    assert "mexc" in read_keys(write(folder, mode=mode))


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    path = write(folder)
    folder.chmod(mode)
    assert f"run: chmod go-w {folder}" in refusal(path)


def test_a_folder_further_up_counts_too(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir(mode=0o700)
    path = write(inner)
    folder.chmod(0o777)
    assert f"run: chmod go-w {folder}" in refusal(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(folder: Path) -> None:
    path = write(folder)
    os.chown(path, 12345, 12345)
    assert "belongs to another user (uid 12345)" in refusal(path)


def test_a_link_is_refused(folder: Path) -> None:
    path = write(folder)
    link = folder / "link.toml"
    link.symlink_to(path)
    assert refusal(link) == f"{link} is a link; set ARB_KEYS_FILE to the file itself"


def test_a_folder_or_a_pipe_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe", 0o600)
    assert "is not a file" in refusal(folder / "pipe")
    assert "is not a file" in refusal(folder)


@pytest.mark.parametrize("marker", ["folder", "file"])
def test_a_git_work_tree_is_refused(folder: Path, marker: str) -> None:
    root = folder / "repo"
    (root / "deep").mkdir(parents=True, mode=0o700)
    root.chmod(0o700)
    git = root / ".git"
    git.mkdir() if marker == "folder" else git.write_text("gitdir: elsewhere")
    assert f"lies in the git work tree {root}" in refusal(write(root / "deep"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(f"[mexc]\nkey = {SECRET}\n", "not TOML (line 2)", id="no quotes"),
        pytest.param(f"[mexc]\n{SECRET} = 'x'\n", "table 1 holds something other than key", id="a secret as a key"),
        pytest.param(f"{SECRET} = 'x'\n", "entry 1 is no table", id="outside a table"),
        pytest.param(f"[mexc]\nsecret = '{SECRET}'\n", "table 1 has no key", id="no key"),
        pytest.param("[mexc]\nkey = 'k3y'\nsecret = '  '\n", "table 1 has no secret", id="an empty secret"),
        pytest.param("[mexc]\nkey = 12345\nsecret = 's'\n", "are texts, in quotes", id="a number"),
        pytest.param(b"[mexc]\nkey = '\xff'\n", "not UTF-8", id="bytes"),
        pytest.param("#" * (MOST_BYTES + 1), "no file of keys", id="too long"),
    ],
)
def test_a_bad_file_is_one_line_without_its_contents(folder: Path, text: str | bytes, says: str) -> None:
    path = write(folder, text)
    message = refusal(path)
    assert says in message
    assert message.startswith(str(path))


def test_two_names_of_one_venue_are_refused(folder: Path) -> None:
    path = write(folder, "[gate]\nkey='a'\nsecret='b'\n[gateio]\nkey='a'\nsecret='b'\n")
    with pytest.raises(ConfigError, match="table 2 is about gateio again"):
        read_keys(path, lambda _name: "gateio")


def test_which_file_is_read(folder: Path) -> None:
    assert find_keys({}, folder, folder) is None
    (folder / ".config" / "arb").mkdir(parents=True)
    usual = write(folder / ".config" / "arb")
    assert find_keys({}, folder, folder) == usual
    assert find_keys({"XDG_CONFIG_HOME": str(folder)}, folder, folder) is None
    named = write(folder)
    assert find_keys({"ARB_KEYS_FILE": "keys.toml"}, folder, folder) == named
    with pytest.raises(ConfigError, match="ARB_KEYS_FILE=nowhere: there is no such file"):
        find_keys({"ARB_KEYS_FILE": "nowhere"}, folder, folder)


def test_the_environment_wins_venue_by_venue() -> None:
    filed = {name: Credentials(name, "file", "file") for name in ("mexc", "gateio", "okx")}
    environ = {"ARB_MEXC_KEY": "env", "ARB_MEXC_SECRET": "env"}
    assert credentials_for(("mexc", "gateio", "kucoin"), environ, filed) == {
        "mexc": Credentials("mexc", "env", "env"),
        "gateio": Credentials("gateio", "file", "file"),
    }
    with pytest.raises(ConfigError, match="set ARB_MEXC_SECRET too"):
        credentials_for(("mexc",), {"ARB_MEXC_KEY": "env"}, filed)
