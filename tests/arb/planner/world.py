"""Two live books, their rules, and money on both sides: what a planner looks at, each piece a test's to change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from arb.config import ExecutionConfig
from arb.domain import (
    Balance,
    BalancesRead,
    BookKey,
    BookSnapshot,
    Check,
    Coin,
    Depth,
    FeeSchedule,
    FeeSource,
    Intent,
    Leg,
    Levels,
    Market,
    NativeSymbol,
    OppEvent,
    Opportunity,
    Plan,
    PrivateUp,
    Reason,
    Refused,
    Seed,
    Symbol,
    Trust,
    VenueId,
)
from arb.interfaces import Feed, SyncRule
from arb.inventory import Inventory
from arb.planner import Planner
from arb.sync import BookSync

D = Decimal
MS = 1_000_000
A, B = VenueId("a"), VenueId("b")
SYMBOL = Symbol("AAA/USDT")
BASE, QUOTE = Coin("AAA"), Coin("USDT")
FEED = Feed("whole", Depth.TWENTY, 20, 100, SyncRule(Seed.NONE), Trust.WHOLE)
NOW = 5_000 * MS
CHECKS = (
    Check("tradable", True, "open"),
    Check("identity", True, "same contract"),
    Check("transfer", None, "nobody tells", Reason.UNKNOWN),
)


class World:
    """Buy at a, sell at b. Books say 100 and 101, a fee is 0.1 % in quote, and there is money for everything."""

    def __init__(self, **config: Any) -> None:
        self.books: dict[BookKey, BookSync] = {}
        self.markets: dict[BookKey, Market] = {}
        self.fees: dict[BookKey, FeeSchedule] = {}
        self.sizes = {QUOTE: D(1_000_000)}
        self.inventory = Inventory()
        for venue in (A, B):
            self.markets[venue, SYMBOL] = Market(
                venue, SYMBOL, NativeSymbol("AAAUSDT"), BASE, QUOTE, D("0.01"), D("0.001")
            )
            self.fees[venue, SYMBOL] = FeeSchedule(venue, SYMBOL, D("0.001"), D("0.001"), FeeSource.ACCOUNT)
            self.inventory.on_event(PrivateUp(venue, 0))
            self.own(venue, USDT="1000000", AAA="1000000")
        self.hear(A, asks=((100.0, 10.0),), bids=((99.0, 10.0),))
        self.hear(B, asks=((102.0, 10.0),), bids=((101.0, 10.0),))
        self.planner = Planner(
            book=self.books.get,
            market=self.markets.get,
            fee=self.fees.get,
            inventory=self.inventory,
            sizes=self.sizes,
            config=ExecutionConfig(**config),
            max_age_ns=1_000 * MS,
        )

    def own(self, venue: VenueId, **amounts: str) -> None:
        """All that is free there, by coin."""
        read = tuple(Balance(venue, Coin(coin), D(free), D(0), 0, 0, 0) for coin, free in amounts.items())
        self.inventory.on_event(BalancesRead(venue, read, 0))

    def hear(self, venue: VenueId, bids: Levels, asks: Levels, now_ns: int = NOW - 20 * MS, seq: int = 7) -> None:
        book = self.books[venue, SYMBOL] = BookSync(venue, SYMBOL, FEED, now_ns)
        book.on_snapshot(BookSnapshot(venue, SYMBOL, bids, asks, seq, 0, now_ns, 1))

    def rule(self, venue: VenueId, **changes: Any) -> None:
        self.markets[venue, SYMBOL] = replace(self.markets[venue, SYMBOL], **changes)

    def charge(self, venue: VenueId, **changes: Any) -> None:
        self.fees[venue, SYMBOL] = replace(self.fees[venue, SYMBOL], **changes)

    def plan(self, **intent: Any) -> Plan | Refused:
        return self.planner.plan(an_intent(**intent), OPPORTUNITY, NOW)

    def planned(self, **intent: Any) -> Plan:
        plan = self.plan(**intent)
        assert isinstance(plan, Plan), plan
        return plan

    def refused(self, **intent: Any) -> Refused:
        refused = self.plan(**intent)
        assert isinstance(refused, Refused), refused
        return refused


def an_intent(**changes: Any) -> Intent:
    made = Intent("cross_venue", "o1", SYMBOL, A, B, D(10), D(10), D(100), D(101), D(7))
    return replace(made, **changes)


_LEG = Leg(A, D(100), D(100), 7, 0, D("0.001"), FeeSource.ACCOUNT)
OPPORTUNITY = Opportunity(
    "o1", OppEvent.OPEN, "cross_venue", SYMBOL, _LEG, _LEG, D(10), D(100), D(80), D(7), None, CHECKS, Reason.UNKNOWN,
    NOW - 9 * MS, NOW - 8 * MS, 0, 0, D(10),
)  # fmt: skip
