"""Decimal text on a venue's grid."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(-?)(\d*)(?:\.(\d*))?")


class TooFine(ValueError):
    """More decimals than the grid has."""


def on_grid(number: str, decimals: int, allowed: int) -> int:
    """Whole units of 10 to -`decimals` of a number with no more than `allowed` decimals. Raises like `units`."""
    finer: int = 10 ** (decimals - allowed)
    return units(number, allowed) * finer


def units(number: str, decimals: int) -> int:
    """Whole units of 10 to -`decimals`. Raises TooFine, or ValueError for what is no plain decimal number."""
    found = _NUMBER.fullmatch(number)
    if found is None or not (found[2] or found[3]):
        raise ValueError(f"{number!r} is no number")
    fraction = (found[3] or "").rstrip("0")
    if len(fraction) > decimals:
        raise TooFine(f"{number!r} has more than {decimals} decimals")
    value = int((found[2] or "0") + fraction.ljust(decimals, "0"))
    return -value if found[1] else value
