"""Plans at random: what is drawn is the market, the direction, the caps around the touch, and how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from random import Random

from arb.books import Books
from arb.domain import (
    BookKey,
    BookSeen,
    BookState,
    Coin,
    FeeCoin,
    FeeSchedule,
    Intent,
    LegPlan,
    Market,
    Plan,
    Side,
    Symbol,
)
from arb.sync import BookSync
from arb.units import ceil_to, exact, floor_to
from tests.proof.money.exact import minus, times

AGE_NS = 1_500_000_000
NEVER, TOUCH, THROUGH = (0.0, -0.004), (0.0, 0.0), (0.0005, 0.008)  # how far beyond the touch a cap lies, from and to
DEAR = Decimal(600)  # quote, of one order


class Chance:
    """markets, fees: of both venues, by book."""

    def __init__(
        self, rng: Random, books: Books, markets: Mapping[BookKey, Market], fees: Mapping[BookKey, FeeSchedule]
    ) -> None:
        self._rng = rng
        self._books = books
        self._markets = markets
        self._fees = fees
        self._venues = sorted({venue for venue, _ in markets})

    def plan(self, symbols: Iterable[Symbol], now_ns: int) -> Plan | None:
        """None: nothing can be made of what was drawn at this moment."""
        rng, free = self._rng, sorted(symbols)
        if not free:
            return None
        symbol = rng.choice(free)
        buy, sell = rng.sample(self._venues, 2)
        books = [book for venue in (buy, sell) if (book := self._books.get((venue, symbol))) is not None]
        seen = [each for book in books if (each := _seen(book, now_ns)) is not None]
        if len(seen) < 2:
            return None
        bought, sold = self._markets[buy, symbol], self._markets[sell, symbol]
        ask, bid = seen[0].ask, seen[1].bid
        assert ask is not None
        assert bid is not None
        qty = self._qty(bought, sold, ask, exact(books[0].live(now_ns, AGE_NS).asks(1)[0][1]))
        fee = self._fees[buy, symbol]
        arrives = times(qty, 1 - fee.taker) if fee.buy_coin is FeeCoin.BASE else qty
        less = floor_to(arrives, sold.step)
        if not _may(bought, qty, ask) or not _may(sold, less, bid):
            return None
        legs = (
            self._leg(bought, Side.BUY, qty, ask, fee.taker),
            self._leg(sold, Side.SELL, less, bid, self._fees[sell, symbol].taker),
        )
        gain = minus(times(less, bid), times(qty, ask))
        intent = Intent(
            "chance", f"{symbol}:{now_ns}", symbol, buy, sell, qty, less, legs[0].price, legs[1].price, gain
        )
        return Plan(intent, symbol, bought.base, bought.quote, *legs, gain, tuple(seen), (), now_ns, now_ns)

    def _qty(self, bought: Market, sold: Market, price: Decimal, depth: Decimal) -> Decimal:
        """Now a trifle, now more than the touch holds; a multiple of what both venues count in."""
        rng = self._rng
        least = max(market.min_notional or Decimal(1) for market in (bought, sold)) / price
        drawn = rng.choice((times(least, _share(rng, 1.0, 4.0)), times(depth, _share(rng, 0.2, 5.0))))
        return floor_to(min(drawn, DEAR / price), max(bought.step, sold.step))

    def _leg(self, market: Market, side: Side, qty: Decimal, touch: Decimal, rate: Decimal) -> LegPlan:
        low, high = self._rng.choice((NEVER, TOUCH, TOUCH, THROUGH, THROUGH, THROUGH))
        beyond = Decimal(repr(round(self._rng.uniform(low, high), 6)))
        if side is Side.BUY:
            cap = floor_to(times(touch, 1 + beyond), market.tick)
        else:
            cap = ceil_to(times(touch, 1 - beyond), market.tick)
        worth = times(qty, cap)
        fee = times(worth, rate)
        coin, cost = (market.quote, worth + fee) if side is Side.BUY else (market.base, times(qty, 1 + rate))
        return LegPlan(market.venue, side, qty, cap, Coin(coin), cost, touch, fee)


def _seen(sync: BookSync, now_ns: int) -> BookSeen | None:
    if sync.state is not BookState.LIVE or sync.refusal(now_ns, AGE_NS):
        return None
    book = sync.live(now_ns, AGE_NS)
    bids, asks = book.bids(1), book.asks(1)
    if not bids or not asks:
        return None
    return BookSeen(sync.venue, sync.symbol, sync.state, sync.seq, 0, exact(bids[0][0]), exact(asks[0][0]))


def _may(market: Market, qty: Decimal, price: Decimal) -> bool:
    """Whether the venue takes such an order; with room for a cap below the touch."""
    least = market.min_notional or Decimal(0)
    return qty > 0 and qty >= (market.min_qty or 0) and times(qty, price) >= times(least, Decimal("1.01"))


def _share(rng: Random, low: float, high: float) -> Decimal:
    return Decimal(repr(round(rng.uniform(low, high), 3)))
