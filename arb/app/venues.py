"""From a name in the config to a venue: `fastpath/<name>.py`, then the entry points `arb.venues`, then ccxt.

Nothing here knows a venue by name: what is native is what has a module with a `SPEC` and a `Codec`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import cast

import fastpath
from arb.errors import ConfigError
from arb.interfaces import MakesMetadata, NativeVenue, PrivateCodec, Refine, VenueSpec

GROUP = "arb.venues"
_NAME = re.compile(r"[a-z0-9_]+")


def check_name(name: str) -> None:
    """Raises ConfigError unless `name` can be a venue's name."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no venue name: use lower-case letters, digits and _ only")
    if name in _helpers():
        raise ConfigError(f"{name!r} is a folder of arb itself, not a venue")


def canonical(name: str) -> str:
    """Our own name for a venue: an alias that a native venue claims becomes that venue; others stay as they are."""
    if _native(name) is not None:
        return name
    return next((spec.name for spec in native_specs() if name in spec.aliases or name == spec.ccxt_id), name)


def native_venue(name: str) -> NativeVenue | None:
    """The module that speaks this venue's wire, or None. Raises ConfigError for what cannot be a name."""
    check_name(name)
    return _native(canonical(name))


def refiner(venue: NativeVenue | None) -> Refine | None:
    """What the venue's module knows beyond ccxt's unified market, if it says so."""
    return getattr(venue, "refine", None)


def own_metadata(venue: NativeVenue) -> MakesMetadata | None:
    """Where the venue's module takes its static facts from, if not from ccxt."""
    return getattr(venue, "metadata", None)


def private_codec(venue: NativeVenue) -> type[PrivateCodec] | None:
    """The class that speaks the venue's private wire, if its module has one."""
    return getattr(venue, "PrivateCodec", None)


@cache
def native_specs() -> tuple[VenueSpec, ...]:
    """The specs of every native venue: ours first, then what is installed beside us."""
    ours = [m.name for m in iter_modules(fastpath.__path__) if not m.ispkg]
    theirs = [point.name for point in entry_points(group=GROUP)]
    venues = (_native(name) for name in dict.fromkeys((*ours, *theirs)))
    return tuple(venue.SPEC for venue in venues if venue is not None)


@cache
def _native(name: str) -> NativeVenue | None:
    if not _NAME.fullmatch(name) or name in _helpers():
        return None
    if any(m.name == name and not m.ispkg for m in iter_modules(fastpath.__path__)):
        return _venue(name, f"fastpath/{name}.py", import_module(f"fastpath.{name}"))
    for point in entry_points(group=GROUP, name=name):
        try:
            return _venue(name, f"entry point {point.value}", point.load())
        except (ImportError, AttributeError) as exc:
            raise ConfigError(f"venue {name}: the entry point {point.value} cannot be loaded: {exc}") from exc
    return None


def _venue(name: str, where: str, module: object) -> NativeVenue:
    if not hasattr(module, "SPEC") or not hasattr(module, "Codec"):
        raise ConfigError(f"{where} has no SPEC and Codec: it cannot serve a venue")
    venue = cast(NativeVenue, module)
    if venue.SPEC.name != name:
        raise ConfigError(f"{where} calls itself {venue.SPEC.name!r}: it cannot serve {name}")
    return venue


@cache
def _helpers() -> frozenset[str]:
    return frozenset(m.name for m in iter_modules(fastpath.__path__) if m.ispkg)
