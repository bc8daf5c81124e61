"""Cycles of an earlier process, and outcomes that nobody told: proven both ways, nothing sent again."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.domain import CycleEnd, Fill, NotFound, OrderStatus, OrderUpdate, PrivateEvent
from arb.errors import ConfigError
from arb.execution import Ids, Unproven, proven
from tests.arb.execution.world import BTC, GATE, MEXC, MS, RETRY, REVERSE, SYMBOL, D, S, World
from tests.plans import approved


def restarted(world: World, *, after_ms: int = 1_000) -> World:
    """The same venues and money; another process, which has only the journal."""
    world.clock.advance(after_ms * MS)
    opened, sent = world.opened, world.sent
    heard = [event for v in world.venues.values() for event in v.told if isinstance(event, OrderUpdate | Fill)]
    world.facts.clear()
    world.inventory.reserved.clear()
    world.executor = world.another("bb")
    world.executor.adopt(opened, sent, heard)
    return world


def not_found(world: World, venue: str, client_id: str) -> None:
    now_ns = world.clock.mono_ns()
    world.venues[venue].tell(NotFound(venue, SYMBOL, client_id, now_ns, now_ns))  # type: ignore[arg-type,index]


def test_an_unknown_leg_that_was_there_all_along() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    world.venues[GATE].answer(sell, OrderStatus.UNKNOWN, None)
    not_found(world, GATE, sell.client_id)
    world.pass_time(4_000)
    assert len(world.out) == 2, "not found so soon proves nothing"
    world.end(sell, "1")
    assert world.closed.end is CycleEnd.HEDGED
    world.check_books()


def test_an_unknown_leg_that_never_was() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    world.venues[GATE].answer(sell, OrderStatus.UNKNOWN, None)
    world.pass_time(5_000)
    not_found(world, GATE, sell.client_id)
    assert [sent.order.qty for sent in world.sent] == [1], "proven: only now the ladder begins"
    world.end(world.last(GATE), "1", "99")
    assert world.closed.end is CycleEnd.HEDGED
    world.check_books()


def test_both_unknown_and_neither_was() -> None:
    world = World()
    buy, sell = world.start()
    for order in (buy, sell):
        world.venues[order.venue].answer(order, OrderStatus.UNKNOWN, None)
    world.pass_time(5_000)
    for order in (buy, sell):
        not_found(world, order.venue, order.client_id)
    assert (world.closed.end, len(world.out)) == (CycleEnd.FLAT, 2)


def test_what_nobody_knows_of_after_a_restart_is_asked_and_not_sent() -> None:
    world = World()
    buy, sell = world.start()
    restarted(world)
    assert [venue.queried[-1][1] for venue in (world.venues[MEXC], world.venues[GATE])] == [
        buy.client_id,
        sell.client_id,
    ]
    world.end(buy, "1")
    world.end(sell, "1")
    assert world.closed.end is CycleEnd.HEDGED
    assert len(world.out) == 2
    assert world.exposure.net(BTC) == 0


def test_what_the_journal_has_is_not_counted_twice() -> None:
    world = World()
    buy, sell = world.start()
    world.end(buy, "1")
    restarted(world)
    world.end(buy, "1")
    world.end(sell, "1")
    assert {(d.venue, d.coin): d.qty for d in world.closed.deltas}[MEXC, "BTC"] == 1  # type: ignore[index]


def test_settled_is_counted_from_the_first_sending() -> None:
    world = World()
    buy, sell = world.start()
    restarted(world, after_ms=5_000)
    for order in (buy, sell):
        not_found(world, order.venue, order.client_id)
    assert world.closed.end is CycleEnd.FLAT


def test_a_ladder_goes_on_where_it_was() -> None:
    world = World((RETRY, REVERSE))
    buy, sell = world.start()
    world.end(sell, "0")
    world.end(buy, "1")
    retry = world.last(GATE)
    restarted(world)
    assert len(world.out) == 3
    world.end(retry, "0.5")
    (sent,) = world.sent
    assert (sent.purpose.name, sent.order.qty) == ("REVERSE", D("0.5")), "the retry has had its attempt"
    assert sent.order.client_id not in (buy.client_id, sell.client_id, retry.client_id)
    world.end(sent.order, "0.5", "99")
    assert world.closed.end is CycleEnd.HEDGED


def test_a_cycle_whose_last_word_was_lost_ends_at_once() -> None:
    world = World((RETRY,))
    buy, sell = world.start()
    journal = [world.opened]
    world.end(buy, "1")
    world.end(sell, "1")
    first = world.closed
    world.exposure.ledger.clear()  # its end was not written
    heard = [event for v in world.venues.values() for event in v.told if isinstance(event, OrderUpdate | Fill)]
    world.facts.clear()
    world.executor = world.another("bb")
    world.executor.adopt(journal[0], [], heard)
    assert world.closed.deltas == first.deltas
    assert (world.closed.pnl, world.closed.end) == (first.pnl, first.end)
    assert [len(v.queried) for v in world.venues.values()] == [0, 0, 0]


def test_a_thin_leg_whose_partner_never_left_is_unwound_by_the_ladder() -> None:
    world = World((RETRY, REVERSE), thin_first=True)
    world.quote(GATE, 101, 102, qty=2)
    world.executor.start(approved(world.plan()), world.clock.mono_ns())
    restarted(world)
    world.end(world.last(GATE), "1")
    assert [(sent.purpose.name, sent.order.venue) for sent in world.sent] == [("RETRY", MEXC)]


def test_a_flatten_of_an_earlier_process_has_no_ladder() -> None:
    world = World((REVERSE,))
    world.exposure.ledger = {(MEXC, "BTC"): D(1), (MEXC, "USDT"): D(-100)}  # type: ignore[dict-item]
    world.inventory.balance[MEXC, "BTC"] = D(9)
    world.executor.flatten(world.clock.mono_ns())
    restarted(world)
    world.end(world.out[0], "0.5", "99")
    assert (world.closed.end, len(world.out)) == (CycleEnd.REPORTED, 1)


def test_a_cycle_at_a_venue_that_is_gone_from_the_configuration() -> None:
    world = World()
    world.start()
    del world.venues[GATE]
    with pytest.raises(ConfigError, match="gateio, which is not configured"):
        restarted(world)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), legs=st.tuples(st.integers(0, 100), st.integers(0, 100)))
def test_whatever_the_order_and_doubling_of_what_the_venues_say(seed: int, legs: tuple[int, int]) -> None:
    """Every message of every order, shuffled, some doubled, in between the timers: it ends, exactly, nothing twice."""
    rng = random.Random(seed)
    world = World((RETRY, REVERSE))
    world.start()
    answered: set[str] = set()
    amounts = [D(leg) / 100 for leg in legs]
    pending: list[PrivateEvent] = []
    for _ in range(200):
        for order in world.out:
            if order.client_id not in answered:
                answered.add(order.client_id)
                share = amounts.pop(0) if amounts else D(rng.randint(0, 100)) / 100
                pending += story(world, order, min(order.qty, (order.qty * share).quantize(D("0.01"))), rng)
                rng.shuffle(pending)
        if not pending:
            break
        event = pending.pop()
        world.venues[event.venue].tell(event)
        if rng.random() < 0.3:
            world.venues[event.venue].tell(event)
        if rng.random() < 0.2:
            world.pass_time(100)
    closed = world.closed
    filled = {(o.client_id): sum((f.qty for f in fills(world, o.client_id).values()), D(0)) for o in world.out}
    net = sum((filled[o.client_id] * (1 if o.side == 1 else -1) for o in world.out), D(0))
    assert closed.residual == net
    assert (abs(net) >= D("0.05")) is (closed.end is CycleEnd.REPORTED)
    assert world.mismatches == []
    world.check_books()


def story(world: World, order, filled, rng: random.Random) -> list[PrivateEvent]:  # type: ignore[no-untyped-def]
    venue = world.venues[order.venue]
    first = (filled * D(rng.randint(0, 100)) / 100).quantize(D("0.01"))
    parts = [part for part in (first, filled - first) if part]
    events: list[PrivateEvent] = [
        venue.filling(order, part, order.price, f"{order.client_id}.{n}", fee=part * D("0.1"))
        for n, part in enumerate(parts)
    ]
    events.append(venue.update(order, OrderStatus.OPEN, None))
    if rng.random() < 0.3:
        events.append(venue.update(order, OrderStatus.UNKNOWN, None))
    if first:
        events.append(venue.update(order, OrderStatus.PARTIAL, first))
    end = OrderStatus.FILLED if filled == order.qty else OrderStatus.CANCELLED
    return [*events, venue.update(order, end, filled)]


def fills(world: World, client_id: str) -> dict[str, Fill]:
    told = (event for venue in world.venues.values() for event in venue.told)
    return {e.trade_id: e for e in told if isinstance(e, Fill) and e.client_id == client_id}


def test_what_is_asked_for_in_vain_is_proven_by_the_account() -> None:
    world = World(forget_ns=60 * S)
    buy, sell = world.start()
    sent_ns = world.clock.wall_ns()
    world.venues[GATE].answer(sell, OrderStatus.UNKNOWN, None)
    world.end(buy, "1")
    world.clock.advance(60_000 * MS)
    assert world.executor.unproven(world.clock.mono_ns()) == ()
    world.clock.advance(1 * MS)
    not_found(world, GATE, sell.client_id)
    (asked,) = world.executor.unproven(world.clock.mono_ns())
    assert asked == Unproven(sell, "", sent_ns), "its venue may have forgotten the name"
    half = world.venues[GATE].filling(sell, D("0.5"), D(101), "7")
    for event in proven(asked, (), (half, half), world.clock.mono_ns()):
        world.executor.on_event(event)
    assert [sent.order.qty for sent in world.sent] == [D("0.5")]
    assert world.executor.unproven(world.clock.mono_ns()) == ()


class TestProven:
    def asked(self, venue_id: str = "") -> tuple[World, Unproven]:
        world = World()
        buy, _ = world.start()
        return world, Unproven(buy, venue_id, 0)

    def test_nothing_rests_and_nothing_was_filled(self) -> None:
        world, asked = self.asked()
        other = world.venues[MEXC].filling(world.plan_order("arb-other-1"), D(1), D(1), "1")
        (end,) = proven(asked, (), (other,), 5)
        assert isinstance(end, OrderUpdate)
        assert (end.status, end.filled_qty, end.client_id) == (OrderStatus.CANCELLED, 0, asked.order.client_id)

    def test_all_of_it_was_filled(self) -> None:
        world, asked = self.asked()
        fill = world.venues[MEXC].filling(asked.order, D(1), D(99), "1")
        told, end = proven(asked, (), (fill,), 5)
        assert told == fill
        assert isinstance(end, OrderUpdate)
        assert (end.status, end.filled_notional) == (OrderStatus.FILLED, 99)

    def test_it_rests(self) -> None:
        world, asked = self.asked("v9")
        resting = msgspec.structs.replace(
            world.venues[MEXC].update(asked.order, OrderStatus.OPEN), client_id="", venue_id="v9"
        )
        assert proven(asked, (resting,), (), 5) == (resting,)

    def test_a_fill_that_nobody_named_may_be_its_own(self) -> None:
        world, asked = self.asked()
        nameless = msgspec.structs.replace(world.venues[MEXC].filling(asked.order, D(1), D(99), "1"), client_id="")
        assert proven(asked, (), (nameless,), 5) == ()
        named = asked._replace(venue_id=nameless.venue_id)
        assert proven(named, (), (nameless,), 5)[0] == nameless


def test_names_of_two_processes_never_meet() -> None:
    assert Ids(10 * S, "aa").cycle() != Ids(10 * S, "bb").cycle()
