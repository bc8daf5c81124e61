"""fastpath.net.cancels: what has left is cancelled at the venue, what has not never leaves."""

from __future__ import annotations

from arb.domain import OrderStatus
from fastpath import mexc
from tests.fastpath.net.desk import desk

MORE = 10  # orders than there are connections that stand


async def test_an_order_that_waits_for_a_connection_never_leaves_once_it_is_cancelled() -> None:
    async with desk(mexc) as d:
        names = [f"arb-{number}" for number in range(MORE)]
        for name in names:
            d.trading.submit(d.order(name))
        d.trading.cancel(d.order().symbol, d.order(names[-1]).client_id)
        assert d.statuses(names[-1]) == [], "told before the call was over"
        await d.heard.until(lambda: all(d.statuses(name) for name in names))
        [update] = d.updates(names[-1])
        assert (update.status, update.reason) == (OrderStatus.REJECTED, "cancelled before it was sent")
        assert {placed.ticket.client_id for placed in d.orders} == set(names[:-1])
