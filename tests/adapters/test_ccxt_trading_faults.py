"""What a ccxt private side says when calls and streams fail: nothing is sent twice, nothing unknown is called known."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from arb.domain import BalancesRead, ClientId, NotFound, OrderStatus, OrderType, PrivateDown, PrivateUp
from arb.errors import AuthFailed
from arb.interfaces import Lane
from arb.sim import FaultRule
from tests.adapters.ccxt_account import BTC, VENUES, account
from tests.adapters.ccxt_fakes import Heard, until

FAR = -20_000
PLACING = {"mexc": "POST /api/v3/order", "gateio": "order_place"}
venues = pytest.mark.parametrize("venue", VENUES)


def fault(venue: str, kind: Any, **fields: Any) -> FaultRule:
    """Of every order that is placed."""
    return FaultRule(kind=kind, topic=PLACING[venue], probability=1.0, **fields)


@venues
@pytest.mark.parametrize(
    ("kind", "fields", "placed"),
    [
        pytest.param("lost_answer", {}, True, id="placed, and the answer is lost"),
        pytest.param("error_after", {"status": 503}, True, id="placed, and the server says that it is in trouble"),
        pytest.param("lost_request", {}, False, id="the connection ends before anything happens"),
        pytest.param("server_error", {"status": 503}, False, id="nothing happened, but 503 does not say so"),
    ],
)
async def test_an_unproven_outcome_is_unknown_until_it_was_asked_for(
    venue: str, kind: str, fields: dict[str, Any], placed: bool
) -> None:
    async with account(venue, fault(venue, kind, **fields)) as at:
        order = at.order(OrderType.LIMIT, at.half, FAR)
        at.trading.submit(order)
        await until(lambda: at.updates(order))
        first = at.updates(order)[0]
        assert first.status is (OrderStatus.OPEN if placed else OrderStatus.UNKNOWN)  # a push proves it as well
        if first.status is OrderStatus.UNKNOWN:
            assert first.filled_qty is None
        await asyncio.sleep(0.1)
        assert len(at.ledger.orders) == int(placed)  # sent once, whatever came back
        answer = await at.asked(order)
        assert isinstance(answer, NotFound) is not placed


@venues
async def test_without_a_push_a_lost_answer_is_unknown(venue: str) -> None:
    pushes = FaultRule(kind="drop", topic="orders", probability=1.0)
    async with account(venue, fault(venue, "error_after", status=503), pushes) as at:
        order = at.order(OrderType.LIMIT, at.half, FAR)
        answer = await at.send(order)
        assert (answer.status, answer.filled_qty, answer.venue_id) == (OrderStatus.UNKNOWN, None, "")
        assert at.trading.counters["unknown"] == 1
        found = await at.asked(order)
        assert not isinstance(found, NotFound)
        assert found.status is OrderStatus.OPEN


@venues
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        pytest.param("rate_limit", {"retry_after_s": 2}, id="too many requests"),
        pytest.param("expired", {}, id="a time that the venue does not accept"),
    ],
)
async def test_what_was_turned_away_at_the_door_is_rejected(venue: str, kind: str, fields: dict[str, Any]) -> None:
    async with account(venue, fault(venue, kind, **fields)) as at:
        answer = await at.send(at.order(OrderType.LIMIT, at.half, FAR))
        assert (answer.status, at.ledger.orders) == (OrderStatus.REJECTED, {})
        paused = at.trading.refusal(1, Lane.ORDER)
        assert ("pause" in paused) is (kind == "rate_limit")


@venues
async def test_a_late_answer_does_not_undo_what_pushes_have_told(venue: str) -> None:
    async with account(venue, fault(venue, "late_answer", delay_ms=300.0)) as at:
        order = at.order(OrderType.IOC, at.half)
        await at.send(order)
        await asyncio.sleep(0.5)
        assert at.updates(order)[-1].status is OrderStatus.FILLED
        await at.agrees()


@venues
async def test_a_lost_stream_is_told_at_once_and_mended_with_fresh_balances(venue: str) -> None:
    async with account(venue) as at:
        at.heard.events.clear()
        for conn in list(at.sim.venues[venue].conns):
            conn.close(1001)
        await until(lambda: at.of(PrivateDown))
        assert at.trading.refusal(1, Lane.HEDGE) == "the private side is down"
        order = at.order(OrderType.LIMIT, at.half, FAR)
        at.trading.submit(order)
        await until(lambda: at.updates(order))
        assert at.updates(order)[0].status is OrderStatus.REJECTED
        await until(lambda: at.of(BalancesRead))
        kinds = [type(event) for event in at.heard.events if not isinstance(event, type(at.updates(order)[0]))]
        assert kinds == [PrivateDown, PrivateUp, BalancesRead]
        assert at.trading.refusal(1, Lane.ORDER) == ""
        assert (await at.send(at.order(OrderType.IOC, at.half))).status is OrderStatus.FILLED
        await at.agrees()


@venues
async def test_while_it_is_down_it_asks_and_cancels_over_rest(venue: str) -> None:
    async with account(venue, FaultRule(kind="refuse", probability=1.0, venue=venue), connect=False) as at:
        run = asyncio.create_task(at.trading.run(at.heard))
        try:
            await until(lambda: len(at.errors) > 0)
            assert at.of(PrivateUp) == []
            assert at.trading.refusal(1, Lane.ORDER)
            answer = await at.asked(at.order(OrderType.LIMIT, at.half))
            assert isinstance(answer, NotFound)
        finally:
            run.cancel()
            await asyncio.wait({run})


async def test_a_listen_key_that_expires_is_replaced() -> None:
    async with account("mexc", FaultRule(kind="listen_key", at_ms=(1500.0,))) as at:
        await until(lambda: at.of(PrivateDown))
        await at.up()
        assert (await at.send(at.order(OrderType.IOC, at.half))).status is OrderStatus.FILLED
        await at.agrees()


async def test_reconnecting_leaves_no_listen_keys_behind() -> None:
    async with account("mexc") as at:
        for _ in range(3):
            for conn in list(at.sim.venues["mexc"].conns):
                conn.close(1001)
            await at.up()
        assert len(at.sim.venues["mexc"].users._live()) == 1  # type: ignore[attr-defined]


@venues
async def test_a_refused_key_ends_the_run_and_shows_no_secret(venue: str) -> None:
    async with account(venue, connect=False, secret="not-the-secret-0123") as at:
        with pytest.raises(AuthFailed) as raised:
            await at.trading.run(Heard())
        for text in (str(raised.value), repr(raised.value), *map(str, at.errors)):
            assert "0123" not in text
            assert at.sim.keys[venue][0] not in text


@venues
async def test_what_is_unanswered_at_the_end_is_told_as_unknown(venue: str) -> None:
    rules = (fault(venue, "late_answer", delay_ms=60_000.0), FaultRule(kind="drop", topic="orders", probability=1.0))
    async with account(venue, *rules, connect=False) as at:
        run = asyncio.create_task(at.trading.run(at.heard))
        await at.up()
        order = at.order(OrderType.LIMIT, at.half, FAR)
        at.trading.submit(order)
        await until(lambda: at.ledger.orders)
        run.cancel()
        await asyncio.wait({run})
        assert [u.status for u in at.updates(order)] == [OrderStatus.UNKNOWN]
        assert at.losses() == ["stopped"]


@venues
async def test_while_an_answer_is_waited_for_the_same_is_not_asked_again(venue: str) -> None:
    async with account(venue) as at:
        order = at.order(OrderType.LIMIT, at.half, FAR)
        await at.send(order)
        at.trading._budget.pause(0.3)  # as after "too many requests": whoever asks waits
        before = len(at.trading._tasks)
        for _ in range(20):
            at.trading.query(BTC, order.client_id)
            at.trading.cancel(BTC, order.client_id)
        assert len(at.trading._tasks) - before == 2
        await until(lambda: at.updates(order)[-1].status is OrderStatus.CANCELLED)
        await until(lambda: not at.trading._asked)


@venues
async def test_questions_under_way_have_a_bound_and_cancels_do_not(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ccxt_trading.MOST_ASKED", 3)
    async with account(venue) as at:
        order = at.order(OrderType.LIMIT, at.half, FAR)
        await at.send(order)
        at.trading._budget.pause(0.3)
        for number in range(10):
            at.trading.query(BTC, ClientId(f"c{number}"))
        at.trading.cancel(BTC, order.client_id)
        assert at.trading.counters["questions_left_out"] == 7
        await until(lambda: at.updates(order)[-1].status is OrderStatus.CANCELLED)
