"""Limits on what has happened: beyond one, the gate's state changes and stays changed until the guard lets go."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from arb.domain import Coin, RiskState
from arb.limits.moment import Moment

S = 1_000_000_000
_NONE = Decimal(0)


class Guard(msgspec.Struct, frozen=True):
    """state: what it moves the gate to.   tripped, over: why it does, and why no longer; empty: it does not."""

    state: RiskState
    tripped: Callable[[Moment], str]
    over: Callable[[Moment], str]


def max_naked(moment: Moment) -> str:
    """Legs that stand alone now, and what cycles have left of each coin over all venues."""
    if not moment.history.naked and not moment.held:
        return ""
    legs = sum((moment.worth(naked.quote, naked.notional) for naked in moment.history.naked.values()), _NONE)
    amount = legs + _residual(moment)
    if amount <= moment.config.max_naked:
        return ""
    return f"{moment.money(amount)} stand alone; {moment.money(moment.config.max_naked)} allowed"


def max_naked_s(moment: Moment) -> str:
    since = [naked.since_ns for naked in moment.history.naked.values()]
    if not since:
        return ""
    longest_s = (moment.now_ns - min(since)) / S
    if longest_s <= moment.config.max_naked_s:
        return ""
    return f"a leg has stood alone for {longest_s:.1f} s; {moment.config.max_naked_s:g} s allowed"


def covered(moment: Moment) -> str:
    """Not before every leg has its counterpart: less than too much is still too much then."""
    return "" if moment.history.naked or max_naked(moment) else "covered"


def max_losses(moment: Moment) -> str:
    """The row ends with a profit, or when a person resumes: one loss more after the cool-down begins another."""
    history, config = moment.history, moment.config
    if history.losses < config.max_losses:
        return ""
    left_s = config.cooldown_s - (moment.now_ns - history.last_loss_ns) / S
    if left_s <= 0:
        return ""
    return (
        f"{history.losses} losses in a row, {config.max_losses} allowed; {left_s:.1f} s of {config.cooldown_s:g} s left"
    )


def cooled(moment: Moment) -> str:
    return "" if max_losses(moment) else "cooled down"


def max_daily_loss(moment: Moment) -> str:
    """A coin without a live price is left out here; the gate lets no plan pass then."""
    realised = moment.history.realised(moment.wall_ns)
    loss = -sum((moment.worth(coin, pnl, unknown=_NONE) for coin, pnl in realised.items()), _NONE)
    if loss <= moment.config.max_daily_loss:
        return ""
    return f"{moment.money(loss)} lost since 00:00 UTC; {moment.money(moment.config.max_daily_loss)} allowed"


def never(_moment: Moment) -> str:
    """Only a person ends it."""
    return ""


def _residual(moment: Moment) -> Decimal:
    """The net of each coin; one without a live price is left out here, and no plan passes the gate then."""
    net: dict[Coin, Decimal] = {}
    for _, coin, qty in moment.held:
        net[coin] = net.get(coin, _NONE) + qty
    return sum((moment.worth(coin, abs(qty), unknown=_NONE) for coin, qty in net.items()), _NONE)
