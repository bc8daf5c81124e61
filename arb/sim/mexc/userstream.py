"""MEXC's private pushes and the listen keys that open them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import md5
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from arb.sim.conn import Conn
from arb.sim.ledger import Entry, Fill, plain, worth
from arb.sim.market import text
from arb.sim.mexc import proto
from arb.sim.mexc.replies import fail, ok
from arb.sim.mexc.words import KIND_NUMBERS, STATUS_NUMBERS, status_word
from arb.sim.orders import SimOrder
from arb.sim.venue import MS, Reply

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

Params = Mapping[str, str]
ORDERS = "spot@private.orders.v3.api.pb"
DEALS = "spot@private.deals.v3.api.pb"
ACCOUNT = "spot@private.account.v3.api.pb"
TOPICS = frozenset({ORDERS, DEALS, ACCOUNT})
MOST_KEYS = 60
MOST_CONNS = 5  # for each key
_INVALID = b"Invalid listen key"
_UNKNOWN = fail(33333, "Parameter error")


class UserStream:
    """Listen keys (routes: method and path -> answer), and a `Listener` that pushes what it is told."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._keys: dict[str, int] = {}  # -> wall ns of its end
        self.routes: dict[str, Callable[[Params], Reply]] = {
            "POST userDataStream": self._make,
            "GET userDataStream": lambda _: ok({"listenKey": self._live()}),
            "PUT userDataStream": self._keep,
            "DELETE userDataStream": self._end,
        }

    # -- keys -----------------------------------------------------------------------------------------------------

    def _live(self) -> list[str]:
        now_ns = self._venue.world.clock.wall_ns()
        return [key for key, until_ns in self._keys.items() if now_ns < until_ns]

    def _until_ns(self) -> int:
        return self._venue.world.clock.wall_ns() + int(self._venue.timers["listen_key_s"] * 1e9)

    def _make(self, _: Params) -> Reply:
        if len(self._live()) >= MOST_KEYS:
            return fail(400, "Too many listen keys")
        self._keys = {key: self._keys[key] for key in self._live()}
        key = f"{self._venue.rng.getrandbits(256):064x}"
        self._keys[key] = self._until_ns()
        return ok({"listenKey": key})

    def _keep(self, params: Params) -> Reply:
        key = params.get("listenKey", "")
        if key not in self._live():
            return _UNKNOWN
        self._keys[key] = self._until_ns()
        return ok({"listenKey": key})

    def _end(self, params: Params) -> Reply:
        key = params.get("listenKey", "")
        if self._keys.pop(key, None) is None:
            return _UNKNOWN
        return ok({"listenKey": key})

    def expire(self) -> None:
        """Every key ends now."""
        self._keys.clear()

    def opened(self, conn: Conn) -> None:
        """Refuse a socket whose key is none."""
        key = key_of(conn)
        others = sum(key_of(c) == key for c in self._venue.conns) - 1
        if key is not None and others >= MOST_CONNS:
            conn.close(1008)
        self.watch(conn)

    def watch(self, conn: Conn) -> None:
        """A socket lives no longer than its key."""
        key = key_of(conn)
        if key is not None and not conn.gone and key not in self._live():
            conn.reply(_INVALID, self._venue.now_ns)
            conn.close(1000)

    def may_listen(self, conn: Conn) -> bool:
        return key_of(conn) in self._live()

    # -- what happens to orders -----------------------------------------------------------------------------------

    def placed(self, order: SimOrder) -> None:
        self._order(order)

    def filled(self, order: SimOrder, fill: Fill) -> None:
        if order.open:
            self._order(order)
        self._deal(order, fill)

    def rested(self, order: SimOrder) -> None:
        """Every execution has been told already."""

    def amended(self, order: SimOrder) -> None:
        self._order(order)  # there is no such call on this venue

    def ended(self, order: SimOrder) -> None:
        self._order(order)

    def moved(self, entry: Entry, order: SimOrder) -> None:
        kind = {"lock": "ENTRUST_PLACE", "match": "ENTRUST", "fee": "TRADE_FEE"}.get(entry.cause)
        if kind is None:
            kind = "ENTRUST_UNFROZEN" if order.end == "filled" else "ENTRUST_CANCEL"
        at_ms = entry.at_ns // MS
        content = proto.private_account(
            entry.coin.encode(),
            md5(entry.coin.encode(), usedforsecurity=False).hexdigest().encode(),
            plain(entry.free).encode(),
            plain(entry.free_change).encode(),
            plain(entry.locked).encode(),
            plain(entry.locked_change).encode(),
            kind.encode(),
            at_ms,
        )
        head = proto.blob(1, ACCOUNT.encode()) + proto.integer(5, at_ms) + proto.integer(6, self._now_ms())
        self._venue.private.push("", head + proto.body(proto.PRIVATE_ACCOUNT, content), ACCOUNT)

    def _order(self, order: SimOrder) -> None:
        ticket, listing = order.ticket, order.ticket.book.listing
        amount = worth(listing, ticket.ticks, ticket.lots)
        average = order.cost * 10**listing.qty_decimals // order.done if order.done else 0
        content = proto.private_order(
            number=order.id.encode(),
            client_id=ticket.client_id.encode(),
            price=text(ticket.ticks, listing.price_decimals).encode(),
            quantity=text(ticket.lots, listing.qty_decimals).encode(),
            amount=plain(amount).encode(),
            average=plain(average).encode() if average else b"",
            kind=KIND_NUMBERS[ticket.kind],
            side=1 if ticket.buy else 2,
            maker=order.maker,
            remain_amount=plain(amount - order.cost).encode(),
            remain_quantity=text(order.left, listing.qty_decimals).encode(),
            last_quantity=text(order.last_lots, listing.qty_decimals).encode() if order.last_lots else b"",
            done_quantity=text(order.done, listing.qty_decimals).encode(),
            done_amount=plain(order.cost).encode(),
            status=STATUS_NUMBERS[status_word(order)],
            created_ms=order.created_ns // MS,
        )
        self._push(ORDERS, order, proto.PRIVATE_ORDERS, content)

    def _deal(self, order: SimOrder, fill: Fill) -> None:
        content = proto.private_deal(
            price=f"{fill.price:f}".encode(),
            quantity=f"{fill.qty:f}".encode(),
            amount=f"{fill.quote:f}".encode(),
            side=1 if fill.buy else 2,
            maker=fill.maker,
            self_trade=fill.self_trade,
            trade_id=fill.trade_id.encode(),
            client_id=fill.client_id.encode(),
            order_id=fill.order_id.encode(),
            fee=f"{fill.fee:f}".encode(),
            fee_coin=fill.fee_coin.encode(),
            at_ms=fill.at_ns // MS,
        )
        self._push(DEALS, order, proto.PRIVATE_DEALS, content)

    def _push(self, topic: str, order: SimOrder, number: int, content: bytes) -> None:
        listing = order.ticket.book.listing
        head = proto.wrapper_head(topic, listing.base + listing.quote) + proto.varint(self._now_ms())
        self._venue.private.push(order.symbol, head + proto.body(number, content), topic)

    def _now_ms(self) -> int:
        return self._venue.world.clock.wall_ns() // MS


def key_of(conn: Conn) -> str | None:
    """The listen key of a socket; None without one."""
    return dict(parse_qsl(conn.query, keep_blank_values=True)).get("listenKey") if conn.query else None
