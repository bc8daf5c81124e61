"""Gate's order calls, the same over REST and over the socket. Shapes: Gate API v4 docs, as of mid 2026.

Where the documentation is silent the simulation takes the harder way: what is too fine is refused, FOK and post-only
that cannot be are refused without an order, and REST and socket share one budget.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from arb.sim.decimals import TooFine, on_grid
from arb.sim.gateio.replies import Refused, bad_value, missing, too_many
from arb.sim.gateio.words import full
from arb.sim.ledger import Short, base_atoms, to_atoms, worth
from arb.sim.limits import Budget
from arb.sim.market import SimBook
from arb.sim.orders import Killed, SimOrder, Ticket, Tif
from arb.sim.venue import MS

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

Params = Mapping[str, object]
_T = TypeVar("_T")
PLACES_A_SECOND, CANCELS_A_SECOND = 10, 200
_TEXT = re.compile(r"t-[0-9A-Za-z_.-]{1,28}")
_BAND = 8  # per cent of the last price: the market's up_rate and down_rate
_SLIP = 3  # per cent beyond the market: the market's slippage
_TIFS = {"gtc": Tif.GTC, "ioc": Tif.IOC, "poc": Tif.POST, "fok": Tif.FOK}
_KILLED = {
    Tif.FOK: Refused(400, "FOK_NOT_FILL", "Order cannot be filled completely"),
    Tif.POST: Refused(400, "POC_FILL_IMMEDIATELY", "Order would match and take immediately so its cancelled"),
}


class Left(NamedTuple):
    """What is left of a budget, and when it opens again (wall ms)."""

    remain: int
    limit: int
    reset_ms: int


class Orders:
    """What a client may ask of its orders. Everything raises `Refused`."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._places = Budget(PLACES_A_SECOND, 1000 * MS)
        self._cancels = Budget(CANCELS_A_SECOND, 1000 * MS)

    # -- budgets --------------------------------------------------------------------------------------------------

    def _mono_ns(self) -> int:
        return self._venue.world.clock.mono_ns()

    def spend(self, pair: str) -> None:
        """One order placed or amended in a market."""
        if self._places.take(pair, 1, self._mono_ns()) < 0:
            raise too_many()

    def left(self, pair: str) -> Left:
        now_ns = self._mono_ns()
        remain = max(0, self._places.take(pair, 0, now_ns))
        wait_ns = 0 if remain else self._places.reopens_ns(now_ns) - now_ns
        return Left(remain, PLACES_A_SECOND, (self._venue.world.clock.wall_ns() + wait_ns) // MS)

    def _spend_cancel(self) -> None:
        if self._cancels.take("", 1, self._mono_ns()) < 0:
            raise too_many()

    # -- placing --------------------------------------------------------------------------------------------------

    def place(self, params: Params, default_text: str) -> SimOrder:
        """One order; costs one unit of its market's budget, whatever becomes of it."""
        self.spend(word(params, "currency_pair"))
        ticket = self._ticket(params, default_text)
        try:
            return self._venue.engine.place(ticket)
        except Short as exc:
            raise Refused(400, "BALANCE_NOT_ENOUGH", "Not enough balance") from exc
        except Killed as exc:
            raise _KILLED[exc.args[0]] from exc

    def place_many(self, items: list[Params], default_text: str) -> list[dict[str, object]]:
        """In order; one that fails does not stop the others."""
        pairs = {word(item, "currency_pair") for item in items}
        if not items or len(pairs) > 4 or any(sum(word(i, "currency_pair") == p for i in items) > 10 for p in pairs):
            raise Refused(400, "TOO_MANY_ORDERS", "Too many orders in one batch")
        if any(not item.get("text") for item in items):
            raise missing("text")
        return [self._placed(item, default_text) for item in items]

    def _placed(self, item: Params, default_text: str) -> dict[str, object]:
        try:
            order = self.place(item, default_text)
        except Refused as exc:
            return {"text": item["text"], **exc.errs}
        made = full(order) | {"order_id": order.id, "succeeded": True, "label": "", "message": ""}
        made.pop("avg_deal_price", None)
        return made

    def _ticket(self, params: Params, default_text: str) -> Ticket:
        book = self.book(params)
        listing = book.listing
        side, kind = word(params, "side"), word(params, "type") or "limit"
        if side not in ("buy", "sell"):
            raise missing("side") if not side else bad_value("side", side)
        buy, market = side == "buy", kind == "market"
        if kind not in ("limit", "market"):
            raise bad_value("type", kind)
        if listing.quirk in ("untradable", "premarket") or (listing.quirk == "sell_only" and buy):
            raise Refused(400, "INVALID_CURRENCY_PAIR", f"Trading of {word(params, 'currency_pair')} is not open")
        if word(params, "account") not in ("", "spot"):
            raise bad_value("account", params["account"])
        if word(params, "stp_act") not in ("", "-"):
            raise Refused(400, "INVALID_PARAM_VALUE", "The user is in no STP group")
        client_id = word(params, "text") or default_text
        if client_id != default_text and not _TEXT.fullmatch(client_id):
            raise bad_value("text", client_id)
        given = word(params, "time_in_force") or ("" if market else "gtc")
        tif = _TIFS.get(given)
        if tif is None or (market and tif not in (Tif.IOC, Tif.FOK)):
            raise bad_value("time_in_force", given)
        if market:
            ticks = book.best_ask * (100 + _SLIP) // 100 if buy else -(-book.best_bid * (100 - _SLIP) // 100)
            if buy:
                ticket = Ticket(book, buy, market, tif, ticks, 0, client_id, kind, self._budget(params))
            else:
                ticket = Ticket(book, buy, market, tif, ticks, self._lots(params, book), client_id, kind)
        else:
            ticks = self._ticks(params, book)
            ticket = Ticket(book, buy, market, tif, ticks, self._lots(params, book), client_id, kind)
            self._check_band(ticket)
        self._check_size(ticket)
        return ticket

    def book(self, params: Params) -> SimBook:
        pair = word(params, "currency_pair")
        if not pair:
            raise missing("currency_pair")
        book = self._venue.by_native.get(pair)
        if book is None:
            raise Refused(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        return book

    @staticmethod
    def _budget(params: Params) -> int:
        """Quote of a market buy, atoms."""
        try:
            atoms = to_atoms(word(params, "amount"))
        except ValueError as exc:
            raise bad_value("amount", params.get("amount")) from exc
        if not atoms:
            raise bad_value("amount", params.get("amount"))
        return atoms

    @staticmethod
    def _lots(params: Params, book: SimBook) -> int:
        return _on_grid(params, "amount", book.listing.qty_decimals, book.listing.order_qty_decimals)

    @staticmethod
    def _ticks(params: Params, book: SimBook) -> int:
        return _on_grid(params, "price", book.listing.price_decimals, book.listing.price_decimals)

    @staticmethod
    def _check_size(ticket: Ticket) -> None:
        listing = ticket.book.listing
        ticks = ticket.book.best_bid if ticket.market else ticket.ticks
        quote = ticket.budget or worth(listing, ticks, ticket.lots)
        if quote < to_atoms(listing.min_notional):
            size = f"{quote / 10**18:.6f} {listing.quote}"
            least = f"{listing.min_notional} {listing.quote}"
            raise Refused(400, "INVALID_PARAM_VALUE", f"Your order size {size} is too small. The minimum is {least}")
        base = base_atoms(listing, ticket.lots)
        if not ticket.budget and listing.min_qty and base < to_atoms(listing.min_qty):
            raise Refused(400, "AMOUNT_TOO_LITTLE", f"The minimum amount is {listing.min_qty} {listing.base}")
        if quote > to_atoms(listing.max_notional):
            raise Refused(400, "AMOUNT_TOO_MUCH", f"The maximum is {listing.max_notional} {listing.quote}")

    @staticmethod
    def _check_band(ticket: Ticket) -> None:
        """A limit may not lie too far on the other side of the last price."""
        far = ticket.ticks - ticket.book.last if ticket.buy else ticket.book.last - ticket.ticks
        if far * 100 > ticket.book.last * _BAND:
            raise Refused(400, "PRICE_THRESHOLD_EXCEEDED", "Order price is too far from the market")

    # -- finding --------------------------------------------------------------------------------------------------

    def find(self, name: str, pair: str) -> SimOrder:
        """By id, or by `text`: the latest of that text. Only as long as the venue remembers it."""
        engine = self._venue.engine
        by_text = name.startswith("t-")
        order = engine.newest(name) if by_text else engine.orders.get(name)
        if order is not None and (engine.hidden(order) or self._forgotten(order, by_text=by_text)):
            order = None
        if order is None:
            if by_text:
                raise Refused(400, "CLIENT_ID_NOT_FOUND", f"Order with client ID {name} not found")
            raise Refused(404, "ORDER_NOT_FOUND", f"Order with ID {name} not found")
        if pair and self._venue.by_native.get(pair) is not order.ticket.book:
            raise Refused(404, "ORDER_NOT_FOUND", "Order not found")
        if order.open and not pair:
            raise missing("currency_pair")
        return order

    def _forgotten(self, order: SimOrder, *, by_text: bool) -> bool:
        if order.open:
            return False
        over_s = (self._venue.world.clock.wall_ns() - order.updated_ns) / 1e9
        timers = self._venue.timers
        return (by_text and over_s > timers["text_s"]) or (not order.done and over_s > timers["unfilled_s"])

    def listed(self, pair: str, *, is_open: bool) -> list[SimOrder]:
        """Newest first. pair: "" for all."""
        book = self._venue.by_native.get(pair)
        if pair and book is None:
            raise Refused(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        engine = self._venue.engine
        return [
            o
            for o in reversed(list((engine.open if is_open else engine.orders).values()))
            if o.open == is_open
            and book in (None, o.ticket.book)
            and not engine.hidden(o)
            and not self._forgotten(o, by_text=False)
        ]

    def page(self, params: Params) -> list[SimOrder]:
        """GET /spot/orders, spot.order_list."""
        status = word(params, "status")
        if status not in ("open", "finished"):
            raise bad_value("status", status) if status else missing("status")
        found = self.listed(word(params, "currency_pair"), is_open=status == "open")
        side = word(params, "side")
        start, end = (whole(params, name, 0) for name in ("from", "to"))
        found = [
            o
            for o in found
            if side in ("", "buy" if o.ticket.buy else "sell")
            and (not start or o.updated_ns // 10**9 >= start)
            and (not end or o.updated_ns // 10**9 <= end)
        ]
        return paged(found, params)

    # -- cancelling and amending ----------------------------------------------------------------------------------

    def cancel(self, name: str, pair: str) -> SimOrder:
        self._spend_cancel()
        if not pair:
            raise missing("currency_pair")
        order = self._mine(name, pair)
        if not self._venue.engine.cancel(order):
            raise Refused(400, "ORDER_CLOSED", "Order is closed")
        return order

    def _mine(self, name: str, pair: str) -> SimOrder:
        """To cancel or amend: the latest that is open, by text. Such calls know an order as soon as it exists."""
        engine = self._venue.engine
        order = engine.newest(name, open_only=True) if name.startswith("t-") else engine.orders.get(name)
        if order is None or self._venue.by_native.get(pair) is not order.ticket.book:
            order = self.find(name, pair)
        if not order.open:
            if order.end == "filled":
                raise Refused(400, "ORDER_CLOSED", "Order is closed")
            raise Refused(400, "ORDER_CANCELLED", "Order is cancelled")
        return order

    def cancel_many(self, items: list[Params]) -> list[dict[str, object]]:
        """By ids; each item tells how it went."""
        if len(items) > 20:
            raise Refused(400, "TOO_MANY_ORDERS", "Too many orders in one batch")
        made: list[dict[str, object]] = []
        for item in items:
            head: dict[str, object] = {"currency_pair": item.get("currency_pair"), "id": item.get("id")}
            try:
                order = self.cancel(word(item, "id"), word(item, "currency_pair"))
            except Refused as exc:
                made.append(head | {"text": "", "succeeded": False, **exc.errs, "account": ""})
            else:
                head["text"] = order.ticket.client_id
                made.append(head | {"succeeded": True, "label": "", "message": "", "account": ""})
        return made

    def cancel_pair(self, pair: str, side: str) -> list[SimOrder]:
        """All of a market, or of all markets; of one side, or of both."""
        self._spend_cancel()
        gone = [o for o in self.listed(pair, is_open=True) if side in ("", "buy" if o.ticket.buy else "sell")]
        return [o for o in gone if self._venue.engine.cancel(o)]

    def amend(self, name: str, params: Params) -> SimOrder:
        pair = word(params, "currency_pair")
        self.spend(pair)
        book = self.book(params)
        order = self._mine(name, pair)
        ticket = order.ticket
        ticks = self._ticks(params, book) if params.get("price") else ticket.ticks
        lots = self._lots(params, book) if params.get("amount") else ticket.lots
        if (ticks, lots) == (ticket.ticks, ticket.lots):
            raise Refused(400, "NO_CHANGE", "No change is made")
        wanted = ticket._replace(ticks=ticks, lots=lots)
        if lots > order.done:
            self._check_size(wanted)
            self._check_band(wanted)
        try:
            self._venue.engine.amend(order, ticks, lots, word(params, "amend_text"))
        except Short as exc:
            raise Refused(400, "BALANCE_NOT_ENOUGH", "Not enough balance") from exc
        except Killed as exc:
            raise _KILLED[exc.args[0]] from exc
        return order

    def amend_many(self, items: list[Params]) -> list[dict[str, object]]:
        """In order; goes on after a failure."""
        if len(items) > 5:
            raise Refused(400, "TOO_MANY_ORDERS", "Too many orders in one batch")
        made: list[dict[str, object]] = []
        for item in items:
            try:
                order = self.amend(word(item, "order_id"), item)
            except Refused as exc:
                made.append({"order_id": item.get("order_id"), "succeeded": False, **exc.errs})
            else:
                made.append(full(order) | {"order_id": order.id, "succeeded": True, "label": "", "message": ""})
        return made


def word(params: Params, name: str) -> str:
    """A parameter as text; "" if it is not given. Numbers are taken as they were written."""
    value = params.get(name)
    return "" if value is None else str(value)


def whole(params: Params, name: str, default: int) -> int:
    given = word(params, name)
    if given and not given.isdecimal():
        raise bad_value(name, given)
    return int(given) if given else default


def _on_grid(params: Params, name: str, decimals: int, allowed: int) -> int:
    given = word(params, name)
    if not given:
        raise missing(name)
    try:
        value = on_grid(given, decimals, allowed)
    except TooFine as exc:
        raise Refused(400, "INVALID_PRECISION", f"Invalid precision of `{name}`: {given}") from exc
    except ValueError as exc:
        raise bad_value(name, given) from exc
    if value <= 0:
        raise bad_value(name, given)
    return value


def paged(found: list[_T], params: Params, most: int = 100) -> list[_T]:
    """The page that `page` and `limit` ask for."""
    limit = min(most, max(1, whole(params, "limit", 100)))
    first = (max(1, whole(params, "page", 1)) - 1) * limit
    return found[first : first + limit]
