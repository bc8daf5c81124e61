"""All that a limit may look at, at one moment. It lives as long as one decision and is never kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from arb.config import RiskConfig
from arb.domain import BookKey, Coin, Part, Plan, Symbol, VenueId
from arb.interfaces import Lane
from arb.limits.history import History
from arb.sync import BookSync
from arb.units import plain

UNKNOWN = Decimal("Infinity")  # what has no price is more than any limit allows
_NONE = Decimal(0)


class Door(Protocol):
    """What the gate asks of a `Trading`."""

    def refusal(self, orders: int, lane: Lane) -> str: ...

    def clock_error_ns(self) -> int | None: ...


class Stock(Protocol):
    """What the gate asks of an `Inventory`."""

    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None: ...


class Surroundings(msgspec.Struct, frozen=True):
    """price: of one coin, in the currency of the limits, from live books; None: no live book tells.

    held: what cycles have left: venue, coin, quantity (< 0: owed).   venues_of: everybody who lists a symbol.
    why_not: what the breakers say of a part of a venue; "": nothing.   late_ns: how late the event loop is.
    """

    config: RiskConfig
    price: Callable[[Coin, int], Decimal | None]
    inventory: Stock
    held: Iterable[tuple[VenueId, Coin, Decimal]]
    trading: Mapping[VenueId, Door]
    book: Callable[[BookKey], BookSync | None]
    venues_of: Callable[[Symbol], Sequence[VenueId]]
    why_not: Callable[[VenueId, Part, int], str] = lambda _venue, _part, _now_ns: ""
    late_ns: Callable[[int], int] = lambda _now_ns: 0


class Moment:
    """Surroundings and history as they are now; each price and what is held are asked once."""

    __slots__ = ("_held", "_prices", "around", "config", "history", "now_ns", "wall_ns")

    def __init__(self, around: Surroundings, history: History, now_ns: int, wall_ns: int) -> None:
        self.around = around
        self.config = around.config
        self.history = history
        self.now_ns = now_ns
        self.wall_ns = wall_ns
        self._prices: dict[Coin, Decimal | None] = {}
        self._held: tuple[tuple[VenueId, Coin, Decimal], ...] | None = None

    @property
    def held(self) -> Sequence[tuple[VenueId, Coin, Decimal]]:
        """What cycles have left: venue, coin, quantity (< 0: owed)."""
        if self._held is None:
            self._held = tuple(self.around.held)
        return self._held

    def price(self, coin: Coin) -> Decimal | None:
        if coin not in self._prices:
            self._prices[coin] = self.around.price(coin, self.now_ns)
        return self._prices[coin]

    def worth(self, coin: Coin, amount: Decimal, unknown: Decimal = UNKNOWN) -> Decimal:
        """In the currency of the limits; `unknown` where no live book tells and there is something to value."""
        if not amount:
            return _NONE
        price = self.price(coin)
        return unknown if price is None else amount * price

    def money(self, amount: Decimal) -> str:
        """For people: "12.5 USDT"."""
        shown = plain(amount) if amount.is_finite() else "an unknown amount of"
        return f"{shown} {self.config.currency}"


Gate = Callable[[Moment, Plan], str]  # why the plan is refused; empty: it passes
