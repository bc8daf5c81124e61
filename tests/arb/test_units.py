"""Rounding, and the border between float and Decimal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.units import bps, ceil_to, exact, floor_to, plain, plain_float


@pytest.mark.parametrize(
    ("value", "step", "low", "high"),
    [
        ("1.2345", "0.01", "1.23", "1.24"),
        ("1.23", "0.01", "1.23", "1.23"),
        ("7", "5", "5", "10"),
        ("0.0000001", "0.00000001", "0.0000001", "0.0000001"),
        ("0.1", "0.3", "0", "0.3"),
        ("123456789.987654321", "0.00000001", "123456789.98765432", "123456789.98765433"),
    ],
)
def test_steps(value, step, low, high):
    assert floor_to(Decimal(value), Decimal(step)) == Decimal(low)
    assert ceil_to(Decimal(value), Decimal(step)) == Decimal(high)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E+3", "1000"),
        ("0.500", "0.5"),
        ("-0.0", "0"),
        ("1E-10", "0.0000000001"),
        ("100", "100"),
        ("-12.340", "-12.34"),
    ],
)
def test_plain(value, text):
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("text", ["84270", "0.00000123", "123456789.12345", "0.1", "5.42169969", "999999999999999"])
def test_a_float_prints_as_the_venue_wrote_it(text):
    assert plain_float(float(text)) == text
    assert exact(float(text)) == Decimal(text)


@pytest.mark.parametrize(
    ("ratio", "result"),
    [("0.00123456", "12.3456"), ("0.000000005", "0.0000"), ("0.000000015", "0.0002"), ("-0.0001", "-1.0000")],
    ids=["plain", "half to even below", "half to even above", "negative"],
)
def test_bps_round_half_even_to_four_places(ratio, result):
    assert bps(Decimal(ratio)) == Decimal(result)
