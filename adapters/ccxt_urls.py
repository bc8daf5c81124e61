"""Another host for a ccxt exchange: one base in our config, many bases in ccxt.

ccxt keeps a tree of bases in `urls["api"]`, REST and WebSocket mixed, often with a piece of path ("/api/v4", "/ws")
and sometimes with a template for the host ("https://api.{hostname}"). An override is what a user would write in the
place of the venue's main base, so it may end in that same piece of path: each base of ccxt then moves to the
override's host and folder and keeps a path of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

HTTP = ("http", "https")
WS = ("ws", "wss")

_Segments = tuple[str, ...]


def rebase(urls: Mapping[str, Any], schemes: tuple[str, str], override: str, base: str = "") -> dict[str, Any]:
    """A copy of ccxt's `urls` in which every URL of these schemes points below `override`.

    override: stands for `base`, the venue's own main URL as its SPEC has it. Where that is not known (""), the longest
    piece of path in which the override ends and one of ccxt's bases begins is taken for what the two have in common.
    """
    path, known = _segments(override), _segments(base)
    shared = known if known and path[-len(known) :] == known else _longest_shared(path, urls.get("api", {}), schemes)
    root = _join(override, path[: len(path) - len(shared)])

    def move(url: str) -> str:
        if urlsplit(url).scheme not in schemes:
            return url
        own = _segments(url)
        if base and own == known and schemes is WS:
            return override  # a socket's address is taken to the letter, trailing slash and all
        moved = "/".join((override.rstrip("/"), *own[len(known) :])) if base and own[: len(known)] == known else ""
        return (moved or "/".join((root, *own))) + ("/" if own and url.endswith("/") else "")

    return {key: _map(value, move) for key, value in urls.items()}


def _longest_shared(path: _Segments, tree: object, schemes: tuple[str, str]) -> _Segments:
    best: _Segments = ()
    for url in _leaves(tree):
        own = _segments(url)
        if urlsplit(url).scheme in schemes:
            sizes = range(min(len(own), len(path)), len(best), -1)
            best = next((own[:n] for n in sizes if own[:n] == path[-n:]), best)
    return best


def _segments(url: str) -> _Segments:
    return tuple(part for part in urlsplit(url).path.split("/") if part)


def _join(url: str, path: _Segments) -> str:
    parts = urlsplit(url)
    return "/".join((f"{parts.scheme}://{parts.netloc}", *path))


def _leaves(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _leaves(value)


def _map(tree: Any, move: Callable[[str], str]) -> Any:
    if isinstance(tree, str):
        return move(tree)
    if isinstance(tree, Mapping):
        return {key: _map(value, move) for key, value in tree.items()}
    return tree
