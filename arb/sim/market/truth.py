"""What was planted, for whoever wants to compare it with what was found. Schema "arb.truth/1", one JSON object a line.

A line is written when a gap opens; its end is known by then. Prices and sizes are decimal text.

    schema        "arb.truth/1"
    id            counts up from 1
    kind          "gap": opens and closes.  "standing": a lasting difference, a trap for the reason in `why`
    symbol        "BTC/USDT"
    buy, sell     venues: buy at the ask of `buy`, sell at the bid of `sell`
    buy_price     that ask, quote per base;  sell_price: that bid.  Both stand still while a gap is open
    edge_bps      (sell_price - buy_price) / buy_price * 1e4
    net_bps       edge_bps less both venues' default taker fees: (sell * (1 - fee) - buy * (1 + fee)) / buy * 1e4
    size          base units that can be had at exactly this edge: the planted level's amount
    open_ms, close_ms    sim time in ms since the start; close_ms is null for "standing"
    open_mono_ns, close_mono_ns, open_wall_ns, close_wall_ns    the same on the clock's two scales; null likewise
    why           "" for gaps
"""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import Literal

import msgspec

SCHEMA = "arb.truth/1"
MOST = 100_000  # gaps kept in memory; then the older half is forgotten, and the file alone has them


class PlantedGap(msgspec.Struct, frozen=True):
    """One line of the truth file; see the module."""

    id: int
    kind: Literal["gap", "standing"]
    symbol: str
    buy: str
    sell: str
    buy_price: str
    sell_price: str
    edge_bps: float
    net_bps: float
    size: str
    open_ms: float
    close_ms: float | None
    open_mono_ns: int
    close_mono_ns: int | None
    open_wall_ns: int
    close_wall_ns: int | None
    why: str = ""
    schema: str = SCHEMA


class TruthLog:
    """Keeps what was planted, and writes each gap to the file at once where there is one. added: so many."""

    def __init__(self, path: Path | None) -> None:
        self.gaps: list[PlantedGap] = []
        self.added = 0
        self._path = path
        self._file: TextIOWrapper | None = None

    def add(self, gap: PlantedGap) -> None:
        self.added += 1
        self.gaps.append(gap)
        if len(self.gaps) > MOST:
            del self.gaps[: MOST // 2]
        if self._path is None:
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8")
        self._file.write(msgspec.json.encode(gap).decode() + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
