"""Frozen facts. What cannot change can be logged, replayed and shared without a copy.

Prices are quote currency per unit of base, quantities are base, notionals are quote. Market data carries floats
(15 significant digits survive unharmed); static facts and everything reported carries `Decimal`. Times are
nanoseconds: `recv_ns` and `decided_ns` on our monotonic clock, `exch_ns` and `wall_ns` since the epoch (0: not sent).
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import NewType

import msgspec

VenueId = NewType("VenueId", str)
Symbol = NewType("Symbol", str)  # ours: "BTC/USDT"
NativeSymbol = NewType("NativeSymbol", str)  # the venue's: "BTCUSDT", "BTC_USDT"
Coin = NewType("Coin", str)
ClientId = NewType("ClientId", str)
ConnId = NewType("ConnId", int)

Level = tuple[float, float]  # price, quantity
Levels = tuple[Level, ...]
BookKey = tuple[VenueId, Symbol]


class Side(IntEnum):
    BUY = 1
    SELL = 2


class Depth(IntEnum):
    """How much of a book a scan asks for; the value is the number of levels it promises at least (FULL: all)."""

    TOP = 1
    FIVE = 5
    TWENTY = 20
    FULL = 5000


class BookState(IntEnum):
    SYNCING = 1  # waiting for its first trusted state
    LIVE = 2  # every message accounted for
    STALE = 3  # nothing heard for longer than allowed
    GAP = 4  # a message is missing
    CROSSED = 5  # best bid at or above best ask
    DOWN = 6  # its stream is lost


class Trust(IntEnum):
    """What stands behind a book. Higher is better; never compare across by anything but order."""

    POLLED = 1  # REST polling: true once, a moment ago
    UNCHECKED = 2  # a stream whose lost messages nobody notices
    WHOLE = 3  # every frame is complete in itself: nothing can be lost between two
    CHAINED = 4  # every message proves its predecessor


class Seed(IntEnum):
    """Where the first trusted state of a stream comes from."""

    NONE = 1  # every frame is whole
    PUSHED = 2  # the stream begins with a full frame
    REST = 3  # a REST snapshot joins the deltas


class FeeCoin(IntEnum):
    QUOTE = 1
    BASE = 2


class FeeSource(IntEnum):
    MARKET = 1  # the venue's public rate
    ACCOUNT = 2  # the rate of the key in use
    OVERRIDE = 3  # set by the user


class Reason(IntEnum):
    """Why a pair is not executable now; OK and UNKNOWN are no refusals. The value orders the funnel."""

    OK = 0
    UNKNOWN = 1  # everything known is right, something is not known
    NOT_TRADABLE = 10  # closed to the API, or to this side
    IDENTITY_MISMATCH = 20  # different coins behind one name
    PRICE_RATIO = 21  # prices too far apart to be the same coin: quarantined
    IDENTITY_UNKNOWN = 22  # policy does not let an unknown identity pass
    NO_COMMON_NETWORK = 30  # nothing to move the coin over: no shared network is open
    TRANSFER_UNKNOWN = 31  # policy does not let an unknown transfer pass
    BOOK_SYNCING = 40
    BOOK_GAP = 41
    BOOK_CROSSED = 42
    BOOK_DOWN = 43
    BOOK_STALE = 44  # nothing heard for longer than the configured age
    LOW_TRUST = 45  # the book's trust is below the policy's
    SKEW = 46  # the two sides are of different times
    NO_FEE = 50  # a fee is not known
    NO_GROSS_EDGE = 60  # the best bid is not above the best ask
    NO_NET_EDGE = 70  # the fees eat the edge
    BELOW_MIN_EDGE = 71  # less than the edge asked for
    NO_SIZE = 80  # no size configured for this quote currency
    BELOW_MINIMUM = 81  # no size satisfies both venues' minimums


class OrderType(IntEnum):
    LIMIT = 1
    MARKET = 2
    IOC = 3
    FOK = 4
    POST_ONLY = 5


class OrderStatus(IntEnum):
    PENDING = 1  # not yet acknowledged
    OPEN = 2
    PARTIAL = 3
    FILLED = 4
    CANCELLED = 5  # final; may hold fills
    REJECTED = 6  # final; nothing happened
    UNKNOWN = 7  # it may have happened: being asked of the venue


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Base of all facts: immutable, hashable, untracked by the garbage collector (they hold no cycles)."""


# ---------------------------------------------------------------------------------------------- static facts


class Static(Fact, frozen=True, gc=False):
    """Base of what may be cached. Nothing that a stream feeds ever derives from it."""


class Market(Static, frozen=True, gc=False):
    """The trading rules of one pair.

    tick: price step.   step: quantity step.
    min_qty, max_qty: base.   min_notional, max_notional: quote; None: no limit.
    buyable, sellable: open to API orders of that side; `why` says what closed them.
    contract: the token's contract address where the market list gives one ("": not given).
    """

    venue: VenueId
    symbol: Symbol
    native: NativeSymbol
    base: Coin
    quote: Coin
    tick: Decimal
    step: Decimal
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    buyable: bool = True
    sellable: bool = True
    why: str = ""
    contract: str = ""


class FeeSchedule(Static, frozen=True, gc=False):
    """What a trade costs: rates as fractions (0.001 is 10 bps), and the coin each side pays in."""

    venue: VenueId
    symbol: Symbol
    taker: Decimal
    maker: Decimal
    source: FeeSource
    buy_coin: FeeCoin = FeeCoin.QUOTE
    sell_coin: FeeCoin = FeeCoin.QUOTE


class CoinNetwork(Static, frozen=True, gc=False):
    """One way to move a coin in and out of a venue. None: the venue does not say.

    network: unified name ("ERC20").   contract: the token's address there; "" for a native coin; None: not told.
    """

    venue: VenueId
    coin: Coin
    network: str
    contract: str | None = None
    deposit: bool | None = None
    withdraw: bool | None = None
    withdraw_fee: Decimal | None = None


# ---------------------------------------------------------------------------------------------- what streams say


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


# ---------------------------------------------------------------------------------------------- what a book did


class BookChange(Fact, frozen=True, gc=False):
    """A book advanced, became LIVE or stopped being LIVE; published to observers, never used to decide."""

    venue: VenueId
    symbol: Symbol
    state: BookState
    seq: int
    exch_ns: int
    recv_ns: int


class BookAudit(Fact, frozen=True, gc=False):
    """A REST answer held against a LIVE book. agrees: None where the two are not of the same moment."""

    venue: VenueId
    symbol: Symbol
    agrees: bool | None
    detail: str
    recv_ns: int


# ---------------------------------------------------------------------------------------------- what we conclude


class Check(Fact, frozen=True, gc=False):
    """One question asked of an opportunity. ok: None where nobody can tell. why: the evidence, in words."""

    id: str
    ok: bool | None
    why: str
    reason: Reason = Reason.OK


class Leg(Fact, frozen=True, gc=False):
    """One side of an opportunity. limit: the worst price walked to; vwap: the average of what is walked."""

    venue: VenueId
    limit: Decimal | None
    vwap: Decimal | None
    seq: int
    age_ns: int
    fee_rate: Decimal | None
    fee_source: FeeSource | None


class OppEvent(IntEnum):
    OPEN = 1
    UPDATE = 2
    CLOSE = 3


class Opportunity(Fact, frozen=True, gc=False):
    """An episode of a gap between two venues, at one moment of its life.

    size: base bought.   profit: quote received less quote spent, fees in.
    breakeven_size: the largest base quantity that does not lose; None if the book ends first.
    sell_size: base sold, what arrives of `size` after a fee in base, floored to the sell step.
    reason: OK, UNKNOWN or the first failing one.   life_ns: since the episode opened.
    """

    id: str
    event: OppEvent
    kind: str
    symbol: Symbol
    buy: Leg
    sell: Leg
    size: Decimal | None
    gross_bps: Decimal | None
    net_bps: Decimal | None
    profit: Decimal | None
    breakeven_size: Decimal | None
    checks: tuple[Check, ...]
    reason: Reason
    recv_ns: int
    decided_ns: int
    life_ns: int
    wall_ns: int
    sell_size: Decimal | None = None


class Intent(Fact, frozen=True, gc=False):
    """What a strategy wants done: two price-capped legs of one cycle. Nothing leaves without the risk gate."""

    strategy: str
    opportunity_id: str
    symbol: Symbol
    buy_venue: VenueId
    sell_venue: VenueId
    buy_qty: Decimal
    sell_qty: Decimal
    buy_limit: Decimal
    sell_limit: Decimal
    expected_profit: Decimal


# ---------------------------------------------------------------------------------------------- private side


class Order(Fact, frozen=True, gc=False):
    """An order of ours. client_id: always set, unique, in the venue's alphabet. price: None for MARKET."""

    venue: VenueId
    symbol: Symbol
    side: Side
    type: OrderType
    qty: Decimal
    price: Decimal | None
    client_id: ClientId


class OrderUpdate(Fact, frozen=True, gc=False):
    """What became of an order. filled_qty and filled_notional are cumulative: they replace, never add."""

    venue: VenueId
    client_id: ClientId
    venue_id: str
    status: OrderStatus
    filled_qty: Decimal
    filled_notional: Decimal
    reason: str
    exch_ns: int
    recv_ns: int


class Fill(Fact, frozen=True, gc=False):
    """One execution. (venue, symbol, trade_id) is its identity."""

    venue: VenueId
    symbol: Symbol
    client_id: ClientId
    trade_id: str
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_coin: Coin
    maker: bool
    exch_ns: int
    recv_ns: int


class Balance(Fact, frozen=True, gc=False):
    """Free and locked amount of one coin after a change."""

    venue: VenueId
    coin: Coin
    free: Decimal
    locked: Decimal
    seq: int
    exch_ns: int
    recv_ns: int


StreamEvent = BookSnapshot | BookDelta | Quote
Event = (
    BookSnapshot
    | BookDelta
    | Quote
    | Trade
    | Subscribed
    | Unsubscribed
    | SubscriptionRefused
    | Connected
    | Disconnected
    | Notice
    | Pong
    | Reply
    | OrderUpdate
    | Fill
    | Balance
)
REAL_TIME: tuple[type[Fact], ...] = (
    BookSnapshot, BookDelta, Quote, Trade, Subscribed, Unsubscribed, SubscriptionRefused, Connected, Disconnected,
    Notice, Pong, Reply, BookChange, BookAudit, Check, Leg, Opportunity, Intent, Order, OrderUpdate, Fill, Balance,
)  # fmt: skip
