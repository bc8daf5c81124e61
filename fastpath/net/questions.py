"""What is asked of an account: balances, open orders, fills, what became of an order."""

from __future__ import annotations

from collections.abc import Callable

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    Fill,
    NotFound,
    OrderStatus,
    OrderUpdate,
    Symbol,
    VenueId,
)
from arb.errors import Cause, ProtocolError, Rejected
from arb.interfaces import Call, Lane, PrivateCodec, Verb
from fastpath.net.governor import Cost
from fastpath.net.sender import Sender

MOST_PAGES = 100
_FINAL = (OrderStatus.FILLED, OrderStatus.CANCELLED)

Outcome = OrderUpdate | Fill | NotFound


class Questions:
    """Each asks by REST, whatever became of the socket, and is repeated while failing is passing. Raises VenueError.

    venue_ns: the venue's time.
    """

    def __init__(self, venue: VenueId, codec: PrivateCodec, sender: Sender, venue_ns: Callable[[], int]) -> None:
        self._venue = venue
        self._codec = codec
        self._sender = sender
        self._venue_ns = venue_ns
        self._reads: list[dict[Coin, Balance]] = []  # for each read under way, what was pushed since it began

    def on_balance(self, balance: Balance) -> None:
        """A push, which a read under way may or may not know of."""
        for pushed in self._reads:
            pushed[balance.coin] = balance

    async def balances(self) -> BalancesRead:
        """All of the account. A coin that was pushed meanwhile is as pushed last.

        The two come by different ways and cannot be ordered. Every later change has a later push: so whichever of
        the two was newer, the pushed one ends right, while the read one might stay wrong for ever.
        """
        pushed: dict[Coin, Balance] = {}
        self._reads.append(pushed)
        try:
            told = await self._sender.ask(
                Cost(Verb.BALANCES), Lane.RECONCILE, lambda: self._codec.encode_balances(self._venue_ns())
            )
        finally:
            self._reads.remove(pushed)
        read = {event.coin: event for event in told.answer.events if isinstance(event, Balance)}
        return BalancesRead(self._venue, tuple((read | pushed).values()), told.recv_ns, told.asked_ns)

    async def open_orders(self, symbol: Symbol | None) -> tuple[OrderUpdate, ...]:
        found: dict[str, OrderUpdate] = {}
        for page in range(1, MOST_PAGES + 1):

            def make(page: int = page) -> Call:
                return self._codec.encode_open_orders(self._venue_ns(), symbol=symbol, page=page)

            told = await self._sender.ask(Cost(Verb.OPEN_ORDERS, symbol or Symbol("")), Lane.RECONCILE, make)
            updates = [event for event in told.answer.events if isinstance(event, OrderUpdate)]
            fresh = {update.venue_id: update for update in updates if update.venue_id not in found}
            found |= fresh
            if not told.answer.full or not fresh:
                return tuple(found.values())
        raise ProtocolError(self._venue, f"more than {MOST_PAGES} pages of open orders")

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int) -> tuple[Fill, ...]:
        """Of everybody who uses the account, oldest first."""
        return await self._fills(symbol, since_ns=since_ns, until_ns=until_ns)

    async def outcome(
        self, symbol: Symbol, client_id: ClientId, venue_id: str, tell: Callable[[Outcome], None]
    ) -> None:
        """What became of an order, and then its fills where there are or may be some."""
        cost, asked = Cost(Verb.QUERY, symbol), [0]

        def make() -> Call:
            asked[0] = self._sender.now_ns()
            return self._codec.encode_query(symbol, client_id, self._venue_ns(), venue_id=venue_id)

        try:
            told = await self._sender.ask(cost, Lane.RECONCILE, make)
        except Rejected as error:
            if error.cause is not Cause.NOT_FOUND:
                raise
            tell(NotFound(self._venue, symbol, client_id, asked[0], self._sender.now_ns()))
            return
        for update in told.answer.events:
            if not isinstance(update, OrderUpdate):
                continue
            tell(update)
            if update.filled_qty or (update.filled_qty is None and update.status in _FINAL):
                for fill in await self._fills(symbol, client_id=client_id, venue_id=update.venue_id):
                    tell(fill)

    async def _fills(
        self, symbol: Symbol, *, client_id: ClientId | None = None, venue_id: str = "", since_ns: int = 0,
        until_ns: int = 0,
    ) -> tuple[Fill, ...]:  # fmt: skip
        """Newest first is how venues give them: as long as there may be older ones, those before are asked for."""
        found: dict[str, Fill] = {}
        for _ in range(MOST_PAGES):

            def make(until_ns: int = until_ns) -> Call:
                return self._codec.encode_fills(
                    symbol, self._venue_ns(), client_id=client_id, venue_id=venue_id, since_ns=since_ns,
                    until_ns=until_ns,
                )  # fmt: skip

            told = await self._sender.ask(Cost(Verb.FILLS, symbol), Lane.RECONCILE, make)
            fills = [event for event in told.answer.events if isinstance(event, Fill)]
            fresh = [fill for fill in fills if fill.trade_id not in found]
            found |= {fill.trade_id: fill for fill in fresh}
            if not told.answer.full:
                oldest_first = list(found.values())[::-1]  # within one millisecond
                return tuple(sorted(oldest_first, key=lambda fill: fill.exch_ns))
            if not fresh:
                raise ProtocolError(self._venue, f"{len(fills)} fills of one moment: more than it gives at once")
            until_ns = min(fill.exch_ns for fill in fills)
        raise ProtocolError(self._venue, f"more than {MOST_PAGES} pages of fills")
