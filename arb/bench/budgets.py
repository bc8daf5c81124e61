"""What `arb bench all` holds the figures to: each budget as data, and the verdict on what was measured.

A ratio is ours over theirs, so that smaller is better everywhere. Benches report ratios by the keys that `Budget.keys`
tells: the budget's name alone, or "name venue" where each venue has a ratio of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

Core = Literal["pure", "compiled"]
VENUES = ("mexc", "gateio")


class Budget(msgspec.Struct, frozen=True):
    """pure, compiled: the most that the ratio may be, by core; None: nothing is promised.

    bench: the one that measures it.   venues: each of them is held to it; (): it is about none in particular.
    formless: the form of the core makes no difference to it: measured once.
    """

    name: str
    text: str
    bench: str
    pure: float | None
    compiled: float | None
    venues: tuple[str, ...] = VENUES
    formless: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.name} {venue}" for venue in self.venues) or (self.name,)


BUDGETS = (
    Budget("wire-cpu-ccxt", "CPU a frame, saturated, decided, to ccxt.pro's without deciding", "wire", 1 / 5, 1 / 15),
    Budget("wire-cpu-floor", "the same to an empty picows callback's", "wire", 8.0, 3.0, ("gateio",)),
    Budget("wire-cpu-floor", "the same to an empty picows callback's", "wire", 10.0, 3.0, ("mexc",)),
    Budget("wire-burst-p50", "p50 in bursts of 20 frames, to ccxt.pro's", "wire", 1 / 4, 1 / 6),
    Budget("wire-spin-p50", "p50 at 2,000/s with --spin, to ccxt.pro's", "wire", 1 / 8, 1 / 12),
    Budget("wire-spin-p99", "p99 at 2,000/s with --spin, to ccxt.pro's", "wire", 1 / 8, 1 / 12),
    Budget("decode", "bytes to checked, updated book, to ccxt's parse and handler", "decode", 1 / 8, 1 / 25),
    Budget("tick-order", "tick to signed order at the venue, to ccxt.pro watching and ordering", "order", 1 / 3, 1 / 4),
    Budget("order-ws", "WebSocket entry to aiohttp's REST round trip", "order", 1 / 2.5, 1 / 2.5, ("gateio",), True),
    Budget("scale-symbols", "cost a frame at 2,000 symbols to that at 20", "scale", 2.0, 1.3),
    Budget("scale-memory", "memory a book of 1,000 levels, to ccxt's", "scale", 2 / 3, 1 / 4, ()),
    Budget("alloc-net", "net live blocks after 10,000 updates, to a frozen Struct a level", "alloc", 1 / 4, 1 / 10),
    Budget("start-warm", "warm start to cold, from process start to first decision", "start", 1 / 2, 1 / 2, (), True),
    Budget("start-metadata", "the same of the metadata phase alone", "start", 1 / 10, 1 / 10, (), True),
)


class Verdict(msgspec.Struct, frozen=True):
    """core: the form that was measured.   ratio: None where no bench told it, which is no way to meet a budget."""

    core: Core
    key: str
    text: str
    bench: str
    limit: float
    ratio: float | None

    @property
    def met(self) -> bool:
        return self.ratio is not None and self.ratio <= self.limit

    @property
    def word(self) -> str:
        return "MET" if self.met else "MISSED"


def judge(ratios: Mapping[str, float], core: Core, budgets: Iterable[Budget] = BUDGETS) -> Iterator[Verdict]:
    """A verdict on each budget that is promised for this core."""
    for budget in budgets:
        limit = budget.pure if core == "pure" else budget.compiled
        if limit is not None:
            for key in budget.keys:
                yield Verdict(core, key, budget.text, budget.bench, limit, ratios.get(key))
