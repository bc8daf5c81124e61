"""Frozen facts. What cannot change can be logged, replayed and shared without a copy.

Prices are quote currency per unit of base, quantities are base, notionals are quote. Market data carries floats
(15 significant digits survive unharmed); static facts and everything reported carries `Decimal`. Times are
nanoseconds: `recv_ns` and `decided_ns` on our monotonic clock, `exch_ns` and `wall_ns` since the epoch (0: not sent).
"""

from __future__ import annotations

from arb.domain.codes import (
    BookKey,
    BookState,
    BreakerState,
    ClientId,
    Coin,
    ConnId,
    CycleId,
    Depth,
    FeeCoin,
    FeeSource,
    Level,
    Levels,
    NativeSymbol,
    OppEvent,
    OrderStatus,
    OrderType,
    Part,
    Reason,
    Seed,
    Side,
    Symbol,
    Trust,
    VenueId,
)
from arb.domain.conclusions import (
    BookAudit,
    BookChange,
    BreakerMoved,
    Check,
    Intent,
    Leg,
    Opportunity,
)
from arb.domain.execution import (
    Baseline,
    BookSeen,
    CycleClosed,
    CycleEnd,
    CycleMoved,
    CycleOpened,
    CycleState,
    Delta,
    ExposureMoved,
    LegPlan,
    Mismatch,
    NakedMoved,
    OrderSent,
    Plan,
    Purpose,
    Refused,
    RiskMoved,
    RiskState,
    Stopped,
    Unwritten,
)
from arb.domain.fact import (
    Fact,
)
from arb.domain.paths import (
    DataPath,
    Mover,
    PathMoved,
)
from arb.domain.private import (
    Balance,
    BalancesRead,
    Fill,
    NotFound,
    Order,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
)
from arb.domain.statics import (
    CoinNetwork,
    FeeSchedule,
    Market,
    Static,
)
from arb.domain.stream import (
    BookDelta,
    BookSnapshot,
    Connected,
    Disconnected,
    Notice,
    Pong,
    Quote,
    Reply,
    Subscribed,
    SubscriptionRefused,
    Trade,
    Unsubscribed,
)

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
    | BalancesRead
    | NotFound
    | PrivateUp
    | PrivateDown
)
PrivateEvent = OrderUpdate | Fill | Balance | BalancesRead | NotFound | PrivateUp | PrivateDown
REAL_TIME: tuple[type[Fact], ...] = (
    BookSnapshot, BookDelta, Quote, Trade, Subscribed, Unsubscribed, SubscriptionRefused, Connected, Disconnected,
    Notice, Pong, Reply, BookChange, BookAudit, BreakerMoved, Check, Leg, Opportunity, Intent, Order, OrderUpdate, Fill,
    Balance, BalancesRead, NotFound, PrivateUp, PrivateDown, BookSeen, LegPlan, Plan, Refused, CycleOpened, OrderSent,
    CycleMoved, NakedMoved, Delta, CycleClosed, ExposureMoved, RiskMoved, Mismatch, Baseline, Stopped,
    Unwritten,
    PathMoved,
)  # fmt: skip

__all__ = [
    "DataPath",
    "Mover",
    "PathMoved",
    "BookKey",
    "BookState",
    "BreakerState",
    "ClientId",
    "Coin",
    "ConnId",
    "CycleId",
    "Depth",
    "FeeCoin",
    "FeeSource",
    "Level",
    "Levels",
    "NativeSymbol",
    "OppEvent",
    "OrderStatus",
    "OrderType",
    "Part",
    "Reason",
    "Seed",
    "Side",
    "Symbol",
    "Trust",
    "VenueId",
    "Fact",
    "CoinNetwork",
    "FeeSchedule",
    "Market",
    "Static",
    "BookDelta",
    "BookSnapshot",
    "Connected",
    "Disconnected",
    "Notice",
    "Pong",
    "Quote",
    "Reply",
    "Subscribed",
    "SubscriptionRefused",
    "Trade",
    "Unsubscribed",
    "BookAudit",
    "BookChange",
    "BreakerMoved",
    "Check",
    "Intent",
    "Leg",
    "Opportunity",
    "Balance",
    "Fill",
    "Order",
    "OrderUpdate",
    "BalancesRead",
    "NotFound",
    "PrivateDown",
    "PrivateUp",
    "PrivateEvent",
    "Baseline",
    "BookSeen",
    "CycleClosed",
    "CycleEnd",
    "CycleMoved",
    "CycleOpened",
    "CycleState",
    "Delta",
    "ExposureMoved",
    "LegPlan",
    "Mismatch",
    "NakedMoved",
    "OrderSent",
    "Plan",
    "Purpose",
    "Refused",
    "RiskMoved",
    "RiskState",
    "Stopped",
    "Unwritten",
    "REAL_TIME",
    "Event",
    "StreamEvent",
]
