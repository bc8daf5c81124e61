"""The end of a cycle: how it ended and what it earned, from its exact deltas."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from arb.domain import Coin, CycleClosed, CycleEnd, OrderStatus, Side, VenueId
from arb.execution.cycle import Cycle
from arb.execution.position import Deltas, average, facts, of_coin
from arb.execution.sums import ZERO, plus, times

Price = Callable[[Coin, int], Decimal | None]
IsDust = Callable[[Decimal], bool]


def end_of(cycle: Cycle, deltas: Deltas, dust: IsDust) -> CycleEnd:
    """FLAT: no venue holds more or less of the base than before, but for dust.   HEDGED: all of them together do not.

    What a person asked for is FLAT when all of it was done: there the residual is the purpose.
    """
    base = cycle.plan.base
    residual = of_coin(deltas, base)
    if cycle.flattening:
        done = all(life.status is OrderStatus.FILLED for life in cycle.lives)
        return CycleEnd.FLAT if done else CycleEnd.REPORTED
    if not dust(residual):
        return CycleEnd.REPORTED
    by_venue: dict[VenueId, Decimal] = {venue: change for (venue, coin), change in deltas.items() if coin == base}
    return CycleEnd.FLAT if all(dust(change) for change in by_venue.values()) else CycleEnd.HEDGED


def closed(
    cycle: Cycle, end: CycleEnd, deltas: Deltas, price: Price, why: str, now_ns: int, wall_ns: int
) -> CycleClosed:
    """pnl: with the residual at `mark`, or at what it was bought or sold for where no book tells.

    A coin that only fees were paid in and that nobody prices counts for nothing, and `why` says so.
    """
    plan = cycle.plan
    residual = of_coin(deltas, plan.base)
    mark = _in_quote(plan.base, plan.quote, price, now_ns)
    pnl = of_coin(deltas, plan.quote)
    if residual:
        pnl = plus(pnl, times(residual, mark if mark is not None else _cost(cycle, residual)))
    for coin in sorted({coin for _, coin in deltas} - {plan.base, plan.quote}):
        value = _in_quote(coin, plan.quote, price, now_ns)
        if value is None:
            why = f"{why}; no price for {coin}"
        else:
            pnl = plus(pnl, times(of_coin(deltas, coin), value))
    return CycleClosed(
        cycle.id, plan.symbol, end, facts(deltas), residual, mark, pnl, plan.profit, cycle.naked.total(now_ns), why,
        now_ns, wall_ns,
    )  # fmt: skip


def _in_quote(coin: Coin, quote: Coin, price: Price, now_ns: int) -> Decimal | None:
    """Both are priced in the run's currency."""
    value, unit = price(coin, now_ns), price(quote, now_ns)
    return None if value is None or not unit else value / unit


def _cost(cycle: Cycle, residual: Decimal) -> Decimal:
    return average(cycle.lives, Side.BUY if residual > 0 else Side.SELL) or ZERO
