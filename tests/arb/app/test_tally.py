"""What a run counts: money by quote and day, refusals, and how long things took."""

from __future__ import annotations

from decimal import Decimal

from arb.app.tally import DAY_NS, Tally
from arb.clock import ManualClock
from arb.domain import (
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Refused,
    RiskMoved,
    RiskState,
)
from arb.domain.codes import ClientId
from tests.plans import a_plan

MS = 1_000_000


class View:
    def __init__(self):
        self.told = []

    def closed(self, opened, closed):
        self.told.append((opened, closed))

    def moved(self, moved):
        self.told.append(moved)


def made():
    clock, view = ManualClock(10 * MS, wall_ns=DAY_NS * 100 + 5), View()
    return Tally(clock, view), clock, view


def opened(name="c1", planned_ns=7 * MS, at_ns=9 * MS):
    plan = a_plan(now_ns=planned_ns)
    orders = tuple(
        Order(leg.venue, plan.symbol, leg.side, OrderType.IOC, leg.qty, leg.price, ClientId(f"arb-{name}-{n}"))
        for n, leg in enumerate((plan.buy, plan.sell), 1)
    )
    return CycleOpened(CycleId(name), plan, orders, at_ns, 0)


def closed(name="c1", pnl="1.5", end=CycleEnd.HEDGED):
    zero = Decimal(0)
    return CycleClosed(CycleId(name), a_plan().symbol, end, (), zero, None, Decimal(pnl), zero, zero, "", 20 * MS, 0)


def answer(order, status, recv_ns):
    return OrderUpdate(order.venue, order.client_id, "1", status, None, None, "", 0, recv_ns, order.symbol)


def test_money_is_summed_by_quote_and_the_day_begins_anew_at_midnight():
    tally, clock, view = made()
    for name, pnl in (("c1", "1.5"), ("c2", "-0.25")):
        fact = opened(name)
        tally.on_fact(fact)
        tally.on_fact(closed(name, pnl))
    assert (tally.pnl, tally.today) == ({"USDT": Decimal("1.25")}, {"USDT": Decimal("1.25")})
    clock.advance(DAY_NS)
    assert (tally.pnl, tally.today) == ({"USDT": Decimal("1.25")}, {})
    assert [each[1].cycle for each in view.told] == ["c1", "c2"]
    assert (tally.ends[CycleEnd.HEDGED], tally.orders) == (2, 4)


def test_the_end_of_an_earlier_processs_cycle_counts_as_an_end_but_is_no_money_of_this_run():
    tally, _clock, view = made()
    tally.on_fact(closed(end=CycleEnd.REPORTED))
    assert (tally.ends[CycleEnd.REPORTED], tally.pnl, view.told) == (1, {}, [])


def test_the_time_to_the_sockets_and_to_the_last_of_both_answers():
    tally, _clock, _view = made()
    fact = opened()
    tally.on_fact(fact)
    assert tally.sent.worst_ns == 3 * MS
    buy, sell = fact.orders
    tally.on_fact(answer(buy, OrderStatus.OPEN, 12 * MS))
    tally.on_fact(answer(buy, OrderStatus.FILLED, 13 * MS))
    tally.on_fact(answer(sell, OrderStatus.UNKNOWN, 14 * MS))
    assert tally.acked.count == 0, "an unknown outcome is no answer"
    tally.on_fact(answer(sell, OrderStatus.FILLED, 19 * MS))
    assert (tally.acked.count, tally.acked.worst_ns) == (1, 10 * MS)


def test_refusals_by_limit_and_moves_of_the_gate():
    tally, _clock, view = made()
    for limit in ("edge", "max_trade", "edge"):
        tally.on_fact(Refused(a_plan().intent, limit, "", 0))
    moved = RiskMoved(RiskState.ACTIVE, RiskState.REDUCING, "max_losses", "", 0, 0)
    tally.on_fact(moved)
    assert dict(tally.refused) == {"edge": 2, "max_trade": 1}
    assert view.told == [moved]
