"""How much of an intent to take, and at which caps."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal

import msgspec

from arb.book import Book
from arb.domain import Intent, Level, Reason
from arb.planner.pairing import Pairing
from arb.units import ceil_to, floor_to
from arb.walk import PairRules, Walk, walk_books

_EXACT = Context(prec=100)
_FLOOR = Context(prec=50, rounding=ROUND_FLOOR)
_MOST_LEVELS = 5000  # more than an intent's price limits ever leave of a book


class Sized(msgspec.Struct, frozen=True, gc=False):
    """walk: valued with slippage, as the pairing's rules do.   caps: the worst price of each order, on the tick."""

    walk: Walk
    buy_cap: Decimal
    sell_cap: Decimal


def sized(
    intent: Intent, pairing: Pairing, asks: Book, bids: Book, money: Decimal, stock: Decimal | None
) -> Sized | Reason:
    """What earns most of what the intent, both books and both venues' rules allow.

    money: the most quote that the buy may cost, fee included, even where all of it is filled at its cap.
    stock: the most base that the sale may cost; None: any.
    Returns why there is nothing: NO_GROSS_EDGE, NO_NET_EDGE, BELOW_MINIMUM, or NOT_TRADABLE where the ticks are wrong.
    """
    buy, sell, rules = pairing.buy, pairing.sell, pairing.rules
    sale = intent.sell_qty if stock is None else min(intent.sell_qty, _FLOOR.divide(stock, pairing.sell_lock))
    rules = msgspec.structs.replace(
        rules, max_bought=_least(rules.max_bought, _FLOOR.divide(intent.buy_qty, buy.step)),
        max_sold=_least(rules.max_sold, _FLOOR.divide(sale, sell.step)),
    )  # fmt: skip
    while True:
        walk = _walk(intent, rules, asks, bids, money)
        if isinstance(walk, Reason):
            return walk
        buy_cap = floor_to(_EXACT.multiply(walk.buy_limit, 1 + pairing.slip), buy.tick)
        sell_cap = ceil_to(_EXACT.multiply(walk.sell_limit, 1 - pairing.slip), sell.tick)
        if buy_cap < walk.buy_limit or sell_cap > walk.sell_limit:
            return Reason.NOT_TRADABLE  # a book finer than the tick we know: no cap could reach its last level
        if sell.min_notional is not None and _EXACT.multiply(walk.sell_qty, sell_cap) < sell.min_notional:
            return Reason.BELOW_MINIMUM
        step = _EXACT.multiply(buy_cap, buy.step)
        most = int(_FLOOR.divide(money, _EXACT.multiply(step, pairing.buy_lock)))
        if buy.max_notional is not None:
            most = _least(most, _FLOOR.divide(buy.max_notional, step))
        if walk.size <= _EXACT.multiply(buy.step, most):
            return Sized(walk, buy_cap, sell_cap)
        # Fewer steps reach no deeper, so that the next cap is no higher: the next walk is the last.
        rules = msgspec.structs.replace(rules, max_bought=most)


def _walk(intent: Intent, rules: PairRules, asks: Book, bids: Book, money: Decimal) -> Walk | Reason:
    highest, lowest = float(intent.buy_limit), float(intent.sell_limit)  # of books, so they read back as they were

    def cheap(n: int) -> list[Level]:
        levels = asks.asks(n)
        while levels and levels[-1][0] > highest:
            levels.pop()
        return levels

    def dear(n: int) -> list[Level]:
        levels = bids.bids(n)
        while levels and levels[-1][0] < lowest:
            levels.pop()
        return levels

    return walk_books(cheap, dear, _MOST_LEVELS, rules, money, breakeven=False)  # which no plan tells


def _least(limit: int | None, steps: Decimal) -> int:
    """Whole steps, not above `limit`."""
    return int(steps) if limit is None else min(limit, int(steps))
