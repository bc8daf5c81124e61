"""The matching engine of one venue's account: orders meet the books, and money moves with them.

It knows no dialect: what a venue says about an order is said by its `Listener`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from arb.sim.ledger import MOST, Cause, Fill, Ledger, OrderFacts, Short, amount, base_atoms, pow10, worth
from arb.sim.market import Resting, SimBook
from arb.sim.orders import End, Killed, Listener, SimOrder, Ticket, Tif

if TYPE_CHECKING:
    from arb.sim.faults import Injector
    from arb.sim.plan import FaultRule, OrderKind

RATE = 10**8  # fees are whole multiples of 10 to the -8


class Engine:
    """Orders of one account on one venue: `orders` are those that are remembered, `open` those that still are.

    quote_fees: fees are taken in quote on both sides, and reserved with a buy; else in what is received.
    ids: makes order ids.   trade_id: (number within the market, maker) -> id.   wall_ns: now.   market_ns: sim time
    of the books.   kills: whether FOK and post-only that cannot be are refused outright; else they are accepted and
    cancelled at once.
    """

    def __init__(
        self,
        venue: str,
        ledger: Ledger,
        listener: Listener,
        *,
        quote_fees: bool,
        ids: Callable[[], str],
        trade_id: Callable[[int, bool], str],
        wall_ns: Callable[[], int],
        market_ns: Callable[[], int],
        kills: bool,
        injector: Injector | None,
    ) -> None:
        self.ledger = ledger
        self.orders: dict[str, SimOrder] = {}
        self.accepted = 0  # orders ever
        self.open: dict[str, SimOrder] = {}
        self._named: dict[str, SimOrder] = {}
        self._venue = venue
        self._listener = listener
        self._quote_fees = quote_fees
        self._ids = ids
        self._trade_id = trade_id
        self._wall_ns = wall_ns
        self._market_ns = market_ns
        self._kills = kills
        self._injector = injector
        self._matching = False

    # -- orders ---------------------------------------------------------------------------------------------------

    def place(self, ticket: Ticket) -> SimOrder:
        """Accept an order and let it meet the book. Raises Short or Killed, and then there is no order."""
        doomed = (ticket.tif is Tif.FOK and not self._fillable(ticket)) or (
            ticket.tif is Tif.POST and next(self._levels(ticket), None) is not None
        )
        order = SimOrder("", ticket, self._wall_ns())
        need, coin = self._need(order), self._pays(order)
        if self.ledger.free(coin) < need:
            raise Short(coin)
        if doomed and self._kills:
            raise Killed(ticket.tif)
        order.id = self._ids()
        if (lag := self._strikes("lookup_lag", order)) is not None:
            order.visible_ns = order.created_ns + int(lag.delay_ms * 1e6)
        self.accepted += 1
        self.orders[order.id] = self.open[order.id] = order
        if len(self.orders) > MOST:
            self._forget()
        self._named[ticket.client_id] = order
        ticket.book.now_ns = self._market_ns()
        self._listener.placed(order)
        order.reserve = need
        self._move(order, coin, "lock", -need, need)
        if doomed:
            self._finish(order, "fok" if ticket.tif is Tif.FOK else "poc")
        else:
            self._take(order)
        self._note(order)
        return order

    def cancel(self, order: SimOrder) -> bool:
        """Take an open order out of the book. False if it is not open any more, or was filled while we tried."""
        if order.resting is not None and self._strikes("fill_on_cancel", order):
            order.ticket.book.now_ns = self._market_ns()
            number = self.accepted
            order.ticket.book.hit(order.resting, order.left if number % 2 else (order.left + 1) // 2)
        if not order.open:
            return False
        self._withdraw(order)
        self._finish(order, "cancelled")
        return True

    def amend(self, order: SimOrder, ticks: int, lots: int, note: str) -> None:
        """Another price, another amount (both absolute). Raises Short or Killed, and then nothing has changed.

        Only a smaller amount at the same price keeps the place in the queue.
        """
        filled = order.done
        if lots <= filled:
            self.cancel(order)
            return
        old, reserve = order.ticket, order.reserve
        ticket = old._replace(ticks=ticks, lots=lots)
        if ticket.tif is Tif.POST and next(self._levels(ticket._replace(lots=lots - filled)), None) is not None:
            raise Killed(Tif.POST)
        order.ticket, order.left = ticket, lots - filled
        need, coin = self._need(order), self._pays(order)
        if need - reserve > self.ledger.free(coin):
            order.ticket, order.left = old, old.lots - filled
            raise Short(coin)
        resting = order.resting
        ticket.book.now_ns = self._market_ns()
        order.amend_text = note or "-"
        order.reserve = need
        self._touch(order)
        if need != reserve:
            self._move(order, coin, "lock" if need > reserve else "unlock", reserve - need, need - reserve)
        self._listener.amended(order)
        if resting is not None and ticks == old.ticks and order.left <= resting.lots:
            ticket.book.shrink(resting, order.left)
        else:
            if resting is not None:
                ticket.book.shrink(resting, 0)
                order.resting = None
            self._take(order)
        self._note(order)

    def newest(self, client_id: str, *, open_only: bool = False) -> SimOrder | None:
        """The latest order of a client's id: such ids need not be unique."""
        if not open_only:
            return self._named.get(client_id)
        return next((o for o in reversed(self.open.values()) if o.ticket.client_id == client_id), None)

    def hidden(self, order: SimOrder) -> bool:
        """Whether queries do not know the order yet."""
        return self._wall_ns() < order.visible_ns

    # -- matching -------------------------------------------------------------------------------------------------

    def _levels(self, ticket: Ticket) -> Iterator[tuple[int, int]]:
        """(key, lots) of the levels that an order may take now, best first; one lot of a side is never given away."""
        book = ticket.book
        side = book.asks if ticket.buy else book.bids
        edge = ticket.ticks if ticket.buy else -ticket.ticks
        last = len(side) - 1
        for place, key in enumerate(side):
            lots = book.lots[key] - (place == last)
            if key > edge or not lots:
                return
            yield key, lots

    def _fillable(self, ticket: Ticket) -> bool:
        if ticket.budget:
            left = ticket.budget
            for key, lots in self._levels(ticket):
                price = worth(ticket.book.listing, abs(key), 1)
                if left // price <= lots:
                    return True
                left -= lots * price
            return False
        left = ticket.lots
        for _, lots in self._levels(ticket):
            left -= lots
            if left <= 0:
                return True
        return False

    def _take(self, order: SimOrder) -> None:
        """Take what is there, then wait or give up."""
        ticket = order.ticket
        cap = self._cap(order)
        order.taking = self._matching = True
        dust = False
        while order.open and (best := next(self._levels(ticket), None)) is not None:
            key, there = best
            wanted = min(there, self._wanted(order, abs(key)))
            if cap is not None:
                wanted = min(wanted, cap)
                cap -= wanted
            if not wanted:
                dust = cap is None
                break
            for taken in ticket.book.take(key, wanted, buy=ticket.buy):
                self._settle(order, taken.ticks, taken.lots, taken.number, maker=False, own=taken.resting is not None)
        order.taking = self._matching = False
        if not order.open:
            return
        if cap is not None:
            self._finish(order, "cancelled")
        elif ticket.budget:
            self._finish(order, "filled" if dust and order.fills else "ioc")
        elif ticket.tif in (Tif.IOC, Tif.FOK):
            self._finish(order, "ioc" if ticket.tif is Tif.IOC else "fok")
        else:
            key = -ticket.ticks if ticket.buy else ticket.ticks
            order.resting = Resting(key, order.left, partial(self._met, order))
            ticket.book.wait(order.resting)
            self._listener.rested(order)

    def _wanted(self, order: SimOrder, ticks: int) -> int:
        """Lots the order still wants at a price."""
        ticket = order.ticket
        if ticket.budget:
            return (ticket.budget - order.cost) // worth(ticket.book.listing, ticks, 1)
        return order.left

    def _cap(self, order: SimOrder) -> int | None:
        """Lots after which the venue cancels the order of itself, where that is planned; None: it does not."""
        there = sum(lots for _, lots in self._levels(order.ticket))
        if not there or order.ticket.tif is Tif.FOK or not self._strikes("partial_cancel", order):
            return None
        best = next(self._levels(order.ticket))
        return min(there, self._wanted(order, abs(best[0]))) // 2

    def _met(self, order: SimOrder, ticks: int, lots: int, number: int) -> None:
        """Somebody took what was waiting."""
        self._settle(order, ticks, lots, number, maker=True, own=self._matching)
        self._note(order)

    # -- money ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _rate(book: SimBook, *, maker: bool) -> int:
        listing = book.listing
        return round((listing.maker if maker and listing.maker < listing.own_taker else listing.own_taker) * RATE)

    @staticmethod
    def _pays(order: SimOrder) -> str:
        """The coin that an order gives."""
        listing = order.ticket.book.listing
        return listing.quote if order.ticket.buy else listing.base

    def _need(self, order: SimOrder) -> int:
        """What an order must reserve for what is left of it."""
        ticket = order.ticket
        if not ticket.buy:
            return base_atoms(ticket.book.listing, order.left)
        cost = ticket.budget or worth(ticket.book.listing, ticket.ticks, order.left)
        return cost + (cost * self._rate(ticket.book, maker=False) // RATE if self._quote_fees else 0)

    def _settle(self, order: SimOrder, ticks: int, lots: int, number: int, *, maker: bool, own: bool) -> None:
        ticket, listing = order.ticket, order.ticket.book.listing
        base, quote = base_atoms(ticket.book.listing, lots), worth(ticket.book.listing, ticks, lots)
        trade = self._trade_id(number, maker)
        in_quote = self._quote_fees or not ticket.buy
        fee = (quote if in_quote else base) * self._rate(ticket.book, maker=maker) // RATE
        fee_coin = listing.quote if in_quote else listing.base
        order.left -= 0 if ticket.budget else lots
        order.done += lots
        order.cost += quote
        order.fee += fee
        order.last_lots = lots
        order.maker = maker
        self._touch(order)
        fill = Fill(
            at_ns=order.updated_ns,
            symbol=listing.symbol,
            order_id=order.id,
            client_id=ticket.client_id,
            trade_id=trade,
            buy=ticket.buy,
            price=amount(worth(listing, ticks, pow10(listing.qty_decimals))),
            qty=amount(base),
            quote=amount(quote),
            fee=amount(fee),
            fee_coin=fee_coin,
            maker=maker,
            self_trade=own,
        )
        order.fills.append(fill)
        self.ledger.note_fill(fill)
        given, got = (quote, base) if ticket.buy else (base, quote)
        order.reserve -= given
        self._move(order, self._pays(order), "match", 0, -given, trade)
        self._move(order, listing.base if ticket.buy else listing.quote, "match", got, 0, trade)
        if fee and self._quote_fees and ticket.buy:
            order.reserve -= fee
            self._move(order, fee_coin, "fee", 0, -fee, trade)
        elif fee:
            self._move(order, fee_coin, "fee", -fee, 0, trade)
        if not order.left and not ticket.budget:
            order.end = "filled"
        self._listener.filled(order, fill)
        if order.end:
            self._finish(order, "filled")

    def _finish(self, order: SimOrder, end: End) -> None:
        """The order is over: give back what it does not need."""
        order.end = end
        order.resting = None
        del self.open[order.id]
        self._touch(order)
        spare, order.reserve = order.reserve, 0
        self._listener.ended(order)
        if spare:
            self._move(order, self._pays(order), "unlock", spare, -spare)
        self._note(order)

    def _forget(self) -> None:
        """Of the older half what has ended: no venue tells of its orders for ever."""
        for order in list(self.orders.values())[: MOST // 2]:
            if not order.open:
                del self.orders[order.id]
                if self._named.get(order.ticket.client_id) is order:
                    del self._named[order.ticket.client_id]

    def _withdraw(self, order: SimOrder) -> None:
        if order.resting is not None:
            order.ticket.book.now_ns = self._market_ns()
            order.ticket.book.shrink(order.resting, 0)

    def _move(self, order: SimOrder, coin: str, cause: Cause, free: int, locked: int, trade: str = "") -> None:
        entry = self.ledger.change(self._wall_ns(), coin, cause, free, locked, order.id, trade)
        self._listener.moved(entry, order)

    def _touch(self, order: SimOrder) -> None:
        order.updated_ns = self._wall_ns()

    def _note(self, order: SimOrder) -> None:
        ticket = order.ticket
        self.ledger.note_order(
            OrderFacts(
                order_id=order.id,
                client_id=ticket.client_id,
                symbol=order.symbol,
                buy=ticket.buy,
                qty=amount(ticket.budget or base_atoms(ticket.book.listing, ticket.lots)),
                filled=amount(base_atoms(ticket.book.listing, order.done)),
                quote=amount(order.cost),
                fee=amount(order.fee),
                fee_coin=order.fee_coin,
                status={"": "open", "filled": "filled"}.get(order.end, "cancelled"),
            )
        )

    def _strikes(self, kind: OrderKind, order: SimOrder) -> FaultRule | None:
        return self._injector.order(kind, self._venue, order.symbol) if self._injector is not None else None
