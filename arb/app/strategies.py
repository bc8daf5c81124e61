"""From a name in the config to a strategy: `arb/strategies/<name>.py`, then the entry points `arb.strategies`.

What is found is called with the settings and answers with a `Strategy`; a module is asked for its `make`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import cast

import arb.strategies
from arb.config import Settings
from arb.errors import ConfigError
from arb.interfaces import Strategy

GROUP = "arb.strategies"
Makes = Callable[[Settings], Strategy]


def make_strategies(names: Sequence[str], settings: Settings) -> tuple[Strategy, ...]:
    """One of each name. Raises ConfigError for a name that nobody has."""
    return tuple(_maker(name)(settings) for name in dict.fromkeys(names))


def _maker(name: str) -> Makes:
    ours = [module.name for module in iter_modules(arb.strategies.__path__)]
    if name in ours:
        return cast(Makes, import_module(f"arb.strategies.{name}").make)
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name in points:
        return cast(Makes, points[name].load())
    known = sorted({*ours, *points})
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ConfigError(f"run.strategy: there is no strategy {name!r}{hint} (there is {', '.join(known)})")
