"""What a paper account owns: free and locked amounts, as a venue keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from arb.domain import Balance, Coin, VenueId

_NONE = Decimal(0)


class Account:
    """Money of one venue. Every change has a number; it is the `seq` of the Balance that tells of it."""

    def __init__(self, venue: VenueId, start: Mapping[Coin, Decimal]) -> None:
        self._venue = venue
        self._free: dict[Coin, Decimal] = dict(start)
        self._locked: dict[Coin, Decimal] = {}
        self._seqs: dict[Coin, int] = {}
        self._seq = 0
        self._changed: dict[Coin, None] = {}

    def free(self, coin: Coin) -> Decimal:
        return self._free.get(coin, _NONE)

    def locked(self, coin: Coin) -> Decimal:
        return self._locked.get(coin, _NONE)

    def lock(self, coin: Coin, amount: Decimal) -> bool:
        """Set money aside for an order. False, and nothing happens, where less is free."""
        if self.free(coin) < amount:
            return False
        self._move(coin, -amount, amount)
        return True

    def unlock(self, coin: Coin, amount: Decimal) -> None:
        self._move(coin, amount, -amount)

    def pay(self, coin: Coin, amount: Decimal) -> None:
        """Give away what was locked."""
        self._move(coin, _NONE, -amount)

    def receive(self, coin: Coin, amount: Decimal) -> None:
        self._move(coin, amount, _NONE)

    def take_changes(self, wall_ns: int, now_ns: int) -> tuple[Balance, ...]:
        """The coins that changed since the last call, as they stand now."""
        changed, self._changed = self._changed, {}
        return tuple(self._told(coin, wall_ns, now_ns) for coin in changed)

    def all(self, wall_ns: int, now_ns: int) -> tuple[Balance, ...]:
        """Every coin that is held."""
        return tuple(self._told(coin, wall_ns, now_ns) for coin in self._free if self.free(coin) or self.locked(coin))

    def _move(self, coin: Coin, free: Decimal, locked: Decimal) -> None:
        if not free and not locked:
            return
        self._seq += 1
        self._seqs[coin] = self._seq
        self._free[coin] = self.free(coin) + free
        self._locked[coin] = self.locked(coin) + locked
        self._changed[coin] = None

    def _told(self, coin: Coin, wall_ns: int, now_ns: int) -> Balance:
        seq = self._seqs.get(coin, 0)
        return Balance(self._venue, coin, self.free(coin), self.locked(coin), seq, wall_ns, now_ns)
