"""What numbers on the wire may be: types for msgspec's decoders, and exact decimals.

Decoded with `strict=False` numeric strings become floats in C. Everything that passes is finite and in range.
"""

from __future__ import annotations

import sys
from decimal import Context, Decimal, InvalidOperation
from typing import Annotated

from msgspec import Meta

from arb.units import plain

Price = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
Qty = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
Side = tuple[tuple[Price, Qty], ...]
UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, Meta(ge=0, le=(2**63 - 1) // 10**6)]  # fits int64 as nanoseconds

_MAX_DECIMALS = 40
_MAX_DIGITS = 60
_WIDE = Context(prec=2 * (_MAX_DECIMALS + _MAX_DIGITS))  # holds every difference of two amounts


def step(decimals: object) -> Decimal:
    """The step of a number with so many decimals: 2 -> 0.01. Raises ValueError for what is no such count."""
    if isinstance(decimals, bool) or not isinstance(decimals, int | str):
        raise ValueError(f"{decimals!r} is no number of decimals")
    count = int(decimals)
    if not 0 <= count <= _MAX_DECIMALS:
        raise ValueError(f"{decimals!r} decimals")
    return Decimal(1).scaleb(-count)


def limit(amount: object) -> Decimal | None:
    """A limit of a market record, exactly as written but for padding; None where it is absent, empty or 0.

    Raises ValueError for what is no amount.
    """
    if amount is None or amount == "":
        return None
    try:
        value = Decimal(str(amount))
    except InvalidOperation as exc:
        raise ValueError(f"{amount!r} is no amount") from exc
    if not value.is_finite() or value < 0 or abs(value.adjusted()) > _MAX_DECIMALS:
        raise ValueError(f"{amount!r} is no amount")
    return Decimal(plain(value)) if value else None


def exact(value: Decimal | str, *, signed: bool = False) -> Decimal:
    """An amount of money or goods exactly as written. Raises ValueError for what is no such amount."""
    try:
        number = Decimal(value)
    except InvalidOperation as exc:
        raise ValueError(f"{value!r} is no amount") from exc
    text = str(number)
    if len(text) <= _MAX_DECIMALS and text[0].isdigit() and "E" not in text:
        return number  # nearly all: so short a text has neither too many digits nor decimals
    digits, exponent = number.as_tuple()[1:]
    if not isinstance(exponent, int) or abs(exponent) > _MAX_DECIMALS or len(digits) > _MAX_DIGITS:
        raise ValueError(f"{value!r:.60} is no amount")
    if number < 0 and not signed:
        raise ValueError(f"{value!r} is below 0")
    return number


def less(whole: Decimal, part: Decimal) -> Decimal:
    """whole - part without any rounding. Raises ValueError where the part is larger."""
    rest = _WIDE.subtract(whole, part)
    if rest < 0:
        raise ValueError(f"{part} of {whole}")
    return rest
