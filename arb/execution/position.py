"""What the orders of a cycle have come to, exactly: sums over their fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from arb.domain import Coin, Delta, Side, VenueId
from arb.execution.life import Life
from arb.execution.sums import ZERO, less, plus, times, total

Deltas = dict[tuple[VenueId, Coin], Decimal]


def deltas_of(lives: Iterable[Life], base: Coin, quote: Coin) -> Deltas:
    """By venue and coin, fees in; what comes to nothing is left out."""
    sums: Deltas = {}

    def move(how: Callable[[Decimal, Decimal], Decimal], venue: VenueId, coin: Coin, amount: Decimal) -> None:
        sums[venue, coin] = how(sums.get((venue, coin), ZERO), amount)

    for life in lives:
        for fill in life.fills.values():
            bought, paid = (plus, less) if fill.side is Side.BUY else (less, plus)  # a mere sign rounds to 28 digits
            move(bought, fill.venue, base, fill.qty)
            move(paid, fill.venue, quote, times(fill.price, fill.qty))
            move(less, fill.venue, fill.fee_coin, fill.fee)
    return {key: change for key, change in sorted(sums.items()) if change}


def change_between(before: Deltas, after: Deltas) -> Deltas:
    keys = sorted(before.keys() | after.keys())
    changes = {key: less(after.get(key, ZERO), before.get(key, ZERO)) for key in keys}
    return {key: change for key, change in changes.items() if change}


def facts(deltas: Deltas) -> tuple[Delta, ...]:
    return tuple(Delta(venue, coin, change) for (venue, coin), change in deltas.items())


def of_coin(deltas: Deltas, coin: Coin) -> Decimal:
    """Over all venues."""
    return total(change for (_, held), change in deltas.items() if held == coin)


def standing(lives: Iterable[Life], base: Coin) -> Decimal:
    """Base bought less base sold for all that is known, also where a fill is still missing."""
    sums = ZERO
    for life in lives:
        sums = (plus if life.order.side is Side.BUY else less)(sums, life.filled)
        sums = less(sums, life.fees.get(base, ZERO))
    return sums


def average(lives: Sequence[Life], side: Side) -> Decimal | None:
    """Price of all fills of one side. None: there are none."""
    mine = [life for life in lives if life.order.side is side]
    qty = total(life.executed for life in mine)
    return total(life.notional for life in mine) / qty if qty else None


def spent(life: Life, base: Coin, quote: Coin) -> Decimal:
    """Of the coin that was set aside for it."""
    coin, amount = (quote, life.notional) if life.order.side is Side.BUY else (base, life.executed)
    return plus(amount, max(life.fees.get(coin, ZERO), ZERO))
