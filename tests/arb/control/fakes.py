"""An engine that keeps what it was asked and answers always the same."""

from __future__ import annotations

from decimal import Decimal

from arb.control import BalancesReply, CancelReply, FlattenReply, RiskReply, UptimeReply
from arb.domain import BreakerState, ClientId, Coin, Part, RiskState, Side, Symbol, VenueId
from arb.status import (
    BalanceRow,
    BreakerRow,
    EngineStatus,
    ExposureRow,
    LoopStatus,
    OrderRow,
    PrivateStatus,
    UptimeRow,
)

ORDER = OrderRow(VenueId("mexc"), Symbol("A/USDT"), ClientId("arb-1"), Side.SELL, Decimal("0.50"), Decimal("12.5"))
LOST = UptimeRow(VenueId("mexc"), Symbol("A/USDT"), 0.99942, 3, 100.4, 900.0, 40.0, 330.6, 12.0)
STEADY = UptimeRow(VenueId("gateio"), Symbol("A/USDT"), 1.0)
FAILING = BreakerRow(Part.PRIVATE, BreakerState.OPEN, 1.44, "503 from POST /api/v3/order")
EXPOSURE = ExposureRow(VenueId("gateio"), Coin("A"), Decimal("-0.002"), Decimal("-0.025"))


class FakeEngine:
    """asked: verbs with their arguments.   fails: raised instead of answering."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.fails: Exception | None = None
        self.state = RiskState.ACTIVE

    def status(self) -> EngineStatus:
        self._note("status")
        return EngineStatus(
            mode="paper",
            pid=4242,
            wall_ns=1_700_000_000_000_000_000,
            uptime_s=61.5,
            risk=self.state,
            currency="USDT",
            cycles_open=1,
            cycles_closed=12,
            cycles_reported=1,
            orders_sent=27,
            pnl_today=Decimal("1.250"),
            pnl_total=Decimal("-3"),
            exposure=(EXPOSURE,),
            venues=(
                PrivateStatus(
                    VenueId("mexc"), "paper", True, 12.5, 9, 40.0, 40, 39, uptime=LOST, data="ccxt (demoted)"
                ),
                PrivateStatus(
                    VenueId("gateio"),
                    "paper",
                    False,
                    why="its private side is down",
                    breakers=(FAILING,),
                    data="native",
                ),
            ),
            refused=(("balance", 3), ("edge", 40)),
            sent_p50_us=85.0,
            sent_p99_us=200.0,
            journal="/home/me/journal-paper.sqlite",
            loop=LoopStatus(310.0, 1100.0, 12_500.0),
        )

    def halt(self, why: str) -> RiskReply:
        self._note("halt", why)
        return RiskReply(RiskState.ACTIVE, RiskState.HALTED, why, 2)

    def resume(self, why: str) -> RiskReply:
        self._note("resume", why)
        return RiskReply(RiskState.HALTED, RiskState.ACTIVE, why)

    def cancel_all(self) -> CancelReply:
        self._note("cancel-all")
        return CancelReply((ORDER,))

    def flatten(self) -> FlattenReply:
        self._note("flatten")
        return FlattenReply((ORDER,), ("0.5 DOGE: below the smallest order",))

    def balances(self) -> BalancesReply:
        self._note("balances")
        row = BalanceRow(VenueId("mexc"), Coin("USDT"), Decimal("1E+3"), Decimal("0.50"), Decimal(0), 12.0, True)
        return BalancesReply((row,))

    def uptime(self) -> UptimeReply:
        self._note("uptime")
        return UptimeReply((STEADY, LOST))

    def _note(self, *what: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.asked.append(what)
