"""What orders have come to is exact, however many digits a venue writes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from arb.domain import ClientId, Order, OrderType, Side
from arb.execution.life import Life
from arb.execution.position import deltas_of, standing
from tests.arb.execution.world import BTC, MEXC, SYMBOL, USDT, fill_of

PRICE, QTY, FEE = "0.1234567890123456789", "1234567890.123456789012", "0.00000000012345678901234567890123456789"


@pytest.mark.parametrize("side", [pytest.param(Side.BUY, id="bought"), pytest.param(Side.SELL, id="sold")])
@pytest.mark.parametrize("qty", [pytest.param(QTY, id="22 digits"), pytest.param(QTY + "3" * 12, id="34 digits")])
def test_nothing_is_rounded(side: Side, qty: str) -> None:
    life = Life(Order(MEXC, SYMBOL, side, OrderType.IOC, Decimal(qty), Decimal(PRICE), ClientId("arb-1")), 0, 0, 0)
    life.on_fill(fill_of(life, qty, PRICE, "t", side=side, fee=Decimal(FEE)))
    sign = 1 if side is Side.BUY else -1
    deltas = {coin: Fraction(change) for (_, coin), change in deltas_of([life], BTC, USDT).items()}
    assert deltas == {
        BTC: sign * Fraction(qty),
        USDT: -sign * Fraction(qty) * Fraction(PRICE) - Fraction(FEE),
    }
    assert Fraction(standing([life], BTC)) == sign * Fraction(qty)
