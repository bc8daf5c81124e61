"""Markets as the venues' own lists have them, fees and networks as far as a key reaches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ccxt
import msgspec
import pytest
from aiohttp import web

from adapters.ccxt_errors import Redactor
from adapters.ccxt_listings import Listings
from adapters.ccxt_metadata import MAX_FEE_READS, CcxtMetadata
from adapters.ccxt_venue import CcxtFactory
from arb.clock import ManualClock
from arb.domain import CoinNetwork, FeeCoin, FeeSource, Market, Symbol
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Refine, Statics
from tests.adapters.ccxt_fakes import A, B, C, Errors, FakeClient, FakeExchange, V, serving

# ---------------------------------------------------------------------------------------------- recorded lists


def places(digits: object) -> Decimal:
    return Decimal(1).scaleb(-int(str(digits)))


def filters(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {entry["filterType"]: entry for entry in record["filters"]}


Row = tuple[str, Decimal, Decimal]  # native, tick, step
PARSERS: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Row]]] = {
    "mexc": (
        "mexc",
        lambda body: body["symbols"],
        lambda r: (r["symbol"], places(r["quotePrecision"]), places(r["baseAssetPrecision"])),
    ),
    "gateio": (
        "gate",
        lambda body: body,
        lambda r: (r["id"], places(r["precision"]), places(r["amount_precision"])),
    ),
    "kucoin": (
        "kucoin",
        lambda body: body["data"],
        lambda r: (r["symbol"], Decimal(r["priceIncrement"]), Decimal(r["baseIncrement"])),
    ),
    "bybit": (
        "bybit",
        lambda body: body["result"]["list"],
        lambda r: (r["symbol"], Decimal(r["priceFilter"]["tickSize"]), Decimal(r["lotSizeFilter"]["basePrecision"])),
    ),
    "bitget": (
        "bitget",
        lambda body: body["data"],
        lambda r: (r["symbol"], places(r["pricePrecision"]), places(r["quantityPrecision"])),
    ),
    "okx": (
        "okx",
        lambda body: body["data"],
        lambda r: (r["instId"], Decimal(r["tickSz"]), Decimal(r["lotSz"])),
    ),
    "binance": (
        "binance",
        lambda body: body["symbols"],
        lambda r: (
            r["symbol"],
            Decimal(filters(r)["PRICE_FILTER"]["tickSize"]),
            Decimal(filters(r)["LOT_SIZE"]["stepSize"]),
        ),
    ),
}
# What the venues answer to the questions that ccxt asks beside: nothing.
EMPTY: dict[str, Any] = {
    "gateio": [],
    "kucoin": {"code": "200000", "data": {"ticker": []}},
    "bitget": {"code": "00000", "data": []},
}


MINIMUMS: dict[str, Callable[[Any], tuple[str, str | None, str | None]]] = {
    "mexc": lambda r: (r["symbol"], r["baseSizePrecision"], r["quoteAmountPrecision"]),
    "gateio": lambda r: (r["id"], r["min_base_amount"], r.get("min_quote_amount")),
}


async def load(venue: str, shared: Path, errors: Errors) -> tuple[Any, Statics]:
    """The recorded list, and what comes of it through ccxt and a server that has nothing else to say."""
    recorded = json.loads((shared / "data" / "markets" / f"{venue}.json").read_text())
    path = "/proxy" + urlsplit(recorded["url"]).path
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(recorded["response"] if request.path == path else EMPTY.get(venue))

    async with serving(answer) as host:
        factory = CcxtFactory(PARSERS[venue][0], clock=ManualClock(), on_error=errors, rest_url=f"http://{host}/proxy")
        try:
            statics = await factory.metadata().load()
        finally:
            await factory.close()
    assert path in asked
    assert all(one.startswith("/proxy/") for one in asked)
    return recorded, statics


@pytest.mark.parametrize("venue", PARSERS)
async def test_ticks_and_steps_are_those_of_the_venues_own_list(venue: str, shared: Path) -> None:
    _, rows_of, parse = PARSERS[venue]
    errors = Errors()
    recorded, statics = await load(venue, shared, errors)
    expected = {native: (tick, step) for native, tick, step in map(parse, rows_of(recorded["response"]))}
    assert {market.native: (market.tick, market.step) for market in statics.markets} == expected
    assert len(statics.markets) == len({market.symbol for market in statics.markets}) == recorded["count"]
    assert all(market.symbol == f"{market.base}/{market.quote}" for market in statics.markets)
    assert {fee.source for fee in statics.fees} == {FeeSource.MARKET}
    assert errors == []


@pytest.mark.parametrize("venue", MINIMUMS)
async def test_minimums_are_those_of_the_venues_own_list(venue: str, shared: Path) -> None:
    recorded, statics = await load(venue, shared, Errors())
    rows = map(MINIMUMS[venue], PARSERS[venue][1](recorded["response"]))
    expected = {native: tuple(Decimal(text or 0) or None for text in texts) for native, *texts in rows}
    assert {market.native: (market.min_qty, market.min_notional) for market in statics.markets} == expected


# ---------------------------------------------------------------------------------------------- what a key opens

CURRENCIES = {"A": {"networks": {"SOL": {"info": {"addr": "x1"}, "deposit": True, "withdraw": False}}}}


def listed(symbol: Symbol) -> dict[str, Any]:
    base, quote = symbol.split("/")
    return {
        "id": base + quote,
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "spot": True,
        "taker": 0.002,
        "maker": 0.001,
        "precision": {"price": 0.01, "amount": 0.1},
        "info": {"st": base == "B"},
    }


def metadata(
    exchange: FakeExchange, errors: Errors | None = None, refine: Refine | None = None, listings: Listings | None = None
) -> CcxtMetadata:
    client = FakeClient(exchange, lambda exc: None)
    client.retry_after_s = 3.0

    async def opened() -> Any:
        return client

    return CcxtMetadata(
        V,
        "fake",
        opened,
        listings=listings or Listings(),
        clock=ManualClock(7),
        redact=Redactor(("hush",)),
        refine=refine,
        fee_coins=(FeeCoin.BASE, FeeCoin.QUOTE),
        on_error=errors if errors is not None else Errors(),
    )


@pytest.fixture
def exchange() -> FakeExchange:
    made = FakeExchange(fetchCurrencies=True, fetchTradingFees=True, fetchTradingFee=True)
    made.listed = [listed(A), listed(B) | {"spot": False, "symbol": "B/USDT:USDT"}, listed(B)]
    made.currencies = CURRENCIES
    made.fees = {A: {"taker": 0.0015, "maker": 0.0}, B: {"taker": None, "maker": None}, "B/USDT:USDT": {"taker": 1.0}}
    return made


async def test_without_keys_the_markets_own_fees_are_all_that_is_known(exchange: FakeExchange) -> None:
    statics = await metadata(exchange).load()
    assert [market.symbol for market in statics.markets] == [A, B]
    assert [(fee.symbol, fee.taker, fee.source) for fee in statics.fees] == [
        (A, Decimal("0.002"), FeeSource.MARKET),
        (B, Decimal("0.002"), FeeSource.MARKET),
    ]
    assert all((fee.buy_coin, fee.sell_coin) == (FeeCoin.BASE, FeeCoin.QUOTE) for fee in statics.fees)
    assert statics.networks == (CoinNetwork(V, statics.markets[0].base, "SOL", "x1", True, False),)
    assert exchange.calls == [("fetch_currencies",), ("fetch_markets",)]
    assert await metadata(exchange).account_fees([A]) == ()


async def test_one_call_tells_the_fees_of_an_account(exchange: FakeExchange) -> None:
    exchange.keys = True
    statics = await metadata(exchange).load()
    assert [(fee.symbol, fee.taker, fee.maker, fee.source) for fee in statics.fees] == [
        (A, Decimal("0.0015"), 0, FeeSource.ACCOUNT),
        (B, Decimal("0.002"), Decimal("0.001"), FeeSource.MARKET),  # the account's were empty
    ]


@pytest.mark.parametrize(
    ("alone", "source"),
    [
        pytest.param(True, FeeSource.MARKET, id="is no answer for each where each can be asked for"),
        pytest.param(False, FeeSource.ACCOUNT, id="is better than none"),
    ],
)
async def test_one_rate_for_everything(exchange: FakeExchange, alone: bool, source: FeeSource) -> None:
    exchange.keys = True
    exchange.has["fetchTradingFee"] = alone
    usual = {"taker": 0.0015, "maker": 0.0, "info": {"user_id": 1}}  # ccxt shows the one answer under every symbol
    exchange.fees = {A: usual, B: dict(usual)}
    statics = await metadata(exchange).load()
    assert {fee.source for fee in statics.fees} == {source}


async def test_without_such_a_call_each_symbol_that_matters_is_asked_for(exchange: FakeExchange) -> None:
    exchange.keys = True
    exchange.has["fetchTradingFees"] = False
    source = metadata(exchange)
    assert {fee.source for fee in (await source.load()).fees} == {FeeSource.MARKET}
    exchange.calls.clear()
    fees = await source.account_fees([A, B])
    assert [(fee.symbol, fee.source) for fee in fees] == [(A, FeeSource.ACCOUNT)]
    assert exchange.calls == [("fetch_trading_fee", A), ("fetch_trading_fee", B)]


async def test_nobody_is_asked_for_thousands_of_fees(exchange: FakeExchange) -> None:
    exchange.keys = True
    source = metadata(exchange)
    await source.load()
    exchange.calls.clear()
    await source.account_fees([A] * (MAX_FEE_READS + 5))
    assert len(exchange.calls) == MAX_FEE_READS


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        pytest.param(ccxt.PermissionDenied("hush"), [A], id="a key without the right has none for the next either"),
        pytest.param(ccxt.RateLimitExceeded("hush"), [A], id="too fast: not the next one too"),
        pytest.param(ccxt.BadSymbol("hush"), [A, B], id="an unknown symbol says nothing about the next"),
    ],
)
async def test_account_fees_that_cannot_be_read_are_reported(
    exchange: FakeExchange, error: Exception, asked: list[Symbol]
) -> None:
    exchange.keys = True
    errors = Errors()
    source = metadata(exchange, errors)
    exchange.fees = {}
    await source.load()
    exchange.calls.clear()
    exchange.fees = {A: error, B: {"taker": 0.1, "maker": 0.1}}
    assert [fee.symbol for fee in await source.account_fees([A, B])] == asked[1:]
    assert exchange.calls == [("fetch_trading_fee", symbol) for symbol in asked]
    assert [str(one) for one in errors] == [f"v: account fees not known: {type(error).__name__}: ***"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(ccxt.AuthenticationError("hush"), AuthFailed, id="a refused key"),
        pytest.param(ccxt.ExchangeNotAvailable("hush"), Transient, id="a call that is not served"),
        pytest.param(KeyError("hush"), ProtocolError, id="an answer that ccxt cannot read"),
    ],
)
async def test_the_markets_fees_stand_where_the_accounts_cannot_be_read(
    exchange: FakeExchange, error: Exception, kind: type[VenueError]
) -> None:
    exchange.keys = True
    exchange.fees = error  # type: ignore[assignment]
    errors = Errors()
    statics = await metadata(exchange, errors).load()
    assert {fee.source for fee in statics.fees} == {FeeSource.MARKET}
    assert [type(one) for one in errors] == [kind]
    assert "hush" not in str(errors[0])


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ccxt.AuthenticationError("x"), id="a refused key"),
        pytest.param(ccxt.NotSupported("x"), id="refused"),
        pytest.param(TypeError("x"), id="unreadable"),
    ],
)
async def test_networks_that_nobody_tells_are_unknown(exchange: FakeExchange, error: Exception) -> None:
    exchange.currencies = error
    errors = Errors()
    statics = await metadata(exchange, errors).load()
    assert statics.networks == ()
    assert len(statics.markets) == 2
    assert len(errors) == 1
    assert "networks not known" in str(errors[0])


async def test_networks_that_come_later_are_waited_for(exchange: FakeExchange) -> None:
    """Facts without networks would be stored for a day."""
    exchange.currencies = ccxt.RequestTimeout("x")
    with pytest.raises(Transient) as raised:
        await metadata(exchange).load()
    assert raised.value.retry_after_s == 3.0


@pytest.mark.parametrize(
    ("currencies", "has"),
    [
        pytest.param(None, True, id="MEXC answers nothing without keys"),
        pytest.param({}, True, id="an empty answer"),
        pytest.param(CURRENCIES, False, id="no such call"),
    ],
)
async def test_no_networks(exchange: FakeExchange, currencies: Any, has: bool) -> None:
    exchange.currencies = currencies
    exchange.has["fetchCurrencies"] = has
    errors = Errors()
    statics = await metadata(exchange, errors).load()
    assert statics.networks == ()
    assert errors == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(ccxt.RequestTimeout("x"), Transient, id="no answer"),
        pytest.param(ccxt.ExchangeError("x"), Rejected, id="refused"),
        pytest.param(KeyError("x"), ProtocolError, id="unreadable"),
    ],
)
async def test_without_markets_there_is_nothing(
    exchange: FakeExchange, error: Exception, kind: type[VenueError]
) -> None:
    exchange.listed = error
    with pytest.raises(kind):
        await metadata(exchange).load()


# ---------------------------------------------------------------------------------------------- refine, listings


def closed(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market:
    return msgspec.structs.replace(market, buyable=not info["st"], why=f"at {wall_ns}")


def clumsy(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market:
    return msgspec.structs.replace(market, why=info["missing"])


async def test_the_venues_own_module_has_the_last_word_on_a_market(exchange: FakeExchange) -> None:
    markets = (await metadata(exchange, refine=closed).load()).markets
    assert [(market.symbol, market.buyable, market.why) for market in markets] == [
        (A, True, "at 7"),
        (B, False, "at 7"),
    ]


async def test_a_record_that_its_module_cannot_read_closes_the_market(exchange: FakeExchange) -> None:
    markets = (await metadata(exchange, refine=clumsy).load()).markets
    assert [(market.buyable, market.sellable) for market in markets] == [(False, False)] * 2
    assert "KeyError" in markets[0].why


async def test_clients_are_told_of_what_was_read(exchange: FakeExchange) -> None:
    listings = Listings()
    await metadata(exchange, listings=listings).load()
    other = FakeExchange()
    listings.tell(other, [B, C])
    assert other.markets is not None
    assert {symbol: market["info"] for symbol, market in other.markets.items()} == {B: {"st": True}}


class SpotOnly(FakeExchange):
    async def fetch_spot_markets(self, params: Mapping[str, Any]) -> Any:
        self.calls.append(("fetch_spot_markets", dict(params)))
        return self.listed


async def test_only_spot_is_asked_for_where_that_is_possible() -> None:
    exchange = SpotOnly()
    exchange.listed = [listed(A)]
    assert len((await metadata(exchange).load()).markets) == 1
    assert exchange.calls == [("fetch_spot_markets", {})]
