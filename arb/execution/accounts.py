"""The money of a cycle: set aside before an order leaves, settled when it is accounted, booked when the cycle ends."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import ClientId, Coin, ExposureMoved, VenueId
from arb.execution.cycle import Cycle
from arb.execution.ports import Exposure, Inventory
from arb.execution.position import change_between, spent
from arb.execution.sums import ZERO


class Accounts:
    def __init__(self, inventory: Inventory, exposure: Exposure) -> None:
        self._inventory = inventory
        self._exposure = exposure

    def reserve(self, cycle: Cycle, name: ClientId, venue: VenueId, coin: Coin, amount: Decimal, now_ns: int) -> None:
        if name not in cycle.held:  # the second leg's money has been set aside from the start
            cycle.held.add(name)
            self._inventory.reserve(name, venue, coin, amount, now_ns)

    def settle(self, cycle: Cycle, now_ns: int) -> None:
        """For every order that has become accounted."""
        for life in cycle.lives:
            name = life.order.client_id
            if name in cycle.held and life.accounted:
                cycle.held.discard(name)
                self._inventory.settle(name, spent(life, cycle.plan.base, cycle.plan.quote), now_ns)

    def release(self, cycle: Cycle, now_ns: int) -> None:
        """What was set aside for an order that was never sent."""
        for name in sorted(cycle.held):
            self._inventory.settle(name, ZERO, now_ns)
        cycle.held.clear()

    def book(self, cycle: Cycle, now_ns: int) -> list[ExposureMoved]:
        """Into the exposure ledger goes what it does not have of the cycle yet."""
        deltas = cycle.deltas
        changes = change_between(cycle.booked, deltas)
        cycle.booked = deltas
        return [self._exposure.move(cycle.id, venue, coin, change, now_ns) for (venue, coin), change in changes.items()]
