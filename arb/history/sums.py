"""Exact money: a product of two amounts may need more than Decimal's usual 28 digits. And amounts for eyes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact

from arb.units import plain

ZERO = Decimal(0)
_EXACT = Context(prec=400, traps=[Inexact])
_WIDE = Context(prec=400)
_PLACES = Decimal("0.00000001")

plus = _EXACT.add
less = _EXACT.subtract
times = _EXACT.multiply


def total(values: Iterable[Decimal]) -> Decimal:
    so_far = ZERO
    for value in values:
        so_far = plus(so_far, value)
    return so_far


def short(value: Decimal | None, none: str = "–") -> str:
    """To eight places at most. What is exact stands in the JSON and the CSV."""
    if value is None:
        return none
    rounded = value.quantize(_PLACES, ROUND_HALF_EVEN, _WIDE)
    return plain(value if rounded == value else rounded)
