"""What clients are told of markets, and when the exchange's own list is asked for."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import ccxt
import pytest

from adapters.ccxt_listings import Listings, fetch_spot
from arb.domain import Coin, Market, NativeSymbol, Symbol
from tests.adapters.ccxt_fakes import A, B, C, FakeExchange, V


def fact(symbol: Symbol) -> Market:
    base, quote = symbol.split("/")
    return Market(V, symbol, NativeSymbol(f"{base}_{quote}"), Coin(base), Coin(quote), Decimal(1), Decimal(1))


def told(listings: Listings, *symbols: Symbol) -> dict[str, str]:
    exchange = FakeExchange()
    listings.tell(exchange, symbols or None)
    return {symbol: market["id"] for symbol, market in (exchange.markets or {}).items()}


def test_our_facts_are_told() -> None:
    listings = Listings()
    listings.add([fact(A), fact(B)])
    listings.add([fact(C)])
    assert told(listings) == {A: "A_USDT", B: "B_USDT", C: "C_USDT"}
    assert told(listings, A, C) == {A: "A_USDT", C: "C_USDT"}


def test_the_exchanges_own_list_counts_more() -> None:
    listings = Listings()
    listings.add([fact(A)])
    listings.learn([{"symbol": A, "id": "@1"}, {"symbol": B, "id": "@2"}])
    listings.add([fact(A), fact(C)])
    assert told(listings) == {A: "@1", B: "@2", C: "C_USDT"}


async def test_the_list_is_asked_for_once_by_whoever_comes_first() -> None:
    listings = Listings()
    exchange = FakeExchange()
    exchange.listed = [{"symbol": A, "id": "@1", "spot": True}]
    assert await asyncio.gather(*(listings.ask(exchange) for _ in range(3))) == [True, False, False]
    assert exchange.calls == [("fetch_markets",)]


async def test_a_list_that_did_not_come_is_asked_for_again() -> None:
    listings = Listings()
    exchange = FakeExchange()
    exchange.listed = ccxt.NetworkError("x")
    with pytest.raises(ccxt.NetworkError):
        await listings.ask(exchange)
    exchange.listed = []
    assert await listings.ask(exchange)


async def test_only_spot_markets_are_taken() -> None:
    exchange = FakeExchange()
    exchange.listed = [
        {"symbol": A, "spot": True},
        {"symbol": "A/USDT:USDT", "spot": False},
        {"symbol": B, "spot": None},
    ]
    assert [market["symbol"] for market in await fetch_spot(exchange)] == [A]
