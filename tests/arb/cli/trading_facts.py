"""Facts of a trading run, to show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from arb.domain import Coin, CycleClosed, CycleEnd, CycleId, CycleOpened, RiskMoved, RiskState
from arb.status import TradeSummary
from tests.arb.cli.fakes import status
from tests.arb.control.fakes import FakeEngine
from tests.plans import a_plan

OPENED = CycleOpened(CycleId("c01"), a_plan(qty="0.5", buy_price="100", sell_price="101"), (), 1_000, 5)
MOVED = RiskMoved(RiskState.ACTIVE, RiskState.HALTED, "max_daily_loss", "lost 51 USDT of 50 USDT", 1, 2)


def closed(end: CycleEnd = CycleEnd.HEDGED, **changes: Any) -> CycleClosed:
    fields: dict[str, Any] = {
        "cycle": OPENED.cycle, "symbol": OPENED.plan.symbol, "end": end, "deltas": (), "residual": Decimal("0.010"),
        "mark": Decimal(100), "pnl": Decimal("0.40"), "expected": Decimal("0.45"), "naked": Decimal("1.5"),
        "why": "both legs filled", "at_ns": 3_501_000, "wall_ns": 6,
    }  # fmt: skip
    return CycleClosed(**(fields | changes))


def trade_summary(ended: str = "duration", **changes: Any) -> TradeSummary:
    fields: dict[str, Any] = {
        "mode": "paper", "ended": ended, "wall_ns": 5, "engine": FakeEngine().status(), "scan": status(),
        "hedged": 11, "flat": 1, "pnl": ((Coin("USDT"), Decimal("1.250")),),
    }  # fmt: skip
    return TradeSummary(**(fields | changes))
