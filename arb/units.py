"""Tick and lot rounding, bps, and the only border between float and Decimal."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

_WIDE = Context(prec=60)
_BPS = Decimal(10_000)
_FOUR = Decimal("0.0001")


def exact(value: float) -> Decimal:
    """The shortest decimal that reads back as `value`: what the venue wrote, up to 15 significant digits."""
    return Decimal(repr(value))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not above `value`. step > 0."""
    return _WIDE.multiply((_WIDE.divide(value, step)).to_integral_value(ROUND_FLOOR), step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` not below `value`. step > 0."""
    return _WIDE.multiply((_WIDE.divide(value, step)).to_integral_value(ROUND_CEILING), step)


def bps(ratio: Decimal) -> Decimal:
    """A ratio as basis points, rounded half-even to 4 places."""
    return _WIDE.multiply(ratio, _BPS).quantize(_FOUR, ROUND_HALF_EVEN, _WIDE)


def plain(value: Decimal) -> str:
    """Without exponent and without trailing zeros: 1E+3 -> "1000", 0.500 -> "0.5", -0.0 -> "0"."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_float(value: float) -> str:
    """A float from the wire as the plain decimal the venue wrote."""
    return plain(Decimal(repr(value)))
