"""Realised minus expected, taken apart without a remainder.

Everything is held against `m`, the price of base at the cycle's end (where no book told, the plan's own buy price). The
plan expected `qb (m - vb) + qs (vs - m)` less its fees, for its quantities q and average prices v; what happened is the
same sum over the fills. Whatever stands in both cancels out; what does not is a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from arb.domain import BookSeen, CycleClosed, Fill, LegPlan, Plan, Purpose, Side
from arb.history.rows import Split
from arb.history.sums import ZERO, less, plus, times, total


class Traded(NamedTuple):
    """An order's purpose and side, and its fills, each once."""

    purpose: Purpose
    side: Side
    fills: Sequence[Fill]


def split(plan: Plan, closed: CycleClosed, traded: Iterable[Traded]) -> Split:
    traded = tuple(traded)
    mark = plan.buy.vwap if closed.mark is None else closed.mark
    planned = tuple(order for order in traded if order.purpose is Purpose.ENTRY)
    legs = (plan.buy, plan.sell) if planned else ()  # a cycle that a person asked for has no plan to be held against
    moved = slipped = missed = ZERO
    for leg in legs:
        fills = tuple(fill for order in planned if order.side is leg.side for fill in order.fills)
        qty = total(fill.qty for fill in fills)
        better = _edge(leg.side, times(qty, leg.vwap), total(times(fill.price, fill.qty) for fill in fills))
        by_best = _moved(leg, plan.books, fills, qty)
        moved = plus(moved, by_best)
        slipped = plus(slipped, less(better, by_best))
        missed = less(missed, times(less(leg.qty, qty), _edge(leg.side, mark, leg.vwap)))
    paid = total(_fee(plan, fill, mark) for order in planned for fill in order.fills)
    fees = plus(less(total(leg.fee for leg in legs), paid), _elsewhere(plan, closed))
    hedge = total(
        less(times(fill.qty, _edge(order.side, mark, fill.price)), _fee(plan, fill, mark))
        for order in traded
        if order.purpose is not Purpose.ENTRY
        for fill in order.fills
    )
    whole = less(closed.pnl, plan.profit)
    book_move = plus(moved, missed)
    return Split(
        total=whole,
        book_move=book_move,
        missed=missed,
        slippage=slipped,
        fees=fees,
        rounding=less(whole, total((book_move, slipped, fees, hedge))),
        hedge=hedge,
    )


def _edge(side: Side, worth: Decimal, paid: Decimal) -> Decimal:
    """What a trade at `paid` gains against `worth`."""
    return less(worth, paid) if side is Side.BUY else less(paid, worth)


def _moved(leg: LegPlan, books: Iterable[BookSeen], fills: Sequence[Fill], qty: Decimal) -> Decimal:
    """The first price got against the best one that the plan saw, for all that was got."""
    seen = next((book for book in books if book.venue == leg.venue), None)
    best = None if seen is None else seen.ask if leg.side is Side.BUY else seen.bid
    if best is None or not fills:
        return ZERO
    prices = [fill.price for fill in fills]
    return times(qty, _edge(leg.side, best, min(prices) if leg.side is Side.BUY else max(prices)))


def _fee(plan: Plan, fill: Fill, mark: Decimal) -> Decimal:
    """In quote; 0 for one in another coin, which `_elsewhere` has."""
    if fill.fee_coin == plan.quote:
        return fill.fee
    return times(fill.fee, mark) if fill.fee_coin == plan.base else ZERO


def _elsewhere(plan: Plan, closed: CycleClosed) -> Decimal:
    """What the end made of coins that are neither base nor quote: fees, all of them (< 0: paid)."""
    if closed.mark is None or all(delta.coin in (plan.base, plan.quote) for delta in closed.deltas):
        return ZERO
    quote = total(delta.qty for delta in closed.deltas if delta.coin == plan.quote)
    base = total(delta.qty for delta in closed.deltas if delta.coin == plan.base)
    return less(closed.pnl, plus(quote, times(base, closed.mark)))
