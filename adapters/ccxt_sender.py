"""Calls that change an order: over the socket where ccxt has that, else over REST. Each is sent once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from adapters.ccxt_account_mends import by_client_id, venue_client_id, venue_order_id
from adapters.ccxt_asking import Asking
from adapters.ccxt_client import Client
from adapters.ccxt_errors import Redactor, translated
from adapters.ccxt_orders import to_call
from adapters.ccxt_sent import SentOrders
from arb.domain import ClientId, Order, Symbol, VenueId
from arb.errors import OutcomeUnknown

Raw = Mapping[str, Any]


class Sender:
    """Everything raises VenueError: OutcomeUnknown unless it is known that nothing happened.

    answer_s: how long an answer is waited for; a socket would wait for ever.
    """

    def __init__(self, venue: VenueId, asking: Asking, sent: SentOrders, redact: Redactor, answer_s: float) -> None:
        self._venue = venue
        self._asking = asking
        self._sent = sent
        self._redact = redact
        self._answer_s = answer_s

    async def place(self, order: Order, stream: Client) -> Raw:
        """ccxt's order structure. stream: the client that is up."""
        exchange = stream.exchange
        args, params = to_call(order, venue_client_id(exchange.id, order.client_id))
        if exchange.has.get("createOrderWs"):
            return await self._answered(stream, exchange.create_order_ws(*args, params=params))
        rest = await self._asking.client()
        return await self._answered(rest, rest.exchange.create_order(*args, params=params))

    async def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str, stream: Client | None) -> None:
        """By the venue's id where it is known. stream: None where none is up, then REST serves."""
        socket = stream is not None and bool(stream.exchange.has.get("cancelOrderWs"))
        client = stream if stream is not None and socket else await self._asking.client()
        exchange = client.exchange
        number = venue_id or self._sent.venue_id(client_id)
        if not number and not by_client_id(exchange.id):
            number = (await self._asking.order(symbol, client_id, ""))[0].venue_id
        name = number or venue_order_id(exchange.id, client_id)
        params = {} if number or exchange.id == "gate" else {"clientOrderId": name}
        send = exchange.cancel_order_ws if socket else exchange.cancel_order
        await self._answered(client, send(name, symbol, params))

    async def _answered(self, client: Client, call: Coroutine[Any, Any, Raw]) -> Raw:
        try:
            with translated(self._venue, self._redact, lambda: client.retry_after_s, changes=True):
                return await asyncio.wait_for(call, self._answer_s)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise OutcomeUnknown(self._venue, "the connection was lost before the answer") from None
