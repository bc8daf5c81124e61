"""Keeps the static facts of a running scan true: account fees as they become known, everything again when it is old,

and at once where the venue itself gives a reason to doubt them: an order refused by a rule of its market, a
subscription refused, or a fee that is not the one we know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from arb.app.statics import StaticFacts
from arb.domain import Fill, SubscriptionRefused, Symbol, VenueId
from arb.errors import OF_THE_MARKET, Rejected, VenueError
from arb.interfaces import Statics, VenueFactory
from arb.units import plain

FEE_BATCH = 10  # symbols whose fees are asked for before the scan is told
READY_S = 0.25  # between two looks whether the books are there: they come first
RETRY_S = 300.0  # a refresh that failed is tried again after this long
REST_S = 15.0  # after a refresh, whatever is doubted meanwhile
FEE_SLACK = Decimal("0.02")  # of a fee: venues round it

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
        self._doubts = {venue: asyncio.Event() for venue in symbols}
        self._resting: set[VenueId] = set()

    async def run(self) -> None:
        """Until cancelled: every venue in a task of its own."""
        while not self._ready():
            await self._sleep(READY_S)
        async with asyncio.TaskGroup() as group:
            for venue in self._symbols:
                group.create_task(self._tend(venue), name=f"facts of {venue}")

    def on_error(self, error: VenueError) -> None:
        """Hears what no event tells."""
        if isinstance(error, Rejected) and error.cause in OF_THE_MARKET:
            self.doubt(VenueId(error.venue), f"it refused an order: {error.message}")

    def on_fact(self, fact: object) -> None:
        """An Observer: a fee that is not what we know, or a subscription that a venue refuses.

        A fee that is paid in a third coin is a discount of its own.
        """
        if isinstance(fact, SubscriptionRefused):
            self.doubt(fact.venue, f"it refused a subscription: {fact.reason}")
        if not isinstance(fact, Fill) or fact.maker or fact.venue not in self._statics:
            return
        known = next((fee for fee in self._statics[fact.venue].fees if fee.symbol == fact.symbol), None)
        base, _, quote = fact.symbol.partition("/")
        if known is None or fact.fee_coin not in (base, quote):
            return
        expected = known.taker * fact.qty * (fact.price if fact.fee_coin == quote else 1)
        if abs(fact.fee - expected) > FEE_SLACK * max(abs(fact.fee), abs(expected)):
            self.doubt(fact.venue, f"a fee of {plain(fact.fee)} {fact.fee_coin} where {plain(expected)} was due")

    def doubt(self, venue: VenueId, why: str) -> None:
        """Something a venue did does not go with its facts: read them anew."""
        doubt = self._doubts.get(venue)
        if doubt is not None and not doubt.is_set() and venue not in self._resting:
            self._note(f"{venue}: {why}; its facts are read anew")
            doubt.set()

    async def _due(self, venue: VenueId) -> bool:
        """Until a venue's facts are old, or doubted (True)."""
        doubt = self._doubts[venue]
        waits = [asyncio.ensure_future(self._sleep(self._ttl_s)), asyncio.ensure_future(doubt.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[0].done():
                waits[0].result()
            return doubt.is_set()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _rest(self, venue: VenueId) -> None:
        self._resting.add(venue)
        try:
            await self._sleep(REST_S)
        finally:
            self._resting.discard(venue)

    async def _tend(self, venue: VenueId) -> None:
        await self._fees(venue)
        while True:
            doubted = await self._due(venue)
            while True:
                try:
                    self._tell(venue, await self._loader.refresh(self._factories[venue]))
                    break
                except VenueError as exc:
                    self._note(f"{exc}; its old facts stay in use")
                    await self._sleep(RETRY_S)
            await self._fees(venue)
            self._doubts[venue].clear()
            if doubted:
                await self._rest(venue)

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
