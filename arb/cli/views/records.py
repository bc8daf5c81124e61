"""Cycles, orders and reports in columns, and the story of a cycle: plain text for eyes, grep and awk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from arb.cli.views.text import NONE, decimal
from arb.domain import BookSeen, Fact, LegPlan
from arb.history import CycleRow, Explained, Moment, OrderRow, ReportRow
from arb.history.lines import plainly
from arb.history.sums import short

Put = Callable[[str], None]

CYCLE_COLUMNS = (
    "ended", "cycle", "symbol", "buy", "sell", "qty", "end", "profit", "expected", "quote", "residual", "naked", "why",
)  # fmt: skip
ORDER_COLUMNS = (
    "sent", "client_id", "venue", "symbol", "side", "type", "purpose", "qty", "price", "status", "filled", "average",
    "fees", "reason",
)  # fmt: skip
REPORT_COLUMNS = ("by", "key", "quote", "cycles", "won", "reported", "volume", "fees", "expected", "profit", "naked")

_ANSWERS = {True: "yes", False: "no", None: "unknown"}


def put(line: Put, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Columns of plain text, their names first."""
    lines = [tuple(columns), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for each in lines:
        line("  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)).rstrip())


def cycle(row: CycleRow) -> tuple[str, ...]:
    return (
        when(row.closed_ns or row.opened_ns),
        row.cycle,
        row.symbol,
        row.buy,
        row.sell,
        decimal(row.qty),
        row.end,
        short(row.pnl, NONE),
        short(row.expected),
        row.quote,
        decimal(row.residual),
        short(row.naked, NONE),
        row.why,
    )


def order(row: OrderRow) -> tuple[str, ...]:
    return (
        when(row.sent_ns),
        row.client_id,
        row.venue,
        row.symbol,
        row.side.name.lower(),
        row.type.name.lower(),
        row.purpose.name.lower(),
        decimal(row.qty),
        decimal(row.price),
        row.status,
        decimal(row.filled),
        short(row.average, NONE),
        "+".join(f"{decimal(fee)} {coin}" for coin, fee in row.fees) or NONE,
        row.reason,
    )


def report_row(row: ReportRow) -> tuple[str, ...]:
    return (
        row.by,
        row.key,
        row.quote,
        str(row.cycles),
        str(row.won),
        str(row.reported),
        short(row.volume),
        short(row.fees),
        short(row.expected, NONE),
        short(row.pnl),
        short(row.naked),
    )


def explained(found: Explained) -> Iterator[str]:
    row, plan = found.row, found.opened.plan
    yield f"cycle {row.cycle}: {row.symbol}, bought at {row.buy}, sold at {row.sell}, by {row.strategy}: {row.end}"
    if row.why:
        yield f"  {row.why}"
    yield "plan"
    for leg in (plan.buy, plan.sell):
        yield f"  {_leg(leg)}"
    for seen in plan.books:
        yield f"  {_book(seen)}"
    for check in plan.checks:
        yield f"  {check.id} {_ANSWERS[check.ok]}: {check.why}"
    yield f"  expected {short(plan.profit)} {plan.quote}; not known: {', '.join(plan.unknowns) or 'nothing'}"
    yield "stages, µs since detected (and since the stage before)"
    for stage in found.stages:
        yield f"  {stage.name:12} {stage.at_us:12,.1f}  {stage.took_us:+12,.1f}"
    if found.closed is not None and found.split is not None:
        split = found.split
        yield f"realised {short(found.closed.pnl)}, expected {short(plan.profit)}, difference {short(split.total)}"
        missed = f"  of which never filled {short(split.missed)}" if split.missed else ""
        yield f"  book move    {short(split.book_move):>16}{missed}"
        for name, value in (
            ("slippage", split.slippage),
            ("fees", split.fees),
            ("rounding", split.rounding),
            ("hedge", split.hedge),
        ):
            yield f"  {name:12} {short(value):>16}"
        naked = f"{short(found.closed.naked)} {plan.quote}·s"
        residual, mark = decimal(found.closed.residual), short(found.closed.mark, NONE)
        yield f"  residual {residual} {plan.base}, naked {naked}, mark {mark}"
    yield "orders"
    put_lines: list[str] = []
    put(put_lines.append, ORDER_COLUMNS, map(order, found.orders))
    yield from (f"  {line}" for line in put_lines)
    yield "story, µs since detected"
    for moment in found.story:
        yield f"  {moment.at_us:14,.1f}  {_told(moment)}"


def when(wall_ns: int) -> str:
    """UTC, to the millisecond."""
    at = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{wall_ns // 1_000_000 % 1000:03}Z"


def _leg(leg: LegPlan) -> str:
    return (
        f"{leg.side.name.lower():4} {decimal(leg.qty)} at {leg.venue}, cap {decimal(leg.price)}, "
        f"promised {short(leg.vwap)}, fee {short(leg.fee)}"
    )


def _book(seen: BookSeen) -> str:
    return (
        f"book {seen.venue} {seen.symbol} {seen.state.name} seq {seen.seq} age {seen.age_ns / 1e6:.1f} ms, "
        f"bid {decimal(seen.bid)} ask {decimal(seen.ask)}"
    )


def _told(moment: Moment) -> str:
    return f"{type(moment.fact).__name__:14} {_words(moment.fact)}"


def _words(fact: Fact) -> str:
    """Field by field; parts that have fields of their own are named only: the JSON has them."""
    fields = plainly(fact)
    return " ".join(
        f"{name}={value}"
        for name, value in fields.items()
        if not isinstance(value, dict | list) and value not in ("", None) and not name.endswith("_ns")
    )
