"""A gate with everything around it turned by hand: two venues, one book each, 1000 units of every coin."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from arb.breakers import Breakers
from arb.clock import ManualClock
from arb.config import RiskConfig
from arb.domain import (
    BookKey,
    ClientId,
    Coin,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Delta,
    ExposureMoved,
    Fact,
    NakedMoved,
    Order,
    OrderSent,
    OrderType,
    Plan,
    Purpose,
    RiskMoved,
    Side,
    Symbol,
    VenueId,
)
from arb.risk import Risk
from arb.sync import BookSync
from tests.plans import OpenDoor, a_plan, book_of

S = 1_000_000_000
NOON_NS = 20_000 * 86_400 * S + 12 * 3_600 * S
MEXC, GATE, KUCOIN = VenueId("mexc"), VenueId("gateio"), VenueId("kucoin")
BTC = Symbol("BTC/USDT")


class Held(dict[tuple[VenueId, Coin], Decimal]):
    """An exposure ledger: iterates as the real one does."""

    def __iter__(self) -> Iterable[tuple[VenueId, Coin, Decimal]]:  # type: ignore[override]
        return iter([(venue, coin, qty) for (venue, coin), qty in self.items()])


class World:
    """prices: of every coin but USDT.   free: by venue and coin; None: its stream is lost.   moves: what was told."""

    def __init__(self, **limits: object) -> None:
        self.clock = ManualClock(1_000 * S, NOON_NS)
        self.prices: dict[str, Decimal] = {"BTC": Decimal(100)}
        self.free_of: dict[tuple[str, str], Decimal | None] = {}
        self.held = Held()
        self.doors = {MEXC: OpenDoor(), GATE: OpenDoor()}
        self.books: dict[BookKey, BookSync] = {}
        self.moves: list[RiskMoved] = []
        self.breakers = Breakers()
        self.late_ns = 0
        self.show(MEXC, 99, 100)
        self.show(GATE, 101, 102)
        self.risk = self.gate(**limits)

    def gate(self, **limits: object) -> Risk:
        """Another gate amid the same world: what a restart makes."""
        return Risk(
            RiskConfig.model_validate(limits),
            price=self.price,
            inventory=self,
            exposure=self.held,
            trading=self.doors,
            book=self.books.get,
            venues_of=lambda symbol: [venue for venue, listed in self.books if listed == symbol],
            publish=self.publish,
            clock=self.clock,
            why_not=self.breakers.why_not,
            late_ns=lambda _now_ns: self.late_ns,
        )

    def price(self, coin: Coin, now_ns: int) -> Decimal | None:
        return Decimal(1) if coin == "USDT" else self.prices.get(coin)

    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None:
        return self.free_of.get((venue, coin), Decimal(1_000))

    def publish(self, fact: Fact) -> None:
        assert isinstance(fact, RiskMoved)
        self.moves.append(fact)

    def show(self, venue: VenueId, bid: float, ask: float, symbol: str = "BTC/USDT") -> BookSync:
        """The book of a venue as of now."""
        book = self.books[venue, Symbol(symbol)] = book_of(venue, symbol, bid, ask, now_ns=self.now_ns)
        return book

    @property
    def now_ns(self) -> int:
        return self.clock.mono_ns()

    def plan(self, qty: str = "1", **changes: object) -> Plan:
        """Spends 100 USDT for each unit of `qty`."""
        return a_plan(qty=qty, now_ns=self.now_ns, **changes)  # type: ignore[arg-type]

    def refused(self, plan: Plan | None = None) -> str:
        """The limit that refuses; "" where the plan is approved."""
        return getattr(self.risk.check(plan or self.plan(), self.now_ns), "limit", "")

    def why(self, plan: Plan | None = None) -> str:
        return str(getattr(self.risk.check(plan or self.plan(), self.now_ns), "why", ""))

    def passes(self, seconds: float) -> None:
        """Time goes by, with books that stay as young as they were."""
        self.clock.advance(round(seconds * S))
        for book in self.books.values():
            book.recv_ns += round(seconds * S)
        self.risk.on_timer(self.now_ns)

    # ------------------------------------------------------------------------------------------- facts

    def opened(self, cycle: str, plan: Plan | None = None) -> CycleOpened:
        plan = plan or self.plan()
        orders = tuple(self.order(leg.venue, leg.side, leg.qty, leg.price) for leg in (plan.buy, plan.sell))
        return CycleOpened(CycleId(cycle), plan, orders, self.now_ns, self.clock.wall_ns())

    def sent(
        self, cycle: str, venue: VenueId, purpose: Purpose, qty: str = "1", price: str | None = "100"
    ) -> OrderSent:
        order = self.order(venue, Side.SELL, Decimal(qty), None if price is None else Decimal(price))
        return OrderSent(CycleId(cycle), order, purpose, 1, self.now_ns, self.clock.wall_ns())

    def naked(self, cycle: str, notional: str, since_ns: int | None = None) -> NakedMoved:
        since_ns = self.now_ns if since_ns is None else since_ns
        return NakedMoved(CycleId(cycle), Coin("USDT"), Decimal(notional), since_ns, self.now_ns)

    def closed(self, cycle: str, pnl: str, symbol: str = "BTC/USDT") -> CycleClosed:
        deltas = (Delta(MEXC, Coin("USDT"), Decimal(pnl)),)
        none = Decimal(0)
        return CycleClosed(
            CycleId(cycle), Symbol(symbol), CycleEnd.FLAT, deltas, none, None, Decimal(pnl), none, none, "",
            self.now_ns, self.clock.wall_ns(),
        )  # fmt: skip

    def left(self, venue: VenueId, coin: str, qty: str) -> ExposureMoved:
        """What a cycle has left, in the ledger already, as the executor tells it."""
        amount = Decimal(qty)
        self.held[venue, Coin(coin)] = amount
        return ExposureMoved(CycleId("c"), venue, Coin(coin), amount, amount, self.now_ns)

    @staticmethod
    def order(venue: VenueId, side: Side, qty: Decimal, price: Decimal | None) -> Order:
        return Order(venue, BTC, side, OrderType.IOC, qty, price, ClientId("x"))
