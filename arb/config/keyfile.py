"""The owner-only file of keys. Whatever is wrong with it is told in one line, and nothing of what stands in it."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from arb.bounded import UNREADABLE
from arb.config.credentials import Credentials
from arb.config.folders import config_dir
from arb.errors import ConfigError

VARIABLE = "ARB_KEYS_FILE"
MOST_BYTES = 64 << 10

_FIELDS = ("key", "secret", "passphrase")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def find_keys(environ: Mapping[str, str], cwd: Path, home: Path) -> Path | None:
    """The file to read: ARB_KEYS_FILE (then it must exist), else keys.toml in the XDG config folder, if it is there."""
    if named := environ.get(VARIABLE):
        path = cwd / Path(named).expanduser()
        if not os.path.lexists(path):
            raise ConfigError(f"{VARIABLE}={named}: there is no such file")
        return path
    path = config_dir(environ, home) / "keys.toml"
    return path if os.path.lexists(path) else None


def read_keys(path: Path, canonical: Callable[[str], str] = lambda name: name) -> dict[str, Credentials]:
    """The credentials in it by our name of the venue: `[mexc]` with key, secret and sometimes passphrase.

    Raises ConfigError, also for a file that anybody but its owner could read or replace.
    """
    text = _text(path)
    try:
        tree = tomllib.loads(text)
    except UNREADABLE as exc:
        line = re.search(r"at line (\d+)", str(exc))
        where = f" (line {line[1]})" if line else ""
        raise ConfigError(f"{path}: not TOML{where}; write [mexc] key = '...', secret = '...'") from None
    found: dict[str, Credentials] = {}
    for number, (name, table) in enumerate(tree.items(), 1):
        venue = canonical(name)
        if venue in found:
            raise ConfigError(f"{path}: table {number} is about {venue} again; keep one of them")
        found[venue] = _credentials(path, number, venue, table)
    return found


def _credentials(path: Path, number: int, venue: str, table: Any) -> Credentials:
    """number: names the table, since its name may be what somebody pasted in the wrong place."""
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: entry {number} is no table; write [mexc] key = '...', secret = '...'")
    if not set(table) <= set(_FIELDS):
        raise ConfigError(f"{path}: table {number} holds something other than {', '.join(_FIELDS)}")
    texts = [table.get(field, "") for field in _FIELDS]
    if not all(isinstance(text, str) for text in texts):
        raise ConfigError(f"{path}: table {number}: {', '.join(_FIELDS)} are texts, in quotes")
    key, secret, passphrase = (text.strip() for text in texts)
    for field, value in (("key", key), ("secret", secret)):
        if not value:
            raise ConfigError(f"{path}: table {number} has no {field}")
    return Credentials(venue, key, secret, passphrase)


def _text(path: Path) -> str:
    """Opened first and judged by its descriptor: what is read is what was judged."""
    posix = os.name == "posix"
    try:
        descriptor = os.open(path, os.O_RDONLY | (os.O_NOFOLLOW | os.O_NONBLOCK if posix else 0))
    except OSError as exc:
        if path.is_symlink():
            raise ConfigError(f"{path} is a link; set {VARIABLE} to the file itself") from None
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigError(f"{path} is not a file")
        if posix:
            _refuse_strangers(path, facts)
        _refuse_repository(path)
        data = os.read(descriptor, MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path}: more than {MOST_BYTES >> 10} KiB: that is no file of keys")
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: not UTF-8 text (byte {exc.start})") from None


def _refuse_strangers(path: Path, facts: os.stat_result) -> None:
    ours = os.geteuid()
    if facts.st_uid != ours:
        raise ConfigError(f"{path} belongs to another user (uid {facts.st_uid}); chown it")
    if facts.st_mode & _OTHERS:
        mode = stat.S_IMODE(facts.st_mode)
        raise ConfigError(f"{path} can be read by others (mode {mode:04o}); run: chmod 600 {path}")
    resolved = path.resolve()
    for number, folder in enumerate(resolved.parents):
        above = folder.stat()
        if above.st_uid not in (ours, 0):
            raise ConfigError(f"{path}: its folder {folder} belongs to another user (uid {above.st_uid})")
        shared = above.st_mode & _WRITABLE_BY_OTHERS
        if shared and not (number and above.st_mode & stat.S_ISVTX):  # further up, sticky as /tmp is enough
            raise ConfigError(
                f"{path}: others may write to {folder} and put another file there; run: chmod go-w {folder}"
            )


def _refuse_repository(path: Path) -> None:
    folder = next((folder for folder in path.resolve().parents if os.path.lexists(folder / ".git")), None)
    if folder is not None:
        raise ConfigError(f"{path} lies in the git work tree {folder}, from where keys get published; move it out")
