"""Which number of levels is asked for next."""

from __future__ import annotations

import pytest

from adapters.ccxt_limits import Limits
from arb.domain import Depth

# What ccxt says, in its own words (4.5.90).
KRAKEN = "kraken watchOrderBook accepts limit values of 10, 25, 100, 500 and 1000 only"
KUCOIN = "kucoin watchOrderBook 'limit' argument must be None, 5, 20, 50 or 100"
BYBIT = "bybit watchOrderBookForSymbols(): for spot markets limit can be one of: [1,50,200,1000]"
HTX = "htx watchOrderBook market accepts limits of 5, 20, 150 or 400 only"
BITTRADE = "bittrade watchOrderBook accepts limit = 150 only"


@pytest.mark.parametrize(
    ("depth", "first"),
    [
        pytest.param(Depth.TOP, None, id="top: what ccxt thinks right"),
        pytest.param(Depth.FIVE, None, id="5: what ccxt thinks right"),
        pytest.param(Depth.TWENTY, None, id="20: what ccxt thinks right"),
        pytest.param(Depth.FULL, 400, id="full: many"),
    ],
)
def test_first(depth: Depth, first: int | None) -> None:
    assert Limits.of_depth(depth).current == first


@pytest.mark.parametrize(
    ("wanted", "message", "then"),
    [
        pytest.param(400, KRAKEN, 500, id="the next larger one that the exchange takes"),
        pytest.param(400, BYBIT, 1000, id="the next larger one of a list in brackets"),
        pytest.param(400, KUCOIN, 100, id="the largest where all are smaller"),
        pytest.param(400, BITTRADE, 150, id="the only one"),
        pytest.param(20, KUCOIN, 50, id="one that was refused is not tried again"),
        pytest.param(400, "Invalid depth, 404", None, id="without a list, what ccxt thinks right"),
        pytest.param(
            400, "limit exceeded: order 12345678901 at 0.25", None, id="long and broken numbers are no limits"
        ),
    ],
)
def test_after_a_refusal(wanted: int, message: str, then: int | None) -> None:
    limits = Limits((wanted,))
    assert limits.refused(wanted, message)
    assert limits.current == then


def test_after_the_last_number_a_refusal_is_a_refusal() -> None:
    limits = Limits((400, None))
    assert limits.refused(400, HTX)  # says that 400 is fine, and still does not take it
    assert limits.current == 150
    assert limits.refused(150, HTX)
    assert limits.current is None
    assert not limits.refused(None, HTX)


def test_a_number_that_has_worked_is_not_to_blame() -> None:
    limits = Limits((400, None))
    limits.worked()
    assert not limits.refused(400, KRAKEN)
    assert limits.current == 400


def test_who_asked_with_an_older_number_asks_again() -> None:
    limits = Limits((400,))
    assert limits.refused(400, KRAKEN)
    assert limits.refused(400, KRAKEN)
    assert limits.current == 500


@pytest.mark.parametrize(
    ("depth", "bids", "asks", "again"),
    [
        pytest.param(Depth.TWENTY, 10, 10, True, id="both sides end at 10: a window"),
        pytest.param(Depth.TWENTY, 20, 20, False, id="as many as promised"),
        pytest.param(Depth.TWENTY, 10, 9, False, id="sides of different length: all that there is"),
        pytest.param(Depth.TWENTY, 0, 0, False, id="an empty book"),
        pytest.param(Depth.FIVE, 3, 3, False, id="no other number to try"),
    ],
)
def test_a_window_smaller_than_promised(depth: Depth, bids: int, asks: int, again: bool) -> None:
    limits = Limits.of_depth(depth)
    limits.worked()
    assert limits.short(None, int(depth), bids, asks) is again
    assert limits.current == (100 if again else None)
    if again:
        assert limits.short(None, int(depth), bids, asks)  # whoever still asks with the old number changes too
        assert not limits.short(100, int(depth), bids, asks)  # and then it is as it is
