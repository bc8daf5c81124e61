from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from arb.domain import OrderType, Side
from arb.paper.rules import refusal
from tests.arb.paper.world import market, order

LIMIT, MARKET, IOC = OrderType.LIMIT, OrderType.MARKET, OrderType.IOC
BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        pytest.param(order(), "", id="an order within the rules"),
        pytest.param(order(BUY, MARKET, "1", None, spend="101"), "", id="a MARKET buy that says what it spends"),
        pytest.param(order(SELL, MARKET, "1", None), "", id="a MARKET sell"),
        pytest.param(order(client_id=""), "client id", id="without a client id"),
        pytest.param(order(price=None), "without a price", id="an IOC without a price"),
        pytest.param(order(SELL, MARKET), "with a price", id="a MARKET order with a price"),
        pytest.param(order(BUY, MARKET, "1", None), "spends", id="a MARKET buy that does not say what it spends"),
        pytest.param(order(spend="10"), "spends", id="an IOC that says what it spends"),
        pytest.param(order(SELL, MARKET, "1", None, spend="10"), "spends", id="a MARKET sell that does"),
        pytest.param(order(price="0"), "not above 0", id="a price of nothing"),
        pytest.param(order(price="101.2"), "tick 0.5", id="between two ticks"),
        pytest.param(order(qty="0"), "not above 0", id="nothing"),
        pytest.param(order(qty="1.001"), "multiple of 0.01", id="between two steps"),
        pytest.param(order(qty="0.01", price="1000"), "below the minimum 0.02", id="too small"),
        pytest.param(order(qty="100.01", price="10"), "above the maximum 100", id="too large"),
        pytest.param(order(qty="0.04"), "below the minimum 5", id="worth too little"),
        pytest.param(order(qty="50"), "above the maximum 5000", id="worth too much"),
        pytest.param(order(BUY, MARKET, "1", None, spend="4.99"), "below the minimum 5", id="spending too little"),
        pytest.param(order(BUY, MARKET, "1", None, spend="-1"), "not above 0", id="spending less than nothing"),
        pytest.param(order(SELL, MARKET, "0.04", None), "below the minimum 5", id="a MARKET sell worth too little"),
    ],
)
def test_refusals(asked: object, why: str) -> None:
    found = refusal(asked, market(), D(100))  # type: ignore[arg-type]
    assert (why in found) if why else not found


def test_a_market_sell_without_a_buyer_is_not_judged_by_its_worth() -> None:
    assert refusal(order(SELL, MARKET, "0.04", None), market(), None) == ""


def test_a_closed_side_says_why() -> None:
    closed = msgspec.structs.replace(market(), buyable=False, why="to be delisted")
    assert "to be delisted" in refusal(order(), closed, D(100))
    assert refusal(order(SELL), closed, D(100)) == ""


def test_what_has_no_limits_is_not_limited() -> None:
    free = market(min_qty=None, max_qty=None, min_notional=None, max_notional=None)
    assert refusal(order(qty="0.01"), free, D(100)) == refusal(order(qty="5000"), free, D(100)) == ""
