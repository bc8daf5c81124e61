"""What of a book a paper order may hope for: a share of each level, and never the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from arb.book import Book
from arb.domain import Side, Symbol
from arb.units import exact, floor_to

_NONE = Decimal(0)
_FIRST = 20  # levels looked at before more are asked for

Offer = tuple[Decimal, Decimal]  # price, quantity


class _Taken:
    """A level that we took from. seen: its quantity when we last looked.   taken: ours, and not yet replaced."""

    __slots__ = ("seen", "taken")

    def __init__(self, seen: Decimal) -> None:
        self.seen = seen
        self.taken = _NONE


class Liquidity:
    """The live books do not notice what paper takes from them, and so it is remembered here.

    A level gives `share` of its quantity less what was taken before. Only what is seen to be added to it makes up for
    that: a level that stays or shrinks still lacks our part. One that is gone is forgotten; what comes back is new.
    """

    def __init__(self, share: Decimal) -> None:
        self._share = share
        self._taken: dict[tuple[Symbol, Side], dict[Decimal, _Taken]] = {}

    @property
    def remembered(self) -> set[Symbol]:
        """Markets in which something was taken that is not yet replaced."""
        return {symbol for symbol, _ in self._taken}

    def offers(self, book: Book, symbol: Symbol, side: Side, step: Decimal) -> Iterator[Offer]:
        """What an order of `side` may have, best price first, in whole steps; levels with nothing are left out."""
        self.look(book, symbol, side)
        taken = self._taken.get((symbol, side), {})
        for price, qty in levels(book, side):
            held = taken.get(price)
            there = floor_to(qty * self._share - (held.taken if held is not None else _NONE), step)
            if there > 0:
                yield price, there

    def take(self, book: Book, symbol: Symbol, side: Side, gone: Mapping[Decimal, Decimal]) -> None:
        """These quantities, by price, are gone from their levels."""
        wanted = dict(gone)
        held = self._taken.setdefault((symbol, side), {}) if wanted else {}
        for price, qty in levels(book, side):
            if not wanted:
                return
            ours = wanted.pop(price, None)
            if ours is not None:
                held.setdefault(price, _Taken(qty)).taken += ours

    def look(self, book: Book, symbol: Symbol, side: Side) -> None:
        """Compare what is remembered of this side with what it is now."""
        held = self._taken.get((symbol, side))
        if held is None:
            return
        worst = max(held) if side is Side.BUY else min(held)
        found: dict[Decimal, Decimal] = {}
        for price, qty in levels(book, side):
            if price > worst if side is Side.BUY else price < worst:
                break
            if price in held:
                found[price] = qty
        for price in tuple(held):
            qty = found.get(price, _NONE)
            level = held[price]
            level.taken -= max(_NONE, qty - level.seen)
            level.seen = qty
            if not qty or level.taken <= 0:
                del held[price]
        if not held:
            del self._taken[symbol, side]


def levels(book: Book, side: Side) -> Iterator[Offer]:
    """The levels that an order of `side` meets, best first, as the venue wrote them."""
    start, count = 0, _FIRST
    while True:
        found = book.asks(count) if side is Side.BUY else book.bids(count)
        for price, qty in found[start:]:
            yield exact(price), exact(qty)
        if len(found) < count:
            return
        start, count = count, count * 4
