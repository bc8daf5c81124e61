from __future__ import annotations

import hmac
from decimal import Decimal
from hashlib import sha512
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from arb.clock import ManualClock
from arb.sim import SimExchanges
from arb.sim.venue import Reply, Request, SimVenue
from tests.arb.sim.support import MS, WALL_NS, world

NOW_S = WALL_NS // 10**9
P = "/api/v4"


@pytest.fixture
def venue() -> SimVenue:
    """The venue without its server."""
    clock = ManualClock(5 * 10**9, WALL_NS)
    sim = SimExchanges(clock, symbols=60)
    sim.market.start(clock)
    return sim.venues["gateio"]


def ask(venue: SimVenue, path: str, query: str = "", **headers: str) -> Reply:
    return venue.rest(Request("GET", P + path, query, headers))


def get(venue: SimVenue, path: str, query: str = "", **headers: str) -> tuple[int, Any]:
    reply = ask(venue, path, query, **headers)
    return reply.status, msgspec.json.decode(reply.body)


def signed(venue: SimVenue, path: str, query: str = "", *, at: str = str(NOW_S), key: str = "") -> tuple[int, Any]:
    text = "\n".join(("GET", P + path, unquote(query), sha512(b"").hexdigest(), at))
    sign = hmac.new(venue.secret.encode(), text.encode(), sha512).hexdigest()
    return get(venue, path, query, key=key or venue.key, timestamp=at, sign=sign)


def test_pairs_have_the_fields_of_the_real_ones(venue: SimVenue, shared: Path) -> None:
    data = msgspec.json.decode((shared / "protocols/samples/gateio/spot_rest_public_real.json").read_bytes())
    real = data["GET /api/v4/spot/currency_pairs (2026, 3 of many)"][0]
    optional = {
        "max_base_amount",
        "market_order_max_stock",
        "market_order_max_money",
        "min_base_amount",
        "delisting_time",
    }
    status, pairs = get(venue, "/spot/currency_pairs")
    assert (status, len(pairs)) == (200, 62)
    for pair in pairs:
        assert set(pair) - optional == set(real) - optional
        assert {k: type(v) for k, v in pair.items()} == {k: type(real.get(k, 0)) for k in pair}
    assert get(venue, "/spot/currency_pairs/BTC_USDT")[1] in pairs


def test_pairs_say_what_may_be_traded(venue: SimVenue) -> None:
    pairs = {p["id"]: p for p in get(venue, "/spot/currency_pairs")[1]}
    assert pairs["FROZN_USDT"]["trade_status"] == "untradable"
    assert pairs["ONEWAY_USDT"]["trade_status"] == "sellable"
    assert pairs["EARLYB_USDT"]["type"] == "premarket"
    assert pairs["LASTCALL_USDT"]["delisting_time"] > NOW_S
    assert {p["fee"] for p in pairs.values()} == {"0.2"}
    assert any("min_base_amount" not in p for p in pairs.values())
    assert any(p["amount_precision"] == 0 for p in pairs.values())


def test_an_announced_delisting_does_not_move(venue: SimVenue) -> None:
    before = get(venue, "/spot/currency_pairs/LASTCALL_USDT")[1]
    assert isinstance(venue.world.clock, ManualClock)
    venue.world.clock.advance(90 * 10**9)
    assert get(venue, "/spot/currency_pairs/LASTCALL_USDT")[1] == before


def test_currencies_tell_by_chain_what_can_be_moved(venue: SimVenue, shared: Path) -> None:
    currencies = {c["currency"]: c for c in get(venue, "/spot/currencies")[1]}
    docs = msgspec.json.decode((shared / "protocols/samples/gateio/spot_rest_docs.json").read_bytes())
    sample = docs["GET /api/v4/spot/currencies/{currency}"]["200 Response"]
    assert set(currencies["BTC"]) == set(sample)
    assert set(currencies["BTC"]["chains"][0]) == set(sample["chains"][0])
    assert all(c["deposit_disabled"] for c in currencies["SHUTIN"]["chains"])
    assert get(venue, "/spot/currencies/SHUTIN")[1] == currencies["SHUTIN"]


@pytest.mark.parametrize(("query", "levels"), [("", 10), ("&limit=100", 100), ("&limit=1000", 250)])
def test_order_books(venue: SimVenue, query: str, levels: int) -> None:
    _, body = get(venue, "/spot/order_book", f"currency_pair=BTC_USDT{query}&with_id=true")
    assert list(body) == ["id", "current", "update", "asks", "bids"]
    assert len(body["bids"]) == len(body["asks"]) == levels
    assert Decimal(body["bids"][0][0]) < Decimal(body["asks"][0][0])
    assert Decimal(body["bids"][1][0]) < Decimal(body["bids"][0][0])
    assert "id" not in get(venue, "/spot/order_book", "currency_pair=BTC_USDT")[1]
    assert "id" in get(venue, "/spot/order_book", "currency_pair=BTC_USDT&with_id=True")[1]


def test_tickers_and_trades(venue: SimVenue) -> None:
    [one] = get(venue, "/spot/tickers", "currency_pair=BTC_USDT")[1]
    every = get(venue, "/spot/tickers")[1]
    assert set(one) - set(every[0]) == {"lowest_size", "highest_size"}
    trades = get(venue, "/spot/trades", "currency_pair=BTC_USDT&limit=3")[1]
    assert len(trades) == 3
    assert all(isinstance(v, str) for t in trades for v in t.values())


@pytest.mark.parametrize(
    ("path", "query", "status", "label"),
    [
        pytest.param("/spot/nothing", "", 404, "NOT_FOUND", id="unknown path"),
        pytest.param("/spot/order_book", "", 400, "MISSING_REQUIRED_PARAM", id="no pair"),
        pytest.param("/spot/order_book", "currency_pair=NO_PAIR", 400, "INVALID_CURRENCY_PAIR", id="unknown pair"),
        pytest.param("/spot/order_book", "currency_pair=BTC_USDT&limit=0", 400, "INVALID_PARAM_VALUE", id="bad limit"),
        pytest.param("/spot/currency_pairs/NO_PAIR", "", 400, "INVALID_CURRENCY_PAIR", id="unknown single pair"),
        pytest.param("/spot/currencies/NOPE", "", 400, "INVALID_CURRENCY", id="unknown currency"),
        pytest.param("/wallet/fee", "", 401, "MISSING_REQUIRED_HEADER", id="unsigned"),
    ],
)
def test_errors(venue: SimVenue, path: str, query: str, status: int, label: str) -> None:
    got, body = get(venue, path, query)
    assert (got, body["label"]) == (status, label)
    assert set(body) == {"label", "message"}


def test_signatures(venue: SimVenue) -> None:
    assert signed(venue, "/wallet/fee")[0] == 200
    assert signed(venue, "/wallet/fee", at=f"{NOW_S}.123")[0] == 200
    assert signed(venue, "/wallet/fee", at=str(NOW_S - 61)) == (
        401,
        {"label": "REQUEST_EXPIRED", "message": "gap between request Timestamp and server time exceeds 60"},
    )
    assert signed(venue, "/wallet/fee", at=str(NOW_S + 61))[1]["label"] == "REQUEST_EXPIRED"
    assert signed(venue, "/wallet/fee", key="other")[1] == {"label": "INVALID_KEY", "message": "Invalid key provided"}
    wrong = get(venue, "/wallet/fee", key=venue.key, timestamp=str(NOW_S), sign="ab" * 64)
    assert wrong == (401, {"label": "INVALID_SIGNATURE", "message": "Signature mismatch"})


def test_the_documented_signature_is_accepted(venue: SimVenue, shared: Path) -> None:
    """A comma that is sent encoded is signed plain."""
    vectors = msgspec.json.decode((shared / "protocols/samples/gateio/signing_vectors.json").read_bytes())["computed"]
    venue.key, venue.secret = vectors["key"], vectors["secret"]
    [vector] = [v for v in vectors["rest"] if v["path"].endswith("batch_fee")]
    headers = {"key": venue.key, "timestamp": vector["timestamp"], "sign": vector["SIGN"]}
    for query in (vector["query"], vector["query"].replace(",", "%2C")):
        status, body = get(venue, "/spot/batch_fee", query, **headers)
        assert (status, set(body)) == (200, {"BTC_USDT", "ETH_USDT"})


def test_fees_are_fractions(venue: SimVenue) -> None:
    assert signed(venue, "/wallet/fee")[1]["taker_fee"] == "0.002"
    own = {b.listing.symbol: b.listing.own_taker for b in venue.books.values()}
    reduced = next(s for s, fee in own.items() if fee != 0.002)
    pair = reduced.replace("/", "_")
    assert float(signed(venue, "/wallet/fee", f"currency_pair={pair}")[1]["taker_fee"]) == own[reduced]
    assert float(signed(venue, "/spot/fee", f"currency_pair={pair}")[1]["taker_fee"]) == own[reduced]
    assert signed(venue, "/spot/batch_fee", "currency_pairs=NO_PAIR")[1]["label"] == "INVALID_CURRENCY_PAIR"


def test_accounts(venue: SimVenue) -> None:
    accounts = signed(venue, "/spot/accounts")[1]
    assert set(accounts[0]) == {"currency", "available", "locked", "update_id"}
    [usdt] = signed(venue, "/spot/accounts", "currency=USDT")[1]
    assert usdt["currency"] == "USDT"


def test_every_answer_tells_about_the_rate_limit(venue: SimVenue) -> None:
    first = ask(venue, "/spot/time")
    assert first.headers["X-Gate-RateLimit-Requests-Remain"] == "199"
    assert first.headers["X-Gate-RateLimit-Limit"] == "200"
    assert first.headers["X-In-Time"] == str(WALL_NS // 1000)
    for _ in range(199):
        assert ask(venue, "/spot/time").status == 200
    refused = ask(venue, "/spot/time")
    assert refused.status == 429
    assert msgspec.json.decode(refused.body) == {
        "label": "TOO_MANY_REQUESTS",
        "message": "Request Rate limit Exceeded (211)",
    }
    assert int(refused.headers["X-Gate-RateLimit-Reset-Timestamp"]) > WALL_NS // MS
    assert ask(venue, "/spot/tickers").status == 200


async def test_it_is_served_over_http() -> None:
    async with world(symbols=2) as w:
        status, body, headers = await w.get("gateio", "/spot/time")
        assert (status, body) == (200, {"server_time": WALL_NS // MS})
        assert headers["x-gate-trace-id"]
        assert (await w.get("gateio", "/nowhere"))[0] == 404
