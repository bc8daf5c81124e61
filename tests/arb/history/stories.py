"""A journal with a few cycles in it, as an engine would have written them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from arb.clock import ManualClock
from arb.domain import (
    ClientId,
    CycleEnd,
    CycleMoved,
    CycleState,
    NotFound,
    OrderSent,
    OrderStatus,
    Purpose,
    Side,
)
from arb.journal import SqliteJournal
from tests.arb.journal.facts import BTC, GATE, MEXC, WALL_NS, closed, cycle_id, delta, fill, legs, opened, order, update
from tests.plans import a_plan

US, SECOND_NS, DAY_NS = 1_000, 1_000_000_000, 86_400_000_000_000


class Writer:
    """turns the clock and writes; `number` names the cycle."""

    def __init__(self, path: Path, run: str = "r1") -> None:
        self.clock = ManualClock(1_000 * US, WALL_NS)
        self.journal = SqliteJournal(path, self.clock, mode="sim", run=run)

    def open(self, number: int, *, qty: str = "0.01") -> None:
        """Detected now, planned 40 µs later, sent 100 µs later."""
        now_ns = self.clock.mono_ns()
        plan = a_plan(qty=qty, now_ns=now_ns)
        plan = msgspec.structs.replace(plan, planned_ns=now_ns + 40 * US)
        self.clock.advance(50 * US)
        start = opened(number, plan=plan, at_ns=self.clock.mono_ns(), wall_ns=self.clock.wall_ns())
        self.journal.ahead(start)
        self.clock.advance(50 * US)
        self.journal.on_fact(start)
        self.journal.flush()

    def good(self, number: int, *, pnl: str = "0.00799") -> None:
        """Both legs filled as planned, 2 ms later; the fills a millisecond before the end."""
        self.open(number)
        buy, sell = legs(number)
        self.clock.advance(1_900 * US)
        at = self.clock.mono_ns()
        self.journal.note(update(buy, OrderStatus.FILLED, "0.01", "1", at_ns=at))
        self.journal.note(fill(buy, f"b{number}", "0.01", "100", "0.001", at_ns=at))
        self.clock.advance(100 * US)
        at = self.clock.mono_ns()
        self.journal.note(update(sell, OrderStatus.OPEN, "0", "0", at_ns=at))
        self.journal.note(fill(sell, f"s{number}", "0.01", "101", "0.00101", at_ns=at, named=False))
        self.clock.advance(1_000 * US)
        deltas = (
            delta(MEXC, "BTC", "0.01"), delta(MEXC, "USDT", "-1.001"),
            delta(GATE, "BTC", "-0.01"), delta(GATE, "USDT", "1.00899"),
        )  # fmt: skip
        self.end(number, pnl, deltas)

    def end(self, number: int, pnl: str, deltas: tuple[object, ...] = (), end: CycleEnd = CycleEnd.HEDGED) -> None:
        fact = closed(
            number, end=end, deltas=deltas, pnl=pnl, expected="0.00799",  # type: ignore[arg-type]  # deltas they are
            at_ns=self.clock.mono_ns(), wall_ns=self.clock.wall_ns(),
        )  # fmt: skip
        self.journal.note(fact)
        self.journal.flush()

    def bad(self, number: int) -> None:
        """One leg filled, the other unknown to its venue; reversed at a loss and a fee in another coin."""
        self.open(number)
        buy, sell = legs(number)
        self.clock.advance(5 * SECOND_NS)
        at = self.clock.mono_ns()
        self.journal.note(fill(buy, f"b{number}", "0.01", "100", "0.001", at_ns=at))
        self.journal.note(update(buy, OrderStatus.FILLED, "0.01", "1", at_ns=at))
        self.journal.note(NotFound(GATE, BTC, sell.client_id, at, at))
        self.journal.note(CycleMoved(cycle_id(number), CycleState.SENT, CycleState.UNWINDING, "buy filled", at))
        back = order(f"arb-{number}-3", MEXC, Side.SELL, price="98")
        self.journal.ahead(OrderSent(cycle_id(number), back, Purpose.REVERSE, 2, at, self.clock.wall_ns()))
        self.journal.note(fill(back, f"r{number}", "0.01", "99", "0.0001", "MX", at_ns=at))
        self.journal.note(update(back, OrderStatus.FILLED, "0.01", "0.99", at_ns=at))
        deltas = (delta(MEXC, "USDT", "-0.011"), delta(MEXC, "MX", "-0.0001"))
        self.end(number, "-0.0113", deltas, CycleEnd.FLAT)  # MX at 3

    def close(self) -> None:
        self.journal.close()


def client_id(number: int, leg: int) -> ClientId:
    return ClientId(f"arb-{number}-{leg}")
