"""The contracts. Whoever keeps them can be swapped: native, ccxt, paper, a test's fake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, ClassVar, Protocol

import msgspec

from arb.domain import (
    BookSnapshot,
    ClientId,
    Coin,
    CoinNetwork,
    Depth,
    Event,
    FeeCoin,
    FeeSchedule,
    Intent,
    Market,
    NativeSymbol,
    Opportunity,
    Order,
    Seed,
    Symbol,
    Trust,
    VenueId,
)
from arb.errors import VenueError


class Clock(Protocol):
    def mono_ns(self) -> int: ...

    def wall_ns(self) -> int: ...


class Sink(Protocol):
    """Where a venue's events go. Called synchronously from the socket's callback."""

    def on_event(self, event: Event) -> None: ...

    def on_idle(self, recv_ns: int) -> None:
        """The socket read is over: decide once on everything that changed since the last call.

        recv_ns: when the first frame of that read arrived.
        """


class Tap(Protocol):
    """Sees everything raw, before it is decoded: the tape."""

    def opened(self, venue: VenueId, conn: int, url: str, recv_ns: int) -> None: ...

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None: ...

    def sent(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None: ...

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None: ...

    def reply(self, venue: VenueId, symbol: Symbol, url: str, data: bytes, recv_ns: int) -> None:
        """A REST answer that seeds the book of `symbol`."""

    def closed(self, venue: VenueId, conn: int, symbols: Sequence[Symbol], reason: str, recv_ns: int) -> None: ...

    def event(self, event: Event, recv_ns: int) -> None:
        """Something that no frame says: a path without frames, or our own conclusion."""


class SyncRule(msgspec.Struct, frozen=True):
    """How a stream proves that nothing is missing.

    overlap: a delta may begin at or before the next id (Gate); else it must begin exactly there (MEXC) except for
    the one that straddles the seed or a change of connection.
    window: levels a side the stream maintains; 0: all. A first delta that is a whole window without deletes is no
    delta: with `dump_guard` it is never applied, and the seed must be at least as new.
    """

    seed: Seed
    overlap: bool = False
    dump_guard: bool = False
    window: int = 0


class Feed(msgspec.Struct, frozen=True):
    """One way to get books of a venue.

    name: words that its subscription frame contains, joined by "@" ("aggre.depth@10ms"): the user's word for it too.
    levels: per side.   interval_ms: the cadence the venue promises.
    """

    name: str
    depth: Depth
    levels: int
    interval_ms: int
    rule: SyncRule
    trust: Trust


class VenueSpec(msgspec.Struct, frozen=True):
    """Facts about a venue that its codec's caller needs.

    ping_s: send an application ping after so much silence.   dead_s: no byte for so long: the socket is dead.
    max_topics: per connection.   max_frame: bytes of one client frame (0: no limit).
    life_s: rotate a socket before it is so old (0: never).
    message_hz: client frames a second.   snapshot_hz: REST seeds a second that the venue's weights allow us.
    ccxt_id: what ccxt calls it.   aliases: other names for the same venue.
    feeds: by preference within one depth.
    """

    name: str
    rest_url: str
    ws_url: str
    feeds: tuple[Feed, ...]
    ccxt_id: str
    aliases: tuple[str, ...] = ()
    ping_s: float = 10.0
    dead_s: float = 30.0
    max_topics: int = 100
    max_frame: int = 0
    life_s: float = 0.0
    message_hz: float = 50.0
    snapshot_hz: float = 5.0
    buy_fee_coin: FeeCoin = FeeCoin.QUOTE
    sell_fee_coin: FeeCoin = FeeCoin.QUOTE


class Request(msgspec.Struct, frozen=True):
    """An HTTP request as a value. path: appended to the venue's REST base; query included."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        """Neither headers nor query: they may hold a key, a signature, a listen key."""
        return f"Request({self.method} {self.path.partition('?')[0]})"


class Codec(Protocol):
    """Bytes <-> events of one venue. Owns no socket and no clock.

    Made with the symbol table `natives`: the venue's name -> ours. Raises only `VenueError`s.
    """

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None: ...

    def encode_subscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]: ...

    def encode_unsubscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]: ...

    def encode_ping(self, wall_ns: int) -> bytes: ...

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event, ...]: ...

    def encode_snapshot(self, symbol: Symbol, levels: int) -> Request:
        """The REST call that seeds or audits a book. levels: 0 asks for as many as serve a full book."""

    def decode_snapshot(self, symbol: Symbol, body: bytes, recv_ns: int) -> BookSnapshot: ...

    def snapshot_symbol(self, url: str) -> Symbol | None:
        """Whose book a recorded REST answer from `url` is; None if it is no book."""

    def decode_error(self, status: int, body: bytes) -> Exception:
        """A refused HTTP answer as one of our errors."""


class Verb(IntEnum):
    """What a private call asks for."""

    PLACE = 1
    AMEND = 2
    CANCEL = 3
    QUERY = 4
    OPEN_ORDERS = 5
    FILLS = 6
    BALANCES = 7
    LISTEN_KEY = 8
    LOGIN = 9
    SUBSCRIBE = 10
    DEADMAN = 11
    TIME = 12

    @property
    def changes(self) -> bool:
        """An order may be different afterwards, also where no answer came: only then an outcome can be unknown."""
        return self in (Verb.PLACE, Verb.AMEND, Verb.CANCEL)


class ListenKey(IntEnum):
    """What can be done with the key that opens a private socket, where a venue has one."""

    MAKE = 1
    KEEP = 2
    CLOSE = 3
    LIST = 4


class Call(msgspec.Struct, frozen=True):
    """A private request as a value, and what its answer will be about.

    request: over HTTP; None: `frame`, over the private socket, whose answers repeat `id`.
    client_ids: the orders it is about, more than one for a batch.
    """

    verb: Verb
    request: Request | None = None
    frame: bytes = b""
    id: str = ""
    symbol: Symbol = Symbol("")
    client_ids: tuple[ClientId, ...] = ()

    def __repr__(self) -> str:
        """Not the frame: it may hold a key and a signature."""
        how = repr(self.request) if self.request is not None else f"frame {self.id}"
        return f"Call({self.verb.name}, {how}, {self.symbol}, {', '.join(self.client_ids)})"


class RateHint(msgspec.Struct, frozen=True):
    """What a venue says of the budget a call was counted in. reset_ns: when it is whole again, wall time."""

    remain: int
    limit: int
    reset_ns: int


class Answer(msgspec.Struct, frozen=True):
    """What a venue answered to a call.

    final: False: received, another answer will follow.   id: of the call, where the answer came over the socket.
    error: only where the answer came over the socket; over HTTP it is raised.
    texts: listen keys, or the account's id for a login.   venue_ns: its clock, for TIME.
    full: as many records as it gives at once: there may be more.
    """

    events: tuple[Event, ...] = ()
    id: str = ""
    final: bool = True
    error: VenueError | None = None
    texts: tuple[str, ...] = ()
    venue_ns: int = 0
    full: bool = False
    rate: RateHint | None = None

    def __repr__(self) -> str:
        """Not the texts: a listen key opens the account's stream."""
        said = f", error={self.error!r}" if self.error is not None else ""
        return f"Answer({self.id!r}, {len(self.events)} events, final={self.final}{said})"


class PrivateSpec(msgspec.Struct, frozen=True):
    """Facts about a venue's private side that its codec's caller needs.

    client_id: what a client id must match, whole.   batch: most orders in one call.
    socket_orders: orders may go over the private socket.   streams: one call to subscribe each.
    keep_key_s: renew the listen key so often (0: there is none).
    settle_s: an order that the venue does not know may still appear for so long after it was sent.
    forget_s: so long after its end an unfilled order may be unknown again (0: never): "not found" proves no more.
    """

    client_id: str
    batch: int
    socket_orders: bool
    streams: int
    keep_key_s: float
    settle_s: float
    forget_s: float


class PrivateCodec(Protocol):
    """Bytes <-> orders, fills and balances of one venue. Owns no socket and no clock, and shows its secret to nobody.

    natives: the venue's name -> ours.   window_ms: a request that arrives so long after `wall_ns` is refused.
    `wall_ns` is the venue's time as well as we know it. `socket=True` asks for a frame instead of a request, where
    `spec.socket_orders` allows. An optional Call is None where the venue has no such thing.
    The encoders raise Rejected for what no venue would take. Orders of a verb that changes something follow one rule:
    a documented refusal is Rejected, AuthFailed or Transient (nothing happened); a timeout, a 5xx, an unreadable
    answer and a code that nobody documents are OutcomeUnknown.
    """

    spec: ClassVar[PrivateSpec]

    def __init__(
        self, natives: Mapping[NativeSymbol, Symbol], key: str, secret: str, *, window_ms: int = 5_000
    ) -> None: ...

    def encode_order(self, order: Order, wall_ns: int, *, socket: bool = False) -> Call: ...

    def encode_orders(self, orders: Sequence[Order], wall_ns: int, *, socket: bool = False) -> Call:
        """A batch: some may be refused while others are accepted."""

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
    ) -> Call | None:
        """Another price or another whole quantity for a resting order."""

    def encode_cancel(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        """By the venue's id where it is known, else by ours."""

    def encode_query(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call: ...

    def encode_open_orders(self, wall_ns: int, *, symbol: Symbol | None = None, page: int = 1) -> Call: ...

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
        """The fills of one order (venue_id, and client_id to mark them with), or of a market since a time."""

    def encode_balances(self, wall_ns: int) -> Call: ...

    def encode_deadman(self, timeout_s: int, wall_ns: int) -> Call | None:
        """The venue cancels what rests unless this is repeated within `timeout_s`; 0 calls it off."""

    def encode_time(self) -> Call: ...

    def encode_listen_key(self, action: ListenKey, wall_ns: int, key: str = "") -> Call | None: ...

    def socket_url(self, ws_url: str, listen_key: str = "") -> str: ...

    def encode_login(self, wall_ns: int) -> Call | None: ...

    def encode_subscribe(self, wall_ns: int) -> tuple[Call, ...]:
        """Orders, fills and balances of every market."""

    def encode_ping(self, wall_ns: int) -> bytes: ...

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event | Answer, ...]:
        """A frame of the private socket. Raises ProtocolError."""

    def decode_answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        """The body of a 2xx answer. Raises VenueError where it is a refusal all the same, or unreadable."""

    def decode_error(self, call: Call, status: int, body: bytes) -> VenueError:
        """Any other answer as one of our errors."""


class NativeVenue(Protocol):
    """What a module in `fastpath/` or an entry point of the group `arb.venues` holds.

    It may also hold `refine(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market`: what the venue's own
    market record `info` says beyond ccxt's unified one (see `Refine`); `PrivateCodec`, the class that keeps that
    contract, without which the venue's native path reads markets only; and, where ccxt does not serve the venue,
    `metadata(rest_url: str, clock: Clock) -> Metadata` (see `MakesMetadata`): where its static facts come from.
    """

    SPEC: VenueSpec
    Codec: type[Codec]


class Refine(Protocol):
    def __call__(self, market: Market, info: Mapping[str, Any], wall_ns: int) -> Market: ...


class MarketData(Protocol):
    """The public side of a venue: no keys, books and quotes."""

    venue: VenueId
    feed: Feed

    @property
    def counters(self) -> Mapping[str, int]:
        """What its I/O counted since the start: "frames", "losses", "refused", "decode_errors" and more."""

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        """Until cancelled: Connected, Subscribed, book events, Disconnected. Raises only what retrying cannot mend."""

    def resync(self, symbol: Symbol) -> None:
        """Ask the venue for this book afresh. Neither waits nor raises; the answer is a BookSnapshot in the stream."""

    async def fetch_book(self, symbol: Symbol, levels: int) -> BookSnapshot:
        """The venue's REST book, for the audit. Raises VenueError."""


class Statics(msgspec.Struct, frozen=True):
    """All that is static about one venue."""

    markets: tuple[Market, ...] = ()
    fees: tuple[FeeSchedule, ...] = ()
    networks: tuple[CoinNetwork, ...] = ()


class Metadata(Protocol):
    """Where the static facts come from."""

    source: str

    async def load(self) -> Statics:
        """Every spot market of the venue, its fees and what is known of its networks. Raises VenueError."""

    async def account_fees(self, symbols: Sequence[Symbol]) -> tuple[FeeSchedule, ...]:
        """What the key in use pays for these symbols; empty without a key or where `load` has told it already."""


class MakesMetadata(Protocol):
    def __call__(self, rest_url: str, clock: Clock) -> Metadata: ...


class Trading(Protocol):
    """The private side: keys, orders, balances. Answers are events on the sink."""

    venue: VenueId

    async def run(self, sink: Sink) -> None:
        """Until cancelled: OrderUpdate, Fill, Balance, Connected, Disconnected."""

    def submit(self, order: Order) -> None:
        """Sent once. Neither waits nor raises; the answer is an OrderUpdate."""

    def cancel(self, client_id: ClientId) -> None: ...

    def query(self, client_id: ClientId) -> None:
        """Ask the venue what became of an order; the answer is an OrderUpdate and its Fills."""

    async def balances(self) -> Mapping[Coin, tuple[Decimal, Decimal]]:
        """Free and locked by coin, from a fresh read. Raises VenueError."""


class VenueFactory(Protocol):
    """Abstract factory: for one venue, the family that belongs together."""

    venue: VenueId
    native: bool

    def feed(self, depth: Depth) -> Feed: ...

    def metadata(self) -> Metadata: ...

    def market_data(self, markets: Sequence[Market], depth: Depth, tap: Tap | None = None) -> MarketData:
        """The public side for these markets. tap: sees every raw frame, where the path has frames."""

    def trading(self, markets: Sequence[Market]) -> Trading: ...

    async def close(self) -> None:
        """Give back sockets and sessions; safe to call twice."""


class Strategy(Protocol):
    """A plug-in: sees opportunities, answers with intents."""

    name: str

    def on_opportunity(self, opportunity: Opportunity) -> Iterable[Intent]: ...


class Observer(Protocol):
    """Watches and cannot hurt: one that raises is logged once and dropped."""

    def on_fact(self, fact: object) -> None: ...
