"""The orders that were sent from here: who they are at the venue, and what is still to be answered."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arb.domain import ClientId, Order, OrderStatus, OrderUpdate

REMEMBERED = 10_000  # orders that have ended: a late fill still finds its client id
FINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


class Sent(msgspec.Struct):
    """answered: by anything at all, a push or the call's own answer."""

    order: Order
    venue_id: str = ""
    answered: bool = False
    final: bool = False


class SentOrders:
    """By our id and by the venue's; the oldest that have ended are forgotten, and none that may be open."""

    def __init__(self) -> None:
        self._by_client: dict[ClientId, Sent] = {}
        self._by_venue: dict[str, ClientId] = {}

    def add(self, order: Order) -> None:
        self._by_client[order.client_id] = Sent(order)
        if len(self._by_client) > REMEMBERED:
            oldest = next((client_id for client_id, sent in self._by_client.items() if sent.final), None)
            if oldest is not None:
                self._by_venue.pop(self._by_client.pop(oldest).venue_id, None)

    @property
    def full(self) -> bool:
        """Whether so many orders have no known end that none more can be remembered."""
        return len(self._by_client) > REMEMBERED

    def named(self, client_id: ClientId, venue_id: str) -> ClientId:
        """Our id of an order: what the message says, else whose the venue's id is; "" for somebody else's."""
        return client_id or self._by_venue.get(venue_id, ClientId(""))

    def venue_id(self, client_id: ClientId) -> str:
        sent = self._by_client.get(client_id)
        return sent.venue_id if sent is not None else ""

    def note(self, update: OrderUpdate) -> None:
        """What was heard of an order, from wherever."""
        sent = self._by_client.get(update.client_id)
        if sent is None:
            return
        sent.answered = True
        sent.final = sent.final or update.status in FINAL
        if update.venue_id:
            sent.venue_id = update.venue_id
            self._by_venue[update.venue_id] = update.client_id

    def answered(self, client_id: ClientId) -> bool:
        sent = self._by_client.get(client_id)
        return sent is not None and sent.answered

    def unanswered(self) -> Iterator[Order]:
        return iter([sent.order for sent in self._by_client.values() if not sent.answered])

    def live(self) -> Iterator[Order]:
        """Not known to have ended."""
        return iter([sent.order for sent in self._by_client.values() if not sent.final])
