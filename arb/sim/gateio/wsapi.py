"""Gate's orders over the socket: login, two answers to a new order, one to everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from arb.sim.conn import Conn
from arb.sim.gateio.orders import Params, word
from arb.sim.gateio.replies import Refused
from arb.sim.gateio.signing import EXPIRED, check_call, check_expiry
from arb.sim.gateio.words import USER, by_mode, result
from arb.sim.venue import MS

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue
    from arb.sim.plan import RestFault

_TEXT = "apiv4-ws"


class Payload(msgspec.Struct):
    """Of a request with event "api"."""

    req_id: str = ""
    req_param: msgspec.Raw = msgspec.Raw(b"")
    req_header: Mapping[str, str] | None = None
    api_key: str = ""
    timestamp: str = ""
    signature: str = ""


_decoder = msgspec.json.Decoder(Payload)


class Api:
    """Answers calls on one venue's sockets."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        orders = venue.orders
        self._calls: dict[str, Callable[[Params], object]] = {
            "spot.order_cancel": lambda p: result(orders.cancel(word(p, "order_id"), word(p, "currency_pair"))),
            "spot.order_cancel_cp": lambda p: [
                result(o) for o in orders.cancel_pair(word(p, "currency_pair"), word(p, "side"))
            ],
            "spot.order_amend": lambda p: result(orders.amend(word(p, "order_id"), p)),
            "spot.order_status": lambda p: result(orders.find(word(p, "order_id"), word(p, "currency_pair"))),
            "spot.order_list": lambda p: [result(o) for o in orders.page(p)],
        }

    def call(self, conn: Conn, channel: str, raw: bytes) -> None:
        venue = self._venue
        in_us = venue.world.clock.wall_ns() // 1000
        try:
            payload = _decoder.decode(raw)
        except msgspec.MsgspecError:
            self._fail(conn, channel, "", in_us, Refused(400, "INVALID_REQUEST_BODY", "Invalid request body"))
            return
        injector = venue.world.injector
        fault = injector.rest(venue.name, self._symbol(payload), channel) if injector is not None else None
        if fault is not None and not fault.after:
            self._failing(conn, channel, payload, in_us, fault)
            return
        self._answer(conn, channel, payload, in_us, fault)

    def _failing(self, conn: Conn, channel: str, payload: Payload, in_us: int, fault: RestFault) -> None:
        """A request that meets a fault before it does anything."""
        match fault.kind:
            case "slow_rest":
                self._venue.later(fault.delay_ms, lambda: self._answer(conn, channel, payload, in_us, None))
            case "rate_limit":
                refused = Refused(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")
                self._fail(conn, channel, payload.req_id, in_us, refused)
            case "expired":
                self._fail(conn, channel, payload.req_id, in_us, EXPIRED)
            case "ban":
                refused = Refused(418, "TOO_MANY_REQUESTS", "Your IP is blocked for a while")
                self._fail(conn, channel, payload.req_id, in_us, refused)
            case "maintenance":
                refused = Refused(503, "TOO_BUSY", "The system is under maintenance")
                self._fail(conn, channel, payload.req_id, in_us, refused)
            case "lost_request":
                conn.abort()
            case _:
                refused = Refused(fault.status, "SERVER_ERROR", "Internal server error")
                self._fail(conn, channel, payload.req_id, in_us, refused)

    def _answer(self, conn: Conn, channel: str, payload: Payload, in_us: int, fault: RestFault | None) -> None:
        """Act, then answer as the fault has it."""
        late: list[bytes] = []
        try:
            self._act(conn, channel, payload, in_us, late)
        except Refused as exc:
            late.append(self._refusal(conn, channel, payload.req_id, in_us, exc))
        finally:
            self._venue.private.flush()
        if fault is None:
            self._say(conn, late)
        elif fault.kind == "late_answer":
            self._venue.later(fault.delay_ms, lambda: self._say(conn, late))
        elif fault.kind == "error_after":
            self._fail(conn, channel, payload.req_id, in_us, Refused(fault.status, "INTERNAL", "Internal server error"))

    def _say(self, conn: Conn, frames: list[bytes]) -> None:
        for frame in frames:
            conn.reply(frame, self._venue.now_ns)
        conn.flush(self._venue.world.settings.slow_reader_bytes)

    def _act(self, conn: Conn, channel: str, payload: Payload, in_us: int, out: list[bytes]) -> None:
        """Everything that a call does; answers go to `out`. Raises Refused."""
        venue, raw = self._venue, bytes(payload.req_param)
        if channel == "spot.login":
            check_call(venue, channel, raw, payload.api_key, payload.timestamp, payload.signature)
            conn.marks["login"] = 1
            out.append(self._done(conn, channel, payload, in_us, {"api_key": payload.api_key, "uid": str(USER)}))
            return
        if not conn.marks.get("login"):
            if not payload.signature:
                raise Refused(400, "AUTHENTICATION_FAILED", "Not login")
            check_call(venue, channel, raw, payload.api_key, payload.timestamp, payload.signature)
        expires = {name.lower(): value for name, value in (payload.req_header or {}).items()}.get("x-gate-exptime")
        if expires is not None:
            check_expiry(venue, expires)
        if channel == "spot.order_place":
            self._place(conn, payload, in_us, out)
        elif channel == "spot.order_cancel_ids":
            items = venue.orders.cancel_many(_listed(raw))
            short = [{k: v for k, v in i.items() if k not in ("text", "account") and v != ""} for i in items]
            out.append(self._done(conn, channel, payload, in_us, short))
        elif channel in self._calls:
            out.append(self._done(conn, channel, payload, in_us, self._calls[channel](_named(raw))))
        else:
            raise Refused(400, "INVALID_ARGUMENT", f"unknown channel: {channel}")

    def _place(self, conn: Conn, payload: Payload, in_us: int, out: list[bytes]) -> None:
        """The acknowledgement goes out first; refusals of the gateway come alone, those of the engine after it."""
        channel, raw = "spot.order_place", bytes(payload.req_param)
        orders = self._venue.orders
        many = raw.lstrip()[:1] == b"["
        params = _listed(raw) if many else [_named(raw)]
        pair = word(params[0], "currency_pair") if params else ""
        if orders.left(pair).remain == 0:
            orders.spend(pair)
        made: object
        refused = None
        try:
            if many:
                made = orders.place_many(params, _TEXT)
            else:
                made = by_mode(orders.place(params[0], _TEXT), word(params[0], "action_mode") or "RESULT")
        except Refused as exc:
            refused = exc
        echo = {
            "req_id": payload.req_id,
            "req_header": payload.req_header,
            "req_param": payload.req_param,
            "api_key": "",
            "timestamp": "",
            "signature": "",
        }
        out.append(self._done(conn, channel, payload, in_us, echo, ack=True, pair=pair))
        if refused is not None:
            out.append(self._refusal(conn, channel, payload.req_id, in_us, refused, pair))
        else:
            out.append(self._done(conn, channel, payload, in_us, made, pair=pair))

    def _symbol(self, payload: Payload) -> str:
        """For faults: of the first order; "" if it cannot be told."""
        raw = bytes(payload.req_param)
        try:
            params = (_listed(raw) or [{}])[0] if raw.lstrip()[:1] == b"[" else _named(raw)
        except Refused:
            return ""
        book = self._venue.by_native.get(word(params, "currency_pair"))
        return book.listing.symbol if book is not None else ""

    # -- answers --------------------------------------------------------------------------------------------------

    def _done(
        self,
        conn: Conn,
        channel: str,
        payload: Payload,
        in_us: int,
        value: object,
        *,
        ack: bool = False,
        pair: str | None = None,
    ) -> bytes:
        answer: dict[str, object] = {"request_id": payload.req_id}
        if ack:
            answer["ack"] = True
        answer["header"] = self._header(conn, channel, 200, in_us, pair)
        answer["data"] = {"result": value}
        return msgspec.json.encode(answer)

    def _refusal(
        self, conn: Conn, channel: str, req_id: str, in_us: int, refused: Refused, pair: str | None = None
    ) -> bytes:
        header = self._header(conn, channel, refused.status, in_us, pair)
        if refused.status == 429:
            reset_ms = self._venue.orders.left(pair or "").reset_ms
            header |= {"x_gate_ratelimit_limit": 10, "x_gate_ratelimit_reset_timestamp": reset_ms}
        return msgspec.json.encode({"request_id": req_id, "header": header, "data": {"errs": refused.errs}})

    def _fail(self, conn: Conn, channel: str, req_id: str, in_us: int, refused: Refused) -> None:
        self._say(conn, [self._refusal(conn, channel, req_id, in_us, refused)])

    def _header(self, conn: Conn, channel: str, status: int, in_us: int, pair: str | None) -> dict[str, object]:
        """pair: of the budget that is told, which only placing does; what is 0 there is left out."""
        wall_ns = self._venue.world.clock.wall_ns()
        header: dict[str, object] = {
            "response_time": str(wall_ns // MS),
            "status": str(status),
            "channel": channel,
            "event": "api",
            "client_id": f"127.0.0.1-0x{conn.number:x}",
            "x_in_time": in_us,
            "x_out_time": wall_ns // 1000,
            "conn_id": f"{conn.marks['conn_id']:016x}",
            "conn_trace_id": f"{conn.marks['conn_id']:032x}",
            "trace_id": f"{self._venue.rng.getrandbits(128):032x}",
        }
        if pair is not None:
            left = self._venue.orders.left(pair)
            if left.remain:
                header["x_gate_ratelimit_requests_remain"] = left.remain
            header |= {"x_gate_ratelimit_limit": left.limit, "x_gat_ratelimit_reset_timestamp": left.reset_ms}
        return header


def _named(raw: bytes) -> Params:
    try:
        return msgspec.json.decode(raw or b"{}", type=dict[str, object])
    except msgspec.MsgspecError as exc:
        raise Refused(400, "INVALID_REQUEST_BODY", "Invalid request body") from exc


def _listed(raw: bytes) -> list[Params]:
    try:
        return list(msgspec.json.decode(raw, type=list[dict[str, object]]))
    except msgspec.MsgspecError as exc:
        raise Refused(400, "INVALID_REQUEST_BODY", "Invalid request body") from exc
