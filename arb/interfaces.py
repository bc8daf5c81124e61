"""The contracts. Whoever keeps them can be swapped: native, ccxt, paper, a test's fake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

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


class NativeVenue(Protocol):
    """What a module in `fastpath/` or an entry point of the group `arb.venues` holds.

    It may also hold `refine(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market`: what the venue's own
    market record `info` says beyond ccxt's unified one (see `Refine`). A venue that ccxt does not serve holds
    `metadata(rest_url: str, clock: Clock) -> Metadata` too (see `MakesMetadata`): where its static facts come from.
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
