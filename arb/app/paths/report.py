"""What a comparison has found, as one report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum

from arb.app.paths.comparison import LASTING_NS, Comparison
from arb.domain import DataPath, FeeSchedule, Market, Symbol, VenueId
from arb.interfaces import Statics
from arb.pathstatus import FactDifference, PathReport, Sequences
from arb.sync import BookSync
from arb.units import plain

WORST = 10  # markets and facts that are told
_MARKET_FACTS = ("tick", "step", "min_qty", "max_qty", "min_notional", "max_notional", "buyable", "sellable")
_FEE_FACTS = ("taker", "maker", "buy_coin", "sell_coin")


def sequences(counters: Mapping[str, int], books: Iterable[BookSync]) -> Sequences:
    """What a path has counted by now. books: of the venue, of that path."""
    kept = tuple(books)
    return Sequences(
        frames=counters.get("frames", -1),
        updates=_sum(kept, "updates"),
        decode_errors=counters.get("decode_errors", 0),
        gaps=_sum(kept, "gaps"),
        crossed=_sum(kept, "crossed"),
        resyncs=_sum(kept, "resyncs"),
        losses=counters.get("losses", 0),
    )


def since(now: Sequences, before: Sequences) -> Sequences:
    pairs = zip(_values(now), _values(before), strict=True)
    return Sequences(*(-1 if ours < 0 else max(0, ours - theirs) for ours, theirs in pairs))


def differing_facts(ours: Statics, theirs: Statics, symbols: Sequence[Symbol]) -> tuple[int, list[FactDifference]]:
    """How many facts both have, and those that are not the same. A fee of a key and a public one are two things."""
    wanted = frozenset(symbols)
    compared, found = 0, []
    for one, other, names in _pairs(ours, theirs, wanted):
        for name in names:
            compared += 1
            mine, yours = getattr(one, name), getattr(other, name)
            if mine != yours:
                found.append(FactDifference(one.symbol, name, _text(mine), _text(yours)))
    return compared, found


def _pairs(
    ours: Statics, theirs: Statics, wanted: frozenset[Symbol]
) -> Iterator[tuple[Market | FeeSchedule, Market | FeeSchedule, tuple[str, ...]]]:
    markets = {market.symbol: market for market in theirs.markets}
    for market in ours.markets:
        if market.symbol in wanted and market.symbol in markets:
            yield market, markets[market.symbol], _MARKET_FACTS
    fees = {fee.symbol: fee for fee in theirs.fees}
    for fee in ours.fees:
        other = fees.get(fee.symbol)
        if fee.symbol in wanted and other is not None and fee.source == other.source:
            yield fee, other, _FEE_FACTS


def report(
    venue: VenueId,
    comparison: Comparison,
    deciding: DataPath,
    native: Sequences,
    ccxt: Sequences,
    facts: tuple[int, Sequence[FactDifference]] | None,
    notes: Sequence[str],
    now_ns: int,
) -> PathReport:
    """facts: None where they could not be compared; `notes` say why."""
    found = list(comparison.differences(now_ns))
    both_s = sum(each.both_live_s for each in found)
    equal_s = sum(each.both_live_s * each.equal_share for each in found if each.equal_share is not None)
    leads = sorted(comparison.leads_ns)
    compared, different = facts if facts is not None else (0, ())
    unequal = sum(each.unequal for each in found)
    lasting = sum(pair.lasting for pair in comparison.pairs.values())
    both_live = sum(bool(each.both_live_s) for each in found)
    worst = sorted(found, key=lambda each: (-each.unequal, each.equal_share if each.equal_share is not None else 2.0))
    return PathReport(
        venue=venue,
        seconds=(now_ns - comparison.began_ns) / 1e9,
        deciding=deciding,
        symbols=len(found),
        both_live=both_live,
        equal_share=equal_s / both_s if both_s else None,
        largest_bps=max((each.largest_bps for each in found), default=0.0),
        longest_ms=max((each.longest_ms for each in found), default=0.0),
        lasting_s=LASTING_NS / 1e9,
        lasting=lasting,
        compared=sum(each.compared for each in found),
        unequal=unequal,
        leads=len(leads),
        native_first=sum(lead > 0 for lead in leads) / len(leads) if leads else None,
        lead_p1_ms=_quantile_ms(leads, 0.01),
        lead_p50_ms=_quantile_ms(leads, 0.5),
        lead_p99_ms=_quantile_ms(leads, 0.99),
        native=native,
        ccxt=ccxt,
        worst=tuple(each for each in worst if each.equal_share != 1.0 or each.unequal)[:WORST],
        facts_compared=compared,
        facts=tuple(different)[:WORST],
        notes=tuple(notes),
        agrees=bool(both_live) and not unequal and not lasting and not different,
    )


def _quantile_ms(ordered: Sequence[int], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6 if ordered else None


def _values(counted: Sequences) -> tuple[int, ...]:
    return tuple(getattr(counted, name) for name in counted.__struct_fields__)


def _sum(books: Sequence[BookSync], name: str) -> int:
    return sum(getattr(book, name) for book in books)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    return "none" if value is None else str(value).lower()
