"""Facts to journal: one of every kind, and all of one cycle."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from arb.domain import (
    Balance,
    BalancesRead,
    Baseline,
    ClientId,
    Coin,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleMoved,
    CycleOpened,
    CycleState,
    DataPath,
    Delta,
    ExposureMoved,
    Fact,
    Fill,
    Intent,
    Mismatch,
    Mover,
    NakedMoved,
    NotFound,
    Order,
    OrderSent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PathMoved,
    Plan,
    PrivateDown,
    PrivateUp,
    Purpose,
    Refused,
    RiskMoved,
    RiskState,
    Side,
    Stopped,
    Symbol,
    Unwritten,
    VenueId,
)
from arb.journal import Committed, Left
from tests.plans import a_plan

MEXC, GATE = VenueId("mexc"), VenueId("gateio")
BTC = Symbol("BTC/USDT")
WALL_NS = 1_790_000_000_000_000_000  # 2026-09-21
D = Decimal


def cycle_id(number: int = 1) -> CycleId:
    return CycleId(f"c{number}")


def order(client_id: str, venue: VenueId = MEXC, side: Side = Side.BUY, qty: str = "0.01", price: str = "100") -> Order:
    return Order(venue, BTC, side, OrderType.IOC, D(qty), D(price), ClientId(client_id))


def legs(number: int = 1) -> tuple[Order, Order]:
    return order(f"arb-{number}-1"), order(f"arb-{number}-2", GATE, Side.SELL, price="101")


def opened(number: int = 1, *, plan: Plan | None = None, at_ns: int = 1_000, wall_ns: int = WALL_NS) -> CycleOpened:
    return CycleOpened(cycle_id(number), plan or a_plan(), legs(number), at_ns, wall_ns)


def update(
    of: Order, status: OrderStatus, filled: str | None = "0", notional: str | None = "0", *, at_ns: int = 2_000
) -> OrderUpdate:
    amounts = (None if filled is None else D(filled), None if notional is None else D(notional))
    return OrderUpdate(of.venue, of.client_id, f"v-{of.client_id}", status, *amounts, "", WALL_NS, at_ns, of.symbol)


def fill(
    of: Order,
    trade_id: str,
    qty: str,
    price: str,
    fee: str = "0",
    coin: str = "USDT",
    *,
    at_ns: int = 3_000,
    exch_ns: int = WALL_NS,
    named: bool = True,
) -> Fill:
    """named: the venue repeats our id."""
    client_id = of.client_id if named else ClientId("")
    return Fill(
        of.venue, of.symbol, client_id, trade_id, of.side, D(price), D(qty), D(fee), Coin(coin), False, exch_ns, at_ns,
        f"v-{of.client_id}",
    )  # fmt: skip


def closed(
    number: int = 1,
    *,
    end: CycleEnd = CycleEnd.HEDGED,
    deltas: tuple[Delta, ...] = (),
    mark: str | None = "100.5",
    pnl: str = "0",
    expected: str = "0",
    residual: str = "0",
    symbol: Symbol = BTC,
    at_ns: int = 9_000,
    wall_ns: int = WALL_NS,
) -> CycleClosed:
    return CycleClosed(
        cycle_id(number), symbol, end, deltas, D(residual), None if mark is None else D(mark), D(pnl), D(expected),
        D("0"), "both legs filled", at_ns, wall_ns,
    )  # fmt: skip


def delta(venue: VenueId, coin: str, qty: str) -> Delta:
    return Delta(venue, Coin(coin), D(qty))


def read(venue: VenueId = MEXC, **held: str) -> BalancesRead:
    rows = tuple(Balance(venue, Coin(coin), D(free), D(0), 0, WALL_NS, 500) for coin, free in held.items())
    return BalancesRead(venue, rows, 500)


def baseline(venue: VenueId = MEXC, **totals: str) -> Baseline:
    return Baseline(venue, tuple(delta(venue, coin, qty) for coin, qty in totals.items()), False, 100, WALL_NS)


def risk_moved(after: RiskState, limit: str, *, wall_ns: int = WALL_NS) -> RiskMoved:
    return RiskMoved(RiskState.ACTIVE, after, limit, "because", 50, wall_ns)


def refused(limit: str = "edge", at_ns: int = 0) -> Refused:
    intent = Intent("test", "x", BTC, MEXC, GATE, D("1"), D("1"), D("100"), D("101"), D("0.1"))
    return Refused(intent, limit, "for a reason", at_ns)


def one_of_each() -> Iterator[Fact]:
    """With amounts that no float holds."""
    odd = "123456789012345678.000000000000000001"
    plan = a_plan(qty=odd, buy_price="1E-8", sell_price="1.10", unknowns=("identity",))
    buy, _ = legs()
    yield from plan.books
    yield from (plan.buy, plan.sell, plan, refused())
    yield opened(plan=plan)
    yield OrderSent(cycle_id(), order("arb-1-3", qty=odd), Purpose.HEDGE, 2, 5, WALL_NS)
    yield CycleMoved(cycle_id(), CycleState.SENT, CycleState.ASKING, "no answer", 6)
    yield NakedMoved(cycle_id(), Coin("USDT"), D(odd), 5, 6)
    yield delta(MEXC, "BTC", "-0.000000000000000001")
    yield closed(deltas=(delta(MEXC, "BTC", "0E-8"), delta(GATE, "USDT", odd)), mark=None)
    yield ExposureMoved(cycle_id(), MEXC, Coin("BTC"), D("-1E-18"), D("0.10"), 7)
    yield risk_moved(RiskState.HALTED, "halt")
    yield Mismatch(MEXC, "BTC", "1", "2", 8)
    yield Stopped("the key is refused", 1, 8, WALL_NS)
    yield Unwritten("the disk is full", 8)
    yield PathMoved(MEXC, DataPath.NATIVE, DataPath.CCXT, Mover.WATCH, "11 unreadable messages", 8, WALL_NS)
    yield buy
    yield Order(MEXC, BTC, Side.BUY, OrderType.MARKET, D("1"), None, ClientId("arb-m"), D("99.9"))
    yield update(buy, OrderStatus.UNKNOWN, None, None)
    yield fill(buy, "t1", odd, "0.30", "-0.00", "MX")
    yield fill(buy, "t2", "1", "1", named=False)
    yield Balance(MEXC, Coin("BTC"), D("1.50"), D("0"), 7, WALL_NS, 9)
    yield read(BTC=odd, USDT="0")
    yield NotFound(MEXC, BTC, ClientId("arb-1-1"), 5, 6)
    yield PrivateUp(MEXC, 5)
    yield PrivateDown(MEXC, "cut", 6)
    yield baseline(BTC=odd)
    yield Committed(cycle_id(), (ClientId("arb-1-1"),), 7, 8)
    yield Left(cycle_id(), (ClientId("arb-1-1"),), 9)
