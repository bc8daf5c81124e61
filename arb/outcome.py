"""What a failed call means for the orders it would have placed. One rule for every path and venue."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import ClientId, OrderStatus, OrderUpdate, Symbol, VenueId
from arb.errors import OutcomeUnknown, ProtocolError, VenueError
from arb.interfaces import Call, Verb

_NONE = Decimal(0)


def failed(venue: VenueId, symbol: Symbol, client_id: ClientId, error: VenueError, recv_ns: int) -> OrderUpdate:
    """UNKNOWN where it may have happened or the answer could not be read; else REJECTED: nothing was placed."""
    unknown = isinstance(error, OutcomeUnknown | ProtocolError)
    filled = None if unknown else _NONE
    status = OrderStatus.UNKNOWN if unknown else OrderStatus.REJECTED
    return OrderUpdate(venue, client_id, "", status, filled, filled, error.message, 0, recv_ns, symbol)


def unplaced(venue: VenueId, call: Call, error: VenueError, recv_ns: int) -> tuple[OrderUpdate, ...]:
    """One update for each order of a call that placed; none for other verbs, whose orders are what they were."""
    if call.verb is not Verb.PLACE:
        return ()
    return tuple(failed(venue, call.symbol, client_id, error, recv_ns) for client_id in call.client_ids)
