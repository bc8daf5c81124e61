"""What execution asks of the balances and of the exposure ledger."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from arb.domain import ClientId, Coin, CycleId, ExposureMoved, VenueId


class Inventory(Protocol):
    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None:
        """None: not known now."""

    def reserve(self, client_id: ClientId, venue: VenueId, coin: Coin, amount: Decimal, now_ns: int) -> None: ...

    def settle(self, client_id: ClientId, spent: Decimal, now_ns: int) -> None:
        """The order is over; `spent` of what was set aside is gone."""


class Exposure(Protocol):
    def move(self, cycle: CycleId, venue: VenueId, coin: Coin, change: Decimal, at_ns: int) -> ExposureMoved: ...

    def net(self, coin: Coin) -> Decimal:
        """Over all venues."""

    def __iter__(self) -> Iterator[tuple[VenueId, Coin, Decimal]]: ...
