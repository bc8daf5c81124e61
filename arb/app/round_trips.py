"""How long a venue takes to answer from here: what paper trading takes for its latency where none is configured."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from arb.domain import Market, VenueId
from arb.errors import VenueError
from arb.interfaces import Clock, MarketData

EVERY_S = 10.0
KEPT = 5  # of the last answers the slowest counts: paper is to be no faster than live


class RoundTrips:
    """Times a small book request to each venue, every `EVERY_S`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[VenueId, deque[int]] = {}

    def of(self, venue: VenueId) -> int | None:
        """ns; None: no answer yet."""
        return max(self._found.get(venue, ()), default=None)

    async def run(self, data: Mapping[VenueId, MarketData], markets: Mapping[VenueId, Sequence[Market]]) -> None:
        while True:
            for venue, side in data.items():
                await self._ask(venue, side, markets[venue][0])
            await asyncio.sleep(EVERY_S)

    async def _ask(self, venue: VenueId, side: MarketData, market: Market) -> None:
        began_ns = self._clock.mono_ns()
        try:
            await side.fetch_book(market.symbol, 5)
        except VenueError:
            return  # no answer is no measurement; the audit and the stream tell that something is wrong
        self._found.setdefault(venue, deque(maxlen=KEPT)).append(self._clock.mono_ns() - began_ns)
