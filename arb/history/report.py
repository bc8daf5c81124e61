"""What the cycles of some time have earned: in all, by pair, by venue, by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from arb.domain import Coin, CycleClosed, CycleEnd, CycleId, Fill, VenueId
from arb.history.rows import Point, Report, ReportRow
from arb.history.sums import ZERO, less, plus, times, total
from arb.journal import Records

TOTAL, PAIR, VENUE, DAY = "total", "pair", "venue", "day"
OTHER = "(elsewhere)"  # what is known in all but not by venue: fees in other coins at several of them, dust unpriced

_SECOND_NS = 1_000_000_000
_CLOCK_NS = 60 * _SECOND_NS  # wall clocks are set back now and then


class _Part:
    """What one cycle was at one venue."""

    __slots__ = ("fees", "pnl", "volume")

    def __init__(self) -> None:
        self.volume = self.fees = self.pnl = ZERO


class _Row:
    """A row that is being added up."""

    __slots__ = ("cycles", "expected", "fees", "naked", "pnl", "reported", "volume", "won")

    def __init__(self) -> None:
        self.cycles = self.won = self.reported = 0
        self.volume = self.fees = self.pnl = self.expected = self.naked = ZERO

    def add(self, closed: CycleClosed, part: _Part) -> None:
        self.cycles += 1
        self.won += closed.pnl > 0
        self.reported += closed.end is CycleEnd.REPORTED
        self.volume = plus(self.volume, part.volume)
        self.fees = plus(self.fees, part.fees)
        self.pnl = plus(self.pnl, part.pnl)
        self.expected = plus(self.expected, closed.expected)
        self.naked = plus(self.naked, closed.naked)


def report(records: Records, since_ns: int, until_ns: int) -> Report:
    """Of the cycles that ended since a wall time. until_ns: now."""
    fills = _fills(records, since_ns)
    rows: defaultdict[tuple[str, str, Coin], _Row] = defaultdict(_Row)
    earned: dict[Coin, Decimal] = {}
    curve: list[Point] = []
    for closed in records.facts(CycleClosed, since_ns=since_ns):
        quote = Coin(closed.symbol.partition("/")[2])
        parts = _parts(closed, fills.get(closed.cycle, ()))
        whole = _Part()
        whole.volume, whole.fees = total(p.volume for p in parts.values()), total(p.fees for p in parts.values())
        whole.pnl = closed.pnl
        for by, key in ((TOTAL, quote), (PAIR, closed.symbol), (DAY, day(closed.wall_ns))):
            rows[by, key, quote].add(closed, whole)
        for venue, part in parts.items():
            rows[VENUE, venue, quote].add(closed, part)
        earned[quote] = plus(earned.get(quote, ZERO), closed.pnl)
        curve.append(Point(closed.wall_ns, quote, earned[quote]))
    return Report(records.meta.get("mode", ""), since_ns, until_ns, tuple(_sorted(rows)), tuple(curve))


def day(wall_ns: int) -> str:
    """UTC."""
    return datetime.fromtimestamp(wall_ns // _SECOND_NS, UTC).date().isoformat()


def _fills(records: Records, since_ns: int) -> Mapping[CycleId, list[Fill]]:
    """Of the cycles that ended since, in one pass over all that was filled from the first of their beginnings on."""
    began_ns = records.began_ns(since_ns)
    owners = {sent.order.client_id: sent.cycle for sent in records.orders(since_ns=began_ns)}
    found: defaultdict[CycleId, list[Fill]] = defaultdict(list)
    for fill in records.fills(since_ns=max(0, began_ns - _CLOCK_NS)):
        client_id = records.owner_of(fill)
        if client_id in owners:
            found[owners[client_id]].append(fill)
    return found


def _parts(closed: CycleClosed, fills: list[Fill] | tuple[Fill, ...]) -> Mapping[str, _Part]:
    """By venue: coins at the price of the end. What the end made of other coins goes where they were paid."""
    base, _, quote = closed.symbol.partition("/")
    mark = ZERO if closed.mark is None else closed.mark
    parts: defaultdict[str, _Part] = defaultdict(_Part)
    for fill in fills:
        part = parts[fill.venue]
        part.volume = plus(part.volume, times(fill.price, fill.qty))
        worth = {quote: fill.fee, base: times(fill.fee, mark)}
        part.fees = plus(part.fees, worth.get(fill.fee_coin, ZERO))
    elsewhere: set[VenueId] = set()
    for delta in closed.deltas:
        part = parts[delta.venue]
        if delta.coin == quote:
            part.pnl = plus(part.pnl, delta.qty)
        elif delta.coin == base:
            part.pnl = plus(part.pnl, times(delta.qty, mark))
        else:
            elsewhere.add(delta.venue)
    rest = less(closed.pnl, total(part.pnl for part in parts.values()))
    if rest:
        priced = bool(elsewhere) and closed.mark is not None  # then all of it is fees in other coins
        part = parts[elsewhere.pop() if len(elsewhere) == 1 else OTHER]
        part.pnl = plus(part.pnl, rest)
        part.fees = less(part.fees, rest) if priced else part.fees
    return parts


def _sorted(rows: Mapping[tuple[str, str, Coin], _Row]) -> Iterator[ReportRow]:
    """Totals first; pairs and venues by what they earned, days by date."""
    for by in (TOTAL, PAIR, VENUE, DAY):
        found = [(key, quote, row) for (kind, key, quote), row in rows.items() if kind == by]
        found.sort(key=lambda item: item[0])
        if by != DAY:
            found.sort(key=lambda item: item[2].pnl, reverse=True)
        for key, quote, row in found:
            yield ReportRow(
                by=by,
                key=key,
                quote=quote,
                cycles=row.cycles,
                won=row.won,
                reported=row.reported,
                volume=row.volume,
                fees=row.fees,
                expected=None if by == VENUE else row.expected,
                pnl=row.pnl,
                naked=row.naked,
            )
