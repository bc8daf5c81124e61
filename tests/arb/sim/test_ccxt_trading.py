"""A client that others wrote trades on the simulated venues, unchanged but for its URLs; the ledger confirms it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import ExchangeError, InsufficientFunds, OrderImmediatelyFillable

from arb.clock import SystemClock
from arb.sim import SimExchanges, SimSettings
from tests.arb.sim.support import until
from tests.arb.sim.test_ccxt import NAMES, client

SYMBOL = "LTC/USDT"
STILL = SimSettings(activity=0, gaps_hz=0)
VENUES = list(NAMES)
GONE = {"mexc": "-2011", "gateio": "ORDER_CANCELLED"}
UNKNOWN = {"mexc": "-2013", "gateio": "ORDER_NOT_FOUND"}
SMALL = {"mexc": "30002", "gateio": "too small"}


@asynccontextmanager
async def trader(venue: str, **kwargs: Any) -> AsyncIterator[tuple[SimExchanges, Any]]:
    settings = kwargs.pop("settings", STILL)
    async with client(venue, SystemClock(), settings=settings, **kwargs) as (sim, exchange):
        exchange.options["createMarketBuyOrderRequiresPrice"] = False
        exchange.enableRateLimit = False
        await exchange.load_markets()
        yield sim, exchange
        sim.ledger(venue).check()


def best(sim: SimExchanges, venue: str) -> tuple[float, float]:
    """Bid, ask."""
    book = sim.market.books(venue)[SYMBOL]
    scale = 10**book.listing.price_decimals
    return book.best_bid / scale, book.best_ask / scale


def number(text: Any) -> Decimal:
    return Decimal(str(text))


async def settled(exchange: Any, venue: str, order: dict[str, Any], client_id: str) -> dict[str, Any]:
    """The order by both ids, which must agree."""
    by_id = await exchange.fetch_order(order["id"], SYMBOL)
    if venue == "mexc":
        by_client = await exchange.fetch_order("", SYMBOL, {"clientOrderId": client_id})
    else:
        by_client = await exchange.fetch_order(client_id, SYMBOL)
    assert by_client["id"] == by_id["id"] == order["id"]
    assert by_id["clientOrderId"] == client_id
    made: dict[str, Any] = by_id
    return made


ORDERS = [
    pytest.param("buy", "limit", 1.001, {}, "closed", id="a limit buy beyond the ask is filled"),
    pytest.param("sell", "limit", 0.999, {}, "closed", id="a limit sell beyond the bid is filled"),
    pytest.param("buy", "limit", 0.99, {}, "open", id="a limit buy below waits"),
    pytest.param("sell", "limit", 1.01, {}, "open", id="a limit sell above waits"),
    pytest.param("buy", "limit", 1.001, {"timeInForce": "IOC"}, "closed", id="an IOC takes"),
    pytest.param("sell", "limit", 1.01, {"timeInForce": "IOC"}, "canceled", id="an IOC that finds nothing ends"),
    pytest.param("buy", "limit", 1.001, {"timeInForce": "FOK"}, "closed", id="a FOK that can is filled"),
    pytest.param("buy", "limit", 0.99, {"postOnly": True}, "open", id="post-only waits"),
    pytest.param("sell", "market", None, {}, "closed", id="a market sell"),
    pytest.param("buy", "market", None, {}, "closed", id="a market buy by amount of quote"),
]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("side", "kind", "at", "params", "ends"), ORDERS)
async def test_orders(venue: str, side: str, kind: str, at: float | None, params: dict[str, Any], ends: str) -> None:
    async with trader(venue) as (sim, exchange):
        bid, ask = best(sim, venue)
        price = (ask if side == "buy" else bid) * at if at is not None else None
        if at is not None and ends in ("open", "canceled"):
            price = (bid if side == "buy" else ask) * at
        client_id = "t-arb-1" if venue == "gateio" else "arb-1"
        amount = 20.0 if kind == "market" and side == "buy" else 0.2
        order = await exchange.create_order(SYMBOL, kind, side, amount, price, {"clientOrderId": client_id, **params})
        found = await settled(exchange, venue, order, client_id)
        assert found["status"] == ends
        ledger = sim.ledger(venue)
        facts = ledger.orders[order["id"]]
        assert number(found["filled"]) == facts.filled
        if (venue, kind, side) != (
            "gateio",
            "market",
            "buy",
        ):  # there the client takes the amount for it
            assert number(found["cost"]) == facts.quote
        assert (facts.filled > 0) == (ends == "closed")
        trades = await exchange.fetch_my_trades(SYMBOL)
        assert [t["id"] for t in trades] == [f.trade_id for f in ledger.fills]
        assert sum(number(t["amount"]) for t in trades) == facts.filled
        assert sum(number(t["fee"]["cost"]) for t in trades) == pytest.approx(facts.fee)
        for trade in trades:
            in_base = venue == "gateio" and side == "buy"
            assert trade["fee"]["currency"] == ("LTC" if in_base else "USDT")
        waiting = await exchange.fetch_open_orders(SYMBOL)
        assert [o["id"] for o in waiting] == ([order["id"]] if ends == "open" else [])
        balance = await exchange.fetch_balance()
        for coin, (free, locked) in ledger.balances.items():
            assert balance[coin]["free"] == pytest.approx(float(free), rel=1e-12)
            assert balance[coin]["used"] == pytest.approx(float(locked), rel=1e-12)
        if ends == "open":
            await exchange.cancel_order(order["id"], SYMBOL)
            assert (await exchange.fetch_order(order["id"], SYMBOL))["status"] == "canceled"
            with pytest.raises(ExchangeError, match=GONE[venue]):
                await exchange.cancel_order(order["id"], SYMBOL)
            assert not any(locked for _, locked in ledger.balances.values())


@pytest.mark.parametrize("venue", VENUES)
async def test_refusals_are_understood(venue: str) -> None:
    async with trader(venue) as (sim, exchange):
        bid, ask = best(sim, venue)
        with pytest.raises(InsufficientFunds):
            await exchange.create_order(SYMBOL, "limit", "buy", 10_000.0, bid * 0.9)
        with pytest.raises(ExchangeError, match=SMALL[venue]):
            await exchange.create_order(SYMBOL, "limit", "buy", 0.01, bid * 0.99)
        with pytest.raises(ExchangeError, match=UNKNOWN[venue]):
            await exchange.fetch_order("123", SYMBOL)
        if venue == "gateio":
            with pytest.raises(OrderImmediatelyFillable):
                await exchange.create_order(SYMBOL, "limit", "buy", 1.0, ask, {"postOnly": True})
        else:
            order = await exchange.create_order(SYMBOL, "limit", "buy", 1.0, ask, {"postOnly": True})
            assert (await exchange.fetch_order(order["id"], SYMBOL))["status"] == "canceled"
        assert not sim.ledger(venue).fills


async def soon(waiting: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize("venue", VENUES)
async def test_private_streams_tell_what_the_ledger_says(venue: str) -> None:
    async with trader(venue) as (sim, exchange):
        watched = {
            "orders": asyncio.ensure_future(exchange.watch_orders(SYMBOL)),
            "trades": asyncio.ensure_future(exchange.watch_my_trades(SYMBOL)),
            "balance": asyncio.ensure_future(exchange.watch_balance()),
        }
        await until(lambda: sum(len(c.topics) for c in sim.venues[venue].conns) == 3)
        _, ask = best(sim, venue)
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.2, ask * 1.001, {"timeInForce": "IOC"})
        ledger = sim.ledger(venue)
        [trade, *_] = await soon(watched["trades"])
        assert trade["order"] == order["id"]
        assert trade["id"] == ledger.fills[0].trade_id
        assert number(trade["fee"]["cost"]) == ledger.fills[0].fee
        orders = await soon(watched["orders"])
        while orders[-1]["status"] != "closed":
            orders = await soon(exchange.watch_orders(SYMBOL))
        assert orders[-1]["id"] == order["id"]
        assert number(orders[-1]["filled"]) == ledger.orders[order["id"]].filled
        balance = await soon(watched["balance"])
        while any(
            balance.get(coin, {}).get("free") != pytest.approx(float(ledger.balances[coin][0]))
            for coin in ("USDT", "LTC")
        ):
            balance = await soon(exchange.watch_balance())


async def test_orders_over_gates_socket() -> None:
    async with trader("gateio") as (sim, exchange):
        bid, ask = best(sim, "gateio")
        filled = await soon(exchange.create_order_ws(SYMBOL, "limit", "buy", 0.2, ask, {"timeInForce": "IOC"}))
        assert filled["status"] == "closed"
        waiting = await soon(exchange.create_order_ws(SYMBOL, "limit", "buy", 0.2, bid * 0.99))
        assert waiting["status"] == "open"
        moved = await soon(exchange.edit_order_ws(waiting["id"], SYMBOL, "limit", "buy", 0.2, bid * 0.98))
        assert moved["price"] < waiting["price"]
        assert (await soon(exchange.fetch_order_ws(waiting["id"], SYMBOL)))["status"] == "open"
        gone = await soon(exchange.cancel_order_ws(waiting["id"], SYMBOL))
        assert gone["status"] == "canceled"
        with pytest.raises(ExchangeError):
            await soon(exchange.cancel_order_ws(waiting["id"], SYMBOL))
        with pytest.raises(InsufficientFunds):
            await soon(exchange.create_order_ws(SYMBOL, "limit", "buy", 10_000.0, bid * 0.95))
        facts = sim.ledger("gateio").orders
        assert [o.status for o in facts.values()] == ["filled", "cancelled"]
