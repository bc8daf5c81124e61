from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from ccxt import gate as ccxt_gate
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.domain import (
    BookDelta,
    BookSnapshot,
    FeeCoin,
    Market,
    Notice,
    Pong,
    Quote,
    Side,
    Subscribed,
    SubscriptionRefused,
    Trade,
    Unsubscribed,
)
from arb.errors import AuthFailed, Rejected, Transient, VenueError
from arb.session import SplitNatives
from fastpath.gateio import SPEC, Codec, refine

NS = 1_000_000
FEEDS = {feed.name: feed for feed in SPEC.feeds}
NOW_S = 1_767_225_600
RECORD = {
    "id": "AAA_USDT",
    "fee": "0.2",
    "min_base_amount": "0.001",
    "min_quote_amount": "3",
    "max_quote_amount": "5000000",
    "max_base_amount": "100.50",
    "amount_precision": 4,
    "precision": 2,
    "trade_status": "tradable",
    "sell_start": 0,
    "buy_start": 0,
    "delisting_time": 0,
    "type": "normal",
    "st_tag": False,
}
MARKET = Market("gateio", "AAA/USDT", "AAA_USDT", "AAA", "USDT", Decimal("0.1"), Decimal("0.1"))


def load(shared, name):
    return msgspec.json.decode((shared / "protocols/samples/gateio" / name).read_bytes())


def floats(levels):
    return tuple((float(price), float(qty)) for price, qty in levels)


def messages(value):
    """Every frame inside a sample file, wherever it stands."""
    if isinstance(value, dict):
        of_a_channel = "channel" in value and not value.keys().isdisjoint({"event", "result", "error"})
        if of_a_channel or value.keys() >= {"header", "data"}:
            yield value
        else:
            for inner in value.values():
                yield from messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from messages(inner)


def expected(message):
    """What a frame of a sample means, read without any of our types; None where it is no book and no trade."""
    result, channel = message.get("result"), message["channel"]
    if message.get("event", "update") != "update" or not isinstance(result, dict):
        return None
    pair = result.get("s", result.get("currency_pair", "")).removeprefix("ob.").split(".")[0].replace("_", "/")
    if channel in ("spot.obu", "spot.order_book_update"):
        sides = floats(result.get("b", [])), floats(result.get("a", []))
        if result.get("full"):
            return BookSnapshot("gateio", pair, *sides, result["u"], result["t"] * NS, 5, 6)
        return BookDelta("gateio", pair, *sides, result["U"], result["u"], result["t"] * NS, 5, 6)
    if channel == "spot.order_book":
        sides = floats(result["bids"]), floats(result["asks"])
        return BookSnapshot("gateio", pair, *sides, result["lastUpdateId"], result["t"] * NS, 5, 6)
    if channel == "spot.book_ticker":
        touch = [float(result[key]) for key in "bBaA"]
        return Quote("gateio", pair, *touch, result["u"], result["t"] * NS, 5, 6)
    if channel in ("spot.trades", "spot.trades_v2"):
        side = {"buy": Side.BUY, "sell": Side.SELL}[result["side"]]
        micros = Decimal(result["create_time_ms"]) * 1000
        price, qty = float(result["price"]), float(result["amount"])
        return Trade("gateio", pair, price, qty, side, str(result["id"]), round(micros) * 1000, 5)
    return None


# ---------------------------------------------------------------------------------------------- the venue's frames

PUBLIC = [
    "spot_obu_real.json",
    "spot_ws_channels_docs.json",
    "spot_ws_recorded_2021.json",
    "spot_book_replay_FAST_USDT.json",
    "spot_book_replay_NEO_BTC.json",
]


@pytest.mark.parametrize("file", PUBLIC)
def test_every_documented_push_decodes_to_its_values(shared, file):
    found = 0
    for message in messages(load(shared, file)):
        event = expected(message)
        if event is not None:
            found += 1
            assert Codec(SplitNatives()).decode(msgspec.json.encode(message), 5, 6) == (event,)
    assert found >= 4


def test_every_other_message_is_an_answer_or_nothing(shared):
    """Private channels, the order interface, futures: no event of the public side, and no error either."""
    for path in sorted((shared / "protocols/samples/gateio").glob("*ws*.json")):
        for message in messages(msgspec.json.decode(path.read_bytes())):
            if message.get("event") == "api" or "auth" in message:
                continue  # what a client sends
            if "channel" in message and expected(message) is not None:
                continue
            for event in Codec(SplitNatives()).decode(msgspec.json.encode(message), 5, 6):
                assert isinstance(event, Subscribed | Unsubscribed | SubscriptionRefused | Pong | Notice), path


def test_real_answers_and_errors_decode_to_what_they_say(shared):
    answers = load(shared, "spot_ws_acks_errors_real.json")
    found = {
        name: Codec(SplitNatives()).decode(msgspec.json.encode(message), 5, 6) for name, message in answers.items()
    }
    assert found["subscribe_ack_2024_09"] == (Subscribed("gateio", ("BRETT/USDT",), 5, 6),)
    assert found["unknown_pair_2025_02"] == (
        SubscriptionRefused("gateio", ("LUNARLENS/USDT", "ETH/USDT"), "2 unknown currency pair: LUNARLENS_USDT", 5, 6),
    )
    assert found["duplicate_obu_docs"] == (Subscribed("gateio", ("BTC/USDT",), 5, 6),)
    (notice,) = found["service_upgrade_notice_announcement_2026_02"]
    assert notice.closing
    assert "reconnect" in notice.text
    for private in ("auth_failed_futures_2022", "unknown_contract_2022", "ws_api_not_logged_in_2024_06"):
        assert found[private] == ()


def test_the_documented_unsubscription_names_its_pair(shared):
    (message,) = load(shared, "spot_ws_channels_docs.json")["spot.obu"]["unsubscribe"]
    assert Codec(SplitNatives()).decode(msgspec.json.encode(message), 5, 6) == (
        Unsubscribed("gateio", ("BTC/USDT",), 5, 6),
    )


def test_a_recorded_session_decodes_to_its_last_frame(shared):
    codec, kinds = Codec(SplitNatives()), set()
    for raw in (shared / "data/books/GATEIO.jsonl").read_bytes().splitlines():
        line = msgspec.json.decode(raw)
        if line["dir"] != "in":
            continue
        if line["conn"].startswith("http"):
            book, sent = codec.decode_snapshot("X/Y", line["data"].encode(), 5), msgspec.json.decode(line["data"])
            assert (book.seq, book.bids, book.asks) == (sent["id"], floats(sent["bids"]), floats(sent["asks"]))
            continue
        events = codec.decode(line["data"].encode(), 5, 6)
        event = expected(msgspec.json.decode(line["data"]))
        if event is not None:
            assert events == (event,)
        kinds |= {type(e) for e in events}
    assert kinds == {BookDelta, Trade, Subscribed}


def test_captured_subscriptions_decode_or_mean_nothing(shared):
    seen = []
    for path in sorted((shared / "data/subscriptions/gateio").glob("*.json")):
        for step in msgspec.json.decode(path.read_bytes())["steps"]:
            if step["dir"] != "out" and "|id|" not in step["data"]:
                seen += Codec(SplitNatives()).decode(step["data"].encode(), 5, 6)
    assert (
        Quote("gateio", "ETH/USDT", 19177.79, 0.0003341504, 19179.38, 0.09, 48733182, 1606293275123 * NS, 5, 6) in seen
    )
    assert Subscribed("gateio", ("ETH/USDT",), 5, 6) in seen


def test_rest_books_decode_to_the_documented_values(shared):
    for name, body in load(shared, "spot_rest_public_real.json").items():
        if "/spot/order_book" in name and "id" in body:
            book = Codec({}).decode_snapshot("X/Y", msgspec.json.encode(body), 5)
            assert (book.seq, book.bids, book.asks) == (body["id"], floats(body["bids"]), floats(body["asks"]))
            assert book.exch_ns == body.get("update", 0) * NS


# ---------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("feed", "channel", "payload"),
    [
        ("spot.book_ticker", "spot.book_ticker", ["BTC_USDT"]),
        ("spot.order_book@5", "spot.order_book", ["BTC_USDT", "5", "100ms"]),
        ("spot.order_book@20", "spot.order_book", ["BTC_USDT", "20", "100ms"]),
        ("spot.obu@50", "spot.obu", ["ob.BTC_USDT.50"]),
        ("spot.obu@400", "spot.obu", ["ob.BTC_USDT.400"]),
        ("spot.order_book_update@20ms", "spot.order_book_update", ["BTC_USDT", "20ms"]),
        ("spot.order_book_update@100ms", "spot.order_book_update", ["BTC_USDT", "100ms"]),
    ],
)
def test_one_pair_a_request_in_the_words_of_its_channel(feed, channel, payload):
    codec = Codec({"BTC_USDT": "BTC/USDT", "ETH_USDT": "ETH/USDT"})
    asked = [
        msgspec.json.decode(frame)
        for frame in codec.encode_subscribe(FEEDS[feed], ["BTC/USDT", "ETH/USDT"], NOW_S * 10**9 + 999_999_999)
    ]
    first = {"time": NOW_S, "id": 1, "channel": channel, "event": "subscribe", "payload": payload}
    assert asked[0] == first
    assert [request["id"] for request in asked] == [1, 2]
    (ended,) = codec.encode_unsubscribe(FEEDS[feed], ["BTC/USDT"], NOW_S * 10**9)
    assert msgspec.json.decode(ended) == first | {"event": "unsubscribe"}


def test_the_feed_of_each_depth_is_the_one_that_the_venue_serves_best():
    first = {feed.depth.name: feed.name for feed in reversed(SPEC.feeds)}
    assert first == {
        "TOP": "spot.book_ticker",
        "FIVE": "spot.order_book@5",
        "TWENTY": "spot.obu@50",
        "FULL": "spot.obu@400",
    }


def test_ping_says_the_time_in_seconds():
    assert msgspec.json.decode(Codec({}).encode_ping(NOW_S * 10**9 + 5)) == {"time": NOW_S, "channel": "spot.ping"}


def test_a_snapshot_says_its_depth_and_is_never_deeper_than_the_stream():
    codec = Codec({"BTC_USDT": "BTC/USDT"})
    path = "/spot/order_book?currency_pair=BTC_USDT&limit={}&with_id=true"
    for levels, limit in ((20, 20), (100, 100), (400, 100), (0, 100)):
        assert codec.encode_snapshot("BTC/USDT", levels).path == path.format(limit)
    for feed in SPEC.feeds:
        assert feed.rule.window in (0, feed.levels)


def test_the_buyer_pays_in_what_he_buys():
    assert (SPEC.buy_fee_coin, SPEC.sell_fee_coin) == (FeeCoin.BASE, FeeCoin.QUOTE)


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(429, {"label": "TOO_MANY_REQUESTS", "message": "(211)"}, Transient, id="too many requests"),
        pytest.param(400, {"label": "INVALID_CURRENCY_PAIR", "message": "x"}, Rejected, id="unknown pair"),
        pytest.param(400, {"label": "INVALID_PARAM_VALUE", "message": "too small"}, Rejected, id="below the minimum"),
        pytest.param(401, {"label": "INVALID_KEY", "message": "Invalid key provided"}, AuthFailed, id="bad key"),
        pytest.param(401, {"label": "INVALID_SIGNATURE"}, AuthFailed, id="bad signature"),
        pytest.param(401, {"label": "REQUEST_EXPIRED", "message": "gap"}, Transient, id="a clock that is off"),
        pytest.param(403, {"label": "IP_FORBIDDEN", "message": "x"}, AuthFailed, id="a key for another address"),
        pytest.param(403, {"label": "SOMETHING_NEW", "message": "x"}, Rejected, id="an unknown label"),
        pytest.param(500, {"label": "SERVER_ERROR", "message": "x"}, Transient, id="server error"),
        pytest.param(503, {"label": "SOMETHING_NEW", "detail": "x"}, Transient, id="an unknown label of a 5xx"),
        pytest.param(502, b"<html>Bad Gateway</html>", Transient, id="a proxy's page"),
        pytest.param(404, {"label": "ORDER_NOT_FOUND", "message": "x"}, Rejected, id="unknown order"),
    ],
)
def test_labels_are_what_the_caller_does_next(status, body, kind):
    error = Codec({}).decode_error(status, body if isinstance(body, bytes) else msgspec.json.encode(body))
    assert type(error) is kind
    if kind is Rejected:
        assert error.code == body["label"]


def test_real_error_bodies_are_ours(shared):
    def bodies(value):
        if isinstance(value, dict):
            if isinstance(value.get("label"), str) and value["label"]:
                yield value
            for inner in value.values():
                yield from bodies(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from bodies(inner)

    found = [
        body for name in ("spot_rest_private_real.json", "spot_rest_docs.json") for body in bodies(load(shared, name))
    ]
    assert found
    for body in found:
        error = Codec({}).decode_error(400, msgspec.json.encode(body))
        assert isinstance(error, VenueError)
        assert body["label"] in str(error)


# ---------------------------------------------------------------------------------------------- markets


def test_every_listed_market_has_the_steps_and_minimums_of_its_own_record(shared):
    """Against ccxt's own reading of the same record, through its own parser."""
    listing = msgspec.json.decode((shared / "data/markets/gateio.json").read_bytes())
    recorded_s = 1_724_457_600  # 2024-08-24, the day of the recording
    client = ccxt_gate()
    client.publicMarginGetCurrencyPairs = lambda params=None: []
    client.publicSpotGetCurrencyPairs = lambda params=None: listing["response"]
    theirs = {market["id"]: market for market in client.fetch_spot_markets()}
    closed = set()
    for record in listing["response"]:
        market = refine(MARKET, record, recorded_s * 10**9)
        unified = theirs[record["id"]]
        assert market.tick == Decimal(repr(unified["precision"]["price"])), record
        assert market.step == Decimal(repr(unified["precision"]["amount"]))
        assert market.min_qty == Decimal(repr(unified["limits"]["amount"]["min"]))
        assert market.min_notional == (Decimal(repr(unified["limits"]["cost"]["min"])) or None)  # 0 is no limit
        if not (market.buyable and market.sellable):
            closed.add((record["trade_status"], market.buyable, market.sellable))
    assert closed == {("untradable", False, False), ("sellable", False, True)}


@pytest.mark.parametrize(
    ("change", "buyable", "sellable", "why"),
    [
        pytest.param({}, True, True, "", id="open"),
        pytest.param({"trade_status": "untradable"}, False, False, "trade_status untradable", id="closed"),
        pytest.param({"trade_status": "buyable"}, True, False, "trade_status buyable", id="buys only"),
        pytest.param({"trade_status": "sellable"}, False, True, "trade_status sellable", id="sells only"),
        pytest.param({"trade_status": "odd"}, False, False, "trade_status odd", id="an unknown status"),
        pytest.param({"buy_start": NOW_S + 1}, False, True, f"buying opens at {NOW_S + 1}", id="buys open later"),
        pytest.param({"sell_start": NOW_S + 1}, True, False, f"selling opens at {NOW_S + 1}", id="sells open later"),
        pytest.param({"buy_start": NOW_S, "sell_start": NOW_S}, True, True, "", id="both open now"),
        pytest.param({"type": "premarket"}, False, False, "type premarket", id="premarket"),
        pytest.param({"delisting_time": NOW_S + 9}, False, True, f"delisting at {NOW_S + 9}", id="sold until it goes"),
        pytest.param({"delisting_time": NOW_S}, False, False, f"delisting at {NOW_S}", id="gone"),
        pytest.param({"st_tag": True}, True, True, "", id="a risk warning closes nothing"),
        pytest.param({"type": None, "delisting_time": None}, True, True, "", id="null is absent"),
    ],
)
def test_which_sides_are_open(change, buyable, sellable, why):
    market = refine(MARKET, RECORD | change, NOW_S * 10**9)
    assert (market.buyable, market.sellable, market.why) == (buyable, sellable, why)


def test_limits_are_exact():
    market = refine(MARKET, RECORD, NOW_S * 10**9)
    assert (str(market.tick), str(market.step), str(market.min_qty)) == ("0.01", "0.0001", "0.001")
    assert (str(market.min_notional), str(market.max_notional), str(market.max_qty)) == ("3", "5000000", "100.5")


def test_limits_that_are_absent_or_null_are_none_and_the_least_quantity_is_a_step():
    record = RECORD | {"min_base_amount": None, "min_quote_amount": None, "max_base_amount": ""}
    del record["max_quote_amount"]
    market = refine(MARKET, record, NOW_S * 10**9)
    assert (market.min_qty, market.min_notional, market.max_qty, market.max_notional) == (market.step, None, None, None)


@settings(max_examples=200, deadline=None)
@given(
    key=st.sampled_from(sorted(RECORD)),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers()),
)
def test_a_strange_value_never_raises(key, value):
    market = refine(MARKET, RECORD | {key: value}, NOW_S * 10**9)
    assert (market.buyable and market.sellable) or market.why
    assert market.tick > 0
    assert market.step > 0
    assert market.min_notional is None or market.min_notional > 0
