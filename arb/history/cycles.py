"""The list of cycles."""

from __future__ import annotations

from collections.abc import Iterator

from arb.domain import CycleClosed, CycleOpened
from arb.history.rows import CycleRow
from arb.journal import Records


def cycles(records: Records, since_ns: int = 0) -> Iterator[CycleRow]:
    """Those that ended since a wall time, in the order of their ends, then those that are open."""
    for closed in records.facts(CycleClosed, since_ns=since_ns):
        opened = records.opened(closed.cycle)
        if opened is not None:
            yield cycle_row(opened, closed)
    for opened in records.open_cycles():
        yield cycle_row(opened, None)


def cycle_row(opened: CycleOpened, closed: CycleClosed | None) -> CycleRow:
    plan = opened.plan
    return CycleRow(
        cycle=opened.cycle,
        symbol=plan.symbol,
        quote=plan.quote,
        strategy=plan.intent.strategy,
        buy=plan.buy.venue,
        sell=plan.sell.venue,
        qty=plan.buy.qty,
        expected=plan.profit,
        end="open" if closed is None else closed.end.name.lower(),
        pnl=None if closed is None else closed.pnl,
        residual=None if closed is None else closed.residual,
        naked=None if closed is None else closed.naked,
        why="" if closed is None else closed.why,
        opened_ns=opened.wall_ns,
        closed_ns=None if closed is None else closed.wall_ns,
    )
