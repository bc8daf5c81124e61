"""Intent -> Plan: the books, balances and rules of this very moment, and what of the intent they still allow.

Quantities. Both books are walked anew within the intent's quantities and price limits, the configured size and what is
free on both sides. That gives whole steps of both venues, and what is bought, less a fee in base, exceeds what is sold
by less than one step of the seller. Minimums are asked of the whole leg, with headroom: either leg alone can be taken
back at its own venue after a fee in base and at the worst price of the unwind ladder. They are not asked of half a leg:
a partial fill may be as small as one step, so that refusing trades below twice the minimum would keep out trades and
close no gap. What is too small to hedge is what the exposure ledger is for.

Prices. A cap lies `slippage_bps` beyond the last price walked to, on the tick before it. The walk values both books at
prices that much worse, so that whatever slippage gives away has been paid for at every quantity; the plan at those
prices must earn `min_profit_bps`. `Plan.profit` is what the books promise as they are. Filled at its cap entirely a buy
still costs no more than `sizes` and the free balance allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from math import isfinite

from arb.book import Book
from arb.config import ExecutionConfig
from arb.domain import (
    BookKey,
    BookSeen,
    Coin,
    FeeSchedule,
    Intent,
    LegPlan,
    Market,
    Opportunity,
    Plan,
    Reason,
    Refused,
    Side,
)
from arb.inventory import Inventory
from arb.planner.pairing import Pairing, Pairings
from arb.planner.sizing import Sized, sized
from arb.sync import BookSync
from arb.units import exact, plain, plain_float

_EXACT = Context(prec=100)
_BPS = Decimal(10_000)


class Planner:
    """sizes: by quote coin the most that one buy may cost, fee included.

    max_age_ns: of both books, since they were last known to be current; trust and skew are for the risk gate.
    """

    def __init__(
        self,
        *,
        book: Callable[[BookKey], BookSync | None],
        market: Callable[[BookKey], Market | None],
        fee: Callable[[BookKey], FeeSchedule | None],
        inventory: Inventory,
        sizes: Mapping[Coin, Decimal],
        config: ExecutionConfig,
        max_age_ns: int,
    ) -> None:
        self._book = book
        self._inventory = inventory
        self._sizes = sizes
        self._min_profit_bps = config.min_profit_bps
        self._max_age_ns = max_age_ns
        self._pairings = Pairings(market, fee, config)

    def plan(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> Plan | Refused:
        """limit of a refusal: "market", "book", "size", "balance_unusable", "balance", "minimum" or "edge"."""
        pairing = self._pairings.of(intent.symbol, intent.buy_venue, intent.sell_venue)
        if isinstance(pairing, str):
            return Refused(intent, "market", pairing, now_ns)
        buy_key, sell_key = (intent.buy_venue, intent.symbol), (intent.sell_venue, intent.symbol)
        buy_book, sell_book = self._book(buy_key), self._book(sell_key)
        for (venue, _), book in ((buy_key, buy_book), (sell_key, sell_book)):
            unusable = f"{venue} has no book yet" if book is None else self._unusable(book, now_ns)
            if unusable:
                return Refused(intent, "book", unusable, now_ns)
        assert buy_book is not None  # told above
        assert sell_book is not None
        quote, base = pairing.buy.quote, pairing.sell.base
        size = self._sizes.get(quote)
        if size is None:
            return Refused(intent, "size", f"no size is set for {quote}", now_ns)
        money = self._inventory.free(intent.buy_venue, quote, now_ns)
        stock = self._inventory.free(intent.sell_venue, base, now_ns)
        if money is None or stock is None:
            venue = intent.buy_venue if money is None else intent.sell_venue
            return Refused(intent, "balance_unusable", f"{venue}: {self._inventory.why_not(venue)}", now_ns)
        asks, bids = buy_book.live(now_ns, self._max_age_ns), sell_book.live(now_ns, self._max_age_ns)
        found = sized(intent, pairing, asks, bids, min(size, money), stock)
        if isinstance(found, Reason):
            return self._refused(found, intent, pairing, asks, bids, size, money, stock, now_ns)
        walk = found.walk
        if _EXACT.multiply(walk.profit, _BPS) < _EXACT.multiply(walk.spent, self._min_profit_bps):
            told = f"{plain(walk.net_bps)} bps after fees and slippage, {plain(self._min_profit_bps)} asked for"
            return Refused(intent, "edge", told, now_ns)
        seen = (_seen(buy_book, asks, now_ns), _seen(sell_book, bids, now_ns))
        return _plan(intent, opportunity, pairing, found, seen, now_ns)

    def _unusable(self, book: BookSync, now_ns: int) -> str:
        reason = book.refusal(now_ns, self._max_age_ns)
        if reason is Reason.OK:
            return ""
        age_ms = plain(Decimal(now_ns - book.recv_ns) / 1_000_000)
        return f"{reason.name}: {book.venue} is {book.state.name} at seq {book.seq}, {age_ms} ms old"

    def _refused(
        self,
        reason: Reason,
        intent: Intent,
        pairing: Pairing,
        asks: Book,
        bids: Book,
        size: Decimal,
        money: Decimal,
        stock: Decimal,
        now_ns: int,
    ) -> Refused:
        """Nothing can be taken of an intent: the limit that stands in its way, with the numbers."""
        buy, sell = pairing.buy, pairing.sell
        if reason is Reason.NOT_TRADABLE:
            ticks = f"{plain(buy.tick)} at {buy.venue}, {plain(sell.tick)} at {sell.venue}"
            told = f"a book is finer than the tick that is known of it: {ticks}"
            return Refused(intent, "market", told, now_ns)
        if reason is not Reason.BELOW_MINIMUM:
            ask = f"ask {plain_float(asks.best_ask)}" if isfinite(asks.best_ask) else "no ask"
            bid = f"bid {plain_float(bids.best_bid)}" if bids.best_bid else "no bid"
            limits = f"limits {plain(intent.buy_limit)} and {plain(intent.sell_limit)}"
            told = f"{reason.name}: {ask} at {buy.venue}, {bid} at {sell.venue}; {limits}"
            return Refused(intent, "edge", told, now_ns)
        rich = sized(intent, pairing, asks, bids, size, None)
        if isinstance(rich, Reason):
            told = f"no size within the intent and {plain(size)} {buy.quote} meets both venues' minimums"
            return Refused(intent, "minimum", told, now_ns)
        wanted = f"{plain(rich.walk.spent)} {buy.quote} and {plain(rich.walk.sell_qty)} {sell.base} wanted"
        free = f"{plain(money)} {buy.quote} at {buy.venue} and {plain(stock)} {sell.base} at {sell.venue}"
        return Refused(intent, "balance", f"{wanted}; free are {free}, too little for the minimums", now_ns)


def _plan(
    intent: Intent,
    opportunity: Opportunity,
    pairing: Pairing,
    found: Sized,
    seen: tuple[BookSeen, BookSeen],
    now_ns: int,
) -> Plan:
    walk, buy, sell = found.walk, pairing.buy, pairing.sell
    paid, proceeds = pairing.paid(walk), pairing.proceeds(walk)
    cost = _EXACT.multiply(_EXACT.multiply(walk.size, found.buy_cap), pairing.buy_lock)
    return Plan(
        intent=intent,
        symbol=intent.symbol,
        base=buy.base,
        quote=buy.quote,
        buy=LegPlan(
            buy.venue, Side.BUY, walk.size, found.buy_cap, buy.quote, cost,
            walk.buy_vwap, _EXACT.multiply(paid, pairing.buy_fee.taker),
        ),
        sell=LegPlan(
            sell.venue, Side.SELL, walk.sell_qty, found.sell_cap, sell.base,
            _EXACT.multiply(walk.sell_qty, pairing.sell_lock),
            walk.sell_vwap, _EXACT.multiply(proceeds, pairing.sell_fee.taker),
        ),
        profit=pairing.profit(paid, proceeds),
        books=seen,
        unknowns=tuple([check.id for check in opportunity.checks if check.ok is None]),
        detected_ns=opportunity.decided_ns,
        planned_ns=now_ns,
        checks=opportunity.checks,
    )  # fmt: skip


def _seen(book: BookSync, levels: Book, now_ns: int) -> BookSeen:
    bid, ask = levels.best_bid, levels.best_ask
    return BookSeen(
        book.venue, book.symbol, book.state, book.seq, now_ns - book.recv_ns,
        exact(bid) if bid else None, exact(ask) if isfinite(ask) else None, book.exch_ns,
    )  # fmt: skip
