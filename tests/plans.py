"""Plans as the planner makes them, and a way to have them approved: through a real gate that lets everything pass."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from arb.clock import ManualClock
from arb.config import RiskConfig
from arb.domain import (
    BookKey,
    BookSeen,
    BookSnapshot,
    BookState,
    Coin,
    Depth,
    Intent,
    LegPlan,
    Plan,
    Seed,
    Side,
    Symbol,
    Trust,
    VenueId,
)
from arb.interfaces import Feed, Lane, SyncRule
from arb.risk import Approved, Risk
from arb.sync import BookSync

FEED = Feed("fake", Depth.TWENTY, 20, 0, SyncRule(Seed.NONE), Trust.WHOLE)
MUCH = Decimal(10) ** 12


def a_plan(
    symbol: str = "BTC/USDT",
    *,
    buy: str = "mexc",
    sell: str = "gateio",
    qty: Decimal | str = "0.01",
    sell_qty: Decimal | str | None = None,
    buy_price: Decimal | str = "100",
    sell_price: Decimal | str = "101",
    fee_rate: Decimal | str = "0.001",
    profit: Decimal | str | None = None,
    unknowns: Sequence[str] = (),
    seq: int = 1,
    now_ns: int = 0,
) -> Plan:
    """Buy at `buy` with a cap of `buy_price`, sell at `sell` with one of `sell_price`; both books are just there.

    qty: base bought, and sold unless `sell_qty` says otherwise.   profit: after fees; None: what follows.
    """
    base, _, quote = symbol.partition("/")
    bought, sold = Decimal(qty), Decimal(qty if sell_qty is None else sell_qty)
    ask, bid, rate = Decimal(buy_price), Decimal(sell_price), Decimal(fee_rate)
    fees = bought * ask * rate, sold * bid * rate
    gain = sold * bid - bought * ask - sum(fees) if profit is None else Decimal(profit)
    venues = VenueId(buy), VenueId(sell)
    intent = Intent("test", f"{symbol}:{buy}>{sell}", Symbol(symbol), *venues, bought, sold, ask, bid, gain)
    tick = Decimal("0.01") * ask
    return Plan(
        intent,
        Symbol(symbol),
        Coin(base),
        Coin(quote),
        LegPlan(venues[0], Side.BUY, bought, ask, Coin(quote), bought * ask + fees[0], ask, fees[0]),
        LegPlan(venues[1], Side.SELL, sold, bid, Coin(base), sold, bid, fees[1]),
        gain,
        (
            BookSeen(venues[0], Symbol(symbol), BookState.LIVE, seq, 0, ask - tick, ask),
            BookSeen(venues[1], Symbol(symbol), BookState.LIVE, seq, 0, bid, bid + tick),
        ),
        tuple(unknowns),
        now_ns,
        now_ns,
    )


def book_of(venue: str, symbol: str, bid: float, ask: float, *, now_ns: int = 0, feed: Feed = FEED) -> BookSync:
    """A book that is LIVE with one level a side (0: none)."""
    book = BookSync(VenueId(venue), Symbol(symbol), feed, now_ns)
    book.on_subscribed(1, now_ns)
    bids, asks = ((bid, 1.0),) if bid else (), ((ask, 1.0),) if ask else ()
    book.on_snapshot(BookSnapshot(VenueId(venue), Symbol(symbol), bids, asks, 1, 0, now_ns, 1))
    return book


def approved(plan: Plan) -> Approved:
    """The plan, through a gate whose limits are beyond everything."""
    verdict = permissive(plan).check(plan, plan.planned_ns)
    assert isinstance(verdict, Approved), verdict
    return verdict


def permissive(plan: Plan) -> Risk:
    """A gate with limits beyond everything, in front of the books that `plan` has seen."""
    books: dict[BookKey, BookSync] = {
        (seen.venue, seen.symbol): book_of(
            seen.venue, seen.symbol, float(seen.bid or 0), float(seen.ask or 0), now_ns=plan.planned_ns
        )
        for seen in plan.books
    }
    config = RiskConfig(
        currency=plan.quote, max_trade=MUCH, max_venue=MUCH, max_coin=MUCH, max_total=MUCH, max_naked=MUCH,
        max_naked_s=86_400, max_daily_loss=MUCH, max_losses=1_000, cooldown_s=1, max_cycles=1_000,
        max_orders_per_min=100_000, price_collar_bps=Decimal(10_000), max_book_age_ms=3_600_000,
        max_skew_ms=3_600_000, min_trust=Trust.POLLED, max_clock_error_ms=3_600_000,
        allow_unknown=("identity", "transfer"),
    )  # fmt: skip
    return Risk(
        config,
        price=lambda coin, now_ns: Decimal(1) if coin == plan.quote else None,
        inventory=Plenty(),
        exposure=(),
        trading={leg.venue: OpenDoor() for leg in (plan.buy, plan.sell)},
        book=books.get,
        venues_of=lambda symbol: [venue for venue, listed in books if listed == symbol],
        publish=lambda fact: None,
        clock=ManualClock(plan.planned_ns),
    )


class Plenty:
    """An inventory that has enough of everything."""

    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None:
        return MUCH


class OpenDoor:
    """The gate's side of a Trading. refusal_text, error_ns: what it answers."""

    def __init__(self, refusal_text: str = "", error_ns: int | None = 0) -> None:
        self.refusal_text = refusal_text
        self.error_ns = error_ns

    def refusal(self, orders: int, lane: Lane) -> str:
        return self.refusal_text

    def clock_error_ns(self) -> int | None:
        return self.error_ns
