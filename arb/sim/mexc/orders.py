"""MEXC's orders over REST: placing, cancelling, asking. Shapes: MEXC spot v3 docs, as of autumn 2026.

Where the documentation is silent the simulation takes the harder way: client ids may repeat and are no protection, a
post-only order that would take is accepted and cancelled at once, and a cancel echoes the state before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from arb.sim.decimals import TooFine, on_grid, units
from arb.sim.ledger import Fill, Short, base_atoms, plain, to_atoms, worth
from arb.sim.limits import Budget
from arb.sim.market import SimBook, text
from arb.sim.mexc.replies import fail, ok
from arb.sim.mexc.words import BAND, TIFS, order_facts, status_word, trade_facts
from arb.sim.orders import SimOrder, Ticket
from arb.sim.venue import MS, Reply

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

Params = Mapping[str, str]
ORDERS_A_SECOND = 12  # shared by placing and cancelling
MOST_OPEN = 500
MOST_IN_BATCH = 20
_DAY_MS = 86_400_000
_UNKNOWN = fail(-2011, "Unknown order sent.")
_MISSING = fail(-2013, "Order does not exist.")
_NEITHER = fail(700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")


class Refused(Exception):
    """args: code, message."""


class Orders:
    """Routes: method and path -> (weight, answer)."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._shared = Budget(ORDERS_A_SECOND, 1000 * MS)
        self._rare = Budget(2, 1000 * MS)
        self.routes: dict[str, tuple[int, Callable[[Params], Reply]]] = {
            "POST order": (1, self._limited(self._place)),
            "POST order/test": (1, self._test),
            "POST batchOrders": (1, self._limited(self._batch)),
            "DELETE order": (1, self._limited(self._cancel)),
            "DELETE openOrders": (1, self._limited(self._cancel_open)),
            "DELETE order/all": (1, self._limited(lambda _: self._cancel_all(set()))),
            "GET order": (2, self._one),
            "GET openOrders": (3, self._open),
            "GET allOrders": (10, self._all),
            "GET myTrades": (10, self._trades),
        }

    def _limited(self, answer: Callable[[Params], Reply]) -> Callable[[Params], Reply]:
        """Within the pool that all order calls share; refused words become replies."""

        def call(params: Params) -> Reply:
            now_ns = self._venue.world.clock.mono_ns()
            if self._shared.take("", 1, now_ns) < 0:
                return self._venue.too_many(1)
            try:
                return answer(params)
            except Refused as exc:
                return fail(*exc.args)
            finally:
                self._venue.private.flush()

        return call

    # -- placing --------------------------------------------------------------------------------------------------

    def _place(self, params: Params) -> Reply:
        order = self._enter(params)
        listing = order.ticket.book.listing
        return ok(
            {
                "symbol": listing.base + listing.quote,
                "orderId": order.id,
                "orderListId": -1,
                "price": text(order.ticket.ticks, listing.price_decimals),
                "origQty": text(order.ticket.lots, listing.qty_decimals),
                "type": order.ticket.kind,
                "side": "BUY" if order.ticket.buy else "SELL",
                "stpMode": "",
                "transactTime": order.created_ns // MS,
            }
        )

    def _test(self, params: Params) -> Reply:
        try:
            self._ticket(params)
        except Refused as exc:
            return fail(*exc.args)
        return ok({})

    def _batch(self, params: Params) -> Reply:
        if self._rare.take("batch", 1, self._venue.world.clock.mono_ns()) < 0:
            return self._venue.too_many(1)
        try:
            items = msgspec.json.decode(params.get("batchOrders", ""), type=list[dict[str, object]])
        except msgspec.MsgspecError as exc:
            raise Refused(33333, "Parameter error") from exc
        wanted = [{name: str(value) for name, value in item.items()} for item in items]
        if not 0 < len(wanted) <= MOST_IN_BATCH or len({w.get("symbol") for w in wanted}) > 1:
            raise Refused(33333, "Parameter error")
        return ok([self._batched(item) for item in wanted])

    def _batched(self, item: Params) -> dict[str, object]:
        named = {"newClientOrderId": item["newClientOrderId"]} if item.get("newClientOrderId") else {}
        try:
            order = self._enter(item)
        except Refused as exc:
            return named | {"msg": exc.args[1], "code": exc.args[0]}
        listing = order.ticket.book.listing
        return {"symbol": listing.base + listing.quote, "orderId": order.id, **named, "orderListId": -1}

    def _enter(self, params: Params) -> SimOrder:
        ticket = self._ticket(params)
        engine = self._venue.engine
        if len(engine.open) >= MOST_OPEN:
            raise Refused(30029, "The number of open orders exceeds the maximum")
        try:
            return engine.place(ticket)
        except Short as exc:
            raise (Refused(30004, "Insufficient position") if ticket.buy else Refused(30005, "Oversold")) from exc

    def _book(self, params: Params) -> SimBook:
        book = self._venue.by_native.get(params.get("symbol", ""))
        if book is None:
            raise Refused(10007, "bad symbol")
        return book

    def _ticket(self, params: Params) -> Ticket:
        """Look at an order as the venue does: symbol, words, numbers, limits."""
        book = self._book(params)
        listing = book.listing
        if listing.quirk == "no_api":
            raise Refused(10007, "symbol not support api")
        if listing.quirk == "paused":
            raise Refused(30000, "Suspended transaction for the symbol")
        side, kind = params.get("side", ""), params.get("type", "").replace("LIMIT_ORDER", "LIMIT")
        if side not in ("BUY", "SELL"):
            raise Refused(33333, "Parameter error")
        if kind not in TIFS:
            raise Refused(30041, "Current order type can not place order")
        buy, client_id = side == "BUY", params.get("newClientOrderId", "")
        if kind == "MARKET":
            ticks = self._protection(book, buy=buy)
            lots = self._market_lots(params, book, ticks, buy=buy)
        else:
            lots = self._quantity(params, book)
            ticks = self._price(params, book)
        ticket = Ticket(book, buy, kind == "MARKET", TIFS[kind], ticks, lots, client_id, kind)
        self._check_size(ticket)
        self._check_band(ticket)
        return ticket

    @staticmethod
    def _protection(book: SimBook, *, buy: bool) -> int:
        """A market order is an IOC at 5 % beyond the market."""
        return book.best_ask * 105 // 100 if buy else -(-book.best_bid * 95 // 100)

    def _market_lots(self, params: Params, book: SimBook, ticks: int, *, buy: bool) -> int:
        """Of a market order; a buy is worth `quoteOrderQty` at the protection price, and no more is bought."""
        spend = params.get("quoteOrderQty", "")
        if not buy or not spend:
            return self._quantity(params, book)
        try:
            atoms = to_atoms(spend)
        except ValueError as exc:
            raise Refused(10097, "The amount is wrong") from exc
        listing = book.listing
        if listing.min_notional and atoms < to_atoms(listing.min_notional):
            raise Refused(
                30002, f"The minimum transaction volume cannot be less than：{listing.min_notional}{listing.quote}"
            )
        return atoms // worth(listing, ticks, 1)

    @staticmethod
    def _quantity(params: Params, book: SimBook) -> int:
        given = params.get("quantity", "")
        if not given:
            raise Refused(10095, "The amount cannot be null")
        try:
            lots = on_grid(given, book.listing.qty_decimals, book.listing.order_qty_decimals)
        except TooFine as exc:
            raise Refused(10096, "The amount has too many decimal places") from exc
        except ValueError as exc:
            raise Refused(10097, "The amount is wrong") from exc
        if lots <= 0:
            raise Refused(10102, "The amount cannot be zero or negative")
        return lots

    @staticmethod
    def _price(params: Params, book: SimBook) -> int:
        if not params.get("price"):
            raise Refused(44444, "Mandatory parameter 'price' was not sent, was empty/null, or malformed.")
        try:
            ticks = units(params["price"], book.listing.price_decimals)
        except ValueError as exc:
            raise Refused(30010, "No valid trade price") from exc
        if ticks <= 0:
            raise Refused(30010, "No valid trade price")
        return ticks

    @staticmethod
    def _check_size(ticket: Ticket) -> None:
        listing = ticket.book.listing
        base = base_atoms(listing, ticket.lots)
        ticks = ticket.ticks
        if ticket.market and not ticket.buy:
            ticks = ticket.book.best_bid
        quote = worth(listing, ticks, ticket.lots)
        bought_by_amount = ticket.market and ticket.buy  # its minimum was held against what is to be spent
        low = "The minimum transaction volume cannot be less than："
        if listing.min_qty and base < to_atoms(listing.min_qty):
            raise Refused(30002, f"{low}{listing.min_qty}{listing.base}")
        if not ticket.lots or (quote < to_atoms(listing.min_notional) and not bought_by_amount):
            raise Refused(30002, f"{low}{listing.min_notional}{listing.quote}")
        if quote > to_atoms(listing.max_notional):
            raise Refused(
                30003, f"The maximum transaction volume cannot be greater than：{listing.max_notional}{listing.quote}"
            )

    @staticmethod
    def _check_band(ticket: Ticket) -> None:
        """A limit may not lie too far on the other side of the last price."""
        far = ticket.ticks - ticket.book.last if ticket.buy else ticket.book.last - ticket.ticks
        if not ticket.market and far * 100 > ticket.book.last * BAND:
            raise Refused(30087, "Order price exceeds allowed range")

    # -- cancelling -----------------------------------------------------------------------------------------------

    def _cancel(self, params: Params) -> Reply:
        if not params.get("orderId") and not params.get("origClientOrderId"):
            return _NEITHER
        self._book(params)
        order = self._find(params, open_only=True)
        if order is None or not order.open:
            return _UNKNOWN
        before = self._echo(order)
        return ok(before) if self._venue.engine.cancel(order) else _UNKNOWN

    def _cancel_open(self, params: Params) -> Reply:
        wanted = {s for s in params.get("symbol", "").split(",") if s}
        if not wanted:
            raise Refused(44444, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if any(s not in self._venue.by_native for s in wanted):
            raise Refused(10007, "bad symbol")
        return self._cancel_all(wanted)

    def _cancel_all(self, natives: set[str]) -> Reply:
        gone = []
        for order in self._listed(natives, open_only=True):
            before = self._echo(order)
            if self._venue.engine.cancel(order):
                gone.append(before)
        return ok(gone)

    @staticmethod
    def _echo(order: SimOrder) -> dict[str, object]:
        listing, ticket = order.ticket.book.listing, order.ticket
        return {
            "symbol": listing.base + listing.quote,
            "origClientOrderId": ticket.client_id or None,
            "orderId": order.id,
            "clientOrderId": ticket.client_id or None,
            "price": text(ticket.ticks, listing.price_decimals),
            "origQty": text(ticket.lots, listing.qty_decimals),
            "executedQty": text(order.done, listing.qty_decimals),
            "cummulativeQuoteQty": plain(order.cost),
            "status": status_word(order),
            "type": ticket.kind,
            "side": "BUY" if ticket.buy else "SELL",
        }

    # -- asking ---------------------------------------------------------------------------------------------------

    def _find(self, params: Params, *, open_only: bool = False) -> SimOrder | None:
        """By id, else by the client's: the latest, and to cancel the latest that is open."""
        venue = self._venue
        if params.get("orderId"):
            order = venue.engine.orders.get(params["orderId"])
        else:
            order = venue.engine.newest(params["origClientOrderId"], open_only=open_only)
        book = venue.by_native.get(params.get("symbol", ""))
        if order is None or book is not order.ticket.book or (not open_only and venue.engine.hidden(order)):
            return None
        return order

    def _one(self, params: Params) -> Reply:
        if not params.get("orderId") and not params.get("origClientOrderId"):
            return _NEITHER
        order = self._find(params)
        return _MISSING if order is None else ok(order_facts(order))

    def _listed(self, natives: set[str], *, open_only: bool) -> list[SimOrder]:
        books, engine = {self._venue.by_native[n] for n in natives}, self._venue.engine
        return [
            o
            for o in (engine.open if open_only else engine.orders).values()
            if (not books or o.ticket.book in books) and not engine.hidden(o)
        ]

    def _open(self, params: Params) -> Reply:
        wanted = {s for s in params.get("symbol", "").split(",") if s}
        if any(s not in self._venue.by_native for s in wanted):
            return fail(10007, "bad symbol")
        return ok([order_facts(o) for o in self._listed(wanted, open_only=True)])

    def _between(self, params: Params, back_ms: int) -> tuple[int, int]:
        """Wall ms, both inclusive."""
        now_ms = self._venue.world.clock.wall_ns() // MS
        try:
            end = int(params.get("endTime") or now_ms)
            return int(params.get("startTime") or end - back_ms), end
        except ValueError as exc:
            raise Refused(33333, "Parameter error") from exc

    def _all(self, params: Params) -> Reply:
        """Newest first."""
        try:
            self._book(params)
            start, end = self._between(params, _DAY_MS)
            if end - start > 7 * _DAY_MS:
                raise Refused(33333, "Parameter error")
        except Refused as exc:
            return fail(*exc.args)
        found = [o for o in self._listed({params["symbol"]}, open_only=False) if start <= o.created_ns // MS <= end]
        return ok([order_facts(o) for o in reversed(found)][: self._limit(params, 500, 1000)])

    def _trades(self, params: Params) -> Reply:
        """Newest first."""
        try:
            book = self._book(params)
            start, end = self._between(params, 30 * _DAY_MS)
        except Refused as exc:
            return fail(*exc.args)

        def wanted(fill: Fill) -> bool:
            return (
                fill.symbol == book.listing.symbol
                and params.get("orderId") in (None, "", fill.order_id)
                and start <= fill.at_ns // MS <= end
            )

        found = [trade_facts(book, f) for f in reversed(self._venue.ledger.fills) if wanted(f)]
        return ok(found[: self._limit(params, 100, 100)])

    @staticmethod
    def _limit(params: Params, default: int, most: int) -> int:
        given = params.get("limit", "")
        return min(most, int(given)) if given.isdecimal() else default
