from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from fastpath.wire import fields


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param(fields.Price, '"1.50"', 1.5, id="a price is text"),
        pytest.param(fields.Price, "2", 2.0, id="or a number"),
        pytest.param(fields.Price, '"0"', None, id="no price of 0"),
        pytest.param(fields.Price, '"-1"', None, id="no negative price"),
        pytest.param(fields.Price, '"nan"', None, id="no price that is no number"),
        pytest.param(fields.Price, '"Infinity"', None, id="no infinite price"),
        pytest.param(fields.Price, '"1e999"', None, id="no price beyond a float"),
        pytest.param(fields.Qty, '"0.000"', 0.0, id="a quantity may be 0"),
        pytest.param(fields.Qty, '"-0.1"', None, id="no negative quantity"),
        pytest.param(fields.Qty, '"nan"', None, id="no quantity that is no number"),
        pytest.param(fields.Qty, '"inf"', None, id="no infinite quantity"),
        pytest.param(fields.UpdateId, '"12"', 12, id="an id may be text"),
        pytest.param(fields.UpdateId, "9223372036854775808", None, id="no id beyond int64"),
        pytest.param(fields.UpdateId, "-1", None, id="no negative id"),
        pytest.param(fields.Millis, "9223372036854", 9_223_372_036_854, id="the last millisecond of int64"),
        pytest.param(fields.Millis, "9223372036855", None, id="no time beyond int64 in nanoseconds"),
        pytest.param(fields.Side, '[["1","2"],["3","0"]]', ((1.0, 2.0), (3.0, 0.0)), id="levels are tuples"),
        pytest.param(fields.Side, '[["1","2","3"]]', None, id="a level has two numbers"),
    ],
)
def test_what_passes_is_finite_and_in_range(kind, text, value):
    decoder = msgspec.json.Decoder(kind, strict=False)
    if value is None:
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(text)
    else:
        assert decoder.decode(text) == value


@pytest.mark.parametrize(
    ("decimals", "step"), [(0, "1"), (2, "0.01"), ("8", "0.00000001"), (15, "0." + "0" * 14 + "1")]
)
def test_step(decimals, step):
    assert fields.step(decimals) == Decimal(step)


@pytest.mark.parametrize("decimals", [-1, 41, True, None, 2.0, "", "x", "1.5", [2]])
def test_no_step(decimals):
    with pytest.raises(ValueError):
        fields.step(decimals)


@pytest.mark.parametrize(
    ("amount", "limit"),
    [
        pytest.param("1.000000000000000000000000000000", "1", id="padding goes"),
        pytest.param("2000000.0", "2000000", id="no exponent"),
        pytest.param("0.000005000", "0.000005", id="small"),
        pytest.param(3, "3", id="a number"),
        pytest.param(1e-05, "0.00001", id="a float"),
        pytest.param("0", None, id="0 is no limit"),
        pytest.param("0.000", None, id="0 in any form"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_limit(amount, limit):
    found = fields.limit(amount)
    assert (None if found is None else str(found)) == limit


@pytest.mark.parametrize("amount", ["-1", "nan", "Infinity", "one", "1e99", "1e-99", [], {}, float("inf")])
def test_no_limit(amount):
    with pytest.raises(ValueError):
        fields.limit(amount)


@pytest.mark.parametrize("text", ["0", "0.500", "3087.01142272991036062136", "1E+5", "-0.0", "5" * 60])
def test_an_exact_amount_stays_what_was_written(text):
    assert str(fields.exact(text)) == text
    assert fields.exact(Decimal(text)) == Decimal(text)


@pytest.mark.parametrize("text", ["", "x", "NaN", "sNaN", "Infinity", "-1", "1e41", "1e-41", "5" * 61])
def test_what_is_no_exact_amount_is_refused(text):
    with pytest.raises(ValueError):
        fields.exact(text)


def test_only_a_signed_amount_may_be_below_0():
    assert fields.exact("-0.25", signed=True) == Decimal("-0.25")


def test_less_is_exact_and_never_below_0():
    whole, part = Decimal("1" + "0" * 39), Decimal("1e-40")
    assert str(fields.less(whole, part)) == "9" * 39 + "." + "9" * 40
    assert fields.less(part, part) == 0
    with pytest.raises(ValueError):
        fields.less(part, whole)
