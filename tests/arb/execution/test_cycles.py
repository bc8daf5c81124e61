"""How cycles end: every outcome of the legs against the ladder, with exact deltas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from arb.config import UnwindStep
from arb.domain import CycleEnd, CycleState, NakedMoved, OrderStatus, Purpose
from tests.arb.execution.world import (
    BTC,
    GATE,
    HEDGE,
    KUCOIN,
    MEXC,
    MS,
    RETRY,
    REVERSE,
    SYMBOL,
    USDT,
    D,
    World,
)

FLAT, HEDGED, REPORTED = CycleEnd.FLAT, CycleEnd.HEDGED, CycleEnd.REPORTED
Filled = tuple[str, ...]  # what each order of the ladder gets, in the order they are sent


@pytest.mark.parametrize(
    ("legs", "ladder", "gets", "end", "venues", "residual"),
    [
        pytest.param(("1", "1"), (RETRY, REVERSE), (), HEDGED, (), "0", id="both legs"),
        pytest.param(("0", "0"), (RETRY, REVERSE), (), FLAT, (), "0", id="none"),
        pytest.param(("0.4", "0.4"), (RETRY, REVERSE), (), HEDGED, (), "0", id="the same part of both"),
        pytest.param(("0.42", "0.4"), (RETRY, REVERSE), (), HEDGED, (), "0.02", id="a difference that is dust"),
        pytest.param(("0.02", "0"), (RETRY, REVERSE), (), FLAT, (), "0.02", id="dust alone"),
        pytest.param(("1", "0"), (RETRY, REVERSE), ("1",), HEDGED, (GATE,), "0", id="bought only, sold by the retry"),
        pytest.param(("0", "1"), (RETRY, REVERSE), ("1",), HEDGED, (MEXC,), "0", id="sold only, bought by the retry"),
        pytest.param(("1", "0.4"), (RETRY, REVERSE), ("0.6",), HEDGED, (GATE,), "0", id="one whole, the other in part"),
        pytest.param(("1", "0"), (RETRY, REVERSE), ("0", "1"), FLAT, (GATE, MEXC), "0", id="reversed where bought"),
        pytest.param(("0", "1"), (RETRY, REVERSE), ("0", "1"), FLAT, (MEXC, GATE), "0", id="reversed where sold"),
        pytest.param(
            ("1", "0"), (RETRY, REVERSE), ("0.3", "0.7"), HEDGED, (GATE, MEXC), "0", id="a part retried, the rest back"
        ),
        pytest.param(("1", "0"), (HEDGE,), ("1",), HEDGED, (KUCOIN,), "0", id="hedged at a third venue"),
        pytest.param(("0", "1"), (HEDGE,), ("1",), HEDGED, (KUCOIN,), "0", id="and the other way round"),
        pytest.param(
            ("1", "0"), (RETRY, REVERSE, HEDGE), ("0", "0", "0"), REPORTED, (GATE, MEXC, KUCOIN), "1",
            id="the ladder is used up",
        ),
        pytest.param(("1", "0"), (REVERSE,), ("0.9",), REPORTED, (MEXC,), "0.1", id="used up with a rest"),
        pytest.param(("1", "0"), (REVERSE,), ("0.97",), FLAT, (MEXC,), "0.03", id="used up with dust"),
        pytest.param(("1", "0"), (), (), REPORTED, (), "1", id="no ladder at all"),
    ],
)  # fmt: skip
def test_ends(
    legs: tuple[str, str],
    ladder: Sequence[UnwindStep],
    gets: Filled,
    end: CycleEnd,
    venues: tuple[str, ...],
    residual: str,
) -> None:
    world = World(ladder)
    world.inventory.balance = {(KUCOIN, BTC): D(5), (KUCOIN, USDT): D(5000)}
    buy, sell = world.start()
    world.end(buy, legs[0])
    world.end(sell, legs[1])
    for get in gets:
        world.end(world.sent[-1].order, get)
    assert (world.closed.end, world.closed.residual) == (end, D(residual))
    assert tuple(sent.order.venue for sent in world.sent) == venues
    held = sum((d.qty for d in world.closed.deltas if d.coin == BTC), D(0))
    assert held == D(residual)
    world.check_books()


def test_a_normal_cycle_to_the_last_unit() -> None:
    world = World()
    buy, sell = world.start()
    assert (buy.price, sell.price) == (100, 101)
    world.end(buy, "1", "99.97", fee="0.09997")
    world.end(sell, "1", "101.03", fee="0.5", coin="GT")
    world.prices["GT"] = D("0.1")  # type: ignore[index]  # a coin
    closed = world.closed
    assert [(d.venue, d.coin, d.qty) for d in closed.deltas] == [
        (GATE, BTC, -1), (GATE, "GT", D("-0.5")), (GATE, USDT, D("101.03")),
        (MEXC, BTC, 1), (MEXC, USDT, D("-100.06997")),
    ]  # fmt: skip
    assert closed.pnl == D("0.96003")  # nobody priced GT when it closed
    assert closed.why == "both legs filled; no price for GT"
    assert closed.expected == world.opened.plan.profit
    assert world.turns == ["CLOSED"]
    assert world.inventory.settled == {buy.client_id: D("100.06997"), sell.client_id: D(1)}


def test_fees_in_base_and_in_a_third_coin_are_in_the_residual_and_the_pnl() -> None:
    world = World((REVERSE,), min_qty="0.0001")
    world.prices["GT"] = D(2)  # type: ignore[index]  # a coin
    buy, sell = world.start()
    world.end(sell, "1", fee="0.25", coin="GT")
    world.end(buy, "1", fee="0.001", coin="BTC")
    assert world.closed.residual == D("-0.001")
    assert world.closed.end is HEDGED  # 0.001 is less than a step
    assert world.closed.pnl == D(101) - 100 - D("0.001") * D("99.5") - D("0.5")


def test_where_nobody_tells_a_price_the_residual_counts_at_its_own() -> None:
    world = World(())
    world.prices.clear()
    buy, sell = world.start()
    world.end(buy, "1", "99")
    world.end(sell, "0")
    assert (world.closed.end, world.closed.mark, world.closed.pnl) == (REPORTED, None, 0)


def test_prices_of_another_quote_currency_are_turned_into_it() -> None:
    world = World(())
    world.prices = {BTC: D(199), USDT: D(2)}
    buy, sell = world.start()
    world.end(buy, "1")
    world.end(sell, "0")
    assert (world.closed.mark, world.closed.pnl) == (D("99.5"), D("-0.5"))


@pytest.mark.parametrize(
    ("purposes", "why"),
    [
        pytest.param({Purpose.ENTRY}, "REPORTED", id="halted: nothing leaves"),
        pytest.param(set(Purpose) - {Purpose.ENTRY}, "FLAT", id="reducing: what makes it smaller leaves"),
    ],
)
def test_the_risk_gate_has_the_last_word(purposes: set[Purpose], why: str) -> None:
    world = World((REVERSE,))
    buy, sell = world.start()
    world.permitted.clear()
    world.permitted.update(purposes)
    world.end(sell, "0")
    world.end(buy, "1")
    if world.executor.open:
        world.end(world.last(MEXC), "1", "99")
    assert world.closed.end.name == why
    assert len(world.out) == 2 + (why == "FLAT")


def test_a_halt_between_two_rungs() -> None:
    world = World((RETRY, REVERSE))
    buy, sell = world.start()
    world.end(sell, "0")
    world.end(buy, "1")
    world.permitted.clear()
    world.end(world.last(GATE), "0.5")
    assert world.closed.end is REPORTED
    assert world.closed.residual == D("0.5")
    assert world.closed.why == "BUY filled, SELL none, retry; reverse: not permitted now"
    assert len(world.out) == 3


def test_stopping_sends_nothing_more_and_waits_for_what_is_out() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    world.executor.stop(world.clock.mono_ns())
    assert world.executor.open
    world.end(sell, "0.5")
    assert (world.closed.end, world.closed.residual) == (REPORTED, D("0.5"))
    assert world.closed.why.endswith("; stopping")
    assert len(world.out) == 2


def test_a_leg_that_waits_for_an_answer_keeps_the_ladder_waiting() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    world.venues[GATE].answer(sell, OrderStatus.UNKNOWN, None)
    assert world.turns == ["ASKING"]
    world.pass_time(4_000)
    assert len(world.out) == 2
    world.venues[GATE].answer(sell, OrderStatus.CANCELLED, D("0.4"))
    assert len(world.out) == 2, "the fill that it speaks of is not there yet"
    world.venues[GATE].fill(sell, D("0.4"), D(101), "9")
    assert [sent.order.qty for sent in world.sent] == [D("0.6")]
    assert world.turns == ["ASKING", "UNWINDING"]


def test_naked_notional_times_time() -> None:
    world = World((RETRY,))
    buy, sell = world.start()
    start = world.clock.mono_ns()
    world.clock.advance(10 * MS)
    world.venues[MEXC].fill(buy, D("0.5"), D(100), "1")
    world.clock.advance(100 * MS)
    world.venues[MEXC].answer(buy, OrderStatus.FILLED, D(1))  # told before its second fill
    world.clock.advance(200 * MS)
    world.venues[MEXC].fill(buy, D("0.5"), D(102), "2")
    world.clock.advance(100 * MS)
    world.end(sell, "1")
    first = start // MS + 10
    assert world.naked == [(50, first), (100, first + 100), (101, first + 300), (0, first + 400)]
    told = [fact for fact in world.facts if isinstance(fact, NakedMoved)]
    assert [fact.since_ns // MS for fact in told] == [first, first, first, 0]
    assert world.closed.naked == D(50) * D("0.1") + D(100) * D("0.2") + D(101) * D("0.1")


def test_what_a_fee_in_base_has_taken_does_not_stand_naked() -> None:
    world = World()
    buy, _ = world.start()
    world.venues[MEXC].fill(buy, D(1), D(100), "1", fee=D("0.1"), fee_coin="BTC")
    assert [notional for notional, _ in world.naked] == [90]


def test_what_stays_naked_is_counted_up_to_the_end() -> None:
    world = World(())
    buy, sell = world.start()
    world.end(buy, "1")
    world.clock.advance(2_000 * MS)
    world.end(sell, "0")
    assert world.closed.naked == 200
    assert world.naked[-1][0] == 100, "it is still naked: the exposure ledger has it now"


def test_a_fill_after_the_end_is_booked_and_told() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "0")
    world.end(sell, "0")
    assert world.closed.end is FLAT
    world.venues[MEXC].fill(buy, D("0.25"), D(100), "late")
    world.venues[MEXC].fill(buy, D("0.25"), D(100), "late")
    assert world.exposure.ledger == {(MEXC, BTC): D("0.25"), (MEXC, USDT): D("-25.00")}
    assert [text.split(" after")[0] for text in world.mismatches] == ["0.25 BTC", "-25.00 USDT"]
    world.pass_time(1_000)
    assert world.venues[MEXC].queried, "what it has become is asked"


def test_states_in_words() -> None:
    assert [state.name for state in CycleState] == ["SENT", "ASKING", "UNWINDING", "CLOSED"]
    world = World()
    buy, _ = world.start()
    cycle = world.executor.open[world.opened.cycle]
    assert cycle.legs() == "BUY none, SELL none"
    world.venues[MEXC].answer(buy, OrderStatus.UNKNOWN, None)
    assert cycle.legs() == "BUY unknown, SELL none"
    world.venues[MEXC].fill(buy, D("0.5"), D(100), "1")
    assert cycle.legs() == "BUY part, SELL none"
    assert (cycle.plan.symbol, cycle.residual) == (SYMBOL, Decimal("0.5"))
