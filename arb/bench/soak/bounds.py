"""What is allowed to fill up, and how far: containers that remember what is over, by count or for a while.

Whatever is not named here must not be larger at each count than at the one before. What such an object holds itself
may be `EACH` times as much.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb.execution.executor import MOST_CLOSED
from arb.inventory import MOST_TOLD
from arb.paper.orders import MOST_ENDED

VENUES = 2
EACH = 32
UNDER_WAY = 100  # cycles between two looks at what may be forgotten
_CYCLES = MOST_CLOSED + UNDER_WAY
_ORDERS = 7 * _CYCLES  # two legs, and what the usual ladder may send after them
_PAPER = VENUES * (MOST_ENDED + UNDER_WAY)
_LEVELS = 4_000  # of all books together that paper may have taken from
_COINS = 50
_MARKETS = 200  # and ways between them: what has an entry for each that was ever traded

BOUNDS: Mapping[str, int] = {
    "arb.execution.cycle.Cycle": _CYCLES,
    "arb.execution.naked.Naked": _CYCLES,
    "arb.execution.executor.Executor._closed": _CYCLES,
    "arb.execution.executor.Executor._owner": _ORDERS,
    "arb.execution.life.Life": _ORDERS,
    "arb.execution.orders._Watch": _ORDERS,
    "arb.execution.orders.Orders._named": _ORDERS,
    "arb.execution.orders.Orders._watches": _ORDERS,
    "arb.inventory._Figure.told": 3 * MOST_TOLD * _COINS,  # each with its two amounts
    "arb.inventory._Figure": _COINS,
    "arb.inventory._Account.figures": _COINS,
    "arb.inventory.Inventory._holds": VENUES * _COINS + _ORDERS,
    "arb.exposure.Exposure._held": VENUES * _COINS,
    "arb.exposure.Exposure._net": VENUES * _COINS,
    "arb.planner.pairing.Pairing": _MARKETS,
    "arb.planner.pairing.Pairings._made": _MARKETS,
    "arb.pace.Paces._before": VENUES * _MARKETS,
    "arb.trader.Trader._filled_ns": _MARKETS,
    "arb.trader.Trader._used": _MARKETS,
    "arb.limits.history.History._sent": 100_000,  # of a minute; `max_orders_per_min` of the soak
    "arb.paper.liquidity._Taken": _LEVELS,
    "arb.paper.liquidity.Liquidity._taken": 2 * _LEVELS,
    "arb.paper.orders.PaperOrder": _PAPER,
    "arb.paper.orders.OrderTable._by_client": _PAPER,
    "arb.paper.orders.OrderTable._by_id": _PAPER,
    "arb.paper.orders.OrderTable._ended": 3 * _PAPER,  # each with its order and when it ended
    "arb.paper.trading.PaperTrading._sent": 100_000,  # of a second
    "arb.paper.venue.PaperVenue._fills": EACH * _PAPER,
}


def bound_of(name: str) -> int | None:
    """None: it has none, and must not rise."""
    if name in BOUNDS:
        return BOUNDS[name]
    owner = BOUNDS.get(name.rpartition(".")[0])
    return None if owner is None else EACH * owner
