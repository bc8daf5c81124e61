"""What a running engine answers, in words and columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from arb.cli.views import health
from arb.cli.views.text import NONE, decimal
from arb.control import CancelReply, FlattenReply, RiskReply
from arb.domain import Symbol
from arb.status import BalanceRow, EngineStatus, ExposureRow, OrderRow, PrivateStatus, UptimeRow

_VENUE_COLUMNS = (
    "venue", "path", "private", "clock_error_ms", "orders_left", "balances_age_ms", "books_path", "books_live", "live",
    "outages", "detect_ms", "recover_ms", "breakers", "why",
)  # fmt: skip
_BALANCE_COLUMNS = ("venue", "coin", "free", "locked", "reserved", "age_ms", "usable")


def status_text(status: EngineStatus) -> str:
    because = f" ({status.limit}: {status.why})" if status.limit else f" ({status.why})" if status.why else ""
    lines = [
        f"{status.mode} engine, process {status.pid}, up {duration(status.uptime_s)}: {status.risk.name}{because}",
        f"cycles: {status.cycles_open} open, {status.cycles_closed} closed, {status.cycles_reported} reported;"
        f" {status.orders_sent} orders sent",
        f"pnl: {decimal(status.pnl_today)} {status.currency} today, {decimal(status.pnl_total)} in all",
        f"decision to sent {_latency(status.sent_p50_us, status.sent_p99_us)},"
        f" to acknowledged {_latency(status.acked_p50_us, status.acked_p99_us)}",
        f"loop lag {health.loop_lag(status.loop)}",
    ]
    if status.refused:
        lines.append(f"refused: {', '.join(f'{limit} {count}' for limit, count in status.refused)}")
    if status.exposure:
        lines.append(f"exposure: {', '.join(_exposure(row, status.currency) for row in status.exposure)}")
    if status.venues:
        lines += columns(_VENUE_COLUMNS, map(_venue, status.venues))
    if status.journal:
        lines.append(f"journal: {status.journal}")
    return "\n".join(lines)


def risk_text(mode: str, reply: RiskReply) -> str:
    cancelled = f"; cancelling {reply.cancelled} orders" if reply.cancelled else ""
    if reply.before is reply.after:
        return f"{mode} engine: {reply.after.name}, as it was{cancelled}"
    because = f" ({reply.why})" if reply.why else ""
    return f"{mode} engine: {reply.before.name} -> {reply.after.name}{because}{cancelled}"


def cancel_lines(mode: str, reply: CancelReply) -> Iterator[str]:
    if not reply.orders:
        yield f"{mode} engine: no order of ours is open"
        return
    yield f"{mode} engine: cancelling {len(reply.orders)} orders of ours; 'arb orders' tells what became of them"
    yield from map(order_text, reply.orders)


def flatten_lines(mode: str, reply: FlattenReply) -> Iterator[str]:
    if not reply.sent and not reply.left:
        yield f"{mode} engine: nothing is held, there is nothing to flatten"
        return
    yield f"{mode} engine: {len(reply.sent)} orders sent to flatten; {len(reply.left)} residuals stay"
    yield from map(order_text, reply.sent)
    for why in reply.left:
        yield f"  left: {why}"


def balance_lines(rows: Sequence[BalanceRow]) -> Iterator[str]:
    if not rows:
        yield "nothing is held, or no venue has told yet"
        return
    yield from columns(_BALANCE_COLUMNS, map(_balance, rows))


def uptime_lines(rows: Sequence[UptimeRow]) -> Iterator[str]:
    """Every book, the worst first."""
    yield from columns(health.UPTIME_COLUMNS, map(health.uptime_row, health.worst_first(rows)))


def order_text(order: OrderRow) -> str:
    price = "the market" if order.price is None else decimal(order.price)
    return (
        f"  {order.venue} {order.symbol} {order.side.name.lower()} {decimal(order.qty)} at {price}, {order.client_id}"
    )


def columns(names: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Plain text with the names first: for eyes, grep and awk alike."""
    lines = [tuple(names), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def duration(seconds: float) -> str:
    """61.5 -> "1m 1s"; days and hours where there are any."""
    left, parts = int(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return " ".join((*parts, f"{left}s"))


def _venue(venue: PrivateStatus) -> tuple[str, ...]:
    uptime = health.uptime_row(venue.uptime or UptimeRow(venue.venue, Symbol("")))
    _name, _all, live, outages, detect, recover, _down = uptime
    return (
        venue.venue,
        venue.path,
        "up" if venue.private_up else "DOWN",
        _number(venue.clock_error_ms),
        NONE if venue.orders_left is None else str(venue.orders_left),
        _number(venue.balances_age_ms),
        venue.data or NONE,
        f"{venue.books_live}/{venue.books}",
        live,
        outages,
        detect,
        recover,
        health.breakers(venue.breakers),
        venue.why or NONE,
    )


def _balance(row: BalanceRow) -> tuple[str, ...]:
    amounts = (decimal(row.free), decimal(row.locked), decimal(row.reserved))
    return (row.venue, row.coin, *amounts, f"{row.age_ms:.0f}", "yes" if row.usable else "NO")


def _exposure(row: ExposureRow, currency: str) -> str:
    value = f" ({decimal(row.value)} {currency})" if row.value is not None else ""
    return f"{row.venue} {decimal(row.qty)} {row.coin}{value}"


def _latency(p50_us: float | None, p99_us: float | None) -> str:
    return NONE if p50_us is None or p99_us is None else f"p50 {p50_us:.0f} us p99 {p99_us:.0f} us"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"
