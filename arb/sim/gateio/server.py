"""Gate's spot exchange, without its sockets."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import msgspec

from arb.sim.conn import PING, Conn
from arb.sim.gateio.orders import Orders
from arb.sim.gateio.private import Private
from arb.sim.gateio.replies import fail
from arb.sim.gateio.rest import Rest
from arb.sim.gateio.signing import EXPIRED
from arb.sim.gateio.socket import Dialogue
from arb.sim.gateio.streams import native
from arb.sim.gateio.userstream import UserStream
from arb.sim.gateio.wsapi import Api
from arb.sim.market import VenueTraits
from arb.sim.matching import Engine
from arb.sim.venue import Reply, Request, SimVenue, World

TRAITS = VenueTraits(
    name="gateio",
    taker=0.002,
    maker=0.002,
    extra_price_decimals=0,
    extra_qty_decimals=0,
    min_notional=3.0,
    quirks=("untradable", "sell_only", "premarket", "delisting"),
    first_version=27_053_258_981,
)
_PAIR = re.compile(rb'"currency_pair"\s*:\s*"([^"]*)"')
_UPGRADE = "The connection will soon be closed for a service upgrade. Please reconnect."


class Venue(SimVenue):
    """wss://api.gateio.ws/ws/v4/ and https://api.gateio.ws/api/v4, spot."""

    name = TRAITS.name
    ws_path = "/ws/v4/"
    rest_base = "/api/v4"
    binary = False
    shut = "untradable"
    taker = TRAITS.taker
    # seconds: silence in both directions; between our pings; for the pong to come
    # an ended order is found by its text; one that ended without a fill is found at all
    TIMERS = {  # noqa: RUF012
        "idle_s": 60.0,
        "ping_s": 15.0,
        "pong_s": 30.0,
        "text_s": 3600.0,
        "unfilled_s": 60.0,
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.by_native = {native(b): b for b in self.books.values()}
        self.users = UserStream(self)
        self.engine = Engine(
            self.name,
            self.ledger,
            self.users,
            quote_fees=False,
            ids=lambda: str(1_036_717_689_726 + 13 * self.engine.accepted),
            trade_id=lambda number, _: str(number),
            wall_ns=self.world.clock.wall_ns,
            market_ns=lambda: self.market.now_ns,
            kills=True,
            injector=world.injector,
        )
        self.orders = Orders(self)
        self.desk = Private(self)
        self._rest = Rest(self)
        self._dialogue = Dialogue(self, Api(self))

    def rest(self, request: Request) -> Reply:
        return self._rest(request)

    def opened(self, conn: Conn) -> None:
        super().opened(conn)
        conn.marks["conn_id"] = self.rng.getrandbits(64)

    def text(self, conn: Conn, data: str) -> None:
        self._dialogue.text(conn, data)

    def too_many(self, retry_after_s: int) -> Reply:
        reply = fail(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")
        return reply._replace(headers={**reply.headers, "Retry-After": str(retry_after_s)})

    def banned(self, retry_after_s: int) -> Reply:
        reply = fail(418, "TOO_MANY_REQUESTS", "Your IP is blocked for a while")
        return reply._replace(headers={**reply.headers, "Retry-After": str(retry_after_s)})

    def maintained(self) -> Reply:
        return fail(503, "TOO_BUSY", "The system is under maintenance")

    def broken(self, status: int) -> Reply:
        if status == 500:
            return fail(500, "SERVER_ERROR", "Internal server error")
        page = b"<html><head><title>Bad Gateway</title></head><body><center>nginx</center></body></html>"
        return Reply(status, page, {"Content-Type": "text/html"})

    def signed(self, request: Request) -> bool:
        return "sign" in request.headers

    def expired(self) -> Reply:
        return fail(*EXPIRED.args)

    def publish(self, at_ns: int) -> None:
        self.desk.watch()
        super().publish(at_ns)

    def symbol_of(self, request: Request) -> str:
        pair = dict(parse_qsl(request.query)).get("currency_pair") or request.path.rpartition("/")[2]
        if request.body and pair not in self.by_native:
            found = _PAIR.search(request.body)
            pair = found[1].decode() if found is not None else ""
        book = self.by_native.get(pair)
        return book.listing.symbol if book is not None else ""

    def notice(self, conn: Conn) -> None:
        wall_ms = self.wall_ms(self.market.now_ns)
        frame = {
            "time": wall_ms // 1000,
            "time_ms": wall_ms,
            "channel": "spot.system",
            "event": "update",
            "result": {"type": "upgrade", "msg": _UPGRADE},
        }
        conn.reply(msgspec.json.encode(frame), self.market.now_ns)

    def watch(self, conn: Conn, now_ns: int) -> None:
        timers, marks = self.timers, conn.marks
        pinged_ns = marks.get("pinged_ns", conn.opened_ns)
        unanswered = pinged_ns > conn.opened_ns and marks.get("ponged_ns", conn.opened_ns) < pinged_ns
        if (
            now_ns - max(conn.heard_ns, conn.said_ns) > timers["idle_s"] * 1e9
            or (unanswered and now_ns - pinged_ns > timers["pong_s"] * 1e9)
            or now_ns >= marks.get("close_ns", 1 << 62)
        ):
            conn.close(1001)
        elif not unanswered and now_ns - pinged_ns >= timers["ping_s"] * 1e9:
            marks["pinged_ns"] = now_ns
            conn.control(PING)
