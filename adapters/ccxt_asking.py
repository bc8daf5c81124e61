"""What a ccxt exchange answers about an account: orders, fills, balances, the time. One question, one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.ccxt_account_mends import by_client_id, own_client_id, venue_order_id
from adapters.ccxt_client import Client, Exchange
from adapters.ccxt_errors import Redactor, translated
from adapters.ccxt_listings import Listings
from adapters.ccxt_orders import MS, client_id_in, to_balances, to_fill, to_update, without_fee
from adapters.ccxt_sent import SentOrders
from adapters.ccxt_skew import Skew
from arb.domain import BalancesRead, ClientId, Fill, OrderUpdate, Symbol, VenueId
from arb.errors import Cause, ProtocolError, Rejected
from arb.interfaces import Clock

PAGE = 100  # trades that every exchange gives at once
NOBODY = ClientId("")
SECOND_MS = 1000  # the finest range of time that all of them understand
Raw = Mapping[str, Any]


class Asking:
    """client: the one for single requests.   symbols: the markets we know; orders of others have the symbol "".

    Everything raises VenueError, of which Cause.NOT_FOUND says that the venue does not know such an order.
    """

    def __init__(
        self,
        venue: VenueId,
        client: Callable[[], Awaitable[Client]],
        symbols: frozenset[Symbol],
        listings: Listings,
        sent: SentOrders,
        clock: Clock,
        redact: Redactor,
    ) -> None:
        self._venue = venue
        self._open = client
        self._symbols = symbols
        self._listings = listings
        self._sent = sent
        self._clock = clock
        self._redact = redact

    async def client(self) -> Client:
        """Told of the markets."""
        client = await self._open()
        if client.exchange.markets is None:
            self._listings.tell(client.exchange)
        return client

    async def order(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> tuple[OrderUpdate, tuple[Fill, ...]]:
        """What became of an order, by the venue's id where it is known, and all of its fills."""
        client = await self.client()
        venue_id = venue_id or self._sent.venue_id(client_id)
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            raw = await self._find(client.exchange, symbol, client_id, venue_id)
            update = self.update(raw, client.exchange.id, client_id)
            trades: Sequence[Raw] = ()
            if update.filled_qty is None or update.filled_qty:
                trades = await self._trades_of(client.exchange, symbol, update.venue_id)
            return update, tuple(self.fill(trade, client.exchange.id, update.client_id) for trade in trades)

    async def fills_of(self, symbol: Symbol, venue_id: str) -> tuple[Fill, ...]:
        client = await self.client()
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            trades = await self._trades_of(client.exchange, symbol, venue_id)
            return tuple(self.fill(trade, client.exchange.id) for trade in trades)

    async def balances(self) -> BalancesRead:
        client = await self.client()
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            asked_ns = self._clock.mono_ns()
            raw = await client.exchange.fetch_balance()
            now_ns = self._clock.mono_ns()
            return BalancesRead(self._venue, to_balances(self._venue, raw, now_ns), now_ns, asked_ns)

    async def open_orders(self, symbol: Symbol | None) -> tuple[OrderUpdate, ...]:
        client = await self.client()
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            found: list[Raw] = []
            try:
                found = await client.exchange.fetch_open_orders(symbol)
            except Exception as exc:  # of ccxt: only the one named here is ours to answer, any other goes on
                if symbol is not None or type(exc).__name__ != "ArgumentsRequired":
                    raise
                for one in sorted(self._symbols):
                    found += await client.exchange.fetch_open_orders(one)
            return tuple(self.update(raw, client.exchange.id) for raw in found)

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int) -> tuple[Fill, ...]:
        client = await self.client()
        first_ms, last_ms = since_ns // MS, (until_ns or self._clock.wall_ns()) // MS
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            exchange = client.exchange
            trades = await self._between(exchange, symbol, first_ms, last_ms)
            told = {(str(raw["id"]), raw.get("side"), str(raw.get("order"))): raw for raw in trades}
            within = [raw for raw in told.values() if first_ms <= raw["timestamp"] <= last_ms]
            return tuple(self.fill(raw, exchange.id) for raw in sorted(within, key=lambda raw: int(raw["timestamp"])))

    async def time(self, skew: Skew) -> None:
        """Another reading of the venue's clock."""
        client = await self.client()
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            asked_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
            venue_ms = await client.exchange.fetch_time()
            heard_ns = self._clock.mono_ns()
        if venue_ms is not None:
            trip_ns = heard_ns - asked_ns
            skew.read(heard_ns, trip_ns, wall_ns + trip_ns // 2, venue_ms)

    # ------------------------------------------------------------------------------------------- what is read

    def update(self, raw: Raw, ccxt_id: str, client_id: ClientId = NOBODY) -> OrderUpdate:
        """client_id: of the order asked for, where the answer does not repeat it."""
        named = own_client_id(ccxt_id, client_id_in(raw)) or client_id
        name = self._sent.named(named, str(raw.get("id") or ""))
        return to_update(self._venue, raw, name, self._symbol(raw), self._clock.mono_ns())

    def fill(self, raw: Raw, ccxt_id: str, client_id: ClientId = NOBODY) -> Fill:
        """With a fee of nothing where none is told."""
        whole = without_fee(raw, Symbol(str(raw.get("symbol") or "")))
        fill = self.pushed_fill(raw, ccxt_id, client_id) or self.pushed_fill(whole, ccxt_id, client_id)
        if fill is None:
            raise ProtocolError(self._venue, "a trade without its market")
        return fill

    def pushed_fill(self, raw: Raw, ccxt_id: str, client_id: ClientId = NOBODY) -> Fill | None:
        """None where its fee is not told: to be asked for."""
        named = own_client_id(ccxt_id, client_id_in(raw)) or client_id
        name = self._sent.named(named, str(raw.get("order") or ""))
        return to_fill(self._venue, raw, name, self._symbol(raw), self._clock.mono_ns())

    def _symbol(self, raw: Raw) -> Symbol:
        symbol = Symbol(str(raw.get("symbol") or ""))
        return symbol if symbol in self._symbols else Symbol("")

    # ------------------------------------------------------------------------------------------- how it is asked

    async def _find(self, exchange: Exchange, symbol: Symbol, client_id: ClientId, venue_id: str) -> Raw:
        can = exchange.has.get("fetchOrder")
        if can and venue_id:
            return await exchange.fetch_order(venue_id, symbol)
        if can and by_client_id(exchange.id):
            name = venue_order_id(exchange.id, client_id)
            return await exchange.fetch_order(name, symbol, {"clientOrderId": name})
        found = await exchange.fetch_open_orders(symbol)
        if exchange.has.get("fetchClosedOrders"):
            found = [*found, *await exchange.fetch_closed_orders(symbol)]
        for raw in found:
            if client_id_in(raw) == client_id or (venue_id and str(raw.get("id")) == venue_id):
                return raw
        raise Rejected(self._venue, f"no recent order {client_id}", cause=Cause.NOT_FOUND)

    async def _trades_of(self, exchange: Exchange, symbol: Symbol, venue_id: str) -> Sequence[Raw]:
        if exchange.has.get("fetchOrderTrades"):
            return await exchange.fetch_order_trades(venue_id, symbol)
        return [raw for raw in await exchange.fetch_my_trades(symbol) if str(raw.get("order")) == venue_id]

    async def _between(self, exchange: Exchange, symbol: Symbol, first_ms: int, last_ms: int) -> list[Raw]:
        """All of a range, which is halved where an answer is full: some begin with the oldest, some with the newest."""
        until_ms = (last_ms // SECOND_MS + 1) * SECOND_MS  # some cut off the part of a second
        found = await exchange.fetch_my_trades(symbol, first_ms, PAGE, {"until": until_ms})
        if len(found) < PAGE or last_ms - first_ms < SECOND_MS:
            return found
        middle_ms = (first_ms + last_ms) // 2
        return [
            *await self._between(exchange, symbol, first_ms, middle_ms),
            *await self._between(exchange, symbol, middle_ms, last_ms),
        ]
