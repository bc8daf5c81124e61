"""Limits on how much is at stake: of one cycle, at one venue, in one coin, altogether."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import Coin, Plan, VenueId
from arb.limits.history import notional, spent
from arb.limits.moment import Moment

_NONE = Decimal(0)


def currency(moment: Moment, plan: Plan) -> str:
    """Every limit is an amount of one currency: what has no live price cannot be held against any."""
    missing = {coin for coin in _coins(moment, plan) if moment.price(coin) is None}
    if not missing:
        return ""
    return f"no live book tells what {', '.join(sorted(missing))} is worth in {moment.config.currency}"


def max_trade(moment: Moment, plan: Plan) -> str:
    """A cycle's notional is what its buy may cost."""
    amount = moment.worth(plan.quote, spent(plan.buy))
    return _beyond(moment, f"the buy of {plan.symbol}", amount, _NONE, moment.config.max_trade)


def max_venue(moment: Moment, plan: Plan) -> str:
    """Legs and residuals at each of the plan's venues."""
    for leg in (plan.buy, plan.sell):
        new = moment.worth(plan.quote, notional(leg))
        why = _beyond(moment, leg.venue, new, _standing(moment, leg.venue), moment.config.max_venue)
        if why:
            return why
    return ""


def max_coin(moment: Moment, plan: Plan) -> str:
    """The two legs of a cycle offset each other in its coin: it counts with its notional, residuals with all."""
    held = sum((moment.worth(coin, abs(qty)) for _, coin, qty in moment.held if coin == plan.base), _NONE)
    cycles = moment.history.open.values()
    running = sum((moment.worth(cycle.quote, cycle.spent) for cycle in cycles if cycle.base == plan.base), _NONE)
    new = moment.worth(plan.quote, spent(plan.buy))
    return _beyond(moment, plan.base, new, held + running, moment.config.max_coin)


def max_total(moment: Moment, plan: Plan) -> str:
    """All legs and all residuals."""
    new = sum((moment.worth(plan.quote, notional(leg)) for leg in (plan.buy, plan.sell)), _NONE)
    return _beyond(moment, "everything", new, _standing(moment), moment.config.max_total)


def _coins(moment: Moment, plan: Plan) -> list[Coin]:
    """All that is to be valued."""
    coins = [plan.quote]
    coins += [cycle.quote for cycle in moment.history.open.values()]
    coins += [coin for coin, pnl in moment.history.realised(moment.wall_ns).items() if pnl]
    coins += [coin for _, coin, qty in moment.held if qty]
    return coins


def _standing(moment: Moment, venue: VenueId | None = None) -> Decimal:
    """What is open and held at one venue, or at all of them."""
    if not moment.history.open and not moment.held:
        return _NONE
    legs = moment.history.legs()
    running = sum((moment.worth(quote, amount) for at, quote, amount in legs if venue in (None, at)), _NONE)
    held = moment.held
    return running + sum((moment.worth(coin, abs(qty)) for at, coin, qty in held if venue in (None, at)), _NONE)


def _beyond(moment: Moment, what: str, new: Decimal, standing: Decimal, most: Decimal) -> str:
    if new + standing <= most:
        return ""
    of_it = f", {moment.money(standing)} of it standing," if standing else ""
    return f"{what}: {moment.money(new + standing)}{of_it} is more than {moment.money(most)}"
