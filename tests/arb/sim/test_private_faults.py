"""What can go wrong between an order and what we hear of it; each fault is counted."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from arb.sim import FaultPlan, FaultRule
from tests.arb.sim.support import Closed, World, world
from tests.arb.sim.test_gateio_orders import PAIR
from tests.arb.sim.test_gateio_orders import limit as gate_limit
from tests.arb.sim.test_mexc_orders import limit as mexc_limit
from tests.arb.sim.trading import (
    STILL,
    answers,
    book,
    gate,
    gate_call,
    gate_login,
    gate_private,
    mexc,
    mexc_private,
)

PLACE = {"mexc": "POST /api/v3/order", "gateio": "POST /api/v4/spot/orders"}
CANCEL = {"mexc": "DELETE /api/v3/order", "gateio": "DELETE /api/v4/spot/orders"}
VENUES = list(PLACE)


def plan(**rule: Any) -> FaultPlan:
    return FaultPlan((FaultRule(**rule),))


async def place(w: World, venue: str, away: int = -5, **more: object) -> tuple[int, Any]:
    if venue == "mexc":
        return await mexc(w, "POST", "order", **mexc_limit(w, away, **more))
    status, made, _ = await gate(w, "POST", "spot/orders", body=gate_limit(w, away, **more))
    return status, made


async def cancel(w: World, venue: str, number: str) -> tuple[int, Any]:
    if venue == "mexc":
        return await mexc(w, "DELETE", "order", symbol="BTCUSDT", orderId=number)
    status, made, _ = await gate(w, "DELETE", f"spot/orders/{number}", f"currency_pair={PAIR}")
    return status, made


def statuses(w: World, venue: str) -> list[str]:
    return [o.status for o in w.sim.ledger(venue).orders.values()]


@pytest.mark.parametrize("venue", VENUES)
async def test_an_order_can_be_accepted_and_its_answer_lost(venue: str) -> None:
    rule = plan(kind="lost_answer", venue=venue, topic=PLACE[venue], probability=1.0)
    async with world(settings=STILL, faults=rule) as w:
        with pytest.raises(aiohttp.ClientError):
            await place(w, venue)
        assert statuses(w, venue) == ["open"]
        assert w.sim.counters[f"{venue}.lost_answer"] == 1


@pytest.mark.parametrize("venue", VENUES)
async def test_an_order_can_be_lost_on_its_way(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="lost_request", topic=PLACE[venue], probability=1.0)) as w:
        with pytest.raises(aiohttp.ClientError):
            await place(w, venue)
        assert statuses(w, venue) == []


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("kind", "accepted"), [("server_error", []), ("error_after", ["open"])])
async def test_a_server_error_says_nothing_about_the_order(venue: str, kind: str, accepted: list[str]) -> None:
    rule = plan(kind=kind, topic=PLACE[venue], probability=1.0, status=503)
    async with world(settings=STILL, faults=rule) as w:
        assert (await place(w, venue))[0] == 503
        assert statuses(w, venue) == accepted


@pytest.mark.parametrize("venue", VENUES)
async def test_signed_requests_can_expire(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="expired", probability=1.0)) as w:
        status, made = await place(w, venue)
        assert (status, made.get("code", made.get("label"))) in ((400, 700003), (401, "REQUEST_EXPIRED"))
        assert statuses(w, venue) == []
        path = "/api/v3/time" if venue == "mexc" else "/spot/time"
        assert (await w.get(venue, path))[0] == 200
        assert w.sim.counters["expired"] == 1


@pytest.mark.parametrize("venue", VENUES)
async def test_requests_can_be_limited(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="rate_limit", topic=PLACE[venue], probability=1.0)) as w:
        assert (await place(w, venue))[0] == 429
        assert statuses(w, venue) == []


@pytest.mark.parametrize("venue", VENUES)
async def test_an_answer_can_come_after_every_push(venue: str) -> None:
    rule = plan(kind="late_answer", topic=PLACE[venue], probability=1.0, delay_ms=300)
    async with world(settings=STILL, faults=rule) as w:
        client = (await mexc_private(w))[0] if venue == "mexc" else await gate_private(w)
        answer = asyncio.create_task(place(w, venue))
        frame = await client.frame()
        assert b"orders" in (frame if isinstance(frame, bytes) else frame.encode())
        assert statuses(w, venue) == ["open"]
        w.turn(290)
        await client.drain()
        assert not answer.done()
        w.turn(10)
        assert (await answer)[0] in (200, 201)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        pytest.param({"kind": "drop"}, 0, 0, id="dropped"),
        pytest.param({"kind": "duplicate"}, 2, 2, id="doubled"),
        pytest.param({"kind": "delay", "delay_ms": 300}, 0, 1, id="delayed: the answer comes first"),
    ],
)
async def test_pushes_can_be(venue: str, rule: dict[str, Any], before: int, after: int) -> None:
    topic = "private.orders" if venue == "mexc" else "spot.orders"
    async with world(settings=STILL, faults=plan(**rule, topic=topic, probability=1.0)) as w:
        client = (await mexc_private(w, "orders"))[0] if venue == "mexc" else await gate_private(w, "spot.orders")
        await place(w, venue)
        seen = len(await client.pushes())
        w.turn(400)
        assert (seen, seen + len(await client.pushes())) == (before, after)


async def test_pushes_can_come_out_of_order() -> None:
    async with world(settings=STILL, faults=plan(kind="reorder", topic="private.orders", probability=1.0)) as w:
        client, _ = await mexc_private(w, "orders")
        await place(w, "mexc", 0)
        assert [p["privateOrders"]["status"] for p in await client.pushes()] == [2, 1]


async def test_balances_can_lag_behind_orders() -> None:
    rule = plan(kind="delay", topic="spot.balances", probability=1.0, delay_ms=200)
    async with world(settings=STILL, faults=rule) as w:
        client = await gate_private(w)
        await place(w, "gateio", 0)
        assert {p["channel"] for p in await client.pushes()} == {"spot.orders", "spot.usertrades"}
        w.turn(200)
        late = await client.pushes()
        assert late[0]["result"][0]["change_type"] == "order-create"
        assert {p["channel"] for p in late} == {"spot.balances"}


@pytest.mark.parametrize("venue", VENUES)
async def test_an_order_can_be_filled_in_part_and_cancelled_by_the_venue(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="partial_cancel", probability=1.0)) as w:
        await place(w, venue, 0)
        [order] = w.sim.ledger(venue).orders.values()
        assert order.status == "cancelled"
        assert order.filled == order.qty / 2
        w.sim.ledger(venue).check()
        await place(w, venue, -5)  # nothing to cut
        assert w.sim.counters["partial_cancel"] == 1


@pytest.mark.parametrize("venue", VENUES)
async def test_an_order_can_be_filled_while_its_cancel_is_on_the_way(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="fill_on_cancel", probability=1.0)) as w:
        numbers = []
        for _ in range(2):
            _, made = await place(w, venue)
            number = made["orderId"] if venue == "mexc" else made["id"]
            numbers.append((await cancel(w, venue, number))[0])
        whole, half = w.sim.ledger(venue).orders.values()
        assert (whole.status, whole.filled) == ("filled", whole.qty)
        assert (half.status, half.filled) == ("cancelled", half.qty / 2)
        assert numbers == [400, 200]
        w.sim.ledger(venue).check()


@pytest.mark.parametrize("venue", VENUES)
async def test_queries_can_lag_behind_new_orders(venue: str) -> None:
    async with world(settings=STILL, faults=plan(kind="lookup_lag", probability=1.0, delay_ms=500)) as w:
        _, made = await place(w, venue)

        async def found() -> int:
            if venue == "mexc":
                return (await mexc(w, "GET", "order", symbol="BTCUSDT", orderId=made["orderId"]))[0]
            return (await gate(w, "GET", f"spot/orders/{made['id']}", f"currency_pair={PAIR}"))[0]

        assert await found() in (400, 404)
        w.turn(500)
        assert await found() == 200


async def test_listen_keys_can_expire_at_once() -> None:
    async with world(settings=STILL, faults=plan(kind="listen_key", at_ms=(500,))) as w:
        client, key = await mexc_private(w)
        w.turn(600)
        assert await client.frame() == "Invalid listen key"
        with pytest.raises(Closed):
            await client.frame()
        assert (await mexc(w, "PUT", "userDataStream", listenKey=key))[0] == 400
        assert w.sim.counters["mexc.listen_key"] == 1


async def test_a_private_socket_can_be_dead_while_the_public_one_lives() -> None:
    rule = plan(kind="stall", venue="mexc", topic="private", scope="socket", at_ms=(100,), duration_ms=10_000)
    async with world(faults=rule) as w:
        private, _ = await mexc_private(w)
        public = await w.connect("mexc")
        await public.ask({"method": "SUBSCRIPTION", "params": ["spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"]})
        w.turn(200)
        await place(w, "mexc")
        w.turn(200)
        assert await public.pushes()
        await private.say({"method": "PING"})
        waiting = asyncio.create_task(private.frame())
        await public.drain()
        assert not waiting.done()
        waiting.cancel()


async def test_gates_private_channels_can_be_dead_on_a_living_socket() -> None:
    rule = plan(kind="stall", topic="spot.orders", at_ms=(100,), duration_ms=10_000)
    async with world(settings=STILL, faults=rule) as w:
        client = await gate_private(w)
        w.turn(200)
        await place(w, "gateio", 0)
        assert {p["channel"] for p in await client.pushes()} == {"spot.usertrades", "spot.balances"}


@pytest.mark.parametrize(
    ("rule", "now", "later", "accepted"),
    [
        pytest.param({"kind": "lost_answer"}, [], [], 1, id="both answers lost"),
        pytest.param({"kind": "late_answer", "delay_ms": 300}, [], ["200", "200"], 1, id="late answers"),
        pytest.param({"kind": "error_after", "status": 500}, ["500"], ["500"], 1, id="an error after acceptance"),
        pytest.param({"kind": "server_error", "status": 500}, ["500"], ["500"], 0, id="an error instead"),
        pytest.param({"kind": "rate_limit"}, ["429"], ["429"], 0, id="limited"),
        pytest.param({"kind": "expired"}, ["401"], ["401"], 0, id="expired"),
        pytest.param({"kind": "slow_rest", "delay_ms": 300}, [], ["200", "200"], 1, id="slow"),
    ],
)
async def test_calls_on_gates_socket_meet_the_same(
    rule: dict[str, Any], now: list[str], later: list[str], accepted: int
) -> None:
    async with world(settings=STILL, faults=plan(**rule, topic="spot.order_place", probability=1.0)) as w:
        client = await w.connect("gateio")
        await client.ask(gate_login(w))
        await client.say(gate_call(w, "order_place", gate_limit(w, -5)))
        first = [a["header"]["status"] for a in await answers(client)]
        assert first == now
        w.turn(400)
        assert first + [a["header"]["status"] for a in await answers(client)] == later
        assert len(w.sim.ledger("gateio").orders) == accepted
        assert w.sim.counters[rule["kind"]] == 1


async def test_a_call_on_gates_socket_can_end_it() -> None:
    async with world(settings=STILL, faults=plan(kind="lost_request", topic="spot.order_place", probability=1.0)) as w:
        client = await w.connect("gateio")
        await client.ask(gate_login(w))
        await client.say(gate_call(w, "order_place", gate_limit(w, -5)))
        with pytest.raises(Closed):
            await client.frame()
        assert not w.sim.ledger("gateio").orders


async def test_market_data_shows_what_we_do() -> None:
    async with world(settings=STILL) as w:
        client = await w.connect("mexc")
        topics = ["spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT", "spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT"]
        await client.ask({"method": "SUBSCRIPTION", "params": topics})
        b = book(w, "mexc")
        best, there = b.asks[0], b.lots[b.asks[0]]
        await place(w, "mexc", 0)
        await place(w, "mexc", -1)
        w.turn(10)
        pushes = await client.pushes()
        [depth] = [p["publicAggreDepths"] for p in pushes if "publicAggreDepths" in p]
        [deals] = [p["publicAggreDeals"]["deals"] for p in pushes if "publicAggreDeals" in p]
        scale = 10.0**-b.listing.qty_decimals
        assert [float(a["quantity"]) for a in depth["asks"]] == [pytest.approx((there - 1000) * scale)]
        assert len(depth["bids"]) == 1
        assert float(deals[0]["price"]) == pytest.approx(best * 10.0**-b.listing.price_decimals)
