"""A client that others wrote, unchanged but for its URLs, works against the simulated venues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro as ccxtpro
import pytest
from ccxt.base.errors import AuthenticationError, BadSymbol, ExchangeError, InvalidNonce, RateLimitExceeded

from arb.clock import ManualClock, SystemClock
from arb.interfaces import Clock
from arb.sim import FaultPlan, FaultRule, SimExchanges
from tests.arb.sim.support import MS, WALL_NS

REAL = {"mexc": "https://api.mexc.com", "gateio": "https://api.gateio.ws/api/v4"}
NAMES = {"mexc": "mexc", "gateio": "gate"}


def point(urls: dict[str, Any], real: str, rest: str, ws: str) -> None:
    """Every REST base and every socket address that the client keeps, replaced."""
    for key, url in urls.items():
        if isinstance(url, dict):
            point(url, real, rest, ws)
        elif isinstance(url, str):
            urls[key] = ws if url.startswith("ws") else url.replace(real, rest)


@asynccontextmanager
async def client(venue: str, clock: Clock, **kwargs: Any) -> AsyncIterator[tuple[SimExchanges, Any]]:
    """The client signs by the real clock: it only has keys where the sim goes by that too."""
    sim = SimExchanges(clock, symbols=30, venues=tuple(NAMES), **kwargs)
    await sim.start(drive=isinstance(clock, SystemClock))
    key, secret = sim.keys[venue] if isinstance(clock, SystemClock) else ("", "")
    exchange = getattr(ccxtpro, NAMES[venue])(
        {"apiKey": key, "secret": secret, "options": {"fetchMarkets": {"types": ["spot"]}}, "rateLimit": 1}
    )
    point(exchange.urls["api"], REAL[venue], sim.urls[venue].rest_url, sim.urls[venue].ws_url)
    try:
        yield sim, exchange
    finally:
        await exchange.close()
        await sim.stop()


@pytest.mark.parametrize("venue", list(NAMES))
async def test_everything_static_can_be_read(venue: str) -> None:
    async with client(venue, SystemClock()) as (sim, exchange):
        markets = await exchange.load_markets()
        books = sim.market.books(venue)
        assert set(markets) == set(books)
        for symbol, book in books.items():
            market, listing = markets[symbol], book.listing
            assert market["precision"]["price"] == pytest.approx(10**-listing.price_decimals)
            assert market["precision"]["amount"] == pytest.approx(10**-listing.qty_decimals)
            assert market["limits"]["cost"]["min"] == float(listing.min_notional)
            assert market["taker"] == listing.taker
        inactive = {s for s in books if not markets[s]["active"]}
        assert inactive == {s for s, b in books.items() if b.listing.quirk in INACTIVE[venue]}
        assert inactive
        currencies = await exchange.fetch_currencies()
        networks = sim.market.catalogue.networks[venue]
        assert set(currencies) == set(networks)
        for coin, chains in networks.items():
            assert [n["deposit"] for n in currencies[coin]["networks"].values()] == [c.deposit for c in chains]
            assert [n["withdraw"] for n in currencies[coin]["networks"].values()] == [c.withdraw for c in chains]
        for symbol in ("BTC/USDT", next(s for s, b in books.items() if b.listing.own_taker != b.listing.taker)):
            assert (await exchange.fetch_trading_fee(symbol))["taker"] == books[symbol].listing.own_taker
        balance = await exchange.fetch_balance()
        assert balance["USDT"]["free"] == 25_000
        assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 1000
        tickers = await exchange.fetch_tickers()
        assert set(tickers) == set(books)
        trades = await exchange.fetch_trades("BTC/USDT")
        assert len(trades) >= 20


# what the client itself calls inactive; it does not look at the other flags
INACTIVE = {"mexc": {"no_api", "paused"}, "gateio": {"untradable", "sell_only"}}


@pytest.mark.parametrize("venue", list(NAMES))
async def test_a_fetched_book_is_the_markets(venue: str) -> None:
    async with client(venue, ManualClock(0, WALL_NS)) as (sim, exchange):
        fetched = await exchange.fetch_order_book("BTC/USDT", 50)
        book = sim.market.books(venue)["BTC/USDT"]
        assert fetched["nonce"] == book.version
        check(fetched, sim, venue, "BTC/USDT", 50)


def check(found: Any, sim: SimExchanges, venue: str, symbol: str, levels: int) -> None:
    book = sim.market.books(venue)[symbol]
    prices, amounts = book.listing.price_decimals, book.listing.qty_decimals
    for side, keys in (("bids", book.bids), ("asks", book.asks)):
        expected = [
            [round(abs(k) / 10**prices, prices), round(book.lots[k] / 10**amounts, amounts)] for k in keys[:levels]
        ]
        assert [list(level[:2]) for level in found[side][:levels]] == expected


@pytest.mark.parametrize(
    ("venue", "params", "levels"), [("mexc", {"frequency": "10ms"}, 20), ("mexc", {}, 20), ("gateio", {}, 50)]
)
async def test_a_watched_book_stays_the_markets(venue: str, params: dict[str, str], levels: int) -> None:
    clock = ManualClock(0, WALL_NS)
    async with client(venue, clock) as (sim, exchange):
        await exchange.load_markets()
        watched: list[int] = []

        async def watch() -> None:
            while True:
                await exchange.watch_order_book("BTC/USDT", None, params)
                watched.append(1)

        task = asyncio.create_task(watch())
        for _ in range(100):
            clock.advance(100 * MS)  # to the end of an interval: nothing is pending then
            sim.step()
            if watched:
                await asyncio.sleep(0.0005)
            else:  # this client drops an update that begins before its seed and ends after it: none may come meanwhile
                await exchange_is_still(watched)
            if len(watched) >= 40:
                break
        assert len(watched) >= 40
        await exchange_is_still(watched)
        check(exchange.orderbooks["BTC/USDT"], sim, venue, "BTC/USDT", levels)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def exchange_is_still(watched: list[int]) -> None:
    """Until the client has read all there is."""
    count = -1
    while count != len(watched):
        count = len(watched)
        await asyncio.sleep(0.03)


@pytest.mark.parametrize("venue", list(NAMES))
async def test_tickers_and_trades_can_be_watched(venue: str) -> None:
    clock = ManualClock(0, WALL_NS)
    async with client(venue, clock) as (sim, exchange):
        await exchange.load_markets()

        async def drive() -> None:
            while True:
                clock.advance(10 * MS)
                sim.step()
                await asyncio.sleep(0.0005)

        task = asyncio.create_task(drive())
        ticker = await exchange.watch_ticker("BTC/USDT")
        assert ticker["bid"] < ticker["ask"]
        [trade, *_] = await exchange.watch_trades("BTC/USDT")
        assert trade["side"] in ("buy", "sell")
        if venue == "gateio":  # on MEXC this client cannot read the present form of its own channel
            quotes = await exchange.watch_bids_asks(["ETH/USDT"])
            assert quotes["ETH/USDT"]["bid"] > 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


EXPIRED = {"mexc": "700003", "gateio": "REQUEST_EXPIRED"}
WRONG = {"mexc": "700002", "gateio": "INVALID_SIGNATURE"}


@pytest.mark.parametrize("venue", list(NAMES))
async def test_the_client_understands_our_errors(venue: str) -> None:
    limited = FaultPlan((FaultRule(kind="rate_limit", at_ms=(1,), duration_ms=1000),))
    clock = ManualClock(0, WALL_NS)  # years from the client's clock
    async with client(venue, clock, faults=limited) as (sim, exchange):
        await exchange.load_markets()
        exchange.apiKey, exchange.secret = sim.keys[venue]
        with pytest.raises(InvalidNonce if venue == "mexc" else AuthenticationError, match=EXPIRED[venue]):
            await exchange.fetch_balance()
        exchange.markets["NO/PE"] = {**exchange.markets["BTC/USDT"], "id": "NO_PE", "symbol": "NO/PE"}
        with pytest.raises(BadSymbol):
            await exchange.fetch_order_book("NO/PE")
        clock.advance(10 * MS)
        sim.step()
        with pytest.raises(RateLimitExceeded):
            await exchange.fetch_order_book("BTC/USDT")
    async with client(venue, SystemClock()) as (_, exchange):
        await exchange.load_markets()
        exchange.secret = "0" * 32
        with pytest.raises((AuthenticationError, ExchangeError), match=WRONG[venue]):
            await exchange.fetch_trading_fee("BTC/USDT")
