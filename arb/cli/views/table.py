"""The live table of a scan: opportunities, funnel, books and messages of each venue, latency."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from arb.cli.views import health, text
from arb.cli.views.lines import Selection, is_open_to_use
from arb.domain import BookState, Opportunity, Reason
from arb.status import ScanStatus, ScanSummary, StatusSource

_STATES = {
    BookState.LIVE: "green",
    BookState.SYNCING: "yellow",
    BookState.STALE: "yellow",
    BookState.GAP: "red",
    BookState.CROSSED: "red",
    BookState.DOWN: "red",
}
_ALWAYS, _ROOMY, _WIDE = 0, 120, 160  # columns of a terminal from which a column is shown
_COLUMNS: tuple[tuple[str, JustifyMethod, int], ...] = (
    ("symbol", "left", _ALWAYS),
    ("buy", "left", _ALWAYS),
    ("sell", "left", _ALWAYS),
    ("net bps", "right", _ALWAYS),
    ("gross bps", "right", _WIDE),
    ("size", "right", _ROOMY),
    ("break-even", "right", _WIDE),
    ("profit", "right", _ALWAYS),
    ("life", "right", _ROOMY),
    ("age b/s", "right", _WIDE),
)


class ScanTable:
    """A ScanView that remembers what it needs to be drawn at any moment."""

    def __init__(self, selection: Selection, *, rejected: bool) -> None:
        self._selection = selection
        self._rejected = rejected
        self._source: StatusSource | None = None
        self._last = ScanStatus()
        self.summary: ScanSummary | None = None

    def started(self, source: StatusSource) -> None:
        self._source = source

    def opportunity(self, opp: Opportunity) -> None:
        self._selection.takes(opp)

    def finished(self, summary: ScanSummary) -> None:
        """The counters of the end, above the opportunities that were last seen open: all are closed by now."""
        self.summary = summary
        self._last = msgspec.structs.replace(summary.status, open=self._last.open)

    def refresh(self) -> None:
        """Take the counters of now: on the loop, where they change."""
        if self._source is not None and self.summary is None:
            self._last = self._source.status()

    def picture(self, console: Console) -> RenderableType:
        if self._source is None:
            return Text("starting: markets, fees and networks are being read", style="dim")
        return scan_picture(self._last, rejected=self._rejected, width=console.width, height=console.height)


def scan_picture(status: ScanStatus, *, rejected: bool, width: int, height: int) -> RenderableType:
    """width, height: of the terminal. The opportunities get the lines that the rest leaves."""
    below: list[RenderableType] = [
        Text(f"funnel  {text.funnel(status) or text.NONE}"),
        _venues(status),
        Text(
            f"{status.uptime_s:.0f} s up, wire to decision {text.latency(status)}, "
            f"loop lag {health.loop_lag(status.loop)}"
        ),
    ]
    for venue in status.venues:
        below += [Text(f"breaker  {line}", style="red") for line in health.breaker_texts(venue.venue, venue.breakers)]
    if status.rejected:
        below.append(Text(f"rejected  {text.rejected(status)}"))
    room = max(3, height - len(status.venues) - len(below) - 10)
    return Group(_opportunities(status, rejected=rejected, width=width, room=room), *below)


def _opportunities(status: ScanStatus, *, rejected: bool, width: int, room: int) -> Table:
    shown = [opp for opp in status.open if rejected or is_open_to_use(opp)]
    shown.sort(key=lambda opp: opp.net_bps if opp.net_bps is not None else Decimal("-Infinity"), reverse=True)
    hidden = len(shown) - room
    table = Table(expand=True, caption=f"{hidden} more" if hidden > 0 else None)
    columns = [(name, justify) for name, justify, least in _COLUMNS if width >= least]
    for name, justify in columns:
        table.add_column(name, justify=justify, no_wrap=True)
    table.add_column("status", ratio=1, no_wrap=True, overflow="ellipsis")
    for opp in shown[:room]:
        cells = _cells(opp)
        table.add_row(*(cells[name] for name, _ in columns), _status(opp))
    if not shown:
        table.add_row(*(text.NONE for _ in columns), Text("nothing open", style="dim"))
    return table


def _cells(opp: Opportunity) -> dict[str, RenderableType]:
    return {
        "symbol": opp.symbol,
        "buy": f"{opp.buy.venue} {text.decimal(opp.buy.limit)}",
        "sell": f"{opp.sell.venue} {text.decimal(opp.sell.limit)}",
        "net bps": Text(text.decimal(opp.net_bps), style=_style(opp)),
        "gross bps": text.decimal(opp.gross_bps),
        "size": text.decimal(opp.size),
        "break-even": text.decimal(opp.breakeven_size),
        "profit": text.decimal(opp.profit),
        "life": f"{opp.life_ns / 1e9:.1f} s",
        "age b/s": f"{text.ages(opp)} ms",
    }


def _status(opp: Opportunity) -> Text:
    return Text.assemble((opp.reason.name, _style(opp)), f" {text.why(opp)}")


def _style(opp: Opportunity) -> str:
    return "green" if opp.reason is Reason.OK else "yellow" if opp.reason is Reason.UNKNOWN else "red"


def _venues(status: ScanStatus) -> Table:
    table = Table(expand=True)
    for name in ("venue", "path", "feed", "trust", "books"):
        table.add_column(name, no_wrap=True)
    for name in (
        "live",
        "messages/s",
        "gaps",
        "resyncs",
        "crossed",
        "reconnects",
        "refused",
        "errors",
        "outages",
        "back ms",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for venue in status.venues:
        books = Text(" ").join(
            Text(f"{count} {state.name}", style=_STATES[state]) for state, count in venue.books if count
        )
        troubles = (venue.gaps, venue.resyncs, venue.crossed, venue.reconnects, venue.refused, venue.decode_errors)
        table.add_row(
            venue.venue,
            text.path(venue),
            venue.feed,
            text.trust(venue.trust),
            books,
            text.share(venue.live_share),
            f"{venue.messages_per_s:.0f}",
            *(str(count) for count in troubles),
            str(venue.uptime.outages) if venue.uptime is not None else text.NONE,
            health.spans(venue.uptime.recover_p50_ms, venue.uptime.recover_worst_ms) if venue.uptime else text.NONE,
        )
    return table
