"""Keeps the static facts of a running scan true: account fees as they become known, everything again when it is old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from arb.app.statics import StaticFacts
from arb.domain import Symbol, VenueId
from arb.errors import VenueError
from arb.interfaces import Statics, VenueFactory

FEE_BATCH = 10  # symbols whose fees are asked for before the scan is told
READY_S = 0.25  # between two looks whether the books are there: they come first
RETRY_S = 300.0  # a refresh that failed is tried again after this long

Changed = Callable[[VenueId, Statics], None]


class Upkeep:
    """One per scan. symbols: what is scanned at each venue.   keys: venues with a key, whose account has its own fees.

    changed: told of a venue's new facts, on the loop, between frames.   ready: nothing is asked before it is true.
    """

    def __init__(
        self,
        loader: StaticFacts,
        factories: Mapping[VenueId, VenueFactory],
        statics: Mapping[VenueId, Statics],
        symbols: Mapping[VenueId, Sequence[Symbol]],
        keys: frozenset[VenueId],
        *,
        ttl_s: float,
        changed: Changed,
        note: Callable[[str], None],
        ready: Callable[[], bool] = lambda: True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._loader = loader
        self._factories = factories
        self._statics = dict(statics)
        self._symbols = symbols
        self._keys = keys
        self._ttl_s = ttl_s
        self._changed = changed
        self._note = note
        self._ready = ready
        self._sleep = sleep

    async def run(self) -> None:
        """Until cancelled: every venue in a task of its own."""
        while not self._ready():
            await self._sleep(READY_S)
        async with asyncio.TaskGroup() as group:
            for venue in self._symbols:
                group.create_task(self._tend(venue), name=f"facts of {venue}")

    async def _tend(self, venue: VenueId) -> None:
        await self._fees(venue)
        while True:
            await self._sleep(self._ttl_s)
            while True:
                try:
                    self._tell(venue, await self._loader.refresh(self._factories[venue]))
                    break
                except VenueError as exc:
                    self._note(f"{exc}; its old facts stay in use")
                    await self._sleep(RETRY_S)
            await self._fees(venue)

    async def _fees(self, venue: VenueId) -> None:
        if venue not in self._keys:
            return
        symbols = self._symbols[venue]
        for start in range(0, len(symbols), FEE_BATCH):
            batch = symbols[start : start + FEE_BATCH]
            self._tell(venue, await self._loader.with_account_fees(self._factories[venue], self._statics[venue], batch))

    def _tell(self, venue: VenueId, statics: Statics) -> None:
        if statics != self._statics[venue]:
            self._statics[venue] = statics
            self._changed(venue, statics)
