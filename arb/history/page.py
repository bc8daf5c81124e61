"""A report as one HTML file: no script, no font, no picture from anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape

from arb.history.chart import curve_svg
from arb.history.report import DAY, PAIR, TOTAL, VENUE
from arb.history.rows import Report, ReportRow
from arb.history.sums import short

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2430 }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.about { color: #667; margin: .2rem 0 1.5rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #e3e6ea; white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { color: #667; font-weight: 500 }
.lost { color: #b3261e } .won { color: #12703f } svg { width: 100%; height: auto; display: block }
"""
_TITLES = {TOTAL: "In all", PAIR: "By pair", VENUE: "By venue", DAY: "By day (UTC)"}
_COLUMNS = ("", "cycles", "won", "reported", "volume", "fees", "expected", "profit", "naked, quote·s")


def page(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>arb report</title><style>{_STYLE}</style></head><body>"
    since = f"since {_when(report.since_ns)}" if report.since_ns else "all there is"
    yield f"<h1>arb report</h1><p class=about>{escape(report.mode)} · {since} · made {_when(report.until_ns)}</p>"
    if not report.rows:
        yield "<p>No cycle has ended in this time.</p>"
    for quote in dict.fromkeys(point.quote for point in report.curve):
        yield f"<h2>Profit, {escape(quote)}</h2>"
        yield curve_svg([(p.wall_ns, p.pnl) for p in report.curve if p.quote == quote], quote)
    for by, title in _TITLES.items():
        rows = [row for row in report.rows if row.by == by]
        if rows:
            yield f"<h2>{title}</h2>"
            yield from _table(rows)
    yield "</body></html>"


def _table(rows: Iterable[ReportRow]) -> Iterator[str]:
    yield f"<table><tr>{''.join(f'<th>{escape(name)}</th>' for name in _COLUMNS)}</tr>"
    for row in rows:
        key = f"{row.key} ({row.quote})" if row.by in (VENUE, DAY) else row.key
        cells = [escape(key), *map(str, (row.cycles, row.won, row.reported))]
        cells += [short(value) for value in (row.volume, row.fees, row.expected)]
        profit = f"<td class={'lost' if row.pnl < 0 else 'won'}>{short(row.pnl)}</td>"
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}{profit}<td>{short(row.naked)}</td></tr>"
    yield "</table>"


def _when(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
