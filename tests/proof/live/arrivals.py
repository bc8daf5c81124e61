"""Every placement that reaches a simulated exchange, accepted or not, in the order of arrival."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from arb.domain import ClientId
from arb.sim.conn import Conn
from arb.sim.venue import Reply, Request, SimVenue

_OURS = re.compile(r"arb-[0-9a-z]+-[0-9a-z]+")
_PLACES = ("/order", "/batchOrders", "/orders", "/batch_orders")


class Arrival(NamedTuple):
    """at_ns: wall time."""

    venue: str
    client_id: ClientId
    at_ns: int


class Arrivals:
    """seen: all of them.   tell: called with each before its venue does anything about it."""

    def __init__(self, tell: Callable[[Arrival], None]) -> None:
        self.seen: list[Arrival] = []
        self._tell = tell

    def watch(self, venue: SimVenue) -> None:
        rest, text = venue.rest, venue.text

        def heard_rest(request: Request) -> Reply:
            if request.method == "POST" and request.path.endswith(_PLACES):
                self._note(venue, f"{request.query} {request.body.decode()}")
            return rest(request)

        def heard_text(conn: Conn, data: str) -> None:
            if '"spot.order_place"' in data:
                self._note(venue, data)
            text(conn, data)

        venue.rest, venue.text = heard_rest, heard_text  # type: ignore[method-assign]

    def _note(self, venue: SimVenue, words: str) -> None:
        for name in dict.fromkeys(_OURS.findall(words)):  # a call may be named for its order
            arrival = Arrival(venue.name, ClientId(name), venue.world.clock.wall_ns())
            self.seen.append(arrival)
            self._tell(arrival)
