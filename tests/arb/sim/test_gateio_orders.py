from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.arb.sim.support import World, world
from tests.arb.sim.trading import (
    STILL,
    answers,
    book,
    gate,
    gate_call,
    gate_channel,
    gate_login,
    gate_private,
    price,
    qty,
)

PAIR = "BTC_USDT"


def limit(w: World, away: int = 0, *, buy: bool = True, lots: int = 1000, **more: object) -> dict[str, object]:
    """A limit order so many ticks beyond the other side's best; negative: it waits."""
    b = book(w, "gateio")
    return {
        "text": "t-1",
        "currency_pair": PAIR,
        "side": "buy" if buy else "sell",
        "amount": qty(b, lots),
        "price": price(b, b.best_ask + away if buy else b.best_bid - away),
        **more,
    }


async def place(w: World, **order: object) -> dict[str, Any]:
    status, made, _ = await gate(w, "POST", "spot/orders", body=order)
    assert status == 201, made
    assert isinstance(made, dict)
    return made


async def test_a_new_order_is_answered_in_full() -> None:
    async with world(settings=STILL) as w:
        made = await place(w, **limit(w, time_in_force="ioc"))
        assert (made["status"], made["finish_as"], made["left"], made["text"]) == ("closed", "filled", "0", "t-1")
        assert Decimal(made["fee"]) == Decimal(made["filled_amount"]) * Decimal("0.002")
        assert (made["fee_currency"], made["fill_price"]) == ("BTC", made["filled_total"])
        for name in (made["id"], "t-1"):
            assert (await gate(w, "GET", f"spot/orders/{name}", f"currency_pair={PAIR}"))[1] == made
        [trade] = (await gate(w, "GET", "spot/my_trades", f"currency_pair={PAIR}"))[1]
        assert (trade["order_id"], trade["role"], trade["fee"]) == (made["id"], "taker", made["fee"])
        assert (await gate(w, "GET", "spot/accounts", "currency=BTC"))[1][0]["update_id"] == 2


@pytest.mark.parametrize(
    ("away", "more", "status", "finish"),
    [
        pytest.param(0, {}, "closed", "filled", id="gtc takes"),
        pytest.param(-5, {}, "open", "open", id="gtc waits"),
        pytest.param(-5, {"time_in_force": "ioc"}, "cancelled", "ioc", id="ioc that finds nothing"),
        pytest.param(0, {"time_in_force": "ioc", "huge": 1}, "cancelled", "ioc", id="ioc that finds some"),
        pytest.param(0, {"time_in_force": "fok"}, "closed", "filled", id="fok that finds enough"),
        pytest.param(-5, {"time_in_force": "poc"}, "open", "open", id="poc waits"),
    ],
)
async def test_order_types(away: int, more: dict[str, object], status: str, finish: str) -> None:
    async with world(settings=STILL) as w:
        b = book(w, "gateio")
        lots = b.lots[b.asks[0]] + 5 if more.get("huge") else 1000
        wanted = {k: v for k, v in more.items() if k != "huge"}
        made = await place(w, **limit(w, away, lots=lots, **wanted))
        assert (made["status"], made["finish_as"]) == (status, finish)
        if more.get("huge"):
            assert made["left"] == qty(b, 5)
        w.sim.ledger("gateio").check()


async def test_a_market_buy_spends_quote_and_leaves_dust() -> None:
    async with world(settings=STILL) as w:
        order = {"text": "t-1", "currency_pair": PAIR, "type": "market", "side": "buy", "amount": "99.999999"}
        assert (await gate(w, "POST", "spot/orders", body=order))[1]["label"] == "INVALID_PARAM_VALUE"
        made = await place(w, **order, time_in_force="ioc")
        assert (made["status"], made["finish_as"], made["price"]) == ("closed", "filled", "0")
        assert 0 < Decimal(made["left"]) < 1
        assert Decimal(made["left"]) + Decimal(made["filled_total"]) == Decimal("99.999999")
        assert not [v for _, v in w.sim.ledger("gateio").balances.values() if v]


REFUSED: list[tuple[str, dict[str, object], int, str]] = [
    ("no market", {"currency_pair": ""}, 400, "MISSING_REQUIRED_PARAM"),
    ("unknown market", {"currency_pair": "NO_PE"}, 400, "INVALID_CURRENCY_PAIR"),
    ("bad side", {"side": "hold"}, 400, "INVALID_PARAM_VALUE"),
    ("bad text", {"text": "abc"}, 400, "INVALID_PARAM_VALUE"),
    ("text too long", {"text": "t-" + "x" * 29}, 400, "INVALID_PARAM_VALUE"),
    ("bad time in force", {"time_in_force": "gtt"}, 400, "INVALID_PARAM_VALUE"),
    ("stp without a group", {"stp_act": "cn"}, 400, "INVALID_PARAM_VALUE"),
    ("amount too fine", {"amount": "0.12345678901"}, 400, "INVALID_PRECISION"),
    ("price too fine", {"price": "80000.12345678901"}, 400, "INVALID_PRECISION"),
    ("below the minimum", {"amount": "0.00001"}, 400, "INVALID_PARAM_VALUE"),
    ("above the maximum", {"amount": "1000"}, 400, "AMOUNT_TOO_MUCH"),
    ("beyond the band", {"price": "99000"}, 400, "PRICE_THRESHOLD_EXCEEDED"),
    ("too little money", {"amount": "1"}, 400, "BALANCE_NOT_ENOUGH"),
    ("fok that finds too little", {"time_in_force": "fok", "all": 1}, 400, "FOK_NOT_FILL"),
    ("poc that would take", {"time_in_force": "poc", "best": 1}, 400, "POC_FILL_IMMEDIATELY"),
]


@pytest.mark.parametrize(("change", "status", "label"), [pytest.param(c, s, n, id=i) for i, c, s, n in REFUSED])
async def test_refusals(change: Mapping[str, object], status: int, label: str) -> None:
    async with world(settings=STILL) as w:
        b = book(w, "gateio")
        order = limit(w, -5)
        if change.get("all"):
            order = limit(w, lots=b.lots[b.asks[0]] + 1)
        elif change.get("best"):
            order = limit(w)
        order |= {k: v for k, v in change.items() if k not in ("all", "best")}
        found, made, _ = await gate(w, "POST", "spot/orders", body=order)
        assert (found, made["label"]) == (status, label)
        if change.get("amount") == "0.00001":
            assert made["message"].startswith("Your order size 0.")
            assert made["message"].endswith(" USDT is too small. The minimum is 3 USDT")
        assert not w.sim.ledger("gateio").entries


async def test_text_is_not_unique_and_the_later_order_is_found() -> None:
    async with world(settings=STILL) as w:
        first, second = await place(w, **limit(w, -5)), await place(w, **limit(w, -5))
        assert first["id"] != second["id"]
        assert (await gate(w, "GET", "spot/orders/t-1", f"currency_pair={PAIR}"))[1]["id"] == second["id"]
        [market] = (await gate(w, "GET", "spot/open_orders"))[1]
        assert (market["currency_pair"], market["total"]) == (PAIR, 2)


async def test_what_ended_is_forgotten_after_a_while() -> None:
    async with world(settings=STILL) as w:
        filled, unfilled = await place(w, **limit(w, text="t-f")), await place(w, **limit(w, -5, text="t-u"))
        assert (await gate(w, "DELETE", f"spot/orders/{unfilled['id']}", f"currency_pair={PAIR}"))[0] == 200

        async def label(name: str) -> str:
            status, made, _ = await gate(w, "GET", f"spot/orders/{name}", f"currency_pair={PAIR}")
            return "found" if status == 200 else str(made["label"])

        assert [await label(n) for n in ("t-f", "t-u", unfilled["id"])] == ["found"] * 3
        w.clock.advance(61 * 10**9)
        assert [await label(n) for n in ("t-f", "t-u")] == ["found", "CLIENT_ID_NOT_FOUND"]
        assert await label(unfilled["id"]) == "ORDER_NOT_FOUND"
        w.clock.advance(3600 * 10**9)
        assert [await label(n) for n in ("t-f", filled["id"])] == ["CLIENT_ID_NOT_FOUND", "found"]


async def test_cancelling_and_amending() -> None:
    async with world(settings=STILL) as w:
        b = book(w, "gateio")
        one, two = await place(w, **limit(w, -5)), await place(w, **limit(w, -6, buy=False, text="t-2"))
        change = {"currency_pair": PAIR, "price": price(b, b.best_ask - 9), "amend_text": "down"}
        status, made, _ = await gate(w, "PATCH", f"spot/orders/{one['id']}", body=change)
        assert (status, made["price"], made["amend_text"]) == (200, change["price"], "down")
        again = await gate(w, "PATCH", f"spot/orders/{one['id']}", body=change)
        assert again[1]["label"] == "NO_CHANGE"
        status, made, _ = await gate(w, "DELETE", f"spot/orders/{one['id']}", f"currency_pair={PAIR}")
        assert (status, made["status"], made["finish_as"]) == (200, "cancelled", "cancelled")
        status, made, _ = await gate(w, "DELETE", f"spot/orders/{one['id']}", f"currency_pair={PAIR}")
        assert (status, made["label"]) == (400, "ORDER_CANCELLED")
        ids = [{"currency_pair": PAIR, "id": two["id"]}, {"currency_pair": PAIR, "id": "1"}]
        _, made, _ = await gate(w, "POST", "spot/cancel_batch_orders", body=ids)
        assert [m["succeeded"] for m in made] == [True, False]
        assert made[1]["label"] == "ORDER_NOT_FOUND"
        await place(w, **limit(w, -5))
        _, gone, _ = await gate(w, "DELETE", "spot/orders", f"currency_pair={PAIR}&side=sell")
        assert gone == []
        _, gone, _ = await gate(w, "DELETE", "spot/orders", f"currency_pair={PAIR}")
        assert [g["finish_as"] for g in gone] == ["cancelled"]


async def test_a_batch_counts_each_order() -> None:
    async with world(settings=STILL) as w:
        w.turn(1000 - w.clock.mono_ns() // 10**6 % 1000)
        items = [limit(w, -5 - n) for n in range(9)]
        items[3]["amount"] = "1"
        status, made, headers = await gate(w, "POST", "spot/batch_orders", body=items)
        assert status == 200
        assert [m.get("label") for m in made] == [""] * 3 + ["BALANCE_NOT_ENOUGH"] + [""] * 5
        assert "succeeded" not in made[3]
        assert (headers["x-gate-ratelimit-requests-remain"], headers["x-gate-ratelimit-limit"]) == ("1", "10")
        _, made, _ = await gate(w, "POST", "spot/batch_orders", body=items[:2])
        assert made[1]["label"] == "TOO_MANY_REQUESTS"
        status, made, _ = await gate(w, "POST", "spot/orders", body=limit(w, -5))
        assert (status, made["message"]) == (429, "Request Rate limit Exceeded (211)")
        other = limit(w, currency_pair="ETH_USDT", amount="0.01", price="2500")
        assert (await gate(w, "POST", "spot/orders", body=other))[0] == 201  # each market has its own
        w.turn(1000)
        assert (await gate(w, "POST", "spot/orders", body=limit(w, -5)))[0] == 201


async def test_a_late_request_is_refused_if_it_says_when_it_is_late() -> None:
    async with world(settings=STILL) as w:
        past = str(w.clock.wall_ns() // 10**6 - 1)
        status, made, _ = await gate(w, "POST", "spot/orders", body=limit(w, -5), x_gate_exptime=past)
        assert (status, made["label"]) == (400, "REQUEST_EXPIRED")
        future = str(w.clock.wall_ns() // 10**6 + 5)
        assert (await gate(w, "POST", "spot/orders", body=limit(w, -5), x_gate_exptime=future))[0] == 201


async def test_the_dead_mans_switch() -> None:
    async with world(settings=STILL) as w:
        made = await place(w, **limit(w, -5))
        for body, label in (({}, "MISSING_REQUIRED_PARAM"), ({"timeout": 3}, "INVALID_PARAM_VALUE")):
            assert (await gate(w, "POST", "spot/countdown_cancel_all", body=body))[1]["label"] == label
        armed = {"timeout": 5, "currency_pair": PAIR}
        _, answer, _ = await gate(w, "POST", "spot/countdown_cancel_all", body=armed)
        assert answer == {"triggerTime": str(w.clock.wall_ns() // 10**6 + 5000)}
        w.turn(4000)
        await gate(w, "POST", "spot/countdown_cancel_all", body=armed)
        w.turn(4990)
        assert w.sim.ledger("gateio").orders[made["id"]].status == "open"
        w.turn(10)
        assert w.sim.ledger("gateio").orders[made["id"]].status == "cancelled"
        await place(w, **limit(w, -5))
        await gate(w, "POST", "spot/countdown_cancel_all", body=armed)
        await gate(w, "POST", "spot/countdown_cancel_all", body={**armed, "timeout": 0})
        w.turn(6000)
        assert [o.status for o in w.sim.ledger("gateio").orders.values()] == ["cancelled", "open"]


# -- the socket --------------------------------------------------------------------------------------------------


async def test_nothing_goes_before_the_login() -> None:
    async with world(settings=STILL) as w:
        client = await w.connect("gateio")
        answer = await client.ask(gate_call(w, "order_list", {"currency_pair": PAIR, "status": "open"}))
        assert answer["header"]["status"] == "400"
        assert answer["data"] == {"errs": {"label": "AUTHENTICATION_FAILED", "message": "Not login"}}
        wrong = gate_login(w)
        wrong["payload"]["signature"] = "0" * 128
        answer = await client.ask(wrong)
        assert (answer["header"]["status"], answer["data"]["errs"]["label"]) == ("401", "INVALID_SIGNATURE")
        answer = await client.ask(gate_login(w))
        assert answer["data"]["result"]["api_key"] == w.sim.keys["gateio"][0]
        assert "ack" not in answer


async def test_a_new_order_has_two_answers() -> None:
    async with world(settings=STILL) as w:
        client = await gate_private(w)
        order = limit(w, time_in_force="ioc")
        await client.say(gate_call(w, "order_place", order, "r-17"))
        frames = [msgspec.json.decode(f) for f in await client.drain()]
        ack, result = (f for f in frames if "request_id" in f)
        assert (ack["ack"], ack["data"]["result"]["req_param"]) == (True, order)
        assert "ack" not in result
        assert {f["request_id"] for f in (ack, result)} == {"r-17"}
        assert (ack["header"]["status"], ack["header"]["x_gate_ratelimit_requests_remain"]) == ("200", 9)
        made = result["data"]["result"]
        assert (made["status"], made["finish_as"], made["left"]) == ("closed", "filled", "0")
        assert not {"fee", "filled_amount"} & set(made)
        updates = [f for f in frames if f.get("event") == "update"]
        orders = [f["result"][0] for f in updates if f["channel"] == "spot.orders"]
        assert [o["event"] for o in orders] == ["put", "finish"]
        assert all(isinstance(o["create_time_ms"], str) and "status" not in o for o in orders)
        [trade] = [f["result"][0] for f in updates if f["channel"] == "spot.usertrades"]
        assert (trade["order_id"], trade["fee_currency"], type(trade["id"])) == (made["id"], "BTC", int)
        money = [f["result"][0] for f in updates if f["channel"] == "spot.balances"]
        assert [m["change_type"] for m in money] == ["order-create", *["order-match"] * 2, "trade-fee-deduct"]
        assert (money[0]["change"], money[0]["freeze_change"]) == ("0", money[0]["freeze"])
        assert money[1]["change"] == money[1]["freeze_change"]
        for coin in ("USDT", "BTC"):
            last = [m for m in money if m["currency"] == coin][-1]
            free, locked = w.sim.ledger("gateio").balances[coin]
            assert (Decimal(last["available"]), Decimal(last["freeze"])) == (free, locked)
            assert Decimal(last["total"]) == free + locked


async def test_the_other_calls_have_one_answer() -> None:
    async with world(settings=STILL) as w:
        client = await gate_private(w, "spot.orders")
        for text in ("t-1", "t-2", "t-3"):
            await client.say(gate_call(w, "order_place", limit(w, -5, text=text)))
        made = [a["data"]["result"] for a in await answers(client) if "ack" not in a]
        assert all("avg_deal_price" not in m for m in made)
        one, two, three = (m["id"] for m in made)

        async def call(name: str, param: object) -> Any:
            await client.say(gate_call(w, name, param))
            [answer] = await answers(client)
            return answer["data"]

        named = {"order_id": one, "currency_pair": PAIR}
        assert (await call("order_status", named))["result"]["status"] == "open"
        assert (await call("order_status", {**named, "order_id": "t-2"}))["result"]["id"] == two
        assert (await call("order_amend", {**named, "amount": qty(book(w, "gateio"), 900)}))["result"]["id"] == one
        listing = {"currency_pair": PAIR, "status": "open", "page": 1, "limit": 2}
        assert [o["id"] for o in (await call("order_list", listing))["result"]] == [three, two]
        assert (await call("order_cancel", named))["result"]["finish_as"] == "cancelled"
        assert (await call("order_cancel", named))["errs"]["label"] == "ORDER_CANCELLED"
        ids = [{"currency_pair": PAIR, "id": two}, {"currency_pair": PAIR, "id": "1"}]
        first, second = (await call("order_cancel_ids", ids))["result"]
        assert first == {"currency_pair": PAIR, "id": two, "succeeded": True}
        assert (second["succeeded"], second["label"]) == (False, "ORDER_NOT_FOUND")
        [gone] = (await call("order_cancel_cp", {"currency_pair": PAIR, "side": "buy"}))["result"]
        assert gone["id"] == three


async def test_refusals_of_the_gateway_come_alone_those_of_the_engine_after_the_acknowledgement() -> None:
    async with world(settings=STILL) as w:
        client = await gate_private(w, "spot.orders")
        w.turn(1000 - w.clock.mono_ns() // 10**6 % 1000)
        await client.say(gate_call(w, "order_place", limit(w, -5, amount="1")))
        ack, refused = await answers(client)
        assert ack["ack"]
        assert (refused["header"]["status"], refused["data"]["errs"]["label"]) == ("400", "BALANCE_NOT_ENOUGH")
        for _ in range(9):
            await client.say(gate_call(w, "order_place", limit(w, -5)))
        assert len(await answers(client)) == 18
        await client.say(gate_call(w, "order_place", limit(w, -5)))
        [limited] = await answers(client)
        assert (limited["header"]["status"], limited["data"]["errs"]["label"]) == ("429", "TOO_MANY_REQUESTS")
        assert "x_gate_ratelimit_requests_remain" not in limited["header"]
        assert limited["header"]["x_gate_ratelimit_limit"] == 10


async def test_a_batch_over_the_socket() -> None:
    async with world(settings=STILL) as w:
        client = await gate_private(w, "spot.orders")
        await client.say(gate_call(w, "order_place", [limit(w), limit(w, -5, amount="1", text="t-742")]))
        ack, result = await answers(client)
        assert ack["ack"]
        good, bad = result["data"]["result"]
        assert good["succeeded"]
        assert "avg_deal_price" not in good
        assert bad == {"text": "t-742", "label": "BALANCE_NOT_ENOUGH", "message": "Not enough balance"}


async def test_every_private_subscription_is_signed() -> None:
    async with world(settings=STILL) as w:
        client = await w.connect("gateio")
        await client.ask(gate_login(w))
        bare = {k: v for k, v in gate_channel(w, "spot.orders", ["!all"]).items() if k != "auth"}
        answer = await client.ask(bare)
        assert answer["error"]["code"] == 4
        assert msgspec.json.decode(answer["error"]["message"])["label"] == "INVALID_KEY"
        assert answer["error"]["message"].endswith("\n")
        assert answer["result"] is None
        wrong = gate_channel(w, "spot.orders", ["!all"])
        wrong["event"] = "unsubscribe"  # signed as a subscription
        answer = await client.ask(wrong)
        assert msgspec.json.decode(answer["error"]["message"])["label"] == "INVALID_SIGNATURE"
        assert (await client.ask(gate_channel(w, "spot.orders", [PAIR, "NO_PE"])))["error"]["code"] == 2
        assert (await client.ask(gate_channel(w, "spot.orders", ["ETH_USDT"])))["result"] == {"status": "success"}
        await place(w, **limit(w, -5))
        assert await client.pushes() == []
        assert (await client.ask(gate_channel(w, "spot.orders", [PAIR])))["result"] == {"status": "success"}
        await place(w, **limit(w, -5))
        assert len(await client.pushes()) == 1
        gone = await client.ask(gate_channel(w, "spot.orders", [PAIR], "unsubscribe"))
        assert gone["result"] == {"status": "success"}
        await place(w, **limit(w, -5))
        assert await client.pushes() == []


async def test_a_waiting_order_is_told_when_the_market_takes_it() -> None:
    async with world(settings=STILL) as w:
        client = await gate_private(w, "spot.orders_v2", "spot.usertrades_v2")
        b = book(w, "gateio")
        await place(w, **limit(w, -1, lots=500))
        key = b.bids[0]
        b.take(key, 200, buy=False)
        b.take(key, b.lots[key], buy=False)
        w.turn(10)
        pushes = await client.pushes()
        orders = [p["result"][0] for p in pushes if p["channel"] == "spot.orders_v2"]
        trades = [p["result"][0] for p in pushes if p["channel"] == "spot.usertrades_v2"]
        assert (orders[0]["event"], orders[-1]["event"]) == ("put", "finish")
        assert {t["role"] for t in trades} == {"maker"}
        assert not [i for i in (*orders, *trades) if "fee" in i or "fee_currency" not in i]
