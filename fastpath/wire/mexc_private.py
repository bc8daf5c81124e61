"""MEXC spot v3, the private side: signed REST for orders, a socket opened with a listen key for what becomes of them.

Sources: spot v3 pages of 2026-04 (General info, Spot account/trade, Websocket user data streams). What they do not
say loudly enough: IOC and FOK are order types, `timeInForce` is ignored and would leave an IOC resting; the answer to
an order has no status; the status in the answer to a cancel is the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec

from arb.domain import (
    ClientId,
    Event,
    NativeSymbol,
    Notice,
    Order,
    OrderType,
    OrderUpdate,
    Pong,
    Side,
    Symbol,
)
from arb.errors import Cause, Rejected, VenueError
from arb.interfaces import Answer, Call, ListenKey, PrivateSpec, Request, Verb
from arb.outcome import failed
from fastpath.wire import mexc_account, mexc_codes
from fastpath.wire import mexc_orders as wire
from fastpath.wire.mexc_orders import VENUE
from fastpath.wire.outgoing import ClientIds, Markets, amount, checked_window, spends
from fastpath.wire.refusal import unread
from fastpath.wire.signing import MexcSigner, parameters

_ORDER, _BATCH, _OPEN = "/api/v3/order", "/api/v3/batchOrders", "/api/v3/openOrders"
_ACCOUNT, _FILLS, _KEYS, _TIME = "/api/v3/account", "/api/v3/myTrades", "/api/v3/userDataStream", "/api/v3/time"
_TYPES = {
    OrderType.LIMIT: "LIMIT",
    OrderType.MARKET: "MARKET",
    OrderType.IOC: "IMMEDIATE_OR_CANCEL",
    OrderType.FOK: "FILL_OR_KILL",
    OrderType.POST_ONLY: "LIMIT_MAKER",
}
_KEY_METHODS = {ListenKey.MAKE: "POST", ListenKey.KEEP: "PUT", ListenKey.CLOSE: "DELETE", ListenKey.LIST: "GET"}
_MOST_FILLS = 100
_STREAMS = tuple(f"spot@private.{name}.v3.api.pb" for name in ("orders", "deals", "account"))
_SUBSCRIBE = "1"
_BAD_LISTEN_KEY = b"Invalid listen key"

_Pairs = list[tuple[str, str]]


class _Control(msgspec.Struct):
    msg: str
    id: int | None = None
    code: int = 0


_control = msgspec.json.Decoder(_Control, strict=False)


class PrivateCodec:
    """MEXC's orders, fills and balances <-> bytes. Holds the symbol table and a prepared key."""

    spec: ClassVar[PrivateSpec] = PrivateSpec(
        client_id="[A-Za-z0-9_-]{1,32}",  # the limit is not documented: what clients stay within
        batch=20,
        socket_orders=False,
        streams=1,
        keep_key_s=20 * 60.0,  # valid for 60 minutes
        settle_s=5.0,  # "-2013 within the first seconds" is no proof
        forget_s=0.0,
        pools=mexc_codes.POOLS,
    )

    def __init__(
        self, natives: Mapping[NativeSymbol, Symbol], key: str, secret: str, *, window_ms: int = 5_000
    ) -> None:
        self._markets = Markets(VENUE, natives)
        self._client_ids = ClientIds(VENUE, self.spec.client_id)
        self._headers = (("X-MEXC-APIKEY", key), ("Content-Type", "application/json"))
        self._signer = MexcSigner(secret)
        self._window = str(checked_window(VENUE, window_ms))

    # ------------------------------------------------------------------------------------------- orders

    def encode_order(self, order: Order, wall_ns: int, *, socket: bool = False) -> Call:
        _no_socket(socket)
        request = self._signed("POST", _ORDER, self._order(order), wall_ns)
        return Call(Verb.PLACE, request, symbol=order.symbol, client_ids=(order.client_id,))

    def encode_orders(self, orders: Sequence[Order], wall_ns: int, *, socket: bool = False) -> Call:
        """At most 20 of one symbol, twice a second."""
        _no_socket(socket)
        symbols = {order.symbol for order in orders}
        if len(symbols) != 1 or len(orders) > self.spec.batch:
            raise Rejected(VENUE, f"a batch is 1 to {self.spec.batch} orders of one symbol", cause=Cause.REQUEST)
        written = msgspec.json.encode([dict(self._order(order)) for order in orders]).decode()
        request = self._signed("POST", _BATCH, [("batchOrders", written)], wall_ns)
        return Call(Verb.PLACE, request, symbol=symbols.pop(), client_ids=tuple(order.client_id for order in orders))

    def encode_amend(
        self,
        symbol: Symbol,
        client_id: ClientId,
        wall_ns: int,
        *,
        venue_id: str = "",
        price: Decimal | None = None,
        qty: Decimal | None = None,
        socket: bool = False,
    ) -> None:
        """An order cannot be changed here."""

    def encode_cancel(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        _no_socket(socket)
        request = self._signed("DELETE", _ORDER, self._one(symbol, client_id, venue_id), wall_ns)
        return Call(Verb.CANCEL, request, symbol=symbol, client_ids=(client_id,))

    def encode_query(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        _no_socket(socket)
        request = self._signed("GET", _ORDER, self._one(symbol, client_id, venue_id), wall_ns)
        return Call(Verb.QUERY, request, symbol=symbol, client_ids=(client_id,))

    def encode_open_orders(self, wall_ns: int, *, symbol: Symbol | None = None, page: int = 1) -> Call:  # noqa: ARG002
        """All at once, 500 at most. Older pages demanded a symbol."""
        pairs: _Pairs = [] if symbol is None else [("symbol", self._markets.native(symbol))]
        return Call(Verb.OPEN_ORDERS, self._signed("GET", _OPEN, pairs, wall_ns), symbol=symbol or Symbol(""))

    def encode_fills(
        self,
        symbol: Symbol,
        wall_ns: int,
        *,
        client_id: ClientId | None = None,
        venue_id: str = "",
        since_ns: int = 0,
        until_ns: int = 0,
    ) -> Call:
        """At most 100, of the last month."""
        pairs: _Pairs = [("symbol", self._markets.native(symbol))]
        if venue_id:
            pairs.append(("orderId", venue_id))
        if since_ns:
            pairs.append(("startTime", str(since_ns // 10**6)))
        if until_ns:
            pairs.append(("endTime", str(-(-until_ns // 10**6))))
        pairs.append(("limit", str(_MOST_FILLS)))
        marks = (client_id,) if venue_id and client_id else ()
        return Call(Verb.FILLS, self._signed("GET", _FILLS, pairs, wall_ns), symbol=symbol, client_ids=marks)

    def encode_balances(self, wall_ns: int) -> Call:
        return Call(Verb.BALANCES, self._signed("GET", _ACCOUNT, [], wall_ns))

    def encode_deadman(self, timeout_s: int, wall_ns: int) -> None:
        """There is none: what rests stays when we are gone."""

    def encode_time(self) -> Call:
        return Call(Verb.TIME, Request("GET", _TIME))

    def encode_rights(self, wall_ns: int) -> tuple[Call, ...]:
        return (Call(Verb.RIGHTS, self._signed("GET", _ACCOUNT, [], wall_ns)),)

    def _order(self, order: Order) -> _Pairs:
        pairs = [
            ("symbol", str(self._markets.native(order.symbol))),
            ("side", "BUY" if order.side is Side.BUY else "SELL"),
            ("type", _TYPES[order.type]),
        ]
        if spends(VENUE, order):
            pairs.append(("quoteOrderQty", amount(VENUE, "notional", order.notional)))
        else:
            pairs.append(("quantity", amount(VENUE, "quantity", order.qty)))
        if order.price is not None:
            pairs.append(("price", amount(VENUE, "price", order.price)))
        return [*pairs, ("newClientOrderId", self._client_ids.checked(order.client_id))]

    def _one(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> _Pairs:
        which = ("orderId", venue_id) if venue_id else ("origClientOrderId", self._client_ids.checked(client_id))
        return [("symbol", self._markets.native(symbol)), which]

    def _signed(self, method: str, path: str, pairs: _Pairs, wall_ns: int) -> Request:
        """Everything in the query, whatever the method."""
        pairs = [*pairs, ("recvWindow", self._window), ("timestamp", str(wall_ns // 10**6))]
        return Request(method, f"{path}?{self._signer.query(parameters(pairs))}", self._headers)

    # ------------------------------------------------------------------------------------------- the socket

    def encode_listen_key(self, action: ListenKey, wall_ns: int, key: str = "") -> Call:
        pairs = [("listenKey", key)] if action in (ListenKey.KEEP, ListenKey.CLOSE) else []
        return Call(Verb.LISTEN_KEY, self._signed(_KEY_METHODS[action], _KEYS, pairs, wall_ns))

    def socket_url(self, ws_url: str, listen_key: str = "") -> str:
        return f"{ws_url}?{parameters([('listenKey', listen_key)])}"

    def encode_login(self, wall_ns: int) -> None:
        """The listen key in the address is all it takes."""

    def encode_subscribe(self, wall_ns: int) -> tuple[Call, ...]:  # noqa: ARG002  its frames carry no time of ours
        frame = msgspec.json.encode({"method": "SUBSCRIPTION", "params": _STREAMS, "id": int(_SUBSCRIBE)})
        return (Call(Verb.SUBSCRIBE, frame=frame, id=_SUBSCRIBE),)

    def encode_ping(self, wall_ns: int) -> bytes:  # noqa: ARG002
        return b'{"method":"PING"}'

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event | Answer, ...]:
        try:
            if frame.startswith(b"{"):
                return self._control(_control.decode(frame), recv_ns, conn)
            if frame == _BAD_LISTEN_KEY:
                return (Notice(VENUE, frame.decode(), True, recv_ns, conn),)
            return wire.read_push(frame, self._markets, recv_ns)
        except (KeyError, ValueError, RecursionError) as exc:
            raise unread(VENUE, exc, frame) from exc

    def _control(self, control: _Control, recv_ns: int, conn: int) -> tuple[Event | Answer, ...]:
        """Success repeats every topic; a refusal has code 0 as well and says so in words."""
        text = control.msg
        if text == "PONG":
            return (Pong(VENUE, recv_ns, conn),)
        if control.code or not text.startswith("spot@") or not set(_STREAMS) <= set(text.split(",")):
            code = str(control.code) if control.code else ""
            return (Answer(id=str(control.id or ""), error=Rejected(VENUE, text.strip(), code, Cause.REQUEST)),)
        return (Answer(id=str(control.id or "")),)

    # ------------------------------------------------------------------------------------------- REST answers

    def decode_answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        try:
            return self._answer(call, body, recv_ns)
        except (KeyError, ValueError, RecursionError) as exc:
            refused = mexc_codes.refused(body)
            if refused is not None:  # an error under the status of success
                raise mexc_codes.error_of(refused, 200, changes=call.verb.changes) from None
            raise unread(VENUE, exc, b"" if call.verb is Verb.LISTEN_KEY else body, changes=call.verb.changes) from exc

    def decode_error(self, call: Call, status: int, body: bytes) -> VenueError:
        return mexc_codes.decode_error(status, body, changes=call.verb.changes)

    def decode_rate(self, headers: Mapping[str, str]) -> None:
        """It sends none."""

    def _answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        mark = call.client_ids[0] if len(call.client_ids) == 1 else ClientId("")
        if call.verb is Verb.PLACE:
            if len(call.client_ids) != 1 or body.lstrip().startswith(b"["):
                return Answer(self._batch(call, body, recv_ns))
            taken = wire.placed.decode(body)
            return Answer((wire.accepted(taken.orderId, mark, call.symbol, taken.transactTime, recv_ns),))
        if call.verb is Verb.CANCEL:
            wire.placed.decode(body)  # its status is of the moment before: the push or a query tells the end
            return Answer()
        if call.verb is Verb.QUERY:
            return Answer((wire.update_of(wire.state.decode(body), mark, self._markets, recv_ns),))
        if call.verb is Verb.OPEN_ORDERS:
            found = wire.states.decode(body)
            return Answer(tuple(wire.update_of(told, mark, self._markets, recv_ns) for told in found))
        if call.verb is Verb.FILLS:
            trades = wire.trades.decode(body)
            fills = tuple(wire.fill_of(trade, mark, call.symbol, recv_ns) for trade in trades)
            return Answer(fills, full=len(fills) >= _MOST_FILLS)
        if call.verb is Verb.BALANCES:
            return Answer(tuple(wire.balance_of(asset, recv_ns) for asset in wire.account.decode(body).balances))
        if call.verb is Verb.RIGHTS:
            return Answer(rights=mexc_account.rights(body))
        if call.verb is Verb.LISTEN_KEY:
            keys = wire.keys.decode(body).listenKey
            return Answer(texts=(keys,) if isinstance(keys, str) else tuple(keys))
        return Answer(venue_ns=wire.time.decode(body).serverTime * 1_000_000)

    def _batch(self, call: Call, body: bytes, recv_ns: int) -> tuple[OrderUpdate, ...]:
        """One update for each order, in their order; names are not always repeated."""
        items = wire.batch.decode(body)
        if len(items) != len(call.client_ids):
            raise ValueError(f"{len(items)} answers to {len(call.client_ids)} orders")
        updates = []
        for client_id, item in zip(call.client_ids, items, strict=True):
            if item.code:
                refused = mexc_codes.Refusal(item.code, item.msg)
                error = mexc_codes.error_of(refused, 200, changes=True)
                updates.append(failed(VENUE, call.symbol, client_id, error, recv_ns))
            else:
                updates.append(wire.accepted(item.orderId, client_id, call.symbol, 0, recv_ns))
        return tuple(updates)


def _no_socket(socket: bool) -> None:
    if socket:
        raise Rejected(VENUE, "orders go over REST only", cause=Cause.REQUEST)
