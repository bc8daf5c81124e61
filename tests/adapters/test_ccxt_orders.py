"""Orders into ccxt, and ccxt's structures into events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters import ccxt_orders
from adapters.ccxt_sent import SentOrders
from arb.domain import ClientId, Coin, Order, OrderStatus, OrderType, OrderUpdate, Side, Symbol, VenueId
from arb.errors import ProtocolError

V, S, ID = VenueId("v"), Symbol("BTC/USDT"), ClientId("c1")
D = Decimal


def order(kind: OrderType, side: Side = Side.BUY, price: str | None = "1E+4", notional: str | None = None) -> Order:
    spends = None if notional is None else D(notional)
    return Order(V, S, side, kind, D("0.10"), None if price is None else D(price), ID, spends)


@pytest.mark.parametrize(
    ("sent", "args", "params"),
    [
        pytest.param(order(OrderType.LIMIT), ("limit", "buy", "0.1", "10000"), {}, id="limit, numbers as plain text"),
        pytest.param(order(OrderType.IOC), ("limit", "buy", "0.1", "10000"), {"timeInForce": "IOC"}, id="ioc"),
        pytest.param(order(OrderType.FOK), ("limit", "buy", "0.1", "10000"), {"timeInForce": "FOK"}, id="fok"),
        pytest.param(order(OrderType.POST_ONLY), ("limit", "buy", "0.1", "10000"), {"postOnly": True}, id="post-only"),
        pytest.param(
            order(OrderType.MARKET, price=None, notional="12.50"),
            ("market", "buy", "0.1", None),
            {"cost": "12.5"},
            id="a market buy spends",
        ),
        pytest.param(
            order(OrderType.MARKET, Side.SELL, None),
            ("market", "sell", "0.1", None),
            {},
            id="no price",
        ),
    ],
)
def test_call(sent: Order, args: tuple[Any, ...], params: dict[str, Any]) -> None:
    assert ccxt_orders.to_call(sent, "x") == ((S, *args), {**params, "clientOrderId": "x"})


def raw(**fields: Any) -> dict[str, Any]:
    return {"id": "9", "type": "limit", "side": "buy", "amount": "2", "info": {}, **fields}


@pytest.mark.parametrize(
    ("told", "status", "filled", "notional"),
    [
        pytest.param(raw(), OrderStatus.OPEN, None, None, id="a bare acknowledgement"),
        pytest.param(raw(status="open", filled="0"), OrderStatus.OPEN, D(0), D(0), id="nothing filled"),
        pytest.param(raw(status="open", filled="1"), OrderStatus.PARTIAL, D(1), None, id="part, cost not told exactly"),
        pytest.param(
            raw(status="open", filled=0.1, info={"executedQty": "0.1", "cummulativeQuoteQty": "3.3"}),
            OrderStatus.PARTIAL,
            D("0.1"),
            D("3.3"),
            id="the venue's own numbers before ccxt's",
        ),
        pytest.param(raw(status="closed", filled="2"), OrderStatus.FILLED, D(2), None, id="closed and whole"),
        pytest.param(raw(status="closed", filled="1"), OrderStatus.CANCELLED, D(1), None, id="closed too soon"),
        pytest.param(raw(status="canceled", filled="1"), OrderStatus.CANCELLED, D(1), None, id="cancelled with fills"),
        pytest.param(raw(status="expired", filled="0"), OrderStatus.CANCELLED, D(0), D(0), id="expired"),
        pytest.param(raw(status="rejected", filled="0"), OrderStatus.REJECTED, D(0), D(0), id="rejected"),
        pytest.param(
            raw(status="stp", filled="0", info={"event": "finish"}),
            OrderStatus.CANCELLED,
            D(0),
            D(0),
            id="finished",
        ),
        pytest.param(raw(status="whatever", filled="0"), OrderStatus.OPEN, D(0), D(0), id="an unknown word"),
        pytest.param(
            raw(type="market", status="closed", filled="7", amount="20"),
            OrderStatus.FILLED,
            None,
            None,
            id="a market buy counted in quote",
        ),
    ],
)
def test_update(told: dict[str, Any], status: OrderStatus, filled: Decimal | None, notional: Decimal | None) -> None:
    update = ccxt_orders.to_update(V, {**told, "timestamp": 5}, ID, S, 3)
    assert update == OrderUpdate(V, ID, "9", status, filled, notional, "", 5_000_000, 3, S)


def trade(**fields: Any) -> dict[str, Any]:
    return {"id": "t1", "side": "sell", "price": "2.50", "amount": "3", "timestamp": 5, "order": "9", **fields}


@pytest.mark.parametrize(
    ("fees", "paid"),
    [
        pytest.param({"fee": {"cost": "0.1", "currency": "USDT"}}, (D("0.1"), "USDT"), id="one"),
        pytest.param({"fee": {"cost": "-0.1", "currency": "USDT"}}, (D("-0.1"), "USDT"), id="a rebate"),
        pytest.param(
            {"fees": [{"cost": "0", "currency": "USDT"}, {"cost": "2", "currency": "GT"}]},
            (D(2), "GT"),
            id="the used one",
        ),
        pytest.param({"fees": [{"cost": "0", "currency": "USDT"}]}, (D(0), "USDT"), id="free of charge"),
        pytest.param({"fees": [{"cost": "1", "currency": "GATEPOINT"}]}, (D(1), "POINT"), id="points by one name"),
        pytest.param({"fee": {"cost": None, "currency": "USDT"}}, None, id="not told: to be asked for"),
        pytest.param({}, None, id="not told at all"),
    ],
)
def test_fees(fees: dict[str, Any], paid: tuple[Decimal, str] | None) -> None:
    fill = ccxt_orders.to_fill(V, trade(**fees), ID, S, 3)
    assert (None if fill is None else (fill.fee, fill.fee_coin)) == paid


def test_fill() -> None:
    paid = {"fee": {"cost": "0.1", "currency": "USDT"}}
    fill = ccxt_orders.to_fill(V, trade(**paid, takerOrMaker="maker"), ID, S, 3)
    assert fill is not None
    assert (fill.trade_id, fill.side, fill.price, fill.qty, fill.maker) == ("t1", Side.SELL, D("2.5"), D(3), True)
    assert (fill.venue_id, fill.client_id, fill.exch_ns, fill.recv_ns) == ("9", ID, 5_000_000, 3)
    pushed = ccxt_orders.to_fill(V, trade(**paid, takerOrMaker="taker", info={"isMaker": True}), ID, S, 3)
    assert pushed is not None
    assert pushed.maker  # ccxt calls every push of MEXC's a taker's
    free = ccxt_orders.to_fill(V, ccxt_orders.without_fee(trade(), S), ID, S, 3)
    assert free is not None
    assert (free.fee, free.fee_coin) == (D(0), "USDT")


@pytest.mark.parametrize("missing", ["id", "price", "amount", "side"])
def test_a_trade_without_its_number_is_no_fill(missing: str) -> None:
    told = {k: v for k, v in trade(fee={"cost": "0", "currency": "USDT"}).items() if k != missing}
    with pytest.raises(ProtocolError, match="a trade without"):
        ccxt_orders.to_fill(V, told, ID, S, 3)


def test_balances() -> None:
    told = {
        "free": {"A": "0.10", "B": "0", "C": None, "D": "1"},
        "used": {"A": "0.2", "B": "0", "C": "1", "D": None},
        "total": {"A": "0.3", "B": "0", "C": "4", "D": "1.5"},
    }
    held = {b.coin: (b.free, b.locked) for b in ccxt_orders.to_balances(V, told, 3)}
    assert held == {"A": (D("0.1"), D("0.2")), "C": (D(3), D(1)), "D": (D(1), D("0.5"))}
    assert [b.coin for b in ccxt_orders.to_balances(V, told, 3, all_coins=True)] == [Coin(c) for c in "ABCD"]


@pytest.mark.parametrize("value", ["nan", "inf", "x", [], {}])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError):
        ccxt_orders.exact(V, value)


def test_sent_orders() -> None:
    sent = SentOrders()
    first, update = order(OrderType.LIMIT), OrderUpdate(V, ID, "9", OrderStatus.OPEN, None, None, "", 0, 0)
    sent.add(first)
    assert [*sent.unanswered()] == [*sent.live()] == [first]
    sent.note(update)
    assert (sent.venue_id(ID), sent.named(ClientId(""), "9"), sent.named(ClientId(""), "8")) == ("9", ID, "")
    assert (sent.answered(ID), [*sent.unanswered()], [*sent.live()]) == (True, [], [first])
    sent.note(OrderUpdate(V, ID, "", OrderStatus.FILLED, None, None, "", 0, 0))
    assert (sent.venue_id(ID), [*sent.live()]) == ("9", [])


def test_orders_without_a_known_end_are_never_forgotten_and_no_more_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ccxt_sent.REMEMBERED", 2)
    sent = SentOrders()
    orders = [msgspec.structs.replace(order(OrderType.LIMIT), client_id=ClientId(f"c{n}")) for n in range(3)]
    for one in orders:
        sent.add(one)
    assert (sent.full, [*sent.live()]) == (True, orders)
    sent.note(OrderUpdate(V, ClientId("c1"), "9", OrderStatus.FILLED, None, None, "", 0, 0))
    sent.add(msgspec.structs.replace(orders[0], client_id=ClientId("c3")))
    assert sent.named(ClientId(""), "9") == "", "the one that has ended is forgotten"
    assert [one.client_id for one in sent.live()] == ["c0", "c2", "c3"]
