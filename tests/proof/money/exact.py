"""Arithmetic that refuses to round: the proof's own, independent of what it proves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation

_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
NOTHING = Decimal(0)

plus = _EXACT.add
minus = _EXACT.subtract
times = _EXACT.multiply


def summed(values: Iterable[Decimal]) -> Decimal:
    total = NOTHING
    for value in values:
        total = plus(total, value)
    return total
