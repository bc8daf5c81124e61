"""What venues say: market data and the life of connections. Never cached."""

from __future__ import annotations

from arb.domain.codes import Levels, Side, Symbol, VenueId
from arb.domain.fact import Fact


class BookSnapshot(Fact, frozen=True, gc=False):
    """A whole book (or its whole top), best level first or not: order is not promised.

    seq: the venue's update id (0: none).   conn: the connection it came on; 0 for a REST answer.
    """

    venue: VenueId
    symbol: Symbol
    bids: Levels
    asks: Levels
    seq: int
    exch_ns: int
    recv_ns: int
    conn: int = 0


class BookDelta(Fact, frozen=True, gc=False):
    """Absolute new quantities; 0 removes. first, last: the update ids it covers."""

    venue: VenueId
    symbol: Symbol
    bids: Levels
    asks: Levels
    first: int
    last: int
    exch_ns: int
    recv_ns: int
    conn: int = 0


class Quote(Fact, frozen=True, gc=False):
    """Best bid and ask of one market; an empty side is price 0, quantity 0. seq: 0 where the venue sends none."""

    venue: VenueId
    symbol: Symbol
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float
    seq: int
    exch_ns: int
    recv_ns: int
    conn: int = 0


class Trade(Fact, frozen=True, gc=False):
    """One public trade. side: the taker's. trade_id: unique within the market only."""

    venue: VenueId
    symbol: Symbol
    price: float
    qty: float
    side: Side
    trade_id: str
    exch_ns: int
    recv_ns: int


class Subscribed(Fact, frozen=True, gc=False):
    """The venue accepted these symbols on this connection."""

    venue: VenueId
    symbols: tuple[Symbol, ...]
    recv_ns: int
    conn: int = 0


class Unsubscribed(Fact, frozen=True, gc=False):
    venue: VenueId
    symbols: tuple[Symbol, ...]
    recv_ns: int
    conn: int = 0


class SubscriptionRefused(Fact, frozen=True, gc=False):
    """The venue will not stream these symbols (empty: it did not say which). Their books are DOWN."""

    venue: VenueId
    symbols: tuple[Symbol, ...]
    reason: str
    recv_ns: int
    conn: int = 0


class Connected(Fact, frozen=True, gc=False):
    venue: VenueId
    conn: int
    recv_ns: int


class Disconnected(Fact, frozen=True, gc=False):
    """A connection is gone, and with it the streams of these symbols unless another carries them too."""

    venue: VenueId
    conn: int
    symbols: tuple[Symbol, ...]
    reason: str
    recv_ns: int


class Notice(Fact, frozen=True, gc=False):
    """The venue says something about the connection itself: `closing` asks us to move to a new one."""

    venue: VenueId
    text: str
    closing: bool
    recv_ns: int
    conn: int = 0


class Pong(Fact, frozen=True, gc=False):
    venue: VenueId
    recv_ns: int
    conn: int = 0


class Reply(Fact, frozen=True, gc=False):
    """A frame that must be sent back at once."""

    data: bytes
