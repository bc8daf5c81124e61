"""Which exchanges ccxt serves, and what it calls them. Read off its folders: importing ccxt costs half a second."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from arb.errors import ConfigError

_REST = "async_support"
_STREAM = "pro"


@cache
def ccxt_ids() -> tuple[str, ...]:
    """Every exchange that the installed ccxt serves, sorted."""
    return tuple(sorted(_modules(_REST)))


def has_stream(ccxt_id: str) -> bool:
    """Whether ccxt can stream from this exchange; the others can only be polled."""
    return ccxt_id in _modules(_STREAM)


def resolve(name: str, *others: str) -> str:
    """ccxt's id for a venue: the first of `others` (what its SPEC says, its aliases) that ccxt knows, else `name`.

    Raises ConfigError with suggestions.
    """
    ids = ccxt_ids()
    for candidate in (*others, name):
        if candidate in ids:
            return candidate
    close = get_close_matches(name, ids, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(close)}?" if close else ""
    raise ConfigError(f"ccxt serves no exchange called {name!r}{hint}")


@cache
def _modules(package: str) -> frozenset[str]:
    spec = find_spec("ccxt")
    roots = list(spec.submodule_search_locations or ()) if spec is not None else []
    return frozenset(m.name for m in iter_modules([str(Path(root, package)) for root in roots]) if not m.ispkg)
