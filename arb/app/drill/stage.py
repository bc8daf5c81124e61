"""What a drill is held on: live books of simulated venues, what their accounts hold, and a gate for each attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from arb.books import Books
from arb.breakers import Breakers
from arb.config import RiskConfig
from arb.domain import (
    BookKey,
    BookSeen,
    Coin,
    Fact,
    Intent,
    LegPlan,
    Market,
    Plan,
    Refused,
    RiskMoved,
    Side,
    Symbol,
    Trust,
    VenueId,
)
from arb.exposure import Exposure
from arb.interfaces import Clock, Lane
from arb.inventory import Inventory
from arb.risk import Risk
from arb.sync import BookSync
from arb.units import exact
from arb.valuing import Valuer

YOUNG_MS = 60_000
YOUNG_NS = YOUNG_MS * 1_000_000
ELSEWHERE = VenueId("elsewhere")  # where an open cycle of a drill may stand without touching the two venues
_SHARE = Decimal("0.01")  # of the tightest amount: what a plan spends that should pass
_NONE = Decimal(0)

# What a simulated market or machine decides is kept out of the drills of all other limits.
_OUT_OF_THE_WAY: Mapping[str, Any] = {
    "max_book_age_ms": YOUNG_MS,
    "max_skew_ms": YOUNG_MS,
    "min_trust": Trust.POLLED,
    "price_collar_bps": Decimal(10_000),
    "fee_coin_reserve": {},
}


class Door:
    """What a private side would say of itself. error_ns: how wrong its venue's time may be."""

    def __init__(self) -> None:
        self.error_ns = 0

    def refusal(self, orders: int, lane: Lane) -> str:  # noqa: ARG002  the contract's signature
        return ""

    def clock_error_ns(self) -> int | None:
        return self.error_ns


class Stage:
    """buy, sell: the markets that the plans are of, with books that are LIVE. inventory: of both accounts."""

    def __init__(
        self, config: RiskConfig, books: Books, buy: Market, sell: Market, inventory: Inventory, clock: Clock
    ) -> None:
        self.config = config
        self.books = books
        self.buy = buy
        self.sell = sell
        self.inventory = inventory
        self.clock = clock
        self.valuer = Valuer(books, Coin(config.currency), YOUNG_NS)

    @property
    def symbol(self) -> Symbol:
        return self.buy.symbol

    def book(self, market: Market) -> BookSync:
        book = self.books.get((market.venue, market.symbol))
        assert book is not None, "a stage is only made of markets that have one"
        return book

    def quote(self, amount: Decimal) -> Decimal:
        """An amount in the currency of the limits as quote of the plans."""
        price = self.valuer.price(self.buy.quote, self.clock.mono_ns())
        assert price is not None, "a stage is only made of markets whose quote has a price"
        return amount / price

    def plan(self, spent: Decimal | None = None) -> Plan:
        """At the best prices of this moment. spent: quote; None: so little that no amount is in the way."""
        now_ns = self.clock.mono_ns()
        if spent is None:
            config = self.config
            spent = self.quote(min(config.max_trade, config.max_venue, config.max_coin, config.max_total) * _SHARE)
        bought, sold = self._seen(self.buy, now_ns), self._seen(self.sell, now_ns)
        ask, bid = bought.ask or _NONE, sold.bid or _NONE
        qty = spent / ask
        intent = Intent("drill", "", self.symbol, self.buy.venue, self.sell.venue, qty, qty, ask, bid, _NONE)
        return Plan(
            intent,
            self.symbol,
            self.buy.base,
            self.buy.quote,
            LegPlan(self.buy.venue, Side.BUY, qty, ask, self.buy.quote, qty * ask, ask, _NONE),
            LegPlan(self.sell.venue, Side.SELL, qty, bid, self.sell.base, qty, bid, _NONE),
            qty * (bid - ask),
            (bought, sold),
            (),
            now_ns,
            now_ns,
        )

    def attempt(self, key: str, sets: Mapping[str, Any]) -> Attempt:
        """A gate with the limits of the configuration, but for `sets` and for what the machine would decide."""
        aside = {name: value for name, value in _OUT_OF_THE_WAY.items() if name != key}
        return Attempt(self, self.config.model_copy(update={**aside, **sets}))

    def _seen(self, market: Market, now_ns: int) -> BookSeen:
        book = self.book(market)
        levels = book.live(now_ns, YOUNG_NS)
        age_ns = now_ns - book.recv_ns
        prices = exact(levels.best_bid), exact(levels.best_ask)
        return BookSeen(market.venue, market.symbol, book.state, book.seq, age_ns, *prices)


class Attempt:
    """One gate that has seen nothing yet. moves: what it has told."""

    def __init__(self, stage: Stage, config: RiskConfig) -> None:
        self.stage = stage
        self.config = config
        self.exposure = Exposure()
        self.doors = {stage.buy.venue: Door(), stage.sell.venue: Door()}
        self.breakers = Breakers()
        self.late_ns = 0
        self.moves: list[RiskMoved] = []
        self._instead: dict[BookKey, BookSync] = {}
        self.risk = Risk(
            config,
            price=stage.valuer.price,
            inventory=stage.inventory,
            exposure=self.exposure,
            trading=self.doors,
            book=self._book,
            venues_of=self._venues_of,
            publish=self._publish,
            clock=stage.clock,
            why_not=self.breakers.why_not,
            late_ns=lambda _now_ns: self.late_ns,
        )

    def replace_book(self, book: BookSync) -> None:
        """The gate sees this one from now on."""
        self._instead[book.venue, book.symbol] = book

    def verdict(self, plan: Plan, now_ns: int | None = None) -> str:
        """In words. now_ns: asked then; None: at once."""
        verdict = self.risk.check(plan, self.stage.clock.mono_ns() if now_ns is None else now_ns)
        return f"refused by {verdict.limit}" if isinstance(verdict, Refused) else "approved"

    def elsewhere(self, plan: Plan, *, base: str = "") -> Plan:
        """The same plan at venues that are none of the two, in its coin or another one."""
        buy, sell = replace(plan.buy, venue=ELSEWHERE), replace(plan.sell, venue=ELSEWHERE)
        return replace(plan, buy=buy, sell=sell, base=Coin(base) if base else plan.base)

    def _book(self, key: BookKey) -> BookSync | None:
        return self._instead.get(key) or self.stage.books.get(key)

    def _venues_of(self, symbol: Symbol) -> Sequence[VenueId]:
        return [book.venue for book in self.stage.books if book.symbol == symbol]

    def _publish(self, fact: Fact) -> None:
        if isinstance(fact, RiskMoved):
            self.moves.append(fact)
