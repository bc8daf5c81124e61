"""The oracle's own search against trying every quantity."""

from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from random import Random

from tests.proof.exact import Level, Limits, best

CASES = 150


def take(levels: list[Level], quantity: Fraction) -> tuple[Fraction, Decimal] | None:
    """Notional of `quantity` and the worst price; None where the levels hold less."""
    notional = Fraction(0)
    for price, qty in levels:
        part = min(quantity, Fraction(qty))
        notional, quantity = notional + part * Fraction(price), quantity - part
        if not quantity:
            return notional, price
    return None


def inside(limits: Limits, quantity: Fraction, notional: Fraction) -> bool:
    return (
        limits.min_qty <= quantity
        and limits.min_notional <= notional
        and (limits.max_qty is None or quantity <= limits.max_qty)
        and (limits.max_notional is None or notional <= limits.max_notional)
    )


def try_all(
    asks: list[Level], bids: list[Level], buy: Limits, sell: Limits, size: Decimal
) -> tuple[object, ...] | None:
    found: tuple[Fraction, ...] | None = None
    told: tuple[object, ...] | None = None
    lossless = last = None
    n = 0
    while True:
        n += 1
        bought = n * Fraction(buy.step)
        arrived = bought * (1 - Fraction(buy.fee)) if buy.fee_in_base else bought
        needed = Fraction(sell.step) * (1 + Fraction(sell.fee) if sell.fee_in_base else 1)
        sold = (arrived // needed) * Fraction(sell.step)
        paid, brought = take(asks, bought), take(bids, sold) if sold else (Fraction(0), Decimal(0))
        if paid is None or brought is None:
            break
        spent = paid[0] * (1 if buy.fee_in_base else 1 + Fraction(buy.fee))
        received = brought[0] * (1 if sell.fee_in_base else 1 - Fraction(sell.fee))
        last = received - spent
        if last >= 0:
            lossless = bought
        if not sold or spent > size or not inside(buy, bought, paid[0]) or not inside(sell, sold, brought[0]):
            continue
        if found is None or last > found[0]:
            found = (last,)
            told = (bought, sold, spent, received, paid[1], brought[1], paid[0] / bought, brought[0] / sold)
    if found is None or found[0] <= 0 or told is None or last is None:
        return None
    return (*told, None if last >= 0 else lossless)


def ladder(rng: Random, places: int, step: int) -> list[Level]:
    price, levels = rng.randrange(95, 106), []
    for _ in range(rng.randrange(1, 5)):
        levels.append((Decimal(price).scaleb(-places), Decimal(rng.randrange(1, 900)).scaleb(-2)))
        price += step * rng.randrange(1, 4)
    return levels


def limits(rng: Random) -> Limits:
    return Limits(
        step=Decimal(1).scaleb(-rng.choice((0, 1, 2))),
        fee=Decimal(rng.choice(("0", "0.0005", "0.002", "0.0018", "0.01"))),
        fee_in_base=rng.random() < 0.5,
        min_qty=Decimal(rng.choice((0, 1))),
        max_qty=rng.choice((None, Decimal(5))),
        min_notional=Decimal(rng.choice((0, 3))),
        max_notional=rng.choice((None, Decimal(400))),
    )


def test_every_figure_is_that_of_the_best_of_all_quantities() -> None:
    rng = Random(7)
    paying = 0
    for case in range(CASES):
        places = rng.choice((1, 2))
        asks, bids = ladder(rng, places, 1), ladder(rng, places, -1)
        buy, sell, size = limits(rng), limits(rng), Decimal(rng.choice((2, 10, 50, 5000)))
        found = best(asks, bids, buy, sell, size)
        wanted = try_all(asks, bids, buy, sell, size) if bids[0][0] > asks[0][0] else None
        paying += wanted is not None
        assert (astuple(found) if found else None) == wanted, (case, asks, bids, buy, sell, size)
    assert paying > CASES / 6
