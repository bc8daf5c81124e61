"""Where configuration comes from: files, the environment and the command line, each as one tree of raw values."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.errors import ConfigError

Tree = dict[str, Any]
Keys = tuple[str, ...]

ENV_PREFIX = "ARB__"
MOST_BYTES = 1 << 20  # of a file
_SECRET_KEYS = frozenset((
    "key", "apikey", "accesskey", "secret", "apisecret", "secretkey", "privatekey", "password", "passwd", "passphrase",
    "token", "credentials",
))  # fmt: skip


class Source(msgspec.Struct, frozen=True):
    """One tree, and what to call the origin of each of its values."""

    tree: Tree
    origin: Callable[[Keys], str]


def find_file(config: Path | None, environ: Mapping[str, str], cwd: Path, home: Path) -> Path | None:
    """The file to read: named on the command line or by ARB_CONFIG (then it must exist), else the first found."""
    named = str(config) if config is not None else environ.get("ARB_CONFIG")
    if named:
        path = cwd / named
        if not path.is_file():
            who = f"--config {named}" if config is not None else f"ARB_CONFIG={named}"
            raise ConfigError(f"{who}: there is no such file; 'arb init {named}' writes one")
        return path
    folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return next((path for path in (cwd / "arb.toml", folder / "arb" / "arb.toml") if path.is_file()), None)


def from_file(path: Path) -> Source:
    """Raises ConfigError with the line where the file is not TOML."""
    text = ""
    try:
        text = read_at_most(path, MOST_BYTES).decode()
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        end = f"(at line {text.count(chr(10)) + 1}, the end)"
        raise ConfigError(f"{path}: not TOML: {str(exc).replace('(at end of document)', end)}") from None
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: not UTF-8 text (byte {exc.start}); save it as UTF-8") from None
    except UNREADABLE as exc:  # numbers of thousands of digits, tables within tables without end
        raise ConfigError(f"{path}: not TOML that can be meant: {shown(exc)}") from None
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    origin = f"file {path}"
    return Source(tree, lambda _keys: origin)


def from_environment(environ: Mapping[str, str]) -> Source:
    """ARB__SECTION__KEY=value, ARB__EXCHANGES__MEXC__FASTPATH=false, ARB__SIZE__BTC=0.01.

    Tables and lists may be written as TOML; a list also as "a,b".
    """
    tree: Tree = {}
    names: dict[Keys, str] = {}
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX):
            continue
        keys = _env_keys(name)
        _put(tree, keys, _env_value(name, environ[name]), name)
        names[keys] = name
    return Source(tree, lambda keys: f"env {_nearest(names, keys)}")


def from_options(options: Mapping[Keys, tuple[str, Any]]) -> Source:
    """Values of the command line: keys -> (option, value)."""
    tree: Tree = {}
    for keys, (option, value) in options.items():
        _put(tree, keys, value, option)
    names = {keys: option for keys, (option, _value) in options.items()}
    return Source(tree, lambda keys: _nearest(names, keys))


def with_venue_names(source: Source, canonical: Callable[[str], str]) -> Source:
    """The same with every venue under the name we use, "ccxt" spelled out; raises where two names mean one venue."""
    table = source.tree.get("exchanges")
    if not isinstance(table, dict):
        return source
    venues: Tree = {}
    written: dict[str, str] = {}
    for name, value in table.items():
        ours = canonical(name)
        if ours in written:
            where = source.origin(("exchanges", name))
            raise ConfigError(f"{where}: {written[ours]} and {name} are the same exchange; keep one of them")
        written[ours] = name
        venues[ours] = _venue(value, f"{source.origin(('exchanges', name))}: exchanges.{name}")

    def origin(keys: Keys) -> str:
        if keys[:1] == ("exchanges",) and len(keys) > 1:
            keys = ("exchanges", written.get(keys[1], keys[1]), *keys[2:])
        return source.origin(keys)

    return Source({**source.tree, "exchanges": venues}, origin)


def refuse_secrets(source: Source) -> None:
    """Keys and secrets live in the environment. Raises ConfigError that names the variables to use."""
    for keys in _paths(source.tree):
        word = keys[-1].lower().replace("_", "").replace("-", "")
        if word in _SECRET_KEYS and keys[0] != "size":
            venue = keys[1].upper() if keys[0] == "exchanges" and len(keys) > 2 else "<VENUE>"
            raise ConfigError(
                f"{source.origin(keys)}: {'.'.join(keys)}: credentials never stand in the configuration; set "
                f"ARB_{venue}_KEY, ARB_{venue}_SECRET (and ARB_{venue}_PASSPHRASE if there is one) in the environment"
            )


def merge(base: Tree, over: Tree) -> Tree:
    """Tables are joined key by key; everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def leaves(tree: Mapping[str, Any], above: Keys = ()) -> Iterator[Keys]:
    """The keys of every value that is not a table; an empty table counts as one."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key)


def _venue(value: Any, where: str) -> Any:
    if not isinstance(value, str):
        return value
    if value != "ccxt":
        raise ConfigError(
            f'{where}: {shown(repr(value))} is no way to reach a venue; write {{}} for the best one, or "ccxt"'
        )
    return {"fastpath": False}


def _env_keys(name: str) -> Keys:
    section, *rest = name.removeprefix(ENV_PREFIX).split("__")
    section = section.lower()
    if not rest or not all(rest):
        raise ConfigError(f"env {name} names no key; write ARB__SECTION__KEY, as in ARB__SCAN__MIN_EDGE_BPS")
    if section == "size":
        return (section, *(key.upper() for key in rest))
    if section == "paper" and rest[0].lower() == "balances":
        return (section, "balances", *(key.upper() for key in rest[1:]))
    if section == "exchanges":  # below a venue's options the spelling is ccxt's
        return (section, *(key.lower() for key in rest[:2]), *rest[2:])
    return (section, *(key.lower() for key in rest))


def _env_value(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except UNREADABLE as exc:
        raise ConfigError(f"env {name}: not a TOML value: {shown(exc)}") from None


def _put(tree: Tree, keys: Keys, value: Any, name: str) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"{name}: {'.'.join(keys)}: {key} has a value already; it cannot be a table too")
    tree[keys[-1]] = value


def _nearest(names: Mapping[Keys, str], keys: Keys) -> str:
    """Who wrote this value: the longest path above it, or any below it."""
    for length in range(len(keys), 0, -1):
        if keys[:length] in names:
            return names[keys[:length]]
    return next((name for path, name in names.items() if path[: len(keys)] == keys), "")


def _paths(tree: Mapping[str, Any], above: Keys = ()) -> Iterator[Keys]:
    for key, value in tree.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
