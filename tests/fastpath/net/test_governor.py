"""fastpath.net.governor: budgets as tables."""

from __future__ import annotations

import pytest

from arb.domain import Symbol
from arb.interfaces import Lane, RateHint, RatePool, Verb
from fastpath.net.governor import PAUSE_CAP_S, PAUSE_S, SLACK_NS, Cost, Governor, Window
from fastpath.wire import gate_socket, mexc_codes

MS = 1_000_000
S = 1_000 * MS
A, B = Symbol("A/USDT"), Symbol("B/USDT")
PLACE_A, PLACE_B, CANCEL = Cost(Verb.PLACE, A), Cost(Verb.PLACE, B), Cost(Verb.CANCEL, A)
ORDERS = RatePool("orders", 4, 1.0, {Verb.PLACE: 1, Verb.CANCEL: 1})
MARKETS = RatePool("orders", 4, 1.0, {Verb.PLACE: 1}, "market", each=True, socket=True, told=True)


def taken(governor: Governor, *costs: Cost, now: int = 0) -> Governor:
    for cost in costs:
        governor.take(cost, now)
    return governor


@pytest.mark.parametrize(
    ("used", "lane", "free"),
    [
        pytest.param(0, Lane.ORDER, True, id="an order when all is there"),
        pytest.param(2, Lane.ORDER, True, id="an order that leaves one for its hedge"),
        pytest.param(3, Lane.ORDER, False, id="no order takes the last"),
        pytest.param(3, Lane.HEDGE, True, id="a hedge does"),
        pytest.param(3, Lane.CANCEL, True, id="a cancel does"),
        pytest.param(3, Lane.RECONCILE, False, id="no question takes the last"),
        pytest.param(4, Lane.HEDGE, False, id="nobody takes what is not there"),
    ],
)
def test_lanes(used: int, lane: Lane, free: bool) -> None:
    governor = taken(Governor((ORDERS,)), *[CANCEL] * used)
    assert (governor.wait_ns(PLACE_A, lane, 0) == 0) is free
    assert (governor.refusal(1, lane, 0) == "") is free


def test_a_budget_comes_back_as_it_was_taken() -> None:
    governor = Governor((ORDERS,))
    for at in (0, 100 * MS, 200 * MS, 300 * MS):
        governor.take(PLACE_A, at)
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, 300 * MS) == S + SLACK_NS - 300 * MS
    assert governor.wait_ns(PLACE_A, Lane.ORDER, 300 * MS) == S + SLACK_NS - 200 * MS
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, S + SLACK_NS) == 0
    assert governor.wait_ns(PLACE_A, Lane.ORDER, S + SLACK_NS) == 100 * MS


def test_no_fixed_window_of_the_venue_ever_sees_more_than_it_allows() -> None:
    window, sent, now = Window(5, S), [], 0
    for step in range(400):
        now += 7 * MS + step % 5 * MS
        if not window.wait_ns(1, now):
            window.take(1, now)
            sent.append(now)
    assert all(later - first >= S for first, later in zip(sent, sent[5:], strict=False))
    assert len(sent) > 10


@pytest.mark.parametrize(
    ("pool", "cost", "counts"),
    [
        pytest.param(ORDERS, PLACE_B, True, id="of the account: every market"),
        pytest.param(MARKETS, PLACE_A, True, id="of a market: that market"),
        pytest.param(MARKETS, PLACE_B, False, id="of a market: no other"),
        pytest.param(MARKETS, PLACE_A._replace(socket=True), True, id="of both ways: over the socket too"),
        pytest.param(ORDERS, PLACE_A._replace(socket=True), False, id="of REST: not over the socket"),
        pytest.param(ORDERS, Cost(Verb.QUERY, A), False, id="not what costs nothing there"),
    ],
)
def test_who_shares_a_budget(pool: RatePool, cost: Cost, counts: bool) -> None:
    governor = taken(Governor((pool,)), *[PLACE_A] * 4)
    assert (governor.wait_ns(cost, Lane.HEDGE, 0) > 0) is counts


def test_every_order_of_a_batch_counts_where_the_venue_counts_orders() -> None:
    batch = Cost(Verb.PLACE, A, 3)
    assert taken(Governor((MARKETS,)), batch).wait_ns(Cost(Verb.PLACE, A, 2), Lane.HEDGE, 0) > 0
    assert taken(Governor((ORDERS,)), batch).wait_ns(Cost(Verb.PLACE, A, 2), Lane.HEDGE, 0) == 0


def test_beforehand_the_market_is_not_known_and_the_fullest_one_decides() -> None:
    governor = taken(Governor((MARKETS,)), *[PLACE_A] * 4)
    assert governor.wait_ns(PLACE_B, Lane.ORDER, 0) == 0
    assert governor.refusal(1, Lane.ORDER, 0) == "the budget orders A/USDT has 0 left"


# ------------------------------------------------------------------------------------------------ what the venue says


@pytest.mark.parametrize(
    ("hint", "left"),
    [
        pytest.param(RateHint(2, 4, 0), 2, id="others used some of it"),
        pytest.param(RateHint(3, 4, 0), 3, id="it agrees"),
        pytest.param(RateHint(4, 4, 0), 3, id="it does not count ours yet"),
        pytest.param(RateHint(19, 20, 0), 19, id="it allows more than documented"),
    ],
)
def test_a_hint(hint: RateHint, left: int) -> None:
    governor = taken(Governor((MARKETS,)), PLACE_A)
    assert not governor.learn(PLACE_A, hint, 0, 0)
    assert governor.wait_ns(Cost(Verb.PLACE, A, left), Lane.HEDGE, 0) == 0
    governor.take(Cost(Verb.PLACE, A, left), 0)
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, 0) > 0


def test_an_empty_budget_is_closed_until_the_venue_opens_it() -> None:
    governor = taken(Governor((MARKETS,)), PLACE_A)
    assert governor.learn(PLACE_A, RateHint(0, 4, 1), 3 * S, 0)
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, 0) == 3 * S
    assert governor.wait_ns(PLACE_B, Lane.ORDER, 0) == 0
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, 3 * S) == 0


@pytest.mark.parametrize("wait_ns", [0, -5 * S], ids=["no time", "a time that is over"])
def test_a_refusal_that_names_its_budget_and_no_time_closes_it_for_a_window(wait_ns: int) -> None:
    governor = Governor((MARKETS,))
    assert governor.learn(PLACE_A, RateHint(0, 4, 1), wait_ns, 0, refused=True)
    assert governor.wait_ns(PLACE_A, Lane.HEDGE, 0) == S + SLACK_NS
    assert governor.wait_ns(PLACE_B, Lane.ORDER, 0) == 0


def test_a_hint_about_calls_that_have_no_budget_of_their_own_teaches_nothing() -> None:
    governor = Governor((ORDERS,))
    assert not governor.learn(PLACE_A, RateHint(0, 1, 1), S, 0)
    assert governor.wait_ns(PLACE_A, Lane.ORDER, 0) == 0


# ------------------------------------------------------------------------------------------------ pauses


def test_a_pause_holds_everybody_for_as_long_as_the_venue_asked() -> None:
    governor = Governor((ORDERS,))
    governor.pause(7.0, 0)
    assert governor.wait_ns(Cost(Verb.TIME), Lane.DATA, 0) == 7 * S
    assert governor.wait_ns(CANCEL, Lane.CANCEL, S) == 6 * S
    assert governor.refusal(1, Lane.HEDGE, S) == "the venue asked for a pause of another 6.0 s"
    assert governor.wait_ns(CANCEL, Lane.CANCEL, 7 * S) == 0


def test_pauses_of_no_stated_length_grow_until_a_call_is_let_through() -> None:
    governor, waits, now = Governor(()), [], 0
    for _ in range(8):
        governor.pause(0.0, now)
        waits.append(governor.wait_ns(CANCEL, Lane.CANCEL, now) / S)
        now += round(waits[-1] * S)
    assert waits == [min(PAUSE_CAP_S, PAUSE_S * 2**n) for n in range(8)]
    governor.answered(now)
    governor.pause(0.0, now)
    assert governor.wait_ns(CANCEL, Lane.CANCEL, now) == PAUSE_S * S


def test_an_answer_to_what_left_before_the_pause_does_not_end_it() -> None:
    governor = Governor(())
    governor.pause(0.0, 0)
    governor.answered(1)
    governor.pause(0.0, 2)
    assert governor.wait_ns(CANCEL, Lane.CANCEL, 2) == 2 * PAUSE_S * S


# ------------------------------------------------------------------------------------------------ the venues' own


@pytest.mark.parametrize(
    ("pools", "cost", "most"),
    [
        pytest.param(mexc_codes.POOLS, PLACE_A, 12, id="mexc: 12 orders a second"),
        pytest.param(mexc_codes.POOLS, Cost(Verb.BALANCES), 2, id="mexc: 2 reads of the account a second"),
        pytest.param(mexc_codes.POOLS, Cost(Verb.QUERY, A), 250, id="mexc: a query weighs 2 of 500"),
        pytest.param(mexc_codes.POOLS, Cost(Verb.FILLS, A), 50, id="mexc: fills weigh 10 of 500"),
        pytest.param(gate_socket.POOLS, PLACE_A, 10, id="gate: 10 orders a second in a market"),
        pytest.param(gate_socket.POOLS, PLACE_A._replace(socket=True), 10, id="gate: over the socket too"),
        pytest.param(gate_socket.POOLS, CANCEL, 200, id="gate: 200 cancels a second"),
        pytest.param(gate_socket.POOLS, Cost(Verb.QUERY, A), 200, id="gate: 200 queries in 10 seconds"),
    ],
)
def test_documented_budgets(pools: tuple[RatePool, ...], cost: Cost, most: int) -> None:
    governor, sent = Governor(pools), 0
    while not governor.wait_ns(cost, Lane.CANCEL, 0):
        governor.take(cost, 0)
        sent += 1
    assert sent == most


def test_at_mexc_orders_and_cancels_share() -> None:
    governor = taken(Governor(mexc_codes.POOLS), *[CANCEL] * 6, *[PLACE_A] * 6)
    assert governor.wait_ns(PLACE_B, Lane.HEDGE, 0) > 0


def test_at_gate_cancels_over_the_socket_are_not_counted() -> None:
    governor = taken(Governor(gate_socket.POOLS), *[CANCEL] * 200)
    assert governor.wait_ns(CANCEL, Lane.CANCEL, 0) > 0
    assert governor.wait_ns(CANCEL._replace(socket=True), Lane.CANCEL, 0) == 0


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        pytest.param(("9", "10", "1767225600123"), RateHint(9, 10, 1_767_225_600_123 * MS), id="reset in ms"),
        pytest.param(("0", "10", "1767225600"), RateHint(0, 10, 1_767_225_600 * S), id="reset in seconds"),
        pytest.param(("9", "10", ""), RateHint(9, 10, 0), id="no reset"),
        pytest.param(("9", "", ""), None, id="no limit"),
        pytest.param(("x", "10", ""), None, id="no number"),
    ],
)
def test_gates_headers(headers: tuple[str, str, str], hint: RateHint | None) -> None:
    names = ("requests-remain", "limit", "reset-timestamp")
    told = {f"x-gate-ratelimit-{name}": value for name, value in zip(names, headers, strict=True) if value}
    assert gate_socket.rate_of(told) == hint
