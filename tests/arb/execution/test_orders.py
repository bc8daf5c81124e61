"""Each order is sent once, and asked for until it is accounted."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from arb.clock import ManualClock
from arb.domain import (
    ClientId,
    NotFound,
    Order,
    OrderStatus,
    OrderType,
    PrivateDown,
    PrivateUp,
    Side,
    VenueId,
)
from arb.errors import ConfigError, Rejected
from arb.execution.life import Life
from arb.execution.orders import MOST_WRONG, Orders
from arb.interfaces import Lane
from tests.arb.execution.world import MEXC, MS, SYMBOL, D, S, fill_of
from tests.fake_trading import FakeTrading

NAME = ClientId("arb-x-1")


class Desk:
    """One venue and its orders, on a hand-turned clock."""

    def __init__(self, settle_ms: int = 0) -> None:
        self.clock = ManualClock(100 * S)
        self.venue = FakeTrading(MEXC, self.clock, settle_ns=settle_ms * MS)
        self.wrong: list[str] = []
        self.orders = Orders(
            {MEXC: self.venue},
            answer_ns=2_000 * MS,
            ask_ns=500 * MS,
            problem=lambda life, wrong, now_ns: self.wrong.append(wrong),
        )
        self.venue.attach(self)
        self.asked: list[int] = []  # ms since the start
        query = self.venue.query

        def keep(*what: object) -> None:
            self.asked.append((self.clock.mono_ns() - 100 * S) // MS)
            query(*what)  # type: ignore[arg-type]

        self.venue.query = keep  # type: ignore[method-assign]

    def on_event(self, event: object) -> None:
        self.orders.on_event(event, self.clock.mono_ns())  # type: ignore[arg-type]  # private events only

    def on_idle(self, recv_ns: int) -> None: ...

    def send(self, kind: OrderType = OrderType.IOC, name: str = NAME) -> Life:
        order = Order(MEXC, SYMBOL, Side.BUY, kind, D(1), D(100), ClientId(name))
        life = self.orders.add(order, self.clock.mono_ns())
        self.orders.submit(life, Lane.ORDER)
        return life

    def wait(self, ms: int) -> None:
        for _ in range(ms // 50):
            self.clock.advance(50 * MS)
            self.orders.on_timer(self.clock.mono_ns())


def test_silence_is_asked_about_ever_more_rarely() -> None:
    desk = Desk()
    life = desk.send()
    desk.wait(1_950)
    assert desk.asked == []
    desk.wait(28_050)
    assert life.status is OrderStatus.UNKNOWN
    assert desk.asked[:5] == [2_000, 2_500, 3_500, 5_500, 9_500]
    assert {later - sooner for sooner, later in pairwise(desk.asked[4:])} == {5_000}


def test_unknown_is_asked_about_at_once_and_when_not_found_begins_to_count() -> None:
    desk = Desk(settle_ms=1_200)
    life = desk.send()
    desk.clock.advance(100 * MS)
    desk.venue.answer(life.order, OrderStatus.UNKNOWN, None)
    desk.wait(1_500)
    assert desk.asked == [100, 600, 1_200]


def test_an_end_whose_fills_are_missing_is_asked_about_soon() -> None:
    desk = Desk()
    life = desk.send()
    desk.venue.answer(life.order, OrderStatus.FILLED, D(1))
    desk.wait(1_000)
    assert desk.asked == [500, 1_000]
    desk.venue.fill(life.order, D(1), D(100), "1")
    desk.wait(10_000)
    assert desk.asked == [500, 1_000]


def test_a_lost_private_side_is_asked_about_and_again_when_it_is_back() -> None:
    desk = Desk()
    life, done = desk.send(), desk.send(name="arb-x-2")
    desk.venue.reject(done.order, "no")
    desk.venue.answer(life.order, OrderStatus.OPEN, None)
    desk.clock.advance(100 * MS)
    desk.venue.tell(PrivateDown(MEXC, "lost", desk.clock.mono_ns()))
    desk.clock.advance(100 * MS)
    desk.venue.tell(PrivateUp(VenueId("gateio"), desk.clock.mono_ns()))
    desk.venue.tell(PrivateUp(MEXC, desk.clock.mono_ns()))
    assert desk.asked == [100, 200]
    assert {client_id for _, client_id, _ in desk.venue.queried} == {NAME}


def test_it_is_asked_for_by_the_venues_id_once_that_is_known() -> None:
    desk = Desk()
    life = desk.send()
    desk.venue.answer(life.order, OrderStatus.OPEN, None)
    desk.wait(500)
    assert desk.venue.queried == [(SYMBOL, NAME, "v-arb-x-1")]


def test_what_may_rest_is_left_in_peace_and_what_may_not_is_cancelled() -> None:
    desk = Desk()
    resting, immediate = desk.send(OrderType.LIMIT), desk.send(name="arb-x-2")
    desk.venue.answer(resting.order, OrderStatus.OPEN)
    desk.venue.answer(immediate.order, OrderStatus.OPEN)
    desk.wait(500)
    assert (desk.venue.cancelled, desk.asked) == ([], [500])
    desk.wait(500)
    assert desk.venue.cancelled == [(SYMBOL, "arb-x-2", "v-arb-x-2")]
    assert {client_id for _, client_id, _ in desk.venue.queried} == {"arb-x-2"}


def test_a_cancel_is_repeated_until_the_order_is_over() -> None:
    desk = Desk()
    life = desk.send(OrderType.LIMIT)
    desk.venue.answer(life.order, OrderStatus.OPEN)
    assert desk.orders.cancel(life, desk.clock.mono_ns())
    desk.wait(1_500)
    assert (len(desk.venue.cancelled), desk.asked) == (3, [500, 1_000])
    desk.venue.fill(life.order, D("0.4"), D(100), "1")
    desk.venue.answer(life.order, OrderStatus.CANCELLED, D("0.4"))
    desk.wait(10_000)
    assert len(desk.venue.cancelled) == 3
    assert not desk.orders.cancel(life, desk.clock.mono_ns())


def test_no_order_leaves_twice() -> None:
    desk = Desk()
    life = desk.send()
    with pytest.raises(Rejected, match="was sent before"):
        desk.orders.submit(life, Lane.ORDER)
    with pytest.raises(Rejected, match="was used before"):
        desk.send()
    adopted = desk.orders.add(msgspec.structs.replace(life.order, client_id=ClientId("arb-y-1")), 0, submitted=True)
    with pytest.raises(Rejected, match="was sent before"):
        desk.orders.submit(adopted, Lane.HEDGE)
    desk.wait(60_000)
    assert len(desk.venue.submitted) == 1


def test_an_order_at_a_venue_that_is_not_configured_is_no_order() -> None:
    desk = Desk()
    order = Order(VenueId("kraken"), SYMBOL, Side.BUY, OrderType.IOC, D(1), D(1), NAME)
    with pytest.raises(ConfigError, match="kraken, which is not configured"):
        desk.orders.add(order, 0)


def test_a_fill_without_our_id_finds_its_order_by_the_venues_even_when_that_comes_later() -> None:
    desk = Desk()
    life, other = desk.send(), desk.send(name="arb-x-2")
    nameless = {"client_id": ClientId(""), "venue_id": "v-arb-x-1"}
    desk.venue.tell(
        fill_of(life, "0.4", "100", "1", **nameless), fill_of(life, "9", "1", "8", client_id="", venue_id="z")
    )
    assert not life.fills
    desk.venue.answer(life.order, OrderStatus.OPEN, None)
    assert list(life.fills) == ["1"]
    desk.venue.tell(fill_of(life, "0.6", "100", "2", **nameless))
    assert life.accounted
    assert not other.fills


def test_what_is_wrong_is_told_once() -> None:
    desk = Desk()
    life = desk.send()
    desk.venue.answer(life.order, OrderStatus.OPEN, None)
    desk.venue.reject(life.order, "odd")
    desk.venue.reject(life.order, "odd")
    assert desk.wrong == ["OPEN with 0 filled, then REJECTED: odd"]


@pytest.mark.parametrize(
    ("asked_ms", "status"),
    [
        pytest.param(4_999, OrderStatus.UNKNOWN, id="asked too early it proves nothing, however late the answer is"),
        pytest.param(5_000, OrderStatus.REJECTED, id="asked when it is settled it does"),
    ],
)
def test_not_found_counts_from_when_it_was_asked(asked_ms: int, status: OrderStatus) -> None:
    desk = Desk(settle_ms=5_000)
    life = desk.send()
    desk.venue.answer(life.order, OrderStatus.UNKNOWN, None)
    desk.clock.advance(9_000 * MS)
    desk.venue.tell(NotFound(MEXC, SYMBOL, NAME, 100 * S + asked_ms * MS, desk.clock.mono_ns()))
    assert life.status is status


def test_messages_of_other_peoples_orders_are_none_of_ours() -> None:
    desk = Desk()
    life = desk.send()
    desk.venue.answer(life.order, OrderStatus.OPEN, None)
    theirs = msgspec.structs.replace(life.order, client_id=ClientId("web-1"))
    desk.venue.answer(theirs, OrderStatus.FILLED, D(1))
    desk.venue.tell(NotFound(MEXC, SYMBOL, ClientId("web-1"), 0, 0))
    assert life.status is OrderStatus.OPEN


def test_of_a_venue_that_contradicts_itself_without_end_only_so_much_is_told() -> None:
    desk = Desk()
    life = desk.send()
    for number in range(3 * MOST_WRONG):
        desk.venue.fill(life.order, D(1), D(100 + number), "one trade")
    assert len(desk.wrong) == MOST_WRONG
