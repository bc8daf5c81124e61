"""Orders that asking for by name may never help: a venue forgets. What the account holds of them tells all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from loguru import logger

from arb.domain import PrivateEvent, VenueId
from arb.errors import VenueError
from arb.execution import Unproven, proven
from arb.interfaces import Clock, Trading

SKEW_NS = 60_000_000_000  # between a venue's clock and ours, at most
LOOK_S = 5.0  # between two looks while an engine runs


class Owes(Protocol):
    """Knows what is not accounted."""

    def unproven(self, now_ns: int) -> tuple[Unproven, ...]: ...


async def prove(
    executor: Owes, trading: Mapping[VenueId, Trading], clock: Clock, tell: Callable[[PrivateEvent], None]
) -> None:
    """One look at the accounts. tell: hears what follows, and hands it to the executor too.

    What cannot be read now, or says nothing, is up to the next look.
    """
    for asked in executor.unproven(clock.mono_ns()):
        side, order = trading[asked.order.venue], asked.order
        try:
            resting = await side.open_orders(order.symbol)  # first: what rests no more has all its fills behind it
            fills = await side.fills(order.symbol, max(0, asked.sent_wall_ns - SKEW_NS))
        except VenueError as exc:
            logger.warning("what became of {} cannot be read now: {}", order.client_id, exc)
            continue
        for event in proven(asked, resting, fills, clock.mono_ns()):
            tell(event)


async def keep_proving(
    executor: Owes,
    trading: Mapping[VenueId, Trading],
    clock: Clock,
    tell: Callable[[PrivateEvent], None],
    sleep: Callable[[float], Awaitable[object]],
) -> None:
    """Until cancelled."""
    while True:
        await sleep(LOOK_S)
        await prove(executor, trading, clock, tell)
