"""The sides of a venue, and the factory that makes those that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from arb.domain import (
    BalancesRead,
    BookSnapshot,
    ClientId,
    CoinNetwork,
    Depth,
    FeeSchedule,
    Fill,
    Market,
    Order,
    OrderUpdate,
    Symbol,
    VenueId,
)
from arb.interfaces.basics import Clock, Sink, Tap
from arb.interfaces.wire import Feed


class MarketData(Protocol):
    """The public side of a venue: no keys, books and quotes."""

    venue: VenueId

    @property
    def feed(self) -> Feed: ...

    @property
    def counters(self) -> Mapping[str, int]:
        """What its I/O counted since the start: "frames", "losses", "refused", "decode_errors" and more."""

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        """Until cancelled: Connected, Subscribed, book events, Disconnected. Raises only what retrying cannot mend."""

    def resync(self, symbol: Symbol) -> None:
        """Ask the venue for this book afresh. Neither waits nor raises; the answer is a BookSnapshot in the stream."""

    def restart(self, why: str) -> None:
        """Give up every connection and make it anew: what is on its way is not to be believed.

        The Disconnected of each is told before this returns, and nothing that came over it is told after that.
        """

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


class Lane(IntEnum):
    """Who goes first where a venue's budget is short; the smaller the sooner."""

    CANCEL = 1
    HEDGE = 2  # whatever makes an open position smaller
    ORDER = 3
    RECONCILE = 4  # what became of it
    DATA = 5


class Trading(Protocol):
    """The private side: keys, orders, balances. Answers are events on the sink.

    settle_ns: an order that the venue does not know may still appear for so long after it was sent.
    forget_ns: so long after its end the venue may not know an unfilled order any more (0: it never forgets).
    """

    venue: VenueId
    settle_ns: int
    forget_ns: int

    @property
    def counters(self) -> Mapping[str, int]:
        """What its I/O counted: "orders", "cancels", "queries", "refused", "unknown", "rest_reused" and more."""

    async def run(self, sink: Sink) -> None:
        """Until cancelled: PrivateUp, then BalancesRead; OrderUpdate, Fill, Balance, NotFound; PrivateDown at a loss.

        A loss is mended here, with backoff. Raises only what retrying cannot mend. On the way out everything that
        was submitted and is not answered is told as UNKNOWN.
        """

    def refusal(self, orders: int, lane: Lane) -> str:
        """Why so many orders would not leave at once: private side down, clock, budget, breaker. Empty: they would."""

    def clock_error_ns(self) -> int | None:
        """How far our idea of the venue's time may be wrong at most; None: not measured (yet)."""

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        """Sent once, in this loop turn. Neither waits nor raises; the answer is an OrderUpdate, UNKNOWN at worst."""

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        """Neither waits nor raises. That it was refused or got lost is told by nothing: ask."""

    def query(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        """Ask what became of an order: its OrderUpdate and then its Fills, or NotFound; nothing where asking failed."""

    async def balances(self) -> BalancesRead:
        """All of the account, read now. Raises VenueError."""

    async def open_orders(self, symbol: Symbol | None = None) -> tuple[OrderUpdate, ...]:
        """What rests now, of everybody who uses the account (client_id "" where it is not ours). Raises VenueError."""

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        """The account's fills in one market since a wall time (0 for `until_ns`: till now). Raises VenueError."""


class VenueFactory(Protocol):
    """Abstract factory: for one venue, the family that belongs together."""

    venue: VenueId
    native: bool

    def feed(self, depth: Depth) -> Feed: ...

    def metadata(self) -> Metadata: ...

    def market_data(self, markets: Sequence[Market], depth: Depth, tap: Tap | None = None) -> MarketData:
        """The public side for these markets. tap: sees every raw frame, where the path has frames."""

    def trading(self, markets: Sequence[Market]) -> Trading:
        """The private side for these markets. Raises ConfigError where the venue has none or keys are missing."""

    async def close(self) -> None:
        """Give back sockets and sessions; safe to call twice."""
