"""One fact, three kinds of listeners, one order."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import (
    Balance,
    Coin,
    CycleId,
    ExposureMoved,
    Order,
    OrderSent,
    OrderType,
    Purpose,
    Side,
    Symbol,
    VenueId,
)
from arb.domain.codes import ClientId
from arb.observers import Observers
from arb.publisher import Publisher

V = VenueId("v")
BALANCE = Balance(V, Coin("A"), Decimal(1), Decimal(0), 1, 0, 5)
ORDER = Order(V, Symbol("A/B"), Side.BUY, OrderType.IOC, Decimal(1), Decimal(2), ClientId("arb-1"))
SENT = OrderSent(CycleId("c"), ORDER, Purpose.RETRY, 1, 7, 8)


class Log:
    """Journal and observer at once: keeps who heard what, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def ahead(self, *facts):
        raise AssertionError("written ahead by those who send, never here")

    def note(self, fact):
        self.heard.append(("journal", fact))

    def on_fact(self, fact):
        self.heard.append(("observer", fact))

    def listener(self, fact):
        self.heard.append(("listener", fact))


def made() -> tuple[Publisher, Log]:
    log = Log()
    publisher = Publisher(log, Observers([log]))
    publisher.listen(log.listener)
    return publisher, log


def test_a_fact_is_on_record_before_anybody_acts_on_it():
    publisher, log = made()
    publisher.publish(BALANCE)
    assert [who for who, _ in log.heard] == ["journal", "listener", "observer"]
    assert {fact for _, fact in log.heard} == {BALANCE}


def test_what_was_written_ahead_is_not_written_twice():
    publisher, log = made()
    publisher.publish(SENT)
    assert log.heard == [("listener", SENT), ("observer", SENT)]


def test_a_listener_that_publishes_keeps_causes_before_effects_in_the_journal():
    publisher, log = made()
    effect = ExposureMoved(CycleId("c"), V, Coin("A"), Decimal(1), Decimal(1), 9)
    publisher.listen(lambda fact: publisher.publish(effect) if fact is BALANCE else None)
    publisher.publish(BALANCE)
    assert [fact for who, fact in log.heard if who == "journal"] == [BALANCE, effect]
