"""Gate.io spot v4, the private side: orders over the socket with REST behind it, private streams on the same socket.

Sources: Gate API v4 spot pages of 2025 (REST, WebSocket, WebSocket API) and recorded answers of 2024 to 2026. `text` is
our client id, and no idempotency key: a second order with the same text is a second order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from arb.domain import (
    ClientId,
    Event,
    NativeSymbol,
    Notice,
    Order,
    OrderType,
    Pong,
    Side,
    Symbol,
)
from arb.errors import Cause, Rejected, VenueError
from arb.interfaces import Answer, Call, ListenKey, PrivateSpec, RateHint, Request, Verb
from fastpath.wire import gate_account, gate_labels, gate_messages, gate_socket, refusal
from fastpath.wire import gate_orders as wire
from fastpath.wire.gate_orders import VENUE
from fastpath.wire.outgoing import ClientIds, Markets, amount, checked_window, spends
from fastpath.wire.signing import GateSigner

_PREFIX = "/api/v4"  # signed with the path, but part of the base address
_ORDERS, _BATCH, _OPEN, _FILLS = "/spot/orders", "/spot/batch_orders", "/spot/open_orders", "/spot/my_trades"
_ACCOUNTS, _DEADMAN, _TIME = "/spot/accounts", "/spot/countdown_cancel_all", "/spot/time"
_ACCOUNT = "spot"
_TIMES_IN_FORCE = {
    OrderType.LIMIT: "gtc",
    OrderType.MARKET: "ioc",  # a market order must name one
    OrderType.IOC: "ioc",
    OrderType.FOK: "fok",
    OrderType.POST_ONLY: "poc",
}
_MOST_OPEN, _MOST_FILLS = 100, 1000
_SHORTEST_DEADMAN_S = 5
_STREAMS = {"spot.orders": ["!all"], "spot.usertrades": ["!all"], "spot.balances": None}
_ORDER_PUSHES = frozenset({"spot.orders", "spot.orders_v2"})  # usertrades_v2 has no fees: its fills would be wrong

_Pairs = list[tuple[str, str]]
_json = msgspec.json.encode


class PrivateCodec:
    """Gate's orders, fills and balances <-> bytes. Holds the symbol table and a prepared key."""

    spec: ClassVar[PrivateSpec] = PrivateSpec(
        client_id="[0-9A-Za-z_.-]{1,28}",  # "t-" before it is the codec's business
        batch=10,
        socket_orders=True,
        streams=len(_STREAMS),
        keep_key_s=0.0,
        settle_s=5.0,  # some seconds after its creation an order may not be found
        forget_s=60.0,
        pools=gate_socket.POOLS,
    )

    def __init__(
        self, natives: Mapping[NativeSymbol, Symbol], key: str, secret: str, *, window_ms: int = 5_000
    ) -> None:
        self._markets = Markets(VENUE, natives)
        self._client_ids = ClientIds(VENUE, self.spec.client_id)
        self._key = key
        self._signer = GateSigner(secret)
        self._window_ns = checked_window(VENUE, window_ms) * 10**6

    # ------------------------------------------------------------------------------------------- orders

    def encode_order(self, order: Order, wall_ns: int, *, socket: bool = False) -> Call:
        written = self._order(order)
        return self._call(
            Verb.PLACE, ("POST", _ORDERS), gate_socket.PLACE, written, wall_ns, order.symbol, (order.client_id,),
            socket=socket,
        )  # fmt: skip

    def encode_orders(self, orders: Sequence[Order], wall_ns: int, *, socket: bool = False) -> Call:
        """At most 10, of at most 4 markets; each is counted."""
        if not 0 < len(orders) <= self.spec.batch:
            raise Rejected(VENUE, f"a batch is 1 to {self.spec.batch} orders", cause=Cause.REQUEST)
        symbols = {order.symbol for order in orders}
        return self._call(
            Verb.PLACE, ("POST", _BATCH), gate_socket.PLACE, [self._order(order) for order in orders], wall_ns,
            symbols.pop() if len(symbols) == 1 else Symbol(""), tuple(order.client_id for order in orders),
            socket=socket,
        )  # fmt: skip

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
    ) -> Call:
        """qty: the whole order's, filled part included; below that part it cancels. Only less quantity keeps rank."""
        if price is None and qty is None:
            raise Rejected(VENUE, "an amendment without a change", cause=Cause.NO_CHANGE)
        which = self._which(client_id, venue_id)
        body = {"currency_pair": self._markets.native(symbol), "account": _ACCOUNT}
        if qty is not None:
            body["amount"] = amount(VENUE, "quantity", qty)
        if price is not None:
            body["price"] = amount(VENUE, "price", price)
        return self._call(
            Verb.AMEND, ("PATCH", f"{_ORDERS}/{which}"), gate_socket.AMEND,
            {"order_id": which, **body} if socket else body, wall_ns, symbol, (client_id,), socket=socket,
        )  # fmt: skip

    def encode_cancel(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        """Never expires: a late cancel is better than none."""
        return self._about(Verb.CANCEL, "DELETE", gate_socket.CANCEL, symbol, client_id, venue_id, wall_ns, socket)

    def encode_query(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        """By text while the order is open and for half an hour at least; then by id only."""
        return self._about(Verb.QUERY, "GET", gate_socket.STATUS, symbol, client_id, venue_id, wall_ns, socket)

    def encode_open_orders(self, wall_ns: int, *, symbol: Symbol | None = None, page: int = 1) -> Call:
        paging = [("page", str(page)), ("limit", str(_MOST_OPEN)), ("account", _ACCOUNT)]
        if symbol is None:
            request = self._signed("GET", _OPEN, paging, b"", wall_ns)
        else:
            pairs = [("currency_pair", self._markets.native(symbol)), ("status", "open"), *paging]
            request = self._signed("GET", _ORDERS, pairs, b"", wall_ns)
        return Call(Verb.OPEN_ORDERS, request, symbol=symbol or Symbol(""))

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
        """Newest first, at most 1000; without a time of the last 7 days, with one of 30 at most."""
        pairs: _Pairs = [("currency_pair", self._markets.native(symbol)), ("limit", str(_MOST_FILLS))]
        if venue_id:
            pairs.append(("order_id", venue_id))
        if since_ns:
            pairs.append(("from", str(since_ns // 10**9)))
        if until_ns:
            pairs.append(("to", str(-(-until_ns // 10**9))))
        marks = (client_id,) if venue_id and client_id else ()
        return Call(Verb.FILLS, self._signed("GET", _FILLS, pairs, b"", wall_ns), symbol=symbol, client_ids=marks)

    def encode_balances(self, wall_ns: int) -> Call:
        return Call(Verb.BALANCES, self._signed("GET", _ACCOUNTS, [], b"", wall_ns))

    def encode_deadman(self, timeout_s: int, wall_ns: int) -> Call:
        """Every market's open orders. Repeat it three times within `timeout_s`."""
        if timeout_s and timeout_s < _SHORTEST_DEADMAN_S:
            raise Rejected(VENUE, f"a dead-man switch of {timeout_s} s is below 5", cause=Cause.REQUEST)
        return Call(Verb.DEADMAN, self._signed("POST", _DEADMAN, [], _json({"timeout": timeout_s}), wall_ns))

    def encode_time(self) -> Call:
        return Call(Verb.TIME, Request("GET", _TIME))

    def encode_rights(self, wall_ns: int) -> tuple[Call, ...]:
        return tuple(Call(Verb.RIGHTS, self._signed("GET", path, [], b"", wall_ns)) for path in gate_account.PATHS)

    def _order(self, order: Order) -> dict[str, str]:
        """The body of an order; its keys in the order of the venue's own example."""
        in_quote = spends(VENUE, order)
        written = {
            "text": wire.text_of(self._client_ids.checked(order.client_id)),
            "currency_pair": str(self._markets.native(order.symbol)),
            "type": "market" if order.type is OrderType.MARKET else "limit",
            "account": _ACCOUNT,
            "side": "buy" if order.side is Side.BUY else "sell",
            "amount": amount(VENUE, "notional" if in_quote else "quantity", order.notional if in_quote else order.qty),
        }
        if order.price is not None:
            written["price"] = amount(VENUE, "price", order.price)
        written["time_in_force"] = _TIMES_IN_FORCE[order.type]
        return written

    def _which(self, client_id: ClientId, venue_id: str) -> str:
        return venue_id or wire.text_of(self._client_ids.checked(client_id))

    def _about(
        self, verb: Verb, method: str, channel: str, symbol: Symbol, client_id: ClientId, venue_id: str,
        wall_ns: int, socket: bool,
    ) -> Call:  # fmt: skip
        """A call that names one order and says no more."""
        which, native = self._which(client_id, venue_id), self._markets.native(symbol)
        if socket:
            content = {"order_id": which, "currency_pair": native, "account": _ACCOUNT}
            call_id = _call_id(channel, client_id or venue_id)
            frame = _frame(channel, wall_ns, {"req_id": call_id, "req_param": content})
            return Call(verb, frame=frame, id=call_id, symbol=symbol, client_ids=(client_id,))
        pairs = [("currency_pair", str(native)), ("account", _ACCOUNT)]
        request = self._signed(method, f"{_ORDERS}/{which}", pairs, b"", wall_ns)
        return Call(verb, request, symbol=symbol, client_ids=(client_id,))

    def _call(
        self, verb: Verb, endpoint: tuple[str, str], channel: str, content: Any, wall_ns: int, symbol: Symbol,
        client_ids: tuple[ClientId, ...], *, socket: bool,
    ) -> Call:  # fmt: skip
        """The same content either way. What arrives too late is refused: so a lost order cannot come to life."""
        deadline = str((wall_ns + self._window_ns) // 10**6)
        if not socket:
            request = self._signed(*endpoint, [], _json(content), wall_ns, (("x-gate-exptime", deadline),))
            return Call(verb, request, symbol=symbol, client_ids=client_ids)
        call_id = _call_id(channel, client_ids[0])
        payload = {"req_id": call_id, "req_param": content, "req_header": {"x-gate-exptime": deadline}}
        return Call(verb, frame=_frame(channel, wall_ns, payload), id=call_id, symbol=symbol, client_ids=client_ids)

    def _signed(
        self, method: str, path: str, pairs: _Pairs, body: bytes, wall_ns: int,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> Request:  # fmt: skip
        """The query is signed as it is and sent percent-encoded, with the comma and such."""
        plain = "&".join(f"{name}={value}" for name, value in pairs)
        sent = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
        timestamp = str(wall_ns // 10**9)
        sign = self._signer.rest(method, _PREFIX + path, plain, body, timestamp)
        kind = (("Content-Type", "application/json"),) if body else ()
        headers = (("KEY", self._key), ("Timestamp", timestamp), ("SIGN", sign), *kind, *extra)
        return Request(method, f"{path}?{sent}" if sent else path, headers, body)

    # ------------------------------------------------------------------------------------------- the socket

    def encode_listen_key(self, action: ListenKey, wall_ns: int, key: str = "") -> None:
        """There is none: each private stream is signed for."""

    def socket_url(self, ws_url: str, listen_key: str = "") -> str:  # noqa: ARG002
        return ws_url

    def encode_login(self, wall_ns: int) -> Call:
        """Once per connection; then orders need no signature of their own."""
        timestamp = str(wall_ns // 10**9)
        signature = self._signer.api(gate_socket.LOGIN, b"", timestamp)
        payload = {"req_id": "login", "api_key": self._key, "timestamp": timestamp, "signature": signature}
        return Call(Verb.LOGIN, frame=_frame(gate_socket.LOGIN, wall_ns, payload), id="login")

    def encode_subscribe(self, wall_ns: int) -> tuple[Call, ...]:
        """One call a stream, each signed; its answer has the stream's name as id."""
        time_s = wall_ns // 10**9
        calls = []
        for channel, payload in _STREAMS.items():
            request: dict[str, Any] = {"time": time_s, "channel": channel, "event": "subscribe"}
            if payload is not None:
                request["payload"] = payload
            sign = self._signer.channel(channel, "subscribe", time_s)
            request["auth"] = {"method": "api_key", "KEY": self._key, "SIGN": sign}
            calls.append(Call(Verb.SUBSCRIBE, frame=_json(request), id=channel))
        return tuple(calls)

    def encode_ping(self, wall_ns: int) -> bytes:
        return _json({"time": wall_ns // 10**9, "channel": "spot.ping"})

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event | Answer, ...]:
        try:
            message = gate_socket.frame.decode(frame)
            if message.header is not None:
                return (self._socket_answer(message, message.header, recv_ns),)
            return self._push(message, recv_ns, conn)
        except (ValueError, RecursionError) as exc:
            raise refusal.unread(VENUE, exc, b"" if self._key.encode() in frame else frame) from exc

    def _push(self, message: gate_socket.Frame, recv_ns: int, conn: int) -> tuple[Event | Answer, ...]:
        channel, event = message.channel, message.event
        if channel == "spot.pong":
            return (Pong(VENUE, recv_ns, conn),)
        if channel == "spot.system" or event == "upgrade":
            notice = gate_messages.System("upgrade")
            if channel == "spot.system":
                notice = gate_messages.system.decode(message.result)
            closing = "upgrade" in (notice.type, event)
            return (Notice(VENUE, notice.msg or notice.type or channel, closing, recv_ns, conn),)
        if message.error is not None:
            return (Answer(id=channel, error=gate_socket.refused_channel(message.error)),)
        if event in ("subscribe", "unsubscribe"):
            return (Answer(id=channel),)
        if not channel:
            raise ValueError("neither a channel nor a header")
        if event != "update":
            return ()
        if channel in _ORDER_PUSHES:
            found = wire.items.decode(message.result)
            pushed = found if isinstance(found, list) else [found]
            return tuple(wire.update_of(o, wire.client_id_of(o.text), self._markets, recv_ns) for o in pushed)
        if channel == "spot.usertrades":
            known = ((t, self._markets.symbol(t.currency_pair)) for t in wire.trades.decode(message.result))
            return tuple(wire.fill_of(trade, ClientId(""), symbol, recv_ns) for trade, symbol in known if symbol)
        if channel == "spot.balances":
            return tuple(wire.changed_balance(change, recv_ns) for change in wire.changes.decode(message.result))
        return ()

    def _socket_answer(self, message: gate_socket.Frame, header: gate_socket.Header, recv_ns: int) -> Answer:
        """Only `ack` and the errors tell success; what cannot be read behind a known id is that call's own error."""
        rate, call_id = header.rate(), message.request_id
        if message.ack:
            return Answer(id=call_id, final=False, rate=rate)
        verb = gate_socket.VERBS.get(header.channel)
        changes = verb is None or verb.changes
        data = message.data or gate_socket.Data()
        if data.errs is not None or not 200 <= header.status < 300:
            errs = data.errs or gate_socket.Errs()
            error = gate_labels.error_of(
                errs.label, errs.message or "", header.status, changes=changes, retry_after_s=header.wait_s()
            )
            return Answer(id=call_id, error=error, rate=rate)
        try:
            if verb is Verb.LOGIN or (verb is None and b'"uid"' in bytes(data.result)):
                return Answer(id=call_id, texts=(str(gate_socket.user.decode(data.result).uid),))
            found = wire.items.decode(data.result)
            results = found if isinstance(found, list) else [found]
            events = wire.updates_of(results, verb or Verb.QUERY, self._markets, recv_ns, _marks(verb, call_id))
            if verb in (Verb.PLACE, Verb.QUERY) and not events:
                raise ValueError("no order")
        except (ValueError, RecursionError) as exc:
            return Answer(id=call_id, error=refusal.unread(VENUE, exc, b"", changes=changes), rate=rate)
        return Answer(events, id=call_id, rate=rate)

    # ------------------------------------------------------------------------------------------- REST answers

    def decode_answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        try:
            return self._answer(call, body, recv_ns)
        except (ValueError, RecursionError) as exc:
            raise refusal.unread(VENUE, exc, body, changes=call.verb.changes) from exc

    def decode_error(self, call: Call, status: int, body: bytes) -> VenueError:
        return gate_labels.decode_error(status, body, changes=call.verb.changes)

    def decode_rate(self, headers: Mapping[str, str]) -> RateHint | None:
        return gate_socket.rate_of(headers)

    def _answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        mark = call.client_ids[0] if len(call.client_ids) == 1 else ClientId("")
        if call.verb is Verb.FILLS:
            trades = wire.trades.decode(body)
            fills = tuple(wire.fill_of(trade, mark, call.symbol, recv_ns) for trade in trades)
            return Answer(fills, full=len(fills) >= _MOST_FILLS)
        if call.verb is Verb.BALANCES:
            return Answer(tuple(wire.balance_of(wallet, recv_ns) for wallet in wire.wallets.decode(body)))
        if call.verb is Verb.TIME:
            return Answer(venue_ns=gate_socket.time.decode(body).server_time * 1_000_000)
        if call.verb is Verb.RIGHTS:
            return Answer(rights=gate_account.rights(body, self._key))
        if call.verb is Verb.DEADMAN:
            gate_socket.deadman.decode(body)
            return Answer()
        if call.verb is Verb.OPEN_ORDERS and not call.symbol:
            markets = wire.open_orders.decode(body)
            found = [order for market in markets for order in market.orders]
            full = any(len(market.orders) >= _MOST_OPEN for market in markets)
            return Answer(wire.updates_of(found, call.verb, self._markets, recv_ns), full=full)
        decoded = wire.items.decode(body)
        items = decoded if isinstance(decoded, list) else [decoded]
        if call.verb is Verb.PLACE and len(items) != len(call.client_ids):
            raise ValueError(f"{len(items)} answers to {len(call.client_ids)} orders")
        marks = call.client_ids if call.verb is not Verb.OPEN_ORDERS else ()
        events = wire.updates_of(items, call.verb, self._markets, recv_ns, marks, call.symbol)
        if call.verb in (Verb.PLACE, Verb.QUERY) and not events:
            raise ValueError("no order")
        return Answer(events, full=call.verb is Verb.OPEN_ORDERS and len(items) >= _MOST_OPEN)


def _frame(channel: str, wall_ns: int, payload: dict[str, Any]) -> bytes:
    return _json({"time": wall_ns // 10**9, "channel": channel, "event": "api", "payload": payload})


def _call_id(channel: str, order: str) -> str:
    """Says what was asked and of which order, so that an answer needs no memory of the question."""
    return f"{channel.rpartition('.')[2]}-{order}"


def _marks(verb: Verb | None, call_id: str) -> tuple[ClientId, ...]:
    """The client id in the id of a call that placed; of a batch the first."""
    if verb is not Verb.PLACE or not call_id.startswith(_call_id(gate_socket.PLACE, "")):
        return ()
    return (ClientId(call_id.partition("-")[2]),)
