"""The private sides of a run: made by mode, and kept alive as long as somebody trades."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random

from arb.app.apart import apart
from arb.app.factories import Factories
from arb.app.operation import Side
from arb.app.round_trips import RoundTrips
from arb.app.rules import Rules
from arb.books import Books
from arb.config import Settings
from arb.domain import Market, VenueId
from arb.interfaces import Clock, Sink, Trading
from arb.paper import PaperTrading


def real_sides(factories: Factories, markets: Mapping[VenueId, Sequence[Market]]) -> dict[VenueId, Side]:
    """The venues' own, native or through ccxt. Raises ConfigError where one has none, or keys are missing."""
    sides = {}
    for venue, chosen in markets.items():
        factory = factories.orders(venue)
        sides[venue] = Side(factory.trading(chosen), "native" if factory.native else "ccxt")
    return sides


def paper_sides(
    settings: Settings,
    markets: Mapping[VenueId, Sequence[Market]],
    rules: Rules,
    books: Books,
    round_trips: RoundTrips,
    clock: Clock,
) -> dict[VenueId, Side]:
    """Fills against the live books of the run."""
    return {
        venue: Side(
            PaperTrading(
                venue,
                markets=chosen,
                fees=rules.fee,
                book=books.get,
                clock=clock,
                config=settings.paper,
                balances=settings.paper.balances,
                rng=Random(f"{settings.paper.seed} {venue}"),
                round_trip_ns=partial(round_trips.of, venue),
            ),
            "paper",
        )
        for venue, chosen in markets.items()
    }


async def run_sides(
    trading: Mapping[VenueId, Trading], sink: Sink, failed: Callable[[Exception], None] | None = None
) -> None:
    """Until cancelled.

    failed: told of one that fails for good; the others live on, since a leg may stand at one of them. None: the first
    that fails ends all of them.
    """
    async with asyncio.TaskGroup() as group:
        for venue, side in trading.items():
            work = side.run(sink) if failed is None else apart(side.run(sink), failed)
            group.create_task(work, name=f"{venue} orders")
