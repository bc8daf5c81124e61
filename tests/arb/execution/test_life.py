"""The table of one order's life, and that the order in which a venue tells it does not matter."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.domain import (
    ClientId,
    Coin,
    Fill,
    NotFound,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    Symbol,
    VenueId,
)
from arb.execution.life import TRANSITIONS, Life

D = Decimal
S = 1_000_000_000
VENUE, SYMBOL, NAME = VenueId("mexc"), Symbol("BTC/USDT"), ClientId("arb-x-1")
P, OP, A, F, C, R, U = (
    OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIAL, OrderStatus.FILLED, OrderStatus.CANCELLED,
    OrderStatus.REJECTED, OrderStatus.UNKNOWN,
)  # fmt: skip
QTY = D(1)


def life(kind: OrderType = OrderType.IOC, *, forget_ns: int = 0) -> Life:
    order = Order(VENUE, SYMBOL, Side.BUY, kind, QTY, None if kind is OrderType.MARKET else D(100), NAME)
    return Life(order, 100 * S, 5 * S, forget_ns)


def told(status: OrderStatus, filled: str | None = "0", venue_id: str = "", notional: str | None = None) -> OrderUpdate:
    qty = None if filled is None else D(filled)
    spent = None if notional is None else D(notional)
    return OrderUpdate(VENUE, NAME, venue_id, status, qty, spent, "", 0, 101 * S, SYMBOL)


def fill(qty: str, trade: str = "1", *, fee: str = "0", coin: str = "USDT", **changes: object) -> Fill:
    given: dict[str, object] = {
        "venue": VENUE, "symbol": SYMBOL, "client_id": NAME, "trade_id": trade, "side": Side.BUY, "price": D(100),
        "qty": D(qty), "fee": D(fee), "fee_coin": Coin(coin), "maker": False, "exch_ns": 0, "recv_ns": 101 * S,
    }  # fmt: skip
    return Fill(**(given | changes))  # type: ignore[arg-type]


def missing(asked_s: int) -> NotFound:
    return NotFound(VENUE, SYMBOL, NAME, asked_s * S, asked_s * S)


def play(on: Life, *messages: OrderUpdate | Fill | NotFound) -> list[str]:
    """What was wrong about them."""
    said = []
    for message in messages:
        if isinstance(message, OrderUpdate):
            said.append(on.on_update(message))
        elif isinstance(message, Fill):
            said.append(on.on_fill(message))
        else:
            said.append(on.on_not_found(message))
    return [wrong for wrong in said if wrong]


def test_the_table_has_an_answer_for_every_state_and_word() -> None:
    assert set(TRANSITIONS) == set(product(OrderStatus, OrderStatus))


@pytest.mark.parametrize(
    ("messages", "status", "accounted"),
    [
        pytest.param([], P, False, id="an order begins pending"),
        pytest.param([told(OP, None)], OP, False, id="taken"),
        pytest.param([told(R)], R, True, id="refused: nothing happened, and that is all there is to know"),
        pytest.param([told(R, None)], R, True, id="a refusal without numbers is one of nothing"),
        pytest.param([told(U, None)], U, False, id="unknown"),
        pytest.param([told(U, None), told(OP, None)], OP, False, id="unknown, then the venue has it"),
        pytest.param([told(U, None), told(R)], R, True, id="unknown, then a late refusal proves it"),
        pytest.param([told(OP, None), told(U, None)], OP, False, id="known is not unknown again"),
        pytest.param([told(F, "1")], F, False, id="filled, but by what is not known yet"),
        pytest.param([told(F, None), fill("1")], F, True, id="filled without a number means all of it"),
        pytest.param([fill("1")], F, True, id="fills for the whole order end it before anybody says so"),
        pytest.param([fill("0.4")], A, False, id="a fill is proof that the order is there"),
        pytest.param([told(U, None), fill("0.4")], A, False, id="also of one that was unknown"),
        pytest.param([told(C, "0")], C, True, id="cancelled with nothing"),
        pytest.param([told(C, "0.4"), fill("0.4")], C, True, id="cancelled with a part, and the part is there"),
        pytest.param([told(C, "0.4")], C, False, id="cancelled with a part that is missing"),
        pytest.param([told(C, None), fill("0.4")], C, False, id="cancelled with nobody knows how much"),
        pytest.param([told(C, None), fill("0.4"), told(C, "0.4")], C, True, id="and then the venue is asked"),
        pytest.param([told(OP, "0"), told(C, None)], C, False, id="a number from before the end says nothing of it"),
        pytest.param([told(A, "0.4"), told(OP, "0"), fill("0.4")], A, False, id="numbers and states do not go back"),
        pytest.param([told(C, "0.4"), told(A, "0.2"), fill("0.4")], C, True, id="a late push of a time before the end"),
        pytest.param([told(C, "0.2"), fill("0.2"), told(C, "0.5")], C, False, id="filled during the cancel"),
        pytest.param(
            [told(C, "0.2"), fill("0.2"), fill("0.3", "2"), told(C, "0.5")], C, True, id="and then it is there"
        ),
        pytest.param([told(C, "1"), fill("1")], F, True, id="cancelled with all of it is filled"),
        pytest.param([fill("0.4"), fill("0.4"), told(C, "0.4")], C, True, id="a fill told twice counts once"),
    ],
)  # fmt: skip
def test_life(messages: list[OrderUpdate | Fill], status: OrderStatus, accounted: bool) -> None:
    order = life()
    assert play(order, *messages) == []
    assert (order.status, order.accounted) == (status, accounted)


@pytest.mark.parametrize(
    ("messages", "status", "wrong"),
    [
        pytest.param([told(OP, None), told(R)], OP, "OPEN with 0 filled, then REJECTED: ", id="it rests"),
        pytest.param([fill("0.4"), told(R)], A, "PARTIAL with 0.4 filled, then REJECTED: ", id="nor is what is filled"),
        pytest.param(
            [told(C, None), fill("0.4"), told(R)], C, "CANCELLED with 0.4 filled, then REJECTED: ", id="nor what was"
        ),
        pytest.param([told(R), told(OP, None)], OP, "REJECTED, then OPEN", id="refused, and alive all the same"),
        pytest.param([told(R), fill("0.4")], A, "REJECTED, then filled by trade 1", id="refused, and filled"),
        pytest.param([told(F, "1"), told(C, "0.4")], F, "FILLED with 1, then CANCELLED with 0.4", id="two ends"),
        pytest.param([told(C, "0.4"), told(F, "1")], F, "CANCELLED with 0.4, then FILLED with 1", id="more is right"),
        pytest.param([told(A, "2")], A, "2 filled of 1", id="more than was ordered"),
        pytest.param([fill("0.7"), fill("0.7", "2")], A, "1.4 filled of 1", id="more fills than were ordered"),
        pytest.param(
            [told(OP, None, "a"), told(F, "1", "b")], OP, "one client id, two orders: a and b", id="doubled"
        ),
        pytest.param(
            [fill("0.4"), fill("0.5")], A, "trade 1 twice: 0.4 at 100, and 0.5 at 100", id="one trade, two amounts"
        ),
        pytest.param(
            [fill("0.4", fee="1"), fill("0.4", fee="2")], A, "trade 1 twice: fees 1 USDT, and 2 USDT",
            id="one trade, two fees",
        ),
        pytest.param(
            [fill("0.4", side=Side.SELL)], P, "a fill of another order: SELL BTC/USDT at mexc", id="the wrong side"
        ),
        pytest.param([fill("0.4"), missing(200)], A, "PARTIAL with 0.4 filled, then not found", id="not gone"),
        pytest.param([told(OP, None, "a"), missing(106)], OP, "OPEN as a, then not found", id="none is lost here"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(messages: list[OrderUpdate | Fill], status: OrderStatus, wrong: str) -> None:
    order = life()
    assert play(order, *messages) == [wrong]
    assert order.status is status


@pytest.mark.parametrize(
    ("before", "forget_s", "asked_s", "status"),
    [
        pytest.param(told(U, None), 0, 104, U, id="too early: it may still appear"),
        pytest.param(told(U, None), 0, 105, R, id="settled: it never was"),
        pytest.param(told(U, None), 60, 160, R, id="settled and not forgotten yet"),
        pytest.param(told(U, None), 60, 161, U, id="by our id and so late it may be anything"),
        pytest.param(told(OP, None, "a"), 60, 159, OP, id="what was there is not forgotten so soon"),
        pytest.param(told(OP, None, "a"), 60, 160, C, id="by its own id and so late it is over, unfilled"),
        pytest.param(told(C, "0.4"), 60, 160, C, id="what has ended stays as it is"),
    ],
)
def test_not_found(before: OrderUpdate, forget_s: int, asked_s: int, status: OrderStatus) -> None:
    order = life(forget_ns=forget_s * S)
    assert play(order, before, missing(asked_s)) == []
    assert order.status is status
    assert order.accounted is (status is R or (status is C and before.status is OP))


def test_not_found_so_soon_does_not_contradict_what_was_filled() -> None:
    order = life()
    assert play(order, fill("0.4"), missing(104)) == []
    assert order.status is A


def test_not_found_by_our_id_says_nothing_of_what_has_got_another_since() -> None:
    order = life(forget_ns=60 * S)
    named = told(OP, None, "a")
    assert play(order, msgspec.structs.replace(named, recv_ns=170 * S), missing(170)) == []
    assert order.status is OP
    play(order, missing(171))
    assert order.status is C


def test_numbers_only_grow() -> None:
    order = life()
    play(order, told(A, "0.7"), told(A, "0.3"), fill("0.3"))
    assert (order.filled, order.executed) == (D("0.7"), D("0.3"))


def test_silence_makes_only_what_is_pending_unknown() -> None:
    pending, taken = life(), life()
    taken.on_update(told(OP, None))
    pending.on_silence()
    taken.on_silence()
    assert (pending.status, taken.status) == (U, OP)


def test_fees_add_up_by_coin_and_a_fee_that_comes_later_is_taken() -> None:
    order = life()
    early, late = fill("0.4", "1"), fill("0.4", "1", fee="0.01", coin="MX")
    play(order, early, late, early, fill("0.1", "2", fee="-0.002"), fill("0.1", "3", fee="0.003", coin="MX"))
    assert order.fees == {"MX": D("0.013"), "USDT": D("-0.002")}


def test_a_market_buy_is_accounted_by_what_it_spent() -> None:
    order = life(OrderType.MARKET)
    play(order, told(F, None, notional="50"))
    assert not order.accounted
    play(order, fill("0.3", "1"), fill("0.2", "2"))
    assert order.accounted
    assert (order.executed, order.notional) == (D("0.5"), D(50))


STORIES = {
    "filled": [
        told(P, None), told(U, None), told(OP, "0", "a"), told(A, "0.3", "a"), told(A, "0.7", "a"), told(F, "1", "a"),
        fill("0.3", "1", fee="0.1"), fill("0.4", "2", fee="0.1"), fill("0.3", "3"),
    ],
    "part": [
        told(OP, None, "a"), told(A, "0.3", "a"), told(C, "0.7", "a"), told(C, "0.3", "a"), told(U, None),
        fill("0.3", "1", fee="0.1"), fill("0.4", "2", fee="0.001", coin="BTC"),
    ],
    "none": [told(U, None), told(OP, None, "a"), told(C, "0", "a"), told(C, None, "a")],
    "refused": [told(P, None), told(U, None), told(R), told(R, None)],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@given(data=st.data())
def test_any_order_and_any_doubling_ends_the_same(story: str, data: st.DataObject) -> None:
    messages = STORIES[story]
    straight = life()
    play(straight, *messages)
    doubled = messages + data.draw(st.lists(st.sampled_from(messages), max_size=6))
    mixed = life()
    play(mixed, *data.draw(st.permutations(doubled)))
    for order in (straight, mixed):
        assert order.accounted
    assert (mixed.status, mixed.executed, mixed.notional, mixed.fees) == (
        straight.status,
        straight.executed,
        straight.notional,
        straight.fees,
    )


def test_an_order_has_no_more_trades_than_can_be_and_is_not_accounted_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.execution.life.MOST_FILLS", 2)
    order = life()
    assert [order.on_fill(fill("0.1", trade)) for trade in ("1", "2", "1", "3")] == ["", "", "", "more than 2 trades"]
    order.on_update(told(F, "1"))
    assert (len(order.fills), order.accounted) == (2, False)
