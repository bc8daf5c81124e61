"""Every limit of the risk gate, by the key of `RiskConfig` that sets it.

GATES judge a plan, in this order, and the first that refuses is the reason; "breaker" and "refusal" are set by nobody:
they are what the breakers and the private sides say themselves.   GUARDS watch what has happened and change the gate's
state.   PARTS are settings of another limit.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb.domain import RiskState
from arb.limits import amounts, guards, markets, pace, venues
from arb.limits.guards import Guard
from arb.limits.history import History
from arb.limits.moment import Door, Gate, Moment, Stock, Surroundings

GATES: Mapping[str, Gate] = {
    "breaker": venues.breaker,
    "refusal": venues.refusal,
    "max_loop_lag_ms": pace.max_loop_lag_ms,
    "currency": amounts.currency,
    "max_book_age_ms": markets.max_book_age_ms,
    "max_skew_ms": markets.max_skew_ms,
    "min_trust": markets.min_trust,
    "allow_unknown": pace.allow_unknown,
    "price_collar_bps": markets.price_collar_bps,
    "max_clock_error_ms": venues.max_clock_error_ms,
    "fee_coin_reserve": venues.fee_coin_reserve,
    "max_trade": amounts.max_trade,
    "max_venue": amounts.max_venue,
    "max_coin": amounts.max_coin,
    "max_total": amounts.max_total,
    "max_cycles": pace.max_cycles,
    "max_orders_per_min": pace.max_orders_per_min,
}

GUARDS: Mapping[str, Guard] = {
    "max_naked": Guard(RiskState.REDUCING, guards.max_naked, guards.covered),
    "max_naked_s": Guard(RiskState.REDUCING, guards.max_naked_s, guards.covered),
    "max_losses": Guard(RiskState.REDUCING, guards.max_losses, guards.cooled),
    "max_daily_loss": Guard(RiskState.HALTED, guards.max_daily_loss, guards.never),
}

PARTS: Mapping[str, str] = {"cooldown_s": "max_losses"}

__all__ = ["GATES", "GUARDS", "PARTS", "Door", "Gate", "Guard", "History", "Moment", "Stock", "Surroundings"]
