"""What an account must hold: what it held when all was accounted for, and every fill since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import cast

import msgspec

from arb.domain import BalancesRead, Baseline, Coin, Delta, Fill, Side, VenueId
from arb.execution.sums import ZERO, less, plus, times
from arb.journal import Record, Records, fill_key
from arb.units import plain

Totals = Mapping[Coin, Decimal]

_TOLD_AGAIN_NS = 86_400_000_000_000  # a venue repeats fills of so long ago at most


class Difference(msgspec.Struct, frozen=True):
    """A coin of which a venue holds another amount than our records lead to."""

    venue: VenueId
    coin: Coin
    ours: Decimal
    theirs: Decimal

    def __str__(self) -> str:
        return (
            f"{self.venue} {self.coin}: ours {plain(self.ours)}, theirs {plain(self.theirs)}, "
            f"difference {plain(less(self.theirs, self.ours))}"
        )


def totals(read: BalancesRead) -> Totals:
    """Free and locked together, of every coin that is held."""
    both = {row.coin: plus(row.free, row.locked) for row in read.balances}
    return {coin: qty for coin, qty in both.items() if qty}


def deltas(fill: Fill) -> tuple[Delta, ...]:
    """What a fill made of the account: base, quote and fee."""
    base, _, quote = fill.symbol.partition("/")
    notional = times(fill.price, fill.qty)
    bought, paid = (fill.qty, notional) if fill.side is Side.BUY else (less(ZERO, fill.qty), less(ZERO, notional))
    return (
        Delta(fill.venue, Coin(base), bought),
        Delta(fill.venue, Coin(quote), less(ZERO, paid)),
        Delta(fill.venue, fill.fee_coin, less(ZERO, fill.fee)),
    )


def summed(found: Iterable[Delta]) -> dict[tuple[VenueId, Coin], Decimal]:
    """By venue and coin; what comes to nothing is left out."""
    sums: defaultdict[tuple[VenueId, Coin], Decimal] = defaultdict(Decimal)
    for delta in found:
        sums[delta.venue, delta.coin] = plus(sums[delta.venue, delta.coin], delta.qty)
    return {key: qty for key, qty in sums.items() if qty}


def expected(records: Records, base: Record) -> Totals:
    """What the venue of this Baseline must hold by all that is journalled."""
    baseline = cast(Baseline, base.fact)
    held = _told_before(records, base)
    later = (fill for fill in records.fills(after=base.id) if fill.venue == baseline.venue)
    changes = (delta for fill in later if fill_key(fill) not in held for delta in deltas(fill))
    return {coin: qty for (_, coin), qty in summed((*baseline.totals, *changes)).items()}


def differences(venue: VenueId, ours: Totals, theirs: Totals) -> Iterator[Difference]:
    for coin in sorted(ours.keys() | theirs.keys()):
        if ours.get(coin, ZERO) != theirs.get(coin, ZERO):
            yield Difference(venue, coin, ours.get(coin, ZERO), theirs.get(coin, ZERO))


def _told_before(records: Records, base: Record) -> set[tuple[object, ...]]:
    """Fills that the baseline holds already, and that a venue may tell once more."""
    since_ns = base.wall_ns - _TOLD_AGAIN_NS
    return {fill_key(cast(Fill, r.fact)) for r in records.records((Fill,), since_ns=since_ns) if r.id < base.id}
