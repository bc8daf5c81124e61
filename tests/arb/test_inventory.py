"""What can be spent: what venues say, in whatever order they say it, less what our own orders may take."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    Fill,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
    Side,
    Symbol,
    VenueId,
)
from arb.inventory import MOST_TOLD, NEAR_NS, READ_NS, SHOWN_NS, Holding, Inventory

D = Decimal
V, W = VenueId("v"), VenueId("w")
USDT, BTC = Coin("USDT"), Coin("BTC")
ONE, TWO = ClientId("1"), ClientId("2")
S = 1_000_000_000
MS = 1_000_000
WALL = 1_700_000_000 * S


def up(at: int = 0) -> PrivateUp:
    return PrivateUp(V, at)


def read(at: int = 0, *balances: Balance) -> BalancesRead:
    return BalancesRead(V, balances, at)


def push(free: str, exch: int = 0, recv: int = 0, *, seq: int = 0, locked: str = "0", coin: Coin = USDT) -> Balance:
    """exch: ms of the venue's clock, 0: not told."""
    return Balance(V, coin, D(free), D(locked), seq, exch and WALL + exch * MS, recv)


def told(exch: int, client_id: ClientId = ONE, venue: VenueId = V) -> OrderUpdate:
    return OrderUpdate(venue, client_id, "9", OrderStatus.FILLED, D(1), D(1), "", exch and WALL + exch * MS, 0)


def filled(exch: int) -> Fill:
    return Fill(V, Symbol("BTC/USDT"), ONE, "t", Side.BUY, D(1), D(1), D(0), USDT, False, exch and WALL + exch * MS, 0)


def fed(*events) -> Inventory:
    inventory = Inventory()
    for event in events:
        inventory.on_event(event)
    return inventory


def opened(free: str = "100") -> Inventory:
    return fed(up(), read(0, push(free)))


@pytest.mark.parametrize(
    ("events", "free", "why"),
    [
        pytest.param([], None, "not come up", id="a venue that never came up"),
        pytest.param([read(0, push("5"))], None, "not come up", id="a read before the stream stands is worth nothing"),
        pytest.param([up()], None, "not been read", id="up but not read"),
        pytest.param([up(), push("5")], None, "not been read", id="a push alone does not tell of the other coins"),
        pytest.param([up(), read(0, push("5"))], D(5), "", id="up and read"),
        pytest.param([up(), read()], D(0), "", id="a coin that the read does not name is zero"),
        pytest.param(
            [up(), read(0, push("5")), PrivateDown(V, "cut", 1)], None, "is lost: cut", id="lost with its stream"
        ),
        pytest.param(
            [up(), read(0, push("5")), PrivateDown(V, "cut", 1), push("6", 9)], None, "is lost: cut",
            id="what a lost stream still says is not heard",
        ),
        pytest.param(
            [up(), read(0, push("5")), PrivateDown(V, "cut", 1), up(2)], None, "not been read",
            id="up again it waits for a fresh read",
        ),
        pytest.param(
            [up(), read(0, push("5")), PrivateDown(V, "cut", 1), up(2), read(3)], D(0), "",
            id="nothing is left of what was known before the loss",
        ),
    ],
)  # fmt: skip
def test_a_venue_is_usable_from_a_read_after_it_came_up_until_it_is_lost(events, free, why):
    inventory = fed(*events)
    assert inventory.free(V, USDT, 0) == free
    assert why in inventory.why_not(V)
    assert bool(inventory.why_not(V)) is (free is None)


@pytest.mark.parametrize(
    ("events", "free"),
    [
        pytest.param([push("90", 5), push("80", 6)], "80", id="the later one counts"),
        pytest.param([push("80", 6), push("90", 5)], "80", id="one that was overtaken is ignored"),
        pytest.param([push("90", 5), push("80", 5)], "80", id="of one millisecond arrival decides"),
        pytest.param(
            [push("90", 5), push("80", 5), push("90", 5)], "80", id="said twice of one millisecond: the poorer"
        ),
        pytest.param([push("80", 5), push("90", 5), push("80", 5)], "80", id="or there and back: the poorer too"),
        pytest.param([push("80", 5), push("90", 6), push("80", 7)], "80", id="the same amount again, later, is news"),
        pytest.param([push("90", seq=5), push("80", seq=4)], "90", id="a number orders where there is one"),
        pytest.param([push("90", 5, seq=5), push("80", 4, seq=6)], "80", id="and goes before the time"),
        pytest.param([push("90", seq=5), push("80", seq=5)], "90", id="the same number is a copy"),
        pytest.param([push("90"), push("80")], "80", id="without either arrival decides"),
        pytest.param([push("7", 5, coin=BTC)], "100", id="coins do not touch each other"),
    ],
)
def test_the_newest_push_counts(events, free):
    inventory = opened()
    for event in events:
        inventory.on_event(event)
    assert inventory.free(V, USDT, 0) == D(free)


@pytest.mark.parametrize(
    ("pushed", "answered_ns", "free"),
    [
        pytest.param("80", 1 * S, "80", id="a push may have overtaken the answer: the push where it is poorer"),
        pytest.param("120", 1 * S, "90", id="the answer where that is"),
        pytest.param("80", READ_NS + 1, "90", id="no answer takes so long: it is newer"),
        pytest.param("120", READ_NS + 1, "90", id="whichever is poorer"),
    ],
)
def test_a_read_and_a_push_near_each_other_are_held_to_be_the_poorer(pushed, answered_ns, free):
    inventory = opened()
    inventory.on_event(push(pushed, 5, recv=0))
    inventory.on_event(read(answered_ns, push("90")))
    assert inventory.free(V, USDT, answered_ns) == D(free)


@pytest.mark.parametrize(
    ("first", "second", "free"),
    [
        pytest.param(7, 8, "90", id="a numbered read that is newer counts at once"),
        pytest.param(7, 7, "90", id="and one of the same number"),
        pytest.param(8, 7, "80", id="one that was overtaken does not"),
    ],
)
def test_numbers_order_reads_too(first, second, free):
    inventory = opened()
    inventory.on_event(push("80", seq=first))
    inventory.on_event(read(1, push("90", seq=second)))
    assert inventory.free(V, USDT, 1) == D(free)


def test_a_push_between_coming_up_and_the_read_is_not_lost():
    inventory = fed(up(), push("80", 5, recv=1), read(2, push("100")))
    assert inventory.free(V, USDT, 2) == 80


def test_an_order_is_deducted_whole_from_before_it_leaves_until_its_end():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    assert inventory.free(V, USDT, 1) == 40
    assert inventory.free(V, BTC, 1) == 0
    inventory.on_event(push("40", 5, locked="60"))
    assert inventory.free(V, USDT, 1) == -20  # the venue's lock and ours: poor, and for moments only


def test_orders_add_up():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    inventory.reserve(TWO, V, USDT, D(30), 1)
    assert inventory.free(V, USDT, 1) == 10
    inventory.settle(ONE, D(0), 2)
    assert inventory.free(V, USDT, 2) == 70


def test_what_an_order_did_not_spend_is_free_at_its_end():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    inventory.settle(ONE, D(25), 2)
    assert inventory.free(V, USDT, 2) == 75


@pytest.mark.parametrize("client_id", [pytest.param(TWO, id="unknown"), pytest.param(ONE, id="settled before")])
def test_settling_what_is_not_held_changes_nothing(client_id):
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    inventory.settle(ONE, D(0), 2)
    inventory.settle(client_id, D(10), 3)
    assert inventory.free(V, USDT, 3) == 100


@pytest.mark.parametrize(
    ("news", "balance", "wait_ns", "free"),
    [
        pytest.param([told(10)], push("75", 11), 0, "75", id="a later push shows it at once"),
        pytest.param([told(10)], push("100", 9), 0, "75", id="an earlier one does not"),
        pytest.param([told(10)], push("75", 10), 0, "50", id="one of the same millisecond may not: twice for a while"),
        pytest.param([told(10)], push("75", 10), SHOWN_NS, "75", id="but then it does"),
        pytest.param([told(10)], push("75", 10), SHOWN_NS - 1, "50", id="and not before"),
        pytest.param([told(200)], push("75", 200 - NEAR_NS // MS), SHOWN_NS, "75", id="a clock a little behind"),
        pytest.param([told(200)], push("100", 199 - NEAR_NS // MS), SHOWN_NS, "75", id="is not any earlier push"),
        pytest.param([], push("75"), 0, "50", id="where nobody tells a time it stays for a while"),
        pytest.param([], push("75"), SHOWN_NS, "75", id="and then a push since it was sent shows it"),
        pytest.param([told(10), filled(12)], push("100", 11), 0, "75", id="its fills may be later than its end"),
        pytest.param([told(10, TWO)], push("75", 11), 0, "50", id="another order's news is no news of it"),
        pytest.param([told(10, ONE, W)], push("75", 11), 0, "50", id="nor another venue's"),
    ],
)
def test_what_an_order_cost_is_deducted_until_a_push_shows_it(news, balance, wait_ns, free):
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 0)
    for event in news:
        inventory.on_event(event)
    inventory.settle(ONE, D(25), 0)
    inventory.on_event(balance)
    assert inventory.free(V, USDT, wait_ns) == D(free)


def test_a_cost_that_no_push_shows_stays_deducted():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 0)
    inventory.settle(ONE, D(25), 0)
    assert inventory.free(V, USDT, 3600 * S) == 75


def test_a_push_from_before_the_order_is_no_evidence_of_it():
    inventory = opened()
    inventory.on_event(push("100", recv=3))
    inventory.reserve(ONE, V, USDT, D(60), 4)
    inventory.settle(ONE, D(25), 5)
    assert inventory.free(V, USDT, 3600 * S) == 75


def test_a_push_that_came_before_the_order_ended_shows_it_as_well():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 0)
    inventory.on_event(push("75", 11))
    inventory.on_event(told(10))
    inventory.settle(ONE, D(25), 0)
    assert inventory.free(V, USDT, 0) == 75


@pytest.mark.parametrize(
    ("answered_ns", "asked_ns", "free"),
    [
        pytest.param(2 * S + READ_NS + 1, 0, "75", id="no answer takes so long: it was asked for after the end"),
        pytest.param(2 * S + READ_NS, 0, "50", id="one that may be older does not"),
        pytest.param(3 * S, 2 * S + 1, "75", id="one that tells that it was asked for after its end shows it"),
        pytest.param(3 * S, 2 * S, "50", id="one that was asked for before does not"),
    ],
)
def test_what_an_order_cost_is_deducted_until_a_read_shows_it(answered_ns, asked_ns, free):
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1 * S)
    inventory.on_event(told(10))
    inventory.settle(ONE, D(25), 2 * S)
    inventory.on_event(BalancesRead(V, (push("75"),), answered_ns, asked_ns))
    assert inventory.free(V, USDT, answered_ns) == D(free)


@pytest.mark.parametrize(
    ("asked_ns", "free"),
    [pytest.param(4, "80", id="the poorer where they crossed"), pytest.param(6, "90", id="else the later")],
)
def test_of_two_reads_that_may_have_crossed_the_poorer_counts(asked_ns, free):
    inventory = opened()
    inventory.on_event(BalancesRead(V, (push("80"),), 5, 3))
    inventory.on_event(BalancesRead(V, (push("90"),), 7, asked_ns))
    assert inventory.free(V, USDT, 7) == D(free)


def test_the_read_after_coming_up_shows_whatever_ended_before():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    inventory.settle(ONE, D(25), 2)
    for event in (PrivateDown(V, "cut", 3), up(4), read(5, push("75"))):
        inventory.on_event(event)
    assert inventory.free(V, USDT, 5) == 75


def test_an_order_in_flight_is_still_deducted_after_a_loss():
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 1)
    for event in (PrivateDown(V, "cut", 3), up(4), read(5, push("100"))):
        inventory.on_event(event)
    assert inventory.free(V, USDT, 5) == 40


@pytest.mark.parametrize(
    ("exch", "free"),
    [
        pytest.param(9, "75", id="an older one"),
        pytest.param(10, "75", id="nor by one of the same millisecond"),
        pytest.param(11, "100", id="a later one is news"),
    ],
)
def test_a_cost_that_a_read_has_shown_is_not_hidden_by_an_older_push(exch, free):
    inventory = opened()
    inventory.reserve(ONE, V, USDT, D(60), 0)
    inventory.on_event(told(10))
    inventory.settle(ONE, D(25), 0)
    inventory.on_event(read(READ_NS + 1, push("75")))
    inventory.on_event(push("100", exch, recv=READ_NS + 1))
    assert inventory.free(V, USDT, READ_NS + 1) == D(free)


def test_nothing_is_rounded():
    inventory = fed(up(), read(0, push("12345678901234567890.12345678901234567891")))
    inventory.reserve(ONE, V, USDT, D("0.00000000000000000001"), 0)
    assert inventory.free(V, USDT, 0) == D("12345678901234567890.12345678901234567890")


def test_holdings_tell_where_each_figure_comes_from():
    inventory = fed(up(), read(3, push("100"), push("0", coin=Coin("DUST"))), PrivateUp(W, 3))
    inventory.on_event(push("2", 5, recv=4, seq=8, locked="1", coin=BTC))
    inventory.reserve(ONE, V, USDT, D(60), 5)
    assert inventory.holdings() == (
        Holding(V, BTC, D(2), D(1), D(0), 8, "push", 4),
        Holding(V, USDT, D(100), D(0), D(60), 0, "read", 3),
    )
    inventory.on_event(PrivateDown(V, "cut", 6))
    assert inventory.holdings() == ()


def test_a_venue_whose_time_stands_still_is_not_remembered_without_end():
    inventory = opened()
    for number in range(MOST_TOLD):
        inventory.on_event(push(str(99 - number % 2 * 98), 1, locked=str(number)))
    inventory.on_event(push("100", 1, locked="7"))
    assert inventory.free(V, USDT, 0) == D(1), (
        "free again within the millisecond, and nobody can tell of when: the poorer"
    )
    inventory.on_event(push("0.5", 1))
    assert inventory.free(V, USDT, 0) == D("0.5")
    inventory.on_event(push("100", 2))
    assert inventory.free(V, USDT, 0) == D(100)
