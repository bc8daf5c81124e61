"""The way there and back: latency, order of arrival, order of news, up and down. One way is 20 ms."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from random import Random

import pytest

from arb.clock import SystemClock
from arb.domain import (
    Balance,
    BalancesRead,
    Event,
    Fill,
    NotFound,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
)
from arb.errors import Transient
from arb.interfaces import Lane
from arb.paper import PaperTrading
from tests.arb.paper.world import MS, PAIR, VENUE, WALL_NS, Desk, order

LIMIT, IOC = OrderType.LIMIT, OrderType.IOC


def status(desk: Desk, asked: object) -> list[OrderStatus]:
    return [told.status for told in desk.heard.updates(asked)]  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- the way


async def test_an_order_arrives_one_way_later_and_is_heard_of_another_way_later() -> None:
    async with Desk().up() as desk:
        asked = order(price="101")
        desk.paper.submit(asked)
        assert desk.heard.events == []
        desk.turn(19)
        desk.show(asks=((100.5, 2.0), (101.0, 2.0)))  # the book as it is then, not as it was
        desk.turn(20)
        assert desk.heard.events == []
        desk.turn(1)
        assert status(desk, asked) == [OrderStatus.FILLED]
        assert [fill.price for fill in desk.heard.of(Fill)] == [D("100.5")]
        now_ns = desk.clock.mono_ns()
        assert {event.recv_ns for event in desk.heard.of(OrderUpdate) + desk.heard.of(Fill)} == {now_ns}
        assert desk.heard.of(Fill)[0].exch_ns == desk.clock.wall_ns() - 20 * MS
        assert desk.heard.idles == [now_ns]


async def test_a_book_that_runs_away_meanwhile_leaves_nothing() -> None:
    async with Desk().up() as desk:
        asked = order(price="101")
        desk.paper.submit(asked)
        desk.turn(10)
        desk.show(asks=((102.0, 2.0),))
        desk.turn(100)
        assert status(desk, asked) == [OrderStatus.CANCELLED]


@pytest.mark.parametrize(
    ("latency_ms", "measured_ms", "there_and_back_ms"),
    [
        pytest.param(20, 500, 40, id="what is configured"),
        pytest.param(0, 30, 60, id="0: the measured round trip each way"),
        pytest.param(0, None, 200, id="0 and nothing measured yet: slow"),
        pytest.param(0, 60_000, 20_000, id="a measurement beyond reason counts as ten seconds"),
    ],
)
async def test_how_long_it_takes(latency_ms: int, measured_ms: int | None, there_and_back_ms: int) -> None:
    measured_ns = None if measured_ms is None else measured_ms * MS
    desk = Desk(latency_ms=latency_ms, round_trip_ns=measured_ns)
    async with desk.running():
        desk.turn(3 * there_and_back_ms, 5)
        asked = order()
        desk.paper.submit(asked)
        desk.turn(there_and_back_ms - 5, 5)
        assert status(desk, asked) == []
        desk.turn(5)
        assert status(desk, asked) == [OrderStatus.FILLED]
        assert desk.paper.settle_ns * 2 >= there_and_back_ms * MS


async def test_both_orders_of_one_turn_arrive_in_the_order_they_were_sent_in_whatever_the_jitter() -> None:
    for seed in range(20):
        async with Desk(seed=seed, jitter_ms=40).up() as desk:
            first, second = order(), order()
            desk.paper.submit(first)
            desk.paper.submit(second)
            desk.turn(200)
            assert (status(desk, first), status(desk, second)) == ([OrderStatus.FILLED], [OrderStatus.CANCELLED])


async def test_jitter_makes_it_slower_and_never_faster() -> None:
    took = set()
    async with Desk(jitter_ms=30, balances={"USDT": D(100_000)}).up() as desk:
        for _ in range(30):
            asked, sent_ns = order(price="100.5"), desk.clock.mono_ns()
            desk.paper.submit(asked)
            desk.turn(120)
            [told] = desk.heard.updates(asked)
            took.add((told.recv_ns - sent_ns) // MS)
    assert min(took) >= 40
    assert max(took) <= 100
    assert len(took) > 10


async def test_now_the_fill_is_first_and_now_the_update() -> None:
    firsts: list[type[Event]] = []
    for seed in range(30):
        async with Desk(seed=seed).up() as desk:
            desk.send(order())
            firsts.append(type(desk.heard.events[0]))
    assert set(firsts) == {OrderUpdate, Fill, Balance}


async def test_the_same_seed_and_the_same_turns_tell_the_same() -> None:
    async def run(seed: int) -> list[Event]:
        async with Desk(seed=seed, jitter_ms=30, reject_share=0.2).up() as desk:
            for number in range(20):
                desk.paper.submit(order(qty="0.1", client_id=f"c{number}"))
                desk.turn(7)
            desk.turn(200)
            return desk.heard.events

    once, again, other = await run(3), await run(3), await run(4)
    assert once == again
    assert once != other


async def test_balances_carry_numbers_that_grow() -> None:
    async with Desk().up() as desk:
        desk.send(order(qty="0.5"))
        desk.send(order(qty="0.5"))
        seqs = [balance.seq for balance in desk.heard.of(Balance) if balance.coin == "USDT"]
        assert len(seqs) == 2
        assert seqs[0] < seqs[1]


# ---------------------------------------------------------------------------------------------- asking


async def test_a_question_takes_a_round_trip_and_tells_the_order_and_then_its_fills() -> None:
    async with Desk().up() as desk:
        asked = order()
        [told] = desk.send(asked)
        for names in ((asked.client_id, ""), ("", told.venue_id)):
            desk.heard.events.clear()
            desk.paper.query(PAIR, *names)  # type: ignore[arg-type]
            desk.turn(39)
            assert desk.heard.events == []
            desk.turn(1)
            assert [type(event) for event in desk.heard.events] == [OrderUpdate, Fill]
            assert desk.heard.updates(asked)[0].status is OrderStatus.FILLED
        assert desk.paper.counters["queries"] == 2


@pytest.mark.parametrize("refused", [False, True], ids=["never sent", "refused"])
async def test_what_the_venue_does_not_have_is_not_found(refused: bool) -> None:
    async with Desk().up() as desk:
        asked = order(qty="0.01")
        if refused:
            desk.send(asked)
        desk.heard.events.clear()
        asked_ns = desk.clock.mono_ns()
        desk.paper.query(PAIR, asked.client_id)
        desk.turn(100)
        assert desk.heard.events == [NotFound(VENUE, PAIR, asked.client_id, asked_ns, asked_ns + 40 * MS)]


async def test_a_question_may_overtake_the_order_but_not_by_more_than_it_settles_in() -> None:
    early = 0
    for seed in range(40):
        async with Desk(seed=seed, jitter_ms=30).up() as desk:
            asked = order()
            sent_ns = desk.clock.mono_ns()
            desk.paper.submit(asked)
            for _ in range(60):
                desk.turn(1)
                desk.paper.query(PAIR, asked.client_id)
            desk.turn(200)
            unfound = desk.heard.of(NotFound)
            early += bool(unfound)
            assert all(event.asked_ns - sent_ns < desk.paper.settle_ns for event in unfound)
    assert early


async def test_a_cancel_takes_its_time_and_of_what_is_over_nothing_is_told() -> None:
    async with Desk().up() as desk:
        resting, gone = order(kind=LIMIT, price="100", qty="2"), order()
        desk.send(gone)
        [told] = desk.send(resting)
        desk.heard.events.clear()
        desk.paper.cancel(PAIR, gone.client_id)
        desk.paper.cancel(PAIR, order().client_id)
        desk.paper.cancel(PAIR, resting.client_id, told.venue_id)
        desk.turn(39)
        assert desk.heard.events == []
        desk.turn(1)
        assert [event.client_id for event in desk.heard.of(OrderUpdate)] == [resting.client_id]
        assert status(desk, resting) == [OrderStatus.CANCELLED]


async def test_what_is_awaited_is_read_at_the_venue_and_comes_back_a_way_later() -> None:
    async with Desk().up() as desk:
        resting, filled = order(kind=LIMIT, price="100"), order()
        desk.send(filled)
        desk.paper.submit(resting)
        sent_ns = desk.clock.mono_ns()
        asking = asyncio.gather(
            desk.paper.balances(),
            desk.paper.open_orders(),
            desk.paper.open_orders(PAIR),
            desk.paper.fills(PAIR, WALL_NS),
            desk.paper.fills(PAIR, desk.clock.wall_ns()),
        )
        await asyncio.sleep(0)
        desk.turn(39)
        await asyncio.sleep(0)
        assert not asking.done()
        desk.turn(1)
        held, everywhere, here, fills, later = await asking
        assert (held.asked_ns, held.recv_ns) == (sent_ns, sent_ns + 40 * MS)
        assert {row.coin: (row.free, row.locked) for row in held.balances} == {
            "USDT": (D("798.799"), D("100.1")),
            "BTC": (D(11), D(0)),
        }
        assert everywhere == here
        assert [update.client_id for update in here] == [resting.client_id]
        assert [fill.client_id for fill in fills] == [filled.client_id]
        assert later == ()


# ---------------------------------------------------------------------------------------------- up and down


async def test_it_comes_up_and_then_reads_the_balances() -> None:
    desk = Desk()
    assert desk.paper.refusal(1, Lane.ORDER) == "the private side is down"
    async with desk.running():
        desk.turn(39)
        assert desk.heard.events == []
        desk.turn(1)
        assert desk.heard.events == [PrivateUp(VENUE, desk.clock.mono_ns())]
        assert desk.paper.refusal(1, Lane.ORDER) == ""
        desk.turn(40)
        [read] = desk.heard.of(BalancesRead)
        assert read.asked_ns == read.recv_ns - 40 * MS
        assert {row.coin: row.free for row in read.balances} == {"USDT": D(1000), "BTC": D(10)}
        assert {row.recv_ns for row in read.balances} == {read.recv_ns} == {desk.clock.mono_ns()}


async def test_without_balances_of_its_own_it_has_enough_of_everything_when_prices_are_known() -> None:
    desk = Desk(balances={})
    book, desk.book = desk.book, None
    async with desk.running():
        desk.turn(100)
        assert [(row.coin, row.free) for row in desk.heard.of(BalancesRead)[0].balances] == [("USDT", D(10_000))]
        desk.book = book
        desk.turn(300)
        [granted] = desk.heard.of(Balance)
        assert (granted.coin, granted.free) == ("BTC", D("99.5"))  # 10 000 at 100.5, in whole steps
        desk.turn(1000, 10)
        assert len(desk.heard.of(Balance)) == 1


async def test_an_order_before_it_is_up_is_refused_and_told_so_later() -> None:
    desk = Desk()
    async with desk.running():
        asked = order()
        desk.paper.submit(asked)
        desk.paper.cancel(PAIR, asked.client_id)
        desk.paper.query(PAIR, asked.client_id)
        assert desk.heard.events == []
        desk.turn(1)
        [told] = desk.heard.updates(asked)
        assert (told.status, told.reason) == (OrderStatus.REJECTED, "the private side is down")
        desk.turn(200)
        assert not desk.heard.of(NotFound)
    with pytest.raises(Transient):
        await desk.paper.balances()


async def test_the_end_tells_what_is_unanswered_and_is_the_end() -> None:
    desk = Desk()
    async with desk.running():
        desk.turn(100)
        answered, unanswered = order(), order(kind=LIMIT, price="99")
        desk.send(answered)
        desk.paper.submit(unanswered)
        desk.turn(30)
        asking = asyncio.create_task(desk.paper.balances())
        await asyncio.sleep(0)
        desk.heard.events.clear()
    update, down = desk.heard.events
    assert isinstance(update, OrderUpdate)
    assert (update.client_id, update.status, update.filled_qty) == (unanswered.client_id, OrderStatus.UNKNOWN, None)
    assert down == PrivateDown(VENUE, "stopped", desk.clock.mono_ns())
    with pytest.raises(Transient):
        await asking
    desk.turn(200)
    assert len(desk.heard.events) == 2
    assert desk.paper.refusal(1, Lane.HEDGE) == "the private side is down"
    async with desk.running():  # the venue has kept what had arrived
        desk.turn(100)
        desk.paper.query(PAIR, unanswered.client_id)
        desk.turn(40)
        assert status(desk, unanswered) == [OrderStatus.UNKNOWN, OrderStatus.OPEN]


async def test_what_is_on_its_way_when_it_stops_reaches_no_later_run() -> None:
    desk = Desk(latency_ms=200)
    asked = order()
    async with desk.running():
        desk.turn(1000, 10)
        desk.paper.submit(asked)
        desk.turn(300, 10)
    async with desk.running():
        desk.turn(1000, 10)
        assert status(desk, asked) == [OrderStatus.UNKNOWN]
        assert not desk.heard.of(Fill)


async def test_orders_beyond_the_rate_do_not_leave_and_a_reserve_is_kept_for_hedges() -> None:
    async with Desk(orders_per_s=5).up() as desk:
        paper = desk.paper
        assert [paper.refusal(count, Lane.ORDER) for count in (3, 4)] == ["", "3 orders are left in this second"]
        for _ in range(3):
            paper.submit(order(price="100.5"))
        assert paper.refusal(1, Lane.ORDER) == "0 orders are left in this second"
        assert (paper.refusal(2, Lane.HEDGE), paper.refusal(2, Lane.CANCEL)) == ("", "")
        beyond, hedge = order(price="100.5"), order(price="100.5")
        paper.submit(beyond)
        paper.submit(hedge, Lane.HEDGE)
        desk.turn(100)
        assert (status(desk, beyond), status(desk, hedge)) == ([OrderStatus.REJECTED], [OrderStatus.CANCELLED])
        assert (paper.counters["orders"], paper.counters["refused"]) == (5, 1)
        desk.turn(1000, 10)
        assert paper.refusal(3, Lane.ORDER) == ""


async def test_its_clock_is_ours() -> None:
    assert Desk().paper.clock_error_ns() == 0


# ---------------------------------------------------------------------------------------------- by itself


async def test_it_runs_by_itself_in_real_time() -> None:
    desk = Desk()
    clock = SystemClock()
    paper = PaperTrading(
        VENUE,
        markets=(),
        fees=lambda _: None,
        book=lambda _: None,
        clock=clock,
        config=desk.config.model_copy(update={"latency_ms": 1}),
        balances={"USDT": D(1)},
        rng=Random(1),
        round_trip_ns=lambda: None,
    )
    task = asyncio.create_task(paper.run(desk.heard))
    async with asyncio.timeout(5):
        while not desk.heard.of(BalancesRead):  # noqa: ASYNC110  there is nothing to wait on but what it tells
            await asyncio.sleep(0.001)
        held = await paper.balances()
        paper.submit(order())
        while not desk.heard.of(OrderUpdate):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert [(row.coin, row.free) for row in held.balances] == [("USDT", D(1))]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
