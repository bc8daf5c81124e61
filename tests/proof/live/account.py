"""A person who uses the same accounts by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arb.clock import SystemClock
from arb.sim import SimExchanges
from tests.arb.sim.support import World


@asynccontextmanager
async def account(sim: SimExchanges) -> AsyncIterator[World]:
    """For the signed requests of tests.arb.sim.trading."""
    world = World(sim, SystemClock())  # type: ignore[arg-type]  # its clock is only read here
    try:
        yield world
    finally:
        await world.http.close()
