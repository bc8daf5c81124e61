"""Three venues, two of them with a leg: an executor between fakes, turned by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from arb.clock import ManualClock
from arb.config import ExecutionConfig, UnwindStep
from arb.domain import (
    BookKey,
    BookSnapshot,
    ClientId,
    Coin,
    CycleClosed,
    CycleId,
    CycleMoved,
    CycleOpened,
    ExposureMoved,
    Fact,
    FeeSchedule,
    FeeSource,
    Fill,
    Market,
    Mismatch,
    NakedMoved,
    NativeSymbol,
    Order,
    OrderSent,
    OrderStatus,
    Plan,
    PrivateEvent,
    Purpose,
    Symbol,
    VenueId,
)
from arb.errors import JournalError
from arb.execution import Executor, Ids
from arb.execution.life import Life
from arb.sync import BookSync
from tests.fake_trading import FakeTrading
from tests.plans import a_plan, approved, book_of

D = Decimal
MS = 1_000_000
S = 1_000_000_000
SYMBOL = Symbol("BTC/USDT")
BTC, USDT = Coin("BTC"), Coin("USDT")
MEXC, GATE, KUCOIN = VenueId("mexc"), VenueId("gateio"), VenueId("kucoin")
RETRY = UnwindStep(action="retry", max_loss_bps=D(100), attempts=1)
REVERSE = UnwindStep(action="reverse", max_loss_bps=D(200), attempts=1)
HEDGE = UnwindStep(action="hedge", max_loss_bps=D(300), attempts=1)
WALL_NS = 1_700_000_000 * S


class FakeJournal:
    """ahead_of: how many orders were out when each commit was made.   broken: raised instead of committing."""

    def __init__(self, out: Callable[[], int]) -> None:
        self.committed: list[tuple[Fact, ...]] = []
        self.ahead_of: list[int] = []
        self.broken: JournalError | None = None
        self._out = out

    def ahead(self, *facts: Fact) -> None:
        if self.broken is not None:
            raise self.broken
        self.committed.append(facts)
        self.ahead_of.append(self._out())

    def note(self, fact: Fact) -> None:
        raise AssertionError("who wires the run notes what is published")


class FakeInventory:
    """balance: what is free, by venue and coin; what is not named is unknown."""

    def __init__(self) -> None:
        self.balance: dict[tuple[str, str], Decimal] = {}
        self.reserved: dict[ClientId, tuple[VenueId, Coin, Decimal]] = {}
        self.settled: dict[ClientId, Decimal] = {}

    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None:
        return self.balance.get((venue, coin))

    def reserve(self, client_id: ClientId, venue: VenueId, coin: Coin, amount: Decimal, now_ns: int) -> None:
        unused = self.settled.pop(client_id, None) == 0  # a name whose order was never sent may be given again
        assert unused or client_id not in self.reserved, "set aside twice"
        self.reserved[client_id] = (venue, coin, amount)

    def settle(self, client_id: ClientId, spent: Decimal, now_ns: int) -> None:
        assert client_id in self.reserved, "never set aside"
        assert client_id not in self.settled, "settled twice"
        self.settled[client_id] = spent


class FakeExposure:
    def __init__(self) -> None:
        self.ledger: dict[tuple[VenueId, Coin], Decimal] = {}

    def move(self, cycle: CycleId, venue: VenueId, coin: Coin, change: Decimal, at_ns: int) -> ExposureMoved:
        held = self.ledger[venue, coin] = self.ledger.get((venue, coin), D(0)) + change
        return ExposureMoved(cycle, venue, coin, change, held, at_ns)

    def net(self, coin: Coin) -> Decimal:
        return sum((qty for (_, held), qty in self.ledger.items() if held == coin), D(0))

    def __iter__(self) -> Iterator[tuple[VenueId, Coin, Decimal]]:
        return ((venue, coin, qty) for (venue, coin), qty in self.ledger.items() if qty)


class Sink:
    """What the engine does with private events: they reach the executor."""

    def __init__(self, on_event: Callable[[PrivateEvent], None]) -> None:
        self._on_event = on_event

    def on_event(self, event: object) -> None:
        self._on_event(event)  # type: ignore[arg-type]  # the fakes tell private events only

    def on_idle(self, recv_ns: int) -> None: ...


class World:
    """Books of 99/100 everywhere until `quote` says otherwise; steps of 0.01, minimum 0.05 BTC, settled after 5 s."""

    def __init__(
        self,
        ladder: Sequence[UnwindStep] = (RETRY, REVERSE),
        *,
        thin_first: bool = False,
        min_qty: str = "0.05",
        base_fees: bool = False,
        forget_ns: int = 0,
    ) -> None:
        self.clock = ManualClock(10 * S, WALL_NS)
        self.facts: list[Fact] = []
        self.venues = {
            venue: FakeTrading(venue, self.clock, settle_ns=5 * S, forget_ns=forget_ns)
            for venue in (MEXC, GATE, KUCOIN)
        }
        self.markets: dict[BookKey, Market] = {}
        self.fees: dict[BookKey, FeeSchedule] = {}
        for venue in self.venues:
            self.markets[venue, SYMBOL] = Market(
                venue, SYMBOL, NativeSymbol("BTCUSDT"), BTC, USDT, D("0.01"), D("0.01"), min_qty=D(min_qty)
            )
            self.fees[venue, SYMBOL] = FeeSchedule(venue, SYMBOL, D("0.001"), D("0.001"), FeeSource.MARKET)
        self.books: dict[BookKey, BookSync] = {}
        for venue in self.venues:
            self.quote(venue, 99, 100)
        self.inventory, self.exposure = FakeInventory(), FakeExposure()
        self.journal = FakeJournal(lambda: sum(len(v.submitted) for v in self.venues.values()))
        self.permitted = set(Purpose)
        self.prices = {USDT: D(1), BTC: D("99.5")}
        self.config = ExecutionConfig(thin_first=thin_first, unwind=tuple(ladder))
        self.executor = self.another("aa")
        for trading in self.venues.values():
            trading.attach(Sink(self._hear))
            trading.gain()

    def another(self, instance: str) -> Executor:
        """An executor over the same venues: what a restart makes."""
        return Executor(
            trading=self.venues,
            market=self.markets.get,
            fee=self.fees.get,
            book=self.books.get,
            inventory=self.inventory,
            exposure=self.exposure,
            journal=self.journal,
            permits=self.permitted.__contains__,
            price=lambda coin, now_ns: self.prices.get(coin),
            publish=self.facts.append,
            clock=self.clock,
            ids=Ids(self.clock.wall_ns(), instance),
            config=self.config,
        )

    def _hear(self, event: PrivateEvent) -> None:
        self.executor.on_event(event)

    # ------------------------------------------------------------------------------------------- what happens

    def quote(self, venue: VenueId, bid: float, ask: float, qty: float = 10.0) -> None:
        book = book_of(venue, SYMBOL, bid, ask, now_ns=self.clock.mono_ns())
        bids, asks = ((bid, qty),) if bid else (), ((ask, qty),) if ask else ()
        book.on_snapshot(BookSnapshot(venue, SYMBOL, bids, asks, 2, 0, self.clock.mono_ns(), 1))
        self.books[venue, SYMBOL] = book

    def lose_book(self, venue: VenueId) -> None:
        self.books[venue, SYMBOL].on_lost(1, self.clock.mono_ns())

    def start(self, plan: Plan | None = None) -> tuple[Order, Order]:
        """Buys 1 BTC at mexc for 100 and sells it at gateio for 101."""
        plan = plan or self.plan()
        self.executor.start(approved(plan), self.clock.mono_ns())
        return self.venues[plan.buy.venue].submitted[-1], self.venues[plan.sell.venue].submitted[-1]

    def plan(self, qty: str = "1") -> Plan:
        return a_plan(qty=qty, now_ns=self.clock.mono_ns())

    def plan_order(self, client_id: str) -> Order:
        """Another order like the first leg."""
        return msgspec.structs.replace(self.opened.orders[0], client_id=ClientId(client_id))

    def pass_time(self, ms: int, step_ms: int = 100) -> None:
        for _ in range(ms // step_ms):
            self.clock.advance(step_ms * MS)
            self.executor.on_timer(self.clock.mono_ns())

    def end(self, order: Order, filled: str, price: str | None = None, fee: str = "0", coin: str = "USDT") -> None:
        """The venue fills so much of an order at its price, and cancels the rest."""
        qty, at = D(filled), D(price) if price else order.price
        trading = self.venues[order.venue]
        if qty:
            assert at is not None
            trading.fill(order, qty, at, f"t-{order.client_id}", fee=D(fee), fee_coin=coin)
        status = OrderStatus.FILLED if qty == order.qty else OrderStatus.CANCELLED
        trading.answer(order, status, qty)

    def last(self, venue: VenueId) -> Order:
        return self.venues[venue].submitted[-1]

    # ------------------------------------------------------------------------------------------- what came of it

    def all_of(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if type(fact) is kind]

    @property
    def closed(self) -> CycleClosed:
        found = self.all_of(CycleClosed)
        assert len(found) == 1, [type(fact).__name__ for fact in self.facts]
        assert isinstance(found[0], CycleClosed)
        assert not self.executor.open
        return found[0]

    @property
    def opened(self) -> CycleOpened:
        found = self.all_of(CycleOpened)[-1]
        assert isinstance(found, CycleOpened)
        return found

    @property
    def sent(self) -> list[OrderSent]:
        return [fact for fact in self.facts if isinstance(fact, OrderSent)]

    @property
    def naked(self) -> list[tuple[Decimal, int]]:
        return [(fact.notional, fact.at_ns // MS) for fact in self.facts if isinstance(fact, NakedMoved)]

    @property
    def turns(self) -> list[str]:
        return [fact.after.name for fact in self.facts if isinstance(fact, CycleMoved)]

    @property
    def mismatches(self) -> list[str]:
        return [f"{fact.what}: {fact.theirs}" for fact in self.facts if isinstance(fact, Mismatch)]

    @property
    def out(self) -> list[Order]:
        """Every order that ever left."""
        return [order for trading in self.venues.values() for order in trading.submitted]

    def check_books(self) -> None:
        """What must be true at every end: once sent, money settled, the ledger equal to what the cycles say."""
        names = [order.client_id for order in self.out]
        assert len(set(names)) == len(names), "an order left twice"
        assert set(self.inventory.settled) == set(self.inventory.reserved), "money is still set aside"
        ledger: dict[tuple[VenueId, Coin], Decimal] = {}
        for fact in self.facts:
            if isinstance(fact, CycleClosed):
                for delta in fact.deltas:
                    key = (delta.venue, delta.coin)
                    ledger[key] = ledger.get(key, D(0)) + delta.qty
        assert ledger == self.exposure.ledger


def fill_of(life: Life, qty: str, price: str, trade_id: str, **changes: object) -> Fill:
    order = life.order
    given: dict[str, object] = {
        "venue": order.venue, "symbol": order.symbol, "client_id": order.client_id, "trade_id": trade_id,
        "side": order.side, "price": D(price), "qty": D(qty), "fee": D(0), "fee_coin": USDT, "maker": False,
        "exch_ns": 0, "recv_ns": 0, "venue_id": "v1",
    }  # fmt: skip
    return Fill(**(given | changes))  # type: ignore[arg-type]
