"""What is known of an order that its venue does not find by name any more: whether it rests, and what was filled.

Reading that waits for answers, so the caller does it: first what rests, then the fills of the market. What does not
rest when it is looked for has all its fills behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from arb.domain import Fill, Order, OrderStatus, OrderUpdate
from arb.execution.sums import times, total

LONG_NS = 60_000_000_000  # unaccounted for so long after it was sent: asking for it by name may never help


class Unproven(NamedTuple):
    """venue_id: "" where it is not known.   sent_wall_ns: since when its fills must be read."""

    order: Order
    venue_id: str
    sent_wall_ns: int


def proven(
    asked: Unproven, resting: Iterable[OrderUpdate], fills: Iterable[Fill], recv_ns: int
) -> tuple[OrderUpdate | Fill, ...]:
    """What follows of the order, for `Executor.on_event`; empty where nothing does.

    resting: everything open at its venue, read before `fills`: all of the account in its market since it was sent.
    Nothing follows where a fill that nobody named may be its own.
    """
    order, venue_id = asked.order, asked.venue_id
    for update in resting:
        if update.client_id == order.client_id or (venue_id and update.venue_id == venue_id):
            return (update,)
    mine: dict[str, Fill] = {}
    for fill in fills:
        if fill.client_id == order.client_id or (venue_id and fill.venue_id == venue_id):
            mine[fill.trade_id] = fill
        elif not fill.client_id and not venue_id and fill.side is order.side:
            return ()
    qty = total(fill.qty for fill in mine.values())
    notional = total(times(fill.price, fill.qty) for fill in mine.values())
    status = OrderStatus.FILLED if qty == order.qty else OrderStatus.CANCELLED
    end = OrderUpdate(
        order.venue, order.client_id, venue_id, status, qty, notional, "by its fills", 0, recv_ns, order.symbol
    )
    return (*mine.values(), end)
