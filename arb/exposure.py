"""What is held because of cycles and not by choice: the sum of all that closed cycles left, by venue and coin."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from decimal import Context, Decimal

from arb.domain import Coin, CycleId, ExposureMoved, VenueId

_EXACT = Context(prec=100)  # sums of amounts with at most 20 decimals each: nothing is ever rounded here
_NONE = Decimal(0)


class Exposure:
    """The exposure ledger. Iterating gives (venue, coin, qty) of everything that is not 0, in the order it came."""

    def __init__(self) -> None:
        self._held: dict[tuple[VenueId, Coin], Decimal] = {}
        self._net: dict[Coin, Decimal] = {}

    def move(self, cycle: CycleId, venue: VenueId, coin: Coin, change: Decimal, at_ns: int) -> ExposureMoved:
        """A closed cycle left `change` of `coin` at `venue` (< 0: took it)."""
        held = _EXACT.add(self.held(venue, coin), change)
        self._put(venue, coin, held)
        return ExposureMoved(cycle, venue, coin, change, held, at_ns)

    def held(self, venue: VenueId, coin: Coin) -> Decimal:
        return self._held.get((venue, coin), _NONE)

    def net(self, coin: Coin) -> Decimal:
        """Over all venues: what of it stands without an opposite."""
        return self._net.get(coin, _NONE)

    def restore(self, moves: Iterable[ExposureMoved]) -> None:
        """Take up an earlier process's ledger from its moves, oldest first: of each venue and coin the last one counts.

        Replaces what is held of the coins that they name.
        """
        for move in moves:
            self._put(move.venue, move.coin, move.qty)

    def __iter__(self) -> Iterator[tuple[VenueId, Coin, Decimal]]:
        for (venue, coin), qty in list(self._held.items()):
            yield venue, coin, qty

    def _put(self, venue: VenueId, coin: Coin, qty: Decimal) -> None:
        change = _EXACT.subtract(qty, self.held(venue, coin))
        net = _EXACT.add(self.net(coin), change)
        if qty:
            self._held[venue, coin] = qty
        else:
            self._held.pop((venue, coin), None)
        if net:
            self._net[coin] = net
        else:
            self._net.pop(coin, None)


class Residuals:
    """What of the ledger is at risk: of each coin but `money`, only what no other venue's holding covers.

    Arbitrage moves coins from venue to venue, and money the other way, on purpose: covered by an opposite of the same
    size elsewhere they lose nothing. What is not covered stands where most of its sign is held.
    money: the coins that profit comes in; a function, since which they are may change with the markets.
    """

    def __init__(self, exposure: Exposure, money: Callable[[], Container[Coin]]) -> None:
        self._exposure = exposure
        self._money = money

    def __iter__(self) -> Iterator[tuple[VenueId, Coin, Decimal]]:
        by_coin: dict[Coin, list[tuple[Decimal, VenueId]]] = {}
        money = self._money()
        for venue, coin, qty in self._exposure:
            if coin not in money:
                by_coin.setdefault(coin, []).append((qty, venue))
        for coin, held in by_coin.items():
            left = self._exposure.net(coin)
            for qty, venue in sorted(held, key=lambda each: abs(each[0]), reverse=True):
                if left and (qty > 0) == (left > 0):
                    here = min(left, qty) if left > 0 else max(left, qty)
                    left = _EXACT.subtract(left, here)
                    yield venue, coin, here
