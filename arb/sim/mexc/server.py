"""MEXC's spot exchange, without its sockets."""

from __future__ import annotations

from arb.sim.conn import Conn
from arb.sim.market import VenueTraits
from arb.sim.matching import Engine
from arb.sim.mexc import twisting
from arb.sim.mexc.replies import fail
from arb.sim.mexc.rest import Rest
from arb.sim.mexc.signing import EXPIRED, parameters
from arb.sim.mexc.socket import Dialogue
from arb.sim.mexc.streams import TRADE_IDS, native
from arb.sim.mexc.userstream import UserStream
from arb.sim.venue import Reply, Request, SimVenue, World

TRAITS = VenueTraits(
    name="mexc",
    taker=0.0005,
    maker=0.0,
    extra_price_decimals=1,
    extra_qty_decimals=1,
    min_notional=1.0,
    quirks=("no_api", "special_treatment", "paused"),
    first_version=82_164_155_643,
)

_TWISTS = {
    "unknown_fields": twisting.with_unknown_fields,
    "new_enum": twisting.with_new_words,
    "renamed_channel": twisting.renamed,
}


class Venue(SimVenue):
    """wss://wbs-api.mexc.com/ws and https://api.mexc.com, spot v3."""

    name = TRAITS.name
    ws_path = "/ws"
    rest_base = ""
    binary = True
    shut = "paused"
    # seconds: a socket's life; without a valid subscription; subscribed but silent in both directions
    # life of a listen key
    TIMERS = {"life_s": 86_400.0, "unsubscribed_s": 30.0, "idle_s": 60.0, "listen_key_s": 3600.0}  # noqa: RUF012

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.by_native = {native(b): b for b in self.books.values()}
        self.users = UserStream(self)
        self.engine = Engine(
            self.name,
            self.ledger,
            self.users,
            quote_fees=True,
            ids=self._order_id,
            trade_id=lambda number, maker: f"{TRADE_IDS + 2 * number + maker}X1",
            wall_ns=self.world.clock.wall_ns,
            market_ns=lambda: self.market.now_ns,
            kills=False,
            injector=world.injector,
        )
        self._rest = Rest(self)
        self._dialogue = Dialogue(self)

    @staticmethod
    def make_key(digest: str) -> tuple[str, str]:
        return f"mx0vgl{digest[:12]}", digest[32:64]

    def _order_id(self) -> str:
        """Opaque text: no number."""
        return f"C02__{600_000_000_000_000_000 + self.engine.accepted}{self.rng.randrange(1000):03d}"

    def opened(self, conn: Conn) -> None:
        super().opened(conn)
        self.users.opened(conn)

    def signed(self, request: Request) -> bool:
        return "x-mexc-apikey" in request.headers

    def expired(self) -> Reply:
        return EXPIRED

    def end_keys(self) -> None:
        self.users.expire()

    def rest(self, request: Request) -> Reply:
        return self._rest(request)

    def text(self, conn: Conn, data: str) -> None:
        self._dialogue.text(conn, data)

    def too_many(self, retry_after_s: int) -> Reply:
        return fail(429, "Too Many Requests", 429, {"Retry-After": str(retry_after_s)})

    def banned(self, retry_after_s: int) -> Reply:
        return fail(418, "Your IP has been blocked", 418, {"Retry-After": str(retry_after_s)})

    def maintained(self) -> Reply:
        return fail(604, "The system is under maintenance")

    def twisted(self, kind: str, payload: bytes, binary: bool) -> bytes:
        return _TWISTS[kind](payload) if binary else super().twisted(kind, payload, binary)

    def broken(self, status: int) -> Reply:
        return fail(status, {500: "Internal error", 504: "Gateway Time-out"}.get(status, "Service Unavailable"), status)

    def symbol_of(self, request: Request) -> str:
        book = self.by_native.get(parameters(request).get("symbol", ""))
        return book.listing.symbol if book is not None else ""

    def watch(self, conn: Conn, now_ns: int) -> None:
        timers = self.timers
        self.users.watch(conn)
        if conn.topics:
            conn.marks["subscribed_ns"] = now_ns
        unsubscribed_ns = now_ns - conn.marks.get("subscribed_ns", conn.opened_ns)
        silent_ns = now_ns - max(conn.heard_ns, conn.said_ns)
        if (
            now_ns - conn.opened_ns >= timers["life_s"] * 1e9
            or unsubscribed_ns >= timers["unsubscribed_s"] * 1e9
            or silent_ns >= timers["idle_s"] * 1e9
            or now_ns >= conn.marks.get("close_ns", 1 << 62)
        ):
            conn.close(1000)
