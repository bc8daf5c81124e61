"""A run whose paths can be asked about, and that keeps what it was asked."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from arb.control import VerifyReply
from arb.domain import DataPath, Mover, Symbol, VenueId
from arb.errors import ControlError
from arb.pathstatus import FactDifference, PathReport, PathRow, Sequences, SymbolDifference

ROW = PathRow(
    VenueId("mexc"), DataPath.CCXT, "ccxt (demoted)", Mover.WATCH, "11 unreadable messages within 60 s",
    trust="unchecked", books=44, books_live=40, shadow=DataPath.NATIVE, shadow_live=43, clean_s=30.0,
    clean_needed_s=120.0, note="not clean yet: 1 gaps", moves=1, errors=2, gaps=3, mismatches=1,
)  # fmt: skip
AGREES = PathReport(
    VenueId("mexc"), 60.0, DataPath.NATIVE, 2, 2, 0.995, 1.5, 120.0, 5.0, 0, 100, 0, 90, 0.9, -1.0, 2.5, 40.0,
    Sequences(1000, 990, 1, 2, 0, 2, 0), Sequences(-1, 500), facts_compared=24, agrees=True,
)  # fmt: skip
DIFFERS = replace(
    AGREES,
    unequal=1,
    agrees=False,
    worst=(SymbolDifference(Symbol("A/USDT"), 59.5, 0.9, 1.5, 120.0, 50, 1),),
    facts=(FactDifference(Symbol("A/USDT"), "tick", "0.01", "0.1"),),
    notes=("the path changed meanwhile",),
)


class FakePaths:
    """moves: a turn is done by the look after it; else it is given up.   report: what a comparison finds, at the
    second look.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.row = ROW
        self.moves = True
        self.report = AGREES
        self._goal: DataPath | None = None
        self._looks = 0

    def rows(self) -> tuple[PathRow, ...]:
        self.asked.append(("rows",))
        if self._goal is not None and self.moves:
            label = "native" if self._goal is DataPath.NATIVE else "ccxt (by hand)"
            self.row = replace(self.row, path=self._goal, label=label, goal=None, note="")
        elif self._goal is not None:
            self.row = replace(self.row, goal=None, note="stays on ccxt: native does not carry A/USDT GAP")
        return (self.row,)

    def turn(self, name: str, path: DataPath, why: str) -> PathRow:
        self.asked.append(("turn", name, path, why))
        if name != "mexc":
            raise ControlError(f"{name} is none of this run's exchanges (mexc)")
        if self.row.path is not path:
            self._goal = path
            return replace(self.row, goal=path)
        return self.row

    def verify(self, name: str, seconds: float) -> VerifyReply:
        self.asked.append(("verify", name, seconds))
        return VerifyReply(left_s=seconds)

    def verified(self, name: str) -> VerifyReply:
        self.asked.append(("verified", name))
        self._looks += 1
        return VerifyReply(self.report) if self._looks > 1 else VerifyReply(left_s=2.0)
