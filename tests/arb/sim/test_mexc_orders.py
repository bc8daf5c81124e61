from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arb.sim.mexc import proto
from tests.arb.sim.support import Closed, World, world
from tests.arb.sim.trading import STILL, book, mexc, mexc_private, price, qty

HOUR_NS = 3600 * 10**9


def limit(w: World, away: int = 0, *, buy: bool = True, lots: int = 1000, **more: object) -> dict[str, object]:
    """A limit order so many ticks beyond the other side's best; negative: it waits."""
    b = book(w, "mexc")
    ticks = b.best_ask + away if buy else b.best_bid - away
    return {
        "symbol": "BTCUSDT",
        "side": "BUY" if buy else "SELL",
        "type": "LIMIT",
        "quantity": qty(b, lots),
        "price": price(b, ticks),
        **more,
    }


async def test_a_new_order_is_answered_without_status_and_fills() -> None:
    async with world(settings=STILL) as w:
        status, made = await mexc(w, "POST", "order", **limit(w, newClientOrderId="arb-1"))
        assert status == 200
        assert list(made) == [
            "symbol", "orderId", "orderListId", "price", "origQty", "type", "side", "stpMode", "transactTime",
        ]  # fmt: skip
        assert made["orderId"].startswith("C02__")
        _, found = await mexc(w, "GET", "order", symbol="BTCUSDT", origClientOrderId="arb-1")
        assert (found["orderId"], found["status"], found["timeInForce"]) == (made["orderId"], "FILLED", None)
        [trade] = (await mexc(w, "GET", "myTrades", symbol="BTCUSDT"))[1]
        assert Decimal(trade["quoteQty"]) == Decimal(found["cummulativeQuoteQty"])
        assert Decimal(trade["commission"]) == Decimal(trade["quoteQty"]) * Decimal("0.0005")
        assert (trade["commissionAsset"], trade["isBuyer"], trade["isMaker"]) == ("USDT", True, False)


@pytest.mark.parametrize(
    ("kind", "away", "more", "status", "done"),
    [
        pytest.param("LIMIT", 0, {"timeInForce": "IOC"}, "FILLED", 1000, id="LIMIT takes"),
        pytest.param("LIMIT", -5, {"timeInForce": "IOC"}, "NEW", 0, id="LIMIT with timeInForce=IOC rests"),
        pytest.param("IMMEDIATE_OR_CANCEL", -5, {}, "CANCELED", 0, id="IOC that finds nothing"),
        pytest.param("IMMEDIATE_OR_CANCEL", 0, {"huge": 1}, "PARTIALLY_CANCELED", None, id="IOC that finds some"),
        pytest.param("FILL_OR_KILL", 0, {"huge": 1}, "CANCELED", 0, id="FOK that finds too little"),
        pytest.param("FILL_OR_KILL", 0, {}, "FILLED", 1000, id="FOK that finds enough"),
        pytest.param("LIMIT_MAKER", 0, {}, "CANCELED", 0, id="post-only that would take"),
        pytest.param("LIMIT_MAKER", -5, {}, "NEW", 0, id="post-only that waits"),
    ],
)
async def test_order_types(kind: str, away: int, more: dict[str, object], status: str, done: int | None) -> None:
    async with world(settings=STILL) as w:
        b = book(w, "mexc")
        there = b.lots[b.asks[0]]
        lots = there + 5 if more.pop("huge", 0) else 1000
        _, made = await mexc(w, "POST", "order", **limit(w, away, lots=lots, **{"type": kind, **more}))
        _, found = await mexc(w, "GET", "order", symbol="BTCUSDT", orderId=made["orderId"])
        assert found["status"] == status
        assert Decimal(found["executedQty"]) == Decimal(qty(b, there if done is None else done))
        w.sim.ledger("mexc").check()


async def test_a_market_buy_buys_what_its_money_is_worth_at_the_protection_price() -> None:
    async with world(settings=STILL) as w:
        b = book(w, "mexc")
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "100"}
        _, made = await mexc(w, "POST", "order", **order)
        protection = b.best_ask * 105 // 100
        assert made["price"] == price(b, protection)
        spent = Decimal(made["price"]) * Decimal(made["origQty"])
        assert Decimal(99) < spent <= 100
        _, found = await mexc(w, "GET", "order", symbol="BTCUSDT", orderId=made["orderId"])
        assert (found["status"], found["executedQty"]) == ("FILLED", made["origQty"])
        assert Decimal(found["cummulativeQuoteQty"]) < spent


REFUSED: list[tuple[str, dict[str, object], int]] = [
    ("unknown symbol", {"symbol": "NOPEUSDT"}, 10007),
    ("unknown type", {"type": "STOP_LOSS"}, 30041),
    ("unknown side", {"side": "HOLD"}, 33333),
    ("no quantity", {"quantity": ""}, 10095),
    ("quantity too fine", {"quantity": "0.000000000001"}, 10096),
    ("quantity no number", {"quantity": "many"}, 10097),
    ("quantity zero", {"quantity": "0"}, 10102),
    ("price zero", {"price": "0"}, 30010),
    ("price too fine", {"price": "80000.00000000001"}, 30010),
    ("below the minimum", {"quantity": "0.00001"}, 30002),
    ("above the maximum", {"quantity": "1000"}, 30003),
    ("beyond the band", {"price": "99000"}, 30087),
    ("too little money", {"quantity": "1"}, 30004),
    ("too few coins", {"quantity": "1", "side": "SELL", "price": "90000"}, 30005),
]


@pytest.mark.parametrize(("change", "code"), [pytest.param(c, n, id=i) for i, c, n in REFUSED])
async def test_refusals(change: Mapping[str, object], code: int) -> None:
    async with world(settings=STILL) as w:
        status, made = await mexc(w, "POST", "order", **{**limit(w, -5), **change})
        assert (status, made["code"]) == (400, code)
        assert not w.sim.ledger("mexc").entries
        if code == 30002:
            assert made["msg"].startswith("The minimum transaction volume cannot be less than：")


@pytest.mark.parametrize(("symbol", "code"), [("NOAPIUSDT", 10007), ("HOLDUPUSDT", 30000)])
async def test_closed_markets_refuse(symbol: str, code: int) -> None:
    async with world(symbols=30, settings=STILL) as w:
        order = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "quantity": "100", "price": "1"}
        assert (await mexc(w, "POST", "order", **order))[1]["code"] == code


async def test_a_test_order_is_looked_at_and_forgotten() -> None:
    async with world(settings=STILL) as w:
        assert await mexc(w, "POST", "order/test", **limit(w)) == (200, {})
        assert (await mexc(w, "POST", "order/test", **limit(w, price="0")))[1]["code"] == 30010
        assert not w.sim.ledger("mexc").orders


async def test_cancelling_echoes_the_state_before() -> None:
    async with world(settings=STILL) as w:
        _, one = await mexc(w, "POST", "order", **limit(w, -5, newClientOrderId="same"))
        _, two = await mexc(w, "POST", "order", **limit(w, -6, newClientOrderId="same"))
        assert one["orderId"] != two["orderId"]  # the client's id protects from nothing
        _, waiting = await mexc(w, "GET", "openOrders", symbol="BTCUSDT")
        assert {o["orderId"] for o in waiting} == {one["orderId"], two["orderId"]}
        status, gone = await mexc(w, "DELETE", "order", symbol="BTCUSDT", origClientOrderId="same")
        assert (status, gone["orderId"], gone["status"]) == (200, two["orderId"], "NEW")
        _, found = await mexc(w, "GET", "order", symbol="BTCUSDT", orderId=two["orderId"])
        assert found["status"] == "CANCELED"
        again = await mexc(w, "DELETE", "order", symbol="BTCUSDT", orderId=two["orderId"])
        assert again == (400, {"code": -2011, "msg": "Unknown order sent."})
        assert (await mexc(w, "DELETE", "order", symbol="BTCUSDT"))[1]["code"] == 700004
        _, rest = await mexc(w, "DELETE", "openOrders", symbol="BTCUSDT")
        assert [o["orderId"] for o in rest] == [one["orderId"]]
        assert (await mexc(w, "GET", "order", symbol="BTCUSDT", orderId="C02__1"))[1]["code"] == -2013
        _, everything = await mexc(w, "GET", "allOrders", symbol="BTCUSDT")
        assert [o["orderId"] for o in everything] == [two["orderId"], one["orderId"]]


async def test_a_batch_goes_on_after_a_failure() -> None:
    async with world(settings=STILL) as w:
        items = [limit(w, -5, newClientOrderId="a"), limit(w, -5, price="0", newClientOrderId="b"), limit(w, -6)]
        text = msgspec.json.encode(items).decode()
        status, made = await mexc(w, "POST", "batchOrders", batchOrders=text)
        assert status == 200
        assert made[1] == {"newClientOrderId": "b", "msg": "No valid trade price", "code": 30010}
        assert [set(made[0]), set(made[2])] == [
            {"symbol", "orderId", "newClientOrderId", "orderListId"},
            {"symbol", "orderId", "orderListId"},
        ]


async def test_order_calls_share_twelve_a_second() -> None:
    async with world(settings=STILL) as w:
        w.turn(1000 - w.clock.mono_ns() // 10**6 % 1000)
        codes = [(await mexc(w, "POST", "order", **limit(w, -5)))[0] for _ in range(11)]
        codes += [(await mexc(w, "DELETE", "openOrders", symbol="BTCUSDT"))[0] for _ in range(2)]
        assert codes == [200] * 12 + [429]
        assert (await mexc(w, "GET", "openOrders", symbol="BTCUSDT"))[0] == 200
        w.turn(1000)
        assert (await mexc(w, "POST", "order", **limit(w, -5)))[0] == 200


# -- private pushes ----------------------------------------------------------------------------------------------


async def test_an_ioc_is_told_from_new_to_its_end() -> None:
    async with world(settings=STILL) as w:
        client, _ = await mexc_private(w)
        b = book(w, "mexc")
        keys = b.asks[:2]
        there = [b.lots[k] for k in keys]
        order = limit(w, lots=sum(there) + 7, type="IMMEDIATE_OR_CANCEL", newClientOrderId="arb-1")
        _, made = await mexc(w, "POST", "order", **{**order, "price": price(b, keys[1])})
        pushes = await client.pushes()
        orders = [p["privateOrders"] for p in pushes if "privateOrders" in p]
        assert [o["status"] for o in orders] == [1, 3, 3, 5]
        assert {(o["id"], o["clientId"], o["orderType"], o["tradeType"]) for o in orders} == {
            (made["orderId"], "arb-1", 3, 1)
        }
        assert [o.get("lastDealQuantity") for o in orders] == [None, *(qty(b, n) for n in there), qty(b, there[1])]
        assert orders[-1]["remainQuantity"] == qty(b, 7)
        deals = [p["privateDeals"] for p in pushes if "privateDeals" in p]
        assert [d["quantity"] for d in deals] == [qty(b, n) for n in there]
        assert all(d["feeCurrency"] == "USDT" and "isMaker" not in d for d in deals)
        assert [d["clientOrderId"] for d in deals] == ["arb-1"] * 2
        assert sum(Decimal(d["amount"]) for d in deals) == Decimal(orders[-1]["cumulativeAmount"])
        money = [p["privateAccount"] for p in pushes if "privateAccount" in p]
        kinds = [m["type"] for m in money]
        assert kinds == ["ENTRUST_PLACE", *["ENTRUST", "ENTRUST", "TRADE_FEE"] * 2, "ENTRUST_CANCEL"]
        free, locked = w.sim.ledger("mexc").balances["USDT"]
        usdt = [m for m in money if m["vcoinName"] == "USDT"]
        assert (Decimal(usdt[-1]["balanceAmount"]), Decimal(usdt[-1]["frozenAmount"])) == (free, locked)
        assert not [p for p in pushes if "privateAccount" in p and "symbol" in p]


async def test_a_waiting_order_is_told_when_the_market_takes_it() -> None:
    async with world(settings=STILL) as w:
        client, _ = await mexc_private(w, "orders", "deals")
        b = book(w, "mexc")
        await mexc(w, "POST", "order", **limit(w, -1, lots=500))
        b.trade(200, buy=False)
        b.trade(1000, buy=False)
        w.turn(10)
        pushes = await client.pushes()
        assert [p["privateOrders"]["status"] for p in pushes if "privateOrders" in p] == [1, 3, 2]
        assert all(p["privateDeals"]["isMaker"] for p in pushes if "privateDeals" in p)
        [fee] = {Decimal(p["privateDeals"]["feeAmount"]) for p in pushes if "privateDeals" in p}
        assert fee == 0
        assert not [v for _, v in w.sim.ledger("mexc").balances.values() if v]


SAMPLES = {
    "15_built_private_orders_ioc_buy_1_new": {"status": 1, "remain_amount": b"50", "remain_quantity": b"20"},
    "16_built_private_orders_ioc_buy_2_partially_filled": {"status": 3},
    "17_built_private_orders_ioc_buy_3_partially_canceled": {"status": 5},
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_order_pushes_are_the_samples_byte_for_byte(shared: Path, name: str) -> None:
    sample = msgspec.json.decode((shared / "protocols/samples/mexc" / f"{name}.json").read_bytes())
    some = sample["decoded"]["privateOrders"]
    content = proto.private_order(
        number=some["id"].encode(),
        client_id=some["clientId"].encode(),
        price=some["price"].encode(),
        quantity=some["quantity"].encode(),
        amount=some["amount"].encode(),
        average=some.get("avgPrice", "").encode(),
        kind=some["orderType"],
        side=some["tradeType"],
        maker=False,
        remain_amount=some["remainAmount"].encode(),
        remain_quantity=some["remainQuantity"].encode(),
        last_quantity=some.get("lastDealQuantity", "").encode(),
        done_quantity=some["cumulativeQuantity"].encode(),
        done_amount=some["cumulativeAmount"].encode(),
        status=some["status"],
        created_ms=some["createTime"],
    )
    head = proto.wrapper_head(sample["decoded"]["channel"], "MXUSDT") + proto.varint(sample["decoded"]["sendTime"])
    assert (head + proto.body(proto.PRIVATE_ORDERS, content)).hex() == sample["hex"]


def test_deal_and_account_pushes_are_the_samples_byte_for_byte(shared: Path) -> None:
    def sample(name: str) -> Any:
        return msgspec.json.decode((shared / "protocols/samples/mexc" / f"{name}.json").read_bytes())

    deal = sample("19_built_private_deals_ioc_buy")
    some = deal["decoded"]["privateDeals"]
    content = proto.private_deal(
        price=some["price"].encode(),
        quantity=some["quantity"].encode(),
        amount=some["amount"].encode(),
        side=some["tradeType"],
        maker=False,
        self_trade=False,
        trade_id=some["tradeId"].encode(),
        client_id=some["clientOrderId"].encode(),
        order_id=some["orderId"].encode(),
        fee=some["feeAmount"].encode(),
        fee_coin=some["feeCurrency"].encode(),
        at_ms=some["time"],
    )
    head = proto.wrapper_head(deal["decoded"]["channel"], "MXUSDT") + proto.varint(deal["decoded"]["sendTime"])
    assert (head + proto.body(proto.PRIVATE_DEALS, content)).hex() == deal["hex"]
    money = sample("20_built_private_account_entrust_place_values_of_20250917")
    values = list(money["decoded"]["privateAccount"].values())
    content = proto.private_account(*(v.encode() for v in values[:7]), values[7])
    assert proto.body(proto.PRIVATE_ACCOUNT, content).hex() in money["hex"]


# -- listen keys -------------------------------------------------------------------------------------------------


async def test_a_listen_key_lives_an_hour_from_its_last_renewal() -> None:
    async with world(settings=STILL) as w:
        _, made = await mexc(w, "POST", "userDataStream")
        key = made["listenKey"]
        assert len(key) == 64
        w.clock.advance(HOUR_NS - 10**9)
        assert await mexc(w, "PUT", "userDataStream", listenKey=key) == (200, {"listenKey": key})
        w.clock.advance(HOUR_NS - 10**9)
        assert (await mexc(w, "GET", "userDataStream"))[1] == {"listenKey": [key]}
        w.clock.advance(10**9)
        assert (await mexc(w, "GET", "userDataStream"))[1] == {"listenKey": []}
        assert (await mexc(w, "PUT", "userDataStream", listenKey=key))[0] == 400


async def test_private_topics_need_a_listen_key() -> None:
    async with world(settings=STILL) as w:
        client = await w.connect("mexc")
        answer = await client.ask({"method": "SUBSCRIPTION", "params": ["spot@private.orders.v3.api.pb"]})
        assert "Not Subscribed successfully! [spot@private.orders.v3.api.pb]" in answer["msg"]
        socket = await w.http.ws_connect(w.sim.urls["mexc"].ws_url + "?listenKey=none", autoping=False)
        assert (await socket.receive()).data == "Invalid listen key"


async def test_a_socket_ends_with_its_key() -> None:
    async with world(settings=STILL) as w:
        client, key = await mexc_private(w)
        await mexc(w, "DELETE", "userDataStream", listenKey=key)
        w.turn(20)
        assert await client.frame() == "Invalid listen key"
        with pytest.raises(Closed):
            await client.frame()


async def test_a_push_goes_to_every_socket_of_the_account() -> None:
    async with world(settings=STILL) as w:
        clients = [(await mexc_private(w, "orders"))[0] for _ in range(2)]
        await mexc(w, "POST", "order", **limit(w, -5))
        for client in clients:
            assert len(await client.pushes()) == 1
