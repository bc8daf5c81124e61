"""A trading run as it is shown: a line for each cycle and each turn of the risk gate, or a picture that is redrawn."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group, RenderableType
from rich.text import Text as Line

from arb.cli.output import Lines, Text
from arb.cli.views.health import loop_lag
from arb.cli.views.operating import status_text
from arb.cli.views.text import decimal, funnel, latency, venue_text
from arb.domain import CycleClosed, CycleEnd, CycleOpened, RiskMoved
from arb.history import cycle_row
from arb.history.lines import cycle_line
from arb.schema import risk_line, trade_summary_line
from arb.status import EngineSource, EngineStatus, ScanStatus, TradeSummary

SHOWN = 12  # of the last cycles, in the picture
_STYLES = {CycleEnd.FLAT: "green", CycleEnd.HEDGED: "green", CycleEnd.REPORTED: "bold red"}


class TradeLines:
    """A TradeView for pipes."""

    def __init__(self, lines: Lines, *, jsonl: bool) -> None:
        self._lines = lines
        self._cycle: Text = _cycle_line if jsonl else cycle_text
        self._risk: Text = risk_line if jsonl else risk_moved_text
        self._summary: Text = trade_summary_line if jsonl else trade_summary_text

    def started(self, source: EngineSource) -> None:
        """Nothing to show before something happens."""

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None:
        self._lines.put(self._cycle, (opened, closed))

    def moved(self, moved: RiskMoved) -> None:
        self._lines.put(self._risk, moved)

    def finished(self, summary: TradeSummary) -> None:
        self._lines.put(self._summary, summary)


class TradePicture:
    """A TradeView that remembers what it needs to be drawn at any moment."""

    def __init__(self) -> None:
        self._source: EngineSource | None = None
        self._engine: EngineStatus | None = None
        self._scan = ScanStatus()
        self._last: deque[tuple[str, str]] = deque(maxlen=SHOWN)
        self.summary: TradeSummary | None = None

    def started(self, source: EngineSource) -> None:
        self._source = source

    def closed(self, opened: CycleOpened, closed: CycleClosed) -> None:
        self._last.append((cycle_text((opened, closed)), _STYLES[closed.end]))

    def moved(self, moved: RiskMoved) -> None:
        self._last.append((risk_moved_text(moved), "yellow"))

    def finished(self, summary: TradeSummary) -> None:
        self.summary = summary
        self._engine, self._scan = summary.engine, summary.scan

    def refresh(self) -> None:
        """Take the counters of now: on the loop, where they change."""
        if self._source is not None and self.summary is None:
            self._engine, self._scan = self._source.engine(), self._source.scan()

    def picture(self, console: Console) -> RenderableType:  # noqa: ARG002  what a picture is called with
        if self._engine is None:
            return Line("starting: markets, fees and networks are being read", style="dim")
        lines = [Line(status_text(self._engine))]
        lines.append(Line(f"funnel  {funnel(self._scan)}; wire to decision {latency(self._scan)}", style="dim"))
        lines += [Line(text, style=style) for text, style in self._last]
        return Group(*lines)


def cycle_text(ended: tuple[CycleOpened, CycleClosed]) -> str:
    """ "HEDGED BTC/USDT buy=mexc@100.1 sell=gateio@100.9 qty=0.01 pnl=0.0123 expected=0.0150 ... cycle=..." """
    opened, closed = ended
    plan = opened.plan
    fields = {
        "buy": f"{plan.buy.venue}@{decimal(plan.buy.price)}",
        "sell": f"{plan.sell.venue}@{decimal(plan.sell.price)}",
        "qty": decimal(plan.buy.qty or plan.sell.qty),
        "pnl": f"{decimal(closed.pnl)} {plan.quote}",
        "expected": decimal(closed.expected),
        "residual": decimal(closed.residual),
        "naked": f"{decimal(closed.naked)} {plan.quote}*s",
        "took_ms": f"{(closed.at_ns - opened.at_ns) / 1e6:.1f}",
    }
    words = [closed.end.name, closed.symbol, *(f"{name}={value}" for name, value in fields.items())]
    if closed.end is CycleEnd.REPORTED:
        words.append(f'why="{closed.why}"')
    return " ".join((*words, f"cycle={closed.cycle}"))


def risk_moved_text(moved: RiskMoved) -> str:
    return f"RISK {moved.before.name} -> {moved.after.name} by {moved.limit}: {moved.why}"


def trade_summary_text(summary: TradeSummary) -> str:
    """Everything that counts about a run, in one line."""
    engine, scan = summary.engine, summary.scan
    earned = ", ".join(f"{decimal(amount)} {coin}" for coin, amount in summary.pnl) or "nothing"
    parts = [
        f"summary: {summary.mode} run ended ({summary.ended}) after {engine.uptime_s:.1f} s",
        f"{engine.cycles_closed} cycles: {summary.flat} flat, {summary.hedged} hedged, {summary.reported} reported",
        f"pnl {earned}",
        f"{engine.orders_sent} orders",
    ]
    if summary.left_open:
        parts.append(f"{summary.left_open} cycles LEFT OPEN: the next start asks the venues for them")
    if summary.halted_by:
        parts.append(f"halted by {summary.halted_by}")
    if engine.refused:
        parts.append(f"refused {', '.join(f'{limit} {count}' for limit, count in engine.refused)}")
    parts += [venue_text(venue) for venue in scan.venues]
    parts.append(f"wire to decision {latency(scan)}")
    if scan.loop.p50_us is not None:
        parts.append(f"loop lag {loop_lag(scan.loop)}")
    if engine.sent_p50_us is not None and engine.sent_p99_us is not None:
        parts.append(f"plan to both orders sent p50 {engine.sent_p50_us:.0f} us p99 {engine.sent_p99_us:.0f} us")
    if engine.acked_p50_us is not None and engine.acked_p99_us is not None:
        parts.append(f"to both answered p50 {engine.acked_p50_us / 1e3:.1f} ms p99 {engine.acked_p99_us / 1e3:.1f} ms")
    return "; ".join((*parts, *summary.notes))


def _cycle_line(ended: tuple[CycleOpened, CycleClosed]) -> bytes:
    """The same object that `arb history --json` has for it."""
    return cycle_line(cycle_row(*ended))
