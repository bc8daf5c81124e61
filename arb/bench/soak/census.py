"""How much every container of ours holds, and how many objects of each of our classes there are.

What grows without end is found by counting at several moments: whatever is larger each time is named.
"""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import _lru_cache_wrapper
from itertools import pairwise
from queue import Queue, SimpleQueue
from sys import intern
from types import ModuleType
from typing import NamedTuple

OURS = ("arb", "adapters", "fastpath")
NOT_OURS = ("arb.bench", "arb.cli")  # who counts, and what ends with the count
DEEP = 3  # containers within containers within containers
LEAST = 8  # a count that has grown by less is left alone: something may just be under way

Census = Mapping[str, int]

_SIZED = (dict, list, set, frozenset, tuple, deque, bytearray)


class Grown(tuple[str, tuple[int, ...]]):
    """A name and what was counted of it each time."""

    __slots__ = ()

    def __str__(self) -> str:
        name, counts = self
        return f"{name}: {' -> '.join(map(str, counts))}"


def census() -> Census:
    """By name how many there are: "module.Class" of objects; of "module.Class.attribute" and "module:NAME" what is in

    the container, and in those in it.
    """
    found: Counter[str] = Counter()
    kinds: dict[type, _Look] = {}  # of what was met: there are hundreds of thousands of objects, of few kinds
    for thing in _living():
        kind = type(thing)
        look = kinds.get(kind)
        if look is None:
            look = kinds[kind] = _look(kind)
        if look.ours:
            found[look.name] += 1
            for attribute, value in _attributes(thing):
                _add(found, f"{look.name}.{attribute}", value)
        elif look.holds:
            whose = _namespace(thing)
            for attribute, value in list(vars(thing).items()) if whose else ():
                _add(found, f"{whose}:{attribute}", value)
    return {intern(name): number for name, number in found.items()}  # counting must not look like growing


def grown(counted: Sequence[Census], bound_of: Callable[[str], int | None]) -> list[Grown]:
    """What was more at every count than at the one before, and by LEAST in all; or is beyond its bound.

    bound_of: where a name may fill up to before it stands still; None: nowhere.
    """
    suspects = []
    for name in sorted({name for each in counted for name in each}):
        counts = tuple(each.get(name, 0) for each in counted)
        bound = bound_of(name)
        rising = all(later > earlier for earlier, later in pairwise(counts))
        if max(counts) > bound if bound is not None else rising and counts[-1] - counts[0] >= LEAST:
            suspects.append(Grown((name, counts)))
    return suspects


class _Look(NamedTuple):
    """What there is to see in objects of a kind. holds: modules and classes, which may be ours themselves."""

    name: str
    ours: bool
    holds: bool


def _look(kind: type) -> _Look:
    return _Look(_name(kind), _is_ours(_module(kind)), issubclass(kind, ModuleType | type))


def _namespace(thing: object) -> str:
    """The name of a module or class of ours; "" of any other."""
    if isinstance(thing, ModuleType):
        return thing.__name__ if _is_ours(thing.__name__) else ""
    return _name(thing) if isinstance(thing, type) and _is_ours(_module(thing)) else ""


def _living() -> Iterable[object]:
    """All that the collector knows of, also what it has been told to pass over.

    What was frozen by the count before and is garbage by now must go first: counting must not look like growing.
    """
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    gc.collect()
    things = gc.get_objects()
    if frozen:
        gc.freeze()
    return things


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    yield from list(getattr(thing, "__dict__", {}).items())
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            name = f"_{kind.__name__.lstrip('_')}{slot}" if slot.startswith("__") and not slot.endswith("__") else slot
            value = getattr(thing, name, None)
            if value is not None:
                yield slot, value
    for field in getattr(type(thing), "__struct_fields__", ()):
        yield field, getattr(thing, field, None)


def _add(found: Counter[str], name: str, value: object) -> None:
    """Take note of a value, if it is a container."""
    if isinstance(value, _SIZED):
        found[name] += _size(value, DEEP)
    elif isinstance(value, Queue | SimpleQueue):
        found[name] += value.qsize()
    elif isinstance(value, _lru_cache_wrapper) and value.cache_parameters()["maxsize"] is None:
        found[name] += value.cache_info().currsize


def _size(value: object, deep: int) -> int:
    if not isinstance(value, _SIZED):
        return 0
    inner: Iterable[object] = value.values() if isinstance(value, dict) else value
    if deep <= 1 or isinstance(value, bytearray):
        return len(value)
    return len(value) + sum(_size(each, deep - 1) for each in list(inner))


def _is_ours(module: object) -> bool:
    if not isinstance(module, str) or module.split(".", 1)[0] not in OURS:
        return False
    return not any(module == name or module.startswith(f"{name}.") for name in NOT_OURS)


def _module(kind: type) -> object:
    """None: some types of extensions have none."""
    return getattr(kind, "__module__", None)


def _name(kind: type) -> str:
    return f"{_module(kind)}.{kind.__qualname__}"
