"""What the gate remembers does not grow while nobody asks it anything."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import ClientId, CycleId, Order, OrderSent, OrderType, Purpose, Side, Symbol, VenueId
from arb.limits import History

S = 1_000_000_000


def sent(number: int) -> OrderSent:
    order = Order(
        VenueId("v"), Symbol("BTC/USDT"), Side.BUY, OrderType.IOC, Decimal(1), Decimal(1), ClientId(f"c{number}")
    )
    return OrderSent(CycleId("c"), order, Purpose.RETRY, 1, 0, 0)


def test_orders_that_leave_while_the_gate_is_closed_are_remembered_for_a_minute() -> None:
    history = History()
    for second in range(600):
        history.on_fact(sent(second), second * S)
    assert len(history._sent) == 60
    assert history.orders_in_minute(599 * S) == 60
