"""What a native venue brings: facts about its public wire, and a codec that reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from arb.domain import BookSnapshot, Depth, Event, FeeCoin, Market, NativeSymbol, Seed, Symbol, Trust


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
    message_hz: client frames a second.   snapshot_hz: REST seeds a second that the venue's weights allow us;
    snapshot_burst: so many at once on top of that, after some calm (0: half a second's worth).
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
    snapshot_burst: float = 0.0
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


class Refine(Protocol):
    def __call__(self, market: Market, info: Mapping[str, Any], wall_ns: int) -> Market: ...


class NativeVenue(Protocol):
    """What a module in `fastpath/` or an entry point of the group `arb.venues` holds.

    It may also hold `refine(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market`: what the venue's own
    market record `info` says beyond ccxt's unified one (see `Refine`); `PrivateCodec`, the class that keeps that
    contract, without which the venue's native path reads markets only; and, where ccxt does not serve the venue,
    `metadata(rest_url: str, clock: Clock) -> Metadata` (see `MakesMetadata`): where its static facts come from.
    """

    SPEC: VenueSpec
    Codec: type[Codec]
