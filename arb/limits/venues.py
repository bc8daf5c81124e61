"""Limits on the venues that would take the orders: are they ready, do we know their time, can they take their fee."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import Coin, Part, Plan, VenueId
from arb.interfaces import Lane
from arb.limits.moment import Moment
from arb.units import plain

MS = 1_000_000
_NONE = Decimal(0)


def breaker(moment: Moment, plan: Plan) -> str:
    """Orders that keep failing are not tried out by a new cycle."""
    for leg in (plan.buy, plan.sell):
        why = moment.around.why_not(leg.venue, Part.PRIVATE, moment.now_ns)
        if why:
            return why
    return ""


def refusal(moment: Moment, plan: Plan) -> str:
    """What the private side itself says, and what its stream has said."""
    for leg in (plan.buy, plan.sell):
        door = moment.around.trading.get(leg.venue)
        if door is None:
            return f"{leg.venue} has no private side"
        if leg.venue in moment.history.down:
            return f"{leg.venue}: private side down: {moment.history.down[leg.venue]}"
        why = door.refusal(1 if plan.buy.venue != plan.sell.venue else 2, Lane.ORDER)
        if why:
            return f"{leg.venue}: {why}"
    return ""


def max_clock_error_ms(moment: Moment, plan: Plan) -> str:
    """A signature made for another time is refused, and a venue's times say nothing."""
    for leg in (plan.buy, plan.sell):
        door = moment.around.trading.get(leg.venue)
        error_ns = door.clock_error_ns() if door is not None else None
        if error_ns is None:
            return f"the time of {leg.venue} has not been measured"
        if abs(error_ns) > moment.config.max_clock_error_ms * MS:
            known = f"the time of {leg.venue} is known to {error_ns / MS:.1f} ms"
            return f"{known}; {moment.config.max_clock_error_ms} ms allowed"
    return ""


def fee_coin_reserve(moment: Moment, plan: Plan) -> str:
    """The coin a venue takes its fee in must be there, after what the leg itself needs of it."""
    for leg in (plan.buy, plan.sell):
        for name, least in moment.config.fee_coin_reserve.items():
            venue, _, coin = name.partition(":")
            if venue != leg.venue:
                continue
            free = moment.around.inventory.free(VenueId(venue), Coin(coin), moment.now_ns)
            if free is None:
                return f"nobody can tell how much {coin} is free at {venue}; {plain(least)} must be"
            left = free - (leg.cost if leg.coin == coin else _NONE)
            if left < least:
                return f"{plain(left)} {coin} would be free at {venue}; {plain(least)} must be"
    return ""
