"""Names and codes: identifiers as NewTypes, everything countable as IntEnum."""

from __future__ import annotations

from enum import IntEnum
from typing import NewType

VenueId = NewType("VenueId", str)
Symbol = NewType("Symbol", str)  # ours: "BTC/USDT"
NativeSymbol = NewType("NativeSymbol", str)  # the venue's: "BTCUSDT", "BTC_USDT"
Coin = NewType("Coin", str)
ClientId = NewType("ClientId", str)
ConnId = NewType("ConnId", int)
CycleId = NewType("CycleId", str)

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


class BreakerState(IntEnum):
    CLOSED = 1  # calls pass
    OPEN = 2  # calls are refused until the rest is over
    HALF_OPEN = 3  # one call passes, to find out


class Part(IntEnum):
    """The parts of a venue that fail apart from each other."""

    PUBLIC = 1  # its REST answers on markets and books
    STREAM = 2  # the sockets that bring its books
    PRIVATE = 3  # orders and what is asked of the account


class OppEvent(IntEnum):
    OPEN = 1
    UPDATE = 2
    CLOSE = 3
