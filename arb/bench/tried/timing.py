"""One way to do a thing beside the others: in turn within each round, medians with the least and the most."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterable, Sequence
from statistics import median
from time import thread_time_ns
from typing import Any, NamedTuple

import msgspec


class Way(NamedTuple):
    """play: does all of it once and tells µs an item.   kept: it is the engine's own."""

    name: str
    play: Callable[[], Awaitable[float]]
    kept: bool = False


class Row(msgspec.Struct, frozen=True):
    """us: median of the rounds.   times: as long as the kept way; 0 where the group has none."""

    group: str
    name: str
    us: float
    range_us: tuple[float, float]
    times: float
    kept: bool


def each(name: str, ready: Callable[[], Callable[[Any], object]], items: Sequence[Any], *, kept: bool = False) -> Way:
    """CPU of this thread for `ready()(item)`, an item; what `ready` does itself is not in it."""

    async def play() -> float:
        run = ready()
        before = thread_time_ns()
        for item in items:
            run(item)
        return (thread_time_ns() - before) / len(items) / 1e3

    return Way(name, play, kept)


async def measure(group: str, ways: Iterable[Way], rounds: int) -> list[Row]:
    """The first play of each way pays for what it is the first to touch: it is not counted."""
    ways = tuple(ways)
    gc.freeze()  # what is there already need not be looked through before each play
    try:
        return await _measure(group, ways, rounds)
    finally:
        gc.unfreeze()


async def _measure(group: str, ways: Sequence[Way], rounds: int) -> list[Row]:
    spent: dict[str, list[float]] = {way.name: [] for way in ways}
    for number in range(rounds + 1):
        for way in ways:
            gc.collect()  # what one way leaves behind is not the next one's
            took = await way.play()
            if number:
                spent[way.name].append(took)
    kept = median(next((spent[way.name] for way in ways if way.kept), [0.0]))
    return [_row(group, way, spent[way.name], kept) for way in ways]


def _row(group: str, way: Way, spent: Sequence[float], kept: float) -> Row:
    us = median(spent)
    return Row(
        group, way.name, round(us, 3), (round(min(spent), 3), round(max(spent), 3)),
        round(us / kept, 2) if kept else 0.0, way.kept,
    )  # fmt: skip
