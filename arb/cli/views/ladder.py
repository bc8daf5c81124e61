"""The live ladder of one book, or of two keepers of the same one side by side."""

from __future__ import annotations

from itertools import zip_longest

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from arb.cli.views import text
from arb.domain import BookState, Level, Levels
from arb.interfaces import Clock
from arb.status import BookShot, ScanSummary
from arb.units import plain_float


class Ladder:
    """A BookView that remembers the newest shot of each keeper."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shots: dict[str, BookShot] = {}
        self.summary: ScanSummary | None = None

    def book(self, shot: BookShot) -> None:
        self._shots[shot.path] = shot

    def finished(self, summary: ScanSummary) -> None:
        self.summary = summary

    def picture(self, _console: Console) -> RenderableType:
        if not self._shots:
            return Text("waiting for the first book", style="dim")
        now_ns = self._clock.mono_ns()
        shots = list(self._shots.values())
        ladders = Columns([_ladder(shot, now_ns, _others(shot, shots)) for shot in shots], padding=(0, 2))
        return Group(ladders, Text(_difference(*shots))) if len(shots) == 2 else ladders


def _ladder(shot: BookShot, now_ns: int, others: frozenset[Level] | None) -> Table:
    """others: the levels of the other keeper; those it does not have stand out. None: there is no other."""
    age_ms = max(0, now_ns - shot.recv_ns) / 1e6
    table = Table(
        title=f"{shot.venue} {shot.symbol} ({shot.path})",
        caption=f"{shot.state.name}  trust {text.trust(shot.trust)}  seq {shot.seq}  age {age_ms:.0f} ms",
        caption_style="green" if shot.state is BookState.LIVE else "red",
    )
    for name in ("bid qty", "bid", "ask", "ask qty"):
        table.add_column(name, justify="right", no_wrap=True, min_width=10)
    for bid, ask in zip_longest(shot.bids, shot.asks):
        bid_price, bid_qty = _cells(bid, "green", others)
        ask_price, ask_qty = _cells(ask, "red", others)
        table.add_row(bid_qty, bid_price, ask_price, ask_qty)
    return table


def _cells(level: Level | None, style: str, others: frozenset[Level] | None) -> tuple[Text, Text]:
    if level is None:
        return Text(""), Text("")
    alone = others is not None and level not in others
    mark = " *" if alone else ""
    return Text(plain_float(level[0]) + mark, style=style), Text(plain_float(level[1]), style="bold" if alone else "")


def _others(shot: BookShot, shots: list[BookShot]) -> frozenset[Level] | None:
    others = [other for other in shots if other is not shot]
    return frozenset(others[0].bids + others[0].asks) if others else None


def _difference(one: BookShot, other: BookShot) -> str:
    """In one line: how many levels differ, and by how much the two are apart in time."""
    apart_ms = abs(one.recv_ns - other.recv_ns) / 1e6
    if not (one.bids and one.asks and other.bids and other.asks):
        return "one of the two has no book"
    bids, asks = _different(one.bids, other.bids), _different(one.asks, other.asks)
    if not bids and not asks:
        return f"equal; {apart_ms:.0f} ms apart"
    return f"different: {bids} bid and {asks} ask levels (*); {apart_ms:.0f} ms apart"


def _different(one: Levels, other: Levels) -> int:
    """Levels among the common number of best ones that only one of the two has."""
    depth = min(len(one), len(other))
    return len(frozenset(one[:depth]) - frozenset(other[:depth]))
