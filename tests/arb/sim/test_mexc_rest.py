from __future__ import annotations

import hmac
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from arb.clock import ManualClock
from arb.sim import SimExchanges
from arb.sim.venue import Request, SimVenue
from tests.arb.sim.support import MS, WALL_NS, world

NOW_MS = WALL_NS // MS


@pytest.fixture
def venue() -> SimVenue:
    """The venue without its server."""
    clock = ManualClock(5 * 10**9, WALL_NS)
    sim = SimExchanges(clock, symbols=60)
    sim.market.start(clock)
    return sim.venues["mexc"]


def get(venue: SimVenue, path: str, query: str = "", **headers: str) -> tuple[int, Any]:
    reply = venue.rest(Request("GET", path, query, {k.replace("_", "-"): v for k, v in headers.items()}))
    return reply.status, msgspec.json.decode(reply.body)


def signed(venue: SimVenue, path: str, query: str = "", *, key: str = "", at_ms: int = NOW_MS) -> tuple[int, Any]:
    text = f"{query}&timestamp={at_ms}" if query else f"timestamp={at_ms}"
    signature = hmac.new(venue.secret.encode(), text.encode(), sha256).hexdigest()
    return get(venue, path, f"{text}&signature={signature}", x_mexc_apikey=key or venue.key)


def samples(shared: Path) -> dict[str, Any]:
    data = msgspec.json.decode((shared / "protocols/samples/mexc/rest_samples.json").read_bytes())
    return {s["req"]: s["body"] for s in data["spot"]}


@pytest.mark.parametrize(
    ("path", "query", "sample"),
    [
        ("/api/v3/ping", "", "GET /api/v3/ping"),
        ("/api/v3/time", "", "GET /api/v3/time"),
        ("/api/v3/exchangeInfo", "symbol=BTCUSDT", "GET /api/v3/exchangeInfo?symbol=BTCUSDT"),
        ("/api/v3/depth", "symbol=BTCUSDT&limit=2", "GET /api/v3/depth?symbol=BTCUSDT&limit=5"),
        ("/api/v3/trades", "symbol=BTCUSDT&limit=1", "GET /api/v3/trades?symbol=..."),
        ("/api/v3/ticker/bookTicker", "symbol=BTCUSDT", "GET /api/v3/ticker/bookTicker?symbol=MXUSDT"),
    ],
)
def test_public_answers_have_the_fields_of_the_samples(
    venue: SimVenue, shared: Path, path: str, query: str, sample: str
) -> None:
    status, body = get(venue, path, query)
    assert status == 200
    extra = {"conceptPlateIds"}  # the sample leaves it out
    assert shape(body, extra) == shape(samples(shared)[sample], extra)


@pytest.mark.parametrize(
    ("path", "query", "sample"),
    [
        ("/api/v3/tradeFee", "symbol=BTCUSDT", "GET /api/v3/tradeFee?symbol=MXUSDT"),
        ("/api/v3/account", "", "GET /api/v3/account"),
        ("/api/v3/capital/config/getall", "", "GET /api/v3/capital/config/getall (one coin)"),
    ],
)
def test_signed_answers_have_the_fields_of_the_samples(
    venue: SimVenue, shared: Path, path: str, query: str, sample: str
) -> None:
    status, body = signed(venue, path, query)
    assert status == 200
    extra = {"available", "depositDesc", "withdrawTips", "depositTips"}
    assert shape(body, extra) == shape(samples(shared)[sample], extra)


def shape(value: Any, ignore: set[str]) -> Any:
    """Keys and kinds; lists by their first item."""
    if isinstance(value, dict):
        return {k: shape(v, ignore) for k, v in sorted(value.items()) if k not in ignore}
    if isinstance(value, list):
        return [shape(value[0], ignore)] if value else []
    return type(value)


def test_exchange_info_says_what_may_be_traded(venue: SimVenue) -> None:
    _, body = get(venue, "/api/v3/exchangeInfo")
    by_name = {s["symbol"]: s for s in body["symbols"]}
    assert len(by_name) == 62
    assert not by_name["NOAPIUSDT"]["isSpotTradingAllowed"]
    assert by_name["ZONKUSDT"]["st"]
    assert by_name["HOLDUPUSDT"]["status"] == "2"
    assert any(s["baseSizePrecision"] == "0" for s in by_name.values())
    assert {Decimal(s["quoteAmountPrecision"]) for s in by_name.values() if s["quoteAsset"] == "USDT"} == {Decimal(1)}
    assert any(len(s["quoteAmountPrecision"]) > 20 for s in by_name.values())
    _, tradable = signed(venue, "/api/v3/selfSymbols")
    assert tradable["code"] == 200
    assert set(by_name) - set(tradable["data"]) == {"NOAPIUSDT", "HOLDUPUSDT"}
    _, listed = get(venue, "/api/v3/defaultSymbols")
    assert listed["data"] == tradable["data"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("symbol=ETHUSDT", ["ETHUSDT"]),
        ("symbols=ETHUSDT,BTCUSDT", ["ETHUSDT", "BTCUSDT"]),
        ("symbols=ETHUSDT%2CBTCUSDT", ["ETHUSDT", "BTCUSDT"]),
    ],
)
def test_exchange_info_by_symbol(venue: SimVenue, query: str, names: list[str]) -> None:
    _, body = get(venue, "/api/v3/exchangeInfo", query)
    assert [s["symbol"] for s in body["symbols"]] == names


@pytest.mark.parametrize(("query", "levels"), [("", 100), ("&limit=7", 7), ("&limit=5000", 250), ("&limit=99999", 250)])
def test_depth_limits(venue: SimVenue, query: str, levels: int) -> None:
    _, body = get(venue, "/api/v3/depth", "symbol=BTCUSDT" + query)
    assert len(body["bids"]) == len(body["asks"]) == levels
    prices = [Decimal(p) for p, _ in body["bids"]]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] < Decimal(body["asks"][0][0])


def test_tickers_for_one_and_for_all(venue: SimVenue) -> None:
    for path in ("24hr", "price", "bookTicker"):
        _, one = get(venue, f"/api/v3/ticker/{path}", "symbol=BTCUSDT")
        _, every = get(venue, f"/api/v3/ticker/{path}")
        assert one["symbol"] == "BTCUSDT"
        assert len(every) == 62
        assert set(every[0]) == set(one)


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        pytest.param("/api/v3/depth", "symbol=NOPE", 400, -1121, id="unknown symbol"),
        pytest.param("/api/v3/depth", "", 400, -1121, id="no symbol"),
        pytest.param("/api/v3/exchangeInfo", "symbol=NOPE", 400, -1121, id="unknown symbol in exchangeInfo"),
        pytest.param("/api/v3/nothing", "", 404, 404, id="unknown path"),
        pytest.param("/other", "", 404, 404, id="quite unknown path"),
        pytest.param("/api/v3/account", "timestamp=1", 400, 400, id="no key"),
    ],
)
def test_errors(venue: SimVenue, path: str, query: str, status: int, code: int) -> None:
    got, body = get(venue, path, query)
    assert (got, body["code"]) == (status, code)
    assert body["msg"]


@pytest.mark.parametrize(
    ("at_ms", "query", "code"),
    [
        pytest.param(NOW_MS + 999, "", None, id="a little fast"),
        pytest.param(NOW_MS + 1000, "", 700003, id="a second fast"),
        pytest.param(NOW_MS + 1000, "recvWindow=60000", 700003, id="the window does not help a fast clock"),
        pytest.param(NOW_MS - 5000, "", None, id="just in the window"),
        pytest.param(NOW_MS - 5001, "", 700003, id="too slow"),
        pytest.param(NOW_MS - 5001, "recvWindow=6000", None, id="a wider window"),
        pytest.param(NOW_MS, "recvWindow=60001", 700005, id="too wide a window"),
    ],
)
def test_timestamps(venue: SimVenue, at_ms: int, query: str, code: int | None) -> None:
    status, body = signed(venue, "/api/v3/account", query, at_ms=at_ms)
    assert (status, body.get("code")) == ((200, None) if code is None else (400, code))


def test_signatures(venue: SimVenue) -> None:
    path, key = "/api/v3/account", {"x_mexc_apikey": venue.key}
    text = f"timestamp={NOW_MS}"
    right = hmac.new(venue.secret.encode(), text.encode(), sha256).hexdigest()
    assert get(venue, path, f"{text}&signature={right}", **key)[0] == 200
    assert get(venue, path, f"{text}&signature={right.upper()}", **key)[1]["code"] == 700002
    assert get(venue, path, f"{text}&x=1&signature={right}", **key)[1]["code"] == 700002
    assert get(venue, path, text, **key)[1]["code"] == 44444
    assert signed(venue, path, key="mx0other")[1]["code"] == 10072


def test_the_vendors_own_signature_is_accepted(venue: SimVenue, shared: Path) -> None:
    vectors = msgspec.json.decode((shared / "protocols/samples/mexc/signing_vectors.json").read_bytes())
    venue.key, venue.secret = vectors["apiKey"], vectors["secret"]
    [vector] = [v for v in vectors["spot"] if v["name"] == "account"]
    url = urlsplit(vector["url"])
    status, body = get(venue, url.path, url.query, x_mexc_apikey=venue.key)
    assert (status, body["accountType"]) == (200, "SPOT")


def test_the_fee_of_the_account_may_differ_from_the_public_one(venue: SimVenue) -> None:
    _, info = get(venue, "/api/v3/exchangeInfo")
    own = {s["symbol"]: venue.books[f"{s['baseAsset']}/{s['quoteAsset']}"].listing.own_taker for s in info["symbols"]}
    reduced = next(s for s in info["symbols"] if Decimal(s["takerCommission"]) != Decimal(str(own[s["symbol"]])))
    _, fee = signed(venue, "/api/v3/tradeFee", f"symbol={reduced['symbol']}")
    assert fee["data"]["takerCommission"] == own[reduced["symbol"]] < float(reduced["takerCommission"])


def test_the_weight_of_a_window_is_limited(venue: SimVenue) -> None:
    for _ in range(20):
        assert get(venue, "/api/v3/exchangeInfo")[0] == 200
    reply = venue.rest(Request("GET", "/api/v3/exchangeInfo", "", {}))
    assert (reply.status, msgspec.json.decode(reply.body)["code"]) == (429, 429)
    assert 1 <= int(reply.headers["Retry-After"]) <= 11
    assert get(venue, "/api/v3/ping")[0] == 200


async def test_it_is_served_over_http() -> None:
    async with world(symbols=2) as w:
        status, body, headers = await w.get("mexc", "/api/v3/time")
        assert (status, body) == (200, {"serverTime": NOW_MS})
        assert headers["content-type"] == "application/json"
        assert (await w.get("mexc", "/nowhere"))[0] == 404
