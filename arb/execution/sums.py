"""Sums and products of money that are exact: 28 digits are not always enough for a price times a quantity."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

ZERO = Decimal(0)
_WIDE = Context(prec=80)

plus = _WIDE.add
less = _WIDE.subtract
times = _WIDE.multiply


def total(values: Iterable[Decimal]) -> Decimal:
    so_far = ZERO
    for value in values:
        so_far = plus(so_far, value)
    return so_far
