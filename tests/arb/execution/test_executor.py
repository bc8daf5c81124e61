"""Sending: written ahead, both legs in one call, money set aside, and never twice."""

from __future__ import annotations

import msgspec
import pytest

from arb.domain import (
    CycleEnd,
    CycleOpened,
    FeeCoin,
    Mismatch,
    Order,
    OrderSent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    VenueId,
)
from arb.errors import JournalError, Rejected
from arb.execution import client_id, cycle_of, executor
from arb.execution.executor import PATIENCE_NS
from arb.interfaces import Lane
from tests.arb.execution.world import BTC, GATE, KUCOIN, MEXC, MS, RETRY, REVERSE, SYMBOL, USDT, D, World
from tests.plans import approved


def test_both_legs_leave_in_one_call_after_one_commit() -> None:
    world = World()
    buy, sell = world.start()
    assert [len(facts) for facts in world.journal.committed] == [1]
    assert world.journal.ahead_of == [0], "nothing had left when it was written"
    opened = world.opened
    assert opened.orders == (buy, sell)
    assert (buy.side, buy.type, buy.qty, buy.price) == (Side.BUY, OrderType.IOC, 1, 100)
    assert (sell.side, sell.type, sell.qty, sell.price) == (Side.SELL, OrderType.IOC, 1, 101)
    assert [cycle_of(order.client_id) for order in (buy, sell)] == [opened.cycle] * 2
    assert world.venues[MEXC].lanes == [Lane.ORDER]
    assert world.inventory.reserved == {
        buy.client_id: (MEXC, USDT, opened.plan.buy.cost),
        sell.client_id: (GATE, BTC, 1),
    }
    assert set(world.executor.open) == {opened.cycle}


def test_what_cannot_be_written_is_not_sent() -> None:
    world = World()
    world.journal.broken = JournalError("disk full")
    with pytest.raises(JournalError, match="disk full"):
        world.start()
    assert (world.out, world.facts, world.inventory.reserved, dict(world.executor.open)) == ([], [], {}, {})


def test_an_unwind_that_cannot_be_written_for_too_long_is_not_sent_and_stops_everything() -> None:
    world = World()
    buy, sell = world.start()
    world.journal.broken = JournalError("disk full")
    world.end(buy, "1")
    world.end(sell, "0")
    assert world.executor.open, "a full disk may be emptied: nobody gives up at once"
    world.pass_time(PATIENCE_NS // 1_000_000 + 100)
    assert len(world.out) == 2
    assert world.closed.end is CycleEnd.REPORTED
    assert world.closed.why.endswith("; the journal: disk full")
    assert world.executor.broken is world.journal.broken
    world.journal.broken = None
    with pytest.raises(JournalError, match="disk full"):
        world.start()


def test_an_unwind_leaves_as_soon_as_the_journal_can_be_written_again() -> None:
    world = World((RETRY,))
    buy, sell = world.start()
    world.journal.broken = JournalError("locked")
    world.end(buy, "1")
    world.end(sell, "0")
    world.pass_time(300)
    assert len(world.out) == 2
    world.journal.broken = None
    world.pass_time(300)
    assert len(world.out) == 3
    (written,) = world.journal.committed[-1]
    assert isinstance(written, OrderSent)
    assert world.executor.broken is None


def test_an_unwind_is_written_before_it_leaves() -> None:
    world = World((RETRY,))
    buy, sell = world.start()
    world.end(buy, "1")
    world.end(sell, "0")
    (written,) = world.journal.committed[-1]
    assert isinstance(written, OrderSent)
    assert world.journal.ahead_of == [0, 2]
    retry = world.last(GATE)
    assert (written.order, written.step) == (retry, 1)
    assert retry.client_id == client_id(world.opened.cycle, 3)
    assert world.venues[GATE].lanes[-1] is Lane.HEDGE
    assert world.inventory.reserved[retry.client_id] == (GATE, BTC, 1)


def refuse_at_once(world: World, venue: VenueId) -> None:
    """It answers within the call."""
    trading = world.venues[venue]
    submit = trading.submit

    def refuse(order: Order, lane: Lane = Lane.ORDER) -> None:
        submit(order, lane)
        trading.reject(order, "no budget")

    trading.submit = refuse  # type: ignore[method-assign]


def test_a_leg_refused_on_the_spot_keeps_the_other_one_at_home() -> None:
    world = World()
    refuse_at_once(world, MEXC)
    world.executor.start(approved(world.plan()), world.clock.mono_ns())
    assert world.venues[GATE].submitted == []
    assert world.closed.end is CycleEnd.FLAT
    withheld = [fact for fact in world.facts if isinstance(fact, OrderUpdate)]
    assert [(fact.client_id, fact.status) for fact in withheld] == [
        (world.opened.orders[1].client_id, OrderStatus.REJECTED)
    ]
    assert type(world.facts[-1]) is not CycleOpened
    world.check_books()


def test_nothing_starts_after_stop() -> None:
    world = World()
    world.executor.stop(world.clock.mono_ns())
    with pytest.raises(Rejected, match="stopping"):
        world.start()
    assert world.out == []


def test_cancel_all_cancels_ours_until_they_are_over() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    assert len(world.executor.cancel_all(world.clock.mono_ns())) == 1
    assert world.venues[GATE].cancelled == [(SYMBOL, sell.client_id, "")]
    assert world.venues[MEXC].cancelled == []
    assert len(world.executor.cancel_all(world.clock.mono_ns())) == 1
    world.end(sell, "1")
    assert len(world.executor.cancel_all(world.clock.mono_ns())) == 0


class TestThinFirst:
    """The leg with less depth within its cap goes first, the other one when it is filled."""

    def world(self) -> World:
        world = World((RETRY, REVERSE), thin_first=True)
        world.quote(MEXC, 99, 100, qty=5)
        world.quote(GATE, 101, 102, qty=2)
        world.executor.start(approved(world.plan()), world.clock.mono_ns())
        return world

    def test_the_thin_leg_alone_leaves_first(self) -> None:
        world = self.world()
        assert [order.venue for order in world.out] == [GATE]
        assert world.opened.orders == tuple(world.out)
        assert len(world.inventory.reserved) == 2, "the money of the second leg is set aside too"

    def test_then_as_much_of_the_other_as_it_got(self) -> None:
        world = self.world()
        world.end(world.last(GATE), "0.7")
        (second,) = world.venues[MEXC].submitted
        assert (second.side, second.qty, second.price) == (Side.BUY, D("0.7"), 100)
        assert (world.sent[0].purpose.name, world.sent[0].step) == ("ENTRY", 0)
        world.end(second, "0.7")
        assert world.closed.end is CycleEnd.HEDGED
        assert world.closed.why == "BUY filled, SELL part"
        world.check_books()

    def test_nothing_of_the_one_nothing_of_the_other(self) -> None:
        world = self.world()
        world.end(world.last(GATE), "0")
        assert world.closed.end is CycleEnd.FLAT
        assert len(world.out) == 1
        world.check_books()

    def test_a_second_leg_that_misses_is_unwound(self) -> None:
        world = self.world()
        world.end(world.last(GATE), "1")
        world.end(world.last(MEXC), "0")
        assert [(sent.purpose.name, sent.order.venue) for sent in world.sent] == [("ENTRY", MEXC), ("RETRY", MEXC)]

    def test_no_more_of_the_other_than_was_planned(self) -> None:
        world = World((RETRY,), thin_first=True)
        world.quote(GATE, 101, 102, qty=2)
        world.fees[MEXC, SYMBOL] = msgspec.structs.replace(
            world.fees[MEXC, SYMBOL], taker=D("0.02"), buy_coin=FeeCoin.BASE
        )
        world.executor.start(approved(world.plan()), world.clock.mono_ns())
        world.end(world.last(GATE), "1")
        assert world.last(MEXC).qty == 1, "1.02 would cover it, but the money was planned for 1"

    def test_a_thin_leg_refused_on_the_spot_is_told_in_order(self) -> None:
        world = World((RETRY,), thin_first=True)
        refuse_at_once(world, MEXC)
        world.quote(GATE, 101, 102, qty=20)
        world.executor.start(approved(world.plan()), world.clock.mono_ns())
        assert world.closed.end is CycleEnd.FLAT
        assert type(world.facts[0]) is CycleOpened

    def test_money_for_a_second_leg_that_cannot_be_sent_does_not_pay_for_another_order(self) -> None:
        world = self.world()
        world.markets[MEXC, SYMBOL] = msgspec.structs.replace(world.markets[MEXC, SYMBOL], min_qty=D("0.5"))
        world.end(world.last(GATE), "0.1")
        taken_back = world.last(GATE)
        assert world.sent[0].purpose.name == "REVERSE"
        assert world.inventory.reserved[taken_back.client_id][:2] == (GATE, "USDT")
        world.end(taken_back, "0.1")
        assert world.closed.end is CycleEnd.FLAT
        world.check_books()

    def test_halted_in_between(self) -> None:
        world = self.world()
        world.permitted.clear()
        world.end(world.last(GATE), "1")
        assert (world.closed.end, len(world.out)) == (CycleEnd.REPORTED, 1)
        world.check_books()


class TestFlatten:
    def world(self, *holdings: tuple[str, str, str], free: str = "100") -> World:
        world = World((REVERSE,))
        for venue, coin, qty in holdings:
            world.exposure.ledger[venue, coin] = D(qty)  # type: ignore[index]  # a venue and a coin
        for venue in world.venues:
            world.inventory.balance[venue, BTC] = D(free)
            world.inventory.balance[venue, USDT] = D(100_000)
        return world

    def test_sells_the_net_where_it_pays_most(self) -> None:
        world = self.world((MEXC, BTC, "1"), (GATE, BTC, "-0.25"), (MEXC, USDT, "-75"))
        world.quote(KUCOIN, 99.5, 100)
        assert world.executor.flatten(world.clock.mono_ns()) == ()
        (order,) = world.out
        assert (order.venue, order.side, order.qty, order.price) == (KUCOIN, Side.SELL, D("0.75"), D("97.51"))
        assert [type(fact) for fact in world.journal.committed[-1]] == [CycleOpened, OrderSent]
        assert world.journal.ahead_of == [0]
        world.end(order, "0.75", "99.5")
        assert world.closed.end is CycleEnd.FLAT
        assert world.exposure.net(BTC) == 0

    def test_buys_back_what_is_short_and_as_far_as_balances_go(self) -> None:
        world = self.world((GATE, BTC, "-2"), (GATE, USDT, "200"))
        world.inventory.balance[MEXC, USDT] = D("51.1")
        world.inventory.balance[GATE, USDT] = D("51.1")
        world.inventory.balance[KUCOIN, USDT] = D("0")
        left = world.executor.flatten(world.clock.mono_ns())
        assert {(order.venue, order.side, order.qty) for order in world.out} == {
            (MEXC, Side.BUY, D("0.5")),
            (GATE, Side.BUY, D("0.5")),
        }
        assert left[0].startswith("-1.0")

    def test_tells_what_it_cannot(self) -> None:
        world = self.world((MEXC, BTC, "0.01"), (MEXC, USDT, "-1"), (MEXC, "MX", "-3"))
        left = world.executor.flatten(world.clock.mono_ns())
        assert world.out == []
        assert left[0].startswith("0.01 BTC: mexc BTC/USDT: 0.01 is below the minimum")
        assert left[1] == "-3 MX: no market for it"

    def test_is_not_doubled_by_asking_twice(self) -> None:
        world = self.world((MEXC, BTC, "1"), (MEXC, USDT, "-100"))
        world.executor.flatten(world.clock.mono_ns())
        (line,) = world.executor.flatten(world.clock.mono_ns())
        assert line.startswith("1 BTC: cycle ")
        assert len(world.out) == 1

    def test_sends_nothing_while_halted(self) -> None:
        world = self.world((MEXC, BTC, "1"), (MEXC, USDT, "-100"))
        world.permitted.clear()
        assert world.executor.flatten(world.clock.mono_ns()) == ("nothing may be sent: halted; resume first",)
        assert world.out == []

    def test_what_it_did_not_get_stays_reported(self) -> None:
        world = self.world((MEXC, BTC, "1"), (MEXC, USDT, "-100"))
        world.executor.flatten(world.clock.mono_ns())
        world.end(world.out[0], "0.4", "99")
        assert (world.closed.end, len(world.out)) == (CycleEnd.REPORTED, 1)
        assert world.exposure.net(BTC) == D("0.6")


def test_old_orders_are_forgotten_and_open_ones_are_not() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "0")
    world.end(sell, "0")
    world.clock.advance(3_600_001 * MS)
    world.executor.on_timer(world.clock.mono_ns())
    world.venues[MEXC].fill(buy, D(1), D(100), "1")
    assert world.mismatches == []
    assert world.exposure.ledger == {}


def test_of_many_closed_cycles_the_oldest_are_forgotten_and_none_that_lives_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executor, "MOST_CLOSED", 2)
    world = World()
    legs = []
    for _ in range(4):
        buy, sell = world.start()
        world.end(buy, "0")
        world.end(sell, "0")
        legs.append(buy)
    world.executor.on_event(  # what was cancelled was filled after all: not accounted until its fills are here
        OrderUpdate(MEXC, legs[0].client_id, "", OrderStatus.FILLED, D(1), D(100), "", 0, world.clock.mono_ns(), SYMBOL)
    )
    world.pass_time(100)
    for number, buy in enumerate(legs):
        world.venues[MEXC].fill(buy, D(1), D(100), f"late-{number}")
    late = {fact.what for fact in world.facts if isinstance(fact, Mismatch) and "after the end" in fact.what}
    cycles = [fact.cycle for fact in world.facts if isinstance(fact, CycleOpened)]
    heard = [number for number, cycle in enumerate(cycles) if any(what.endswith(str(cycle)) for what in late)]
    assert heard == [0, 3], "the first lives again, the last is within the bound, and two are forgotten"
