from __future__ import annotations

import base64
from decimal import Decimal
from itertools import chain, pairwise

import msgspec
import pytest
from ccxt import mexc as ccxt_mexc
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.domain import BookDelta, BookSnapshot, Market, Pong, Quote, Side, Subscribed, SubscriptionRefused, Trade
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient
from arb.session import SplitNatives
from fastpath.mexc import SPEC, Codec, refine

NS = 1_000_000
FEEDS = {feed.name: feed for feed in SPEC.feeds}
SYMBOLS = {"BTCUSDT": "BTC/USDT", "NOPEUSDT": "NOPE/USDT", "HYPEUSDT": "HYPE/USDT"}
RECORD = {
    "symbol": "AAAUSDT",
    "status": "1",
    "baseAssetPrecision": 4,
    "quotePrecision": 2,
    "quoteAssetPrecision": 2,
    "baseSizePrecision": "0.001",
    "quoteAmountPrecision": "1.000000000000000000000000000000",
    "maxQuoteAmount": "2000000.000000000000000000000000000000",
    "isSpotTradingAllowed": True,
    "permissions": ["SPOT"],
    "tradeSideType": 1,
    "contractAddress": "0xAbC",
    "st": False,
}
MARKET = Market("mexc", "AAA/USDT", "AAAUSDT", "AAA", "USDT", Decimal("0.1"), Decimal("0.1"))


def sample(shared, number):
    path = next((shared / "protocols/samples/mexc").glob(f"{number:02}_*.json"))
    found = msgspec.json.decode(path.read_bytes())
    return bytes.fromhex(found["hex"]), found["decoded"]


def floats(items):
    return tuple((float(item["price"]), float(item["quantity"])) for item in items)


# ---------------------------------------------------------------------------------------------- the venue's frames


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_real_tickers_become_quotes(shared, number):
    frame, decoded = sample(shared, number)
    body = decoded["publicAggreBookTicker"]
    (quote,) = Codec(SplitNatives()).decode(frame, 5, 6)
    assert quote == Quote(
        "mexc",
        decoded["symbol"].replace("USDT", "/USDT"),
        float(body["bidPrice"]),
        float(body["bidQuantity"]),
        float(body["askPrice"]),
        float(body["askQuantity"]),
        int(body.get("version", 0)),
        body.get("lastOrderCreateTime", decoded["sendTime"]) * NS,
        5,
        6,
    )


def test_a_real_limit_depth_becomes_a_snapshot(shared):
    frame, decoded = sample(shared, 6)
    body = decoded["publicLimitDepths"]
    assert Codec(SYMBOLS).decode(frame, 5, 6) == (
        BookSnapshot(
            "mexc", "BTC/USDT", floats(body["bids"]), floats(body["asks"]), 82164155643, 1790281247239 * NS, 5, 6
        ),
    )


@pytest.mark.parametrize("number", [5, 21])
def test_deals_become_trades(shared, number):
    frame, decoded = sample(shared, number)
    trades = Codec(SplitNatives()).decode(frame, 5)
    assert [(t.price, t.qty, t.trade_id, t.exch_ns) for t in trades] == [
        (float(d["price"]), float(d["quantity"]), d["tradeId"], d["time"] * NS)
        for d in decoded["publicAggreDeals"]["deals"]
    ]
    assert [t.side for t in trades] == [
        {1: Side.BUY, 2: Side.SELL}[d["tradeType"]] for d in decoded["publicAggreDeals"]["deals"]
    ]


@pytest.mark.parametrize("number", [7, 8, 9, 13, 14, 15, 16, 17, 18, 19, 20])
def test_what_is_neither_book_nor_trade_is_no_event(shared, number):
    assert Codec(SYMBOLS).decode(sample(shared, number)[0], 5) == ()


def test_the_chain_of_pushes_decodes_to_the_documented_ids_and_levels(shared):
    scenario = msgspec.json.decode((shared / "protocols/samples/mexc/12_built_depth_chain_scenario.json").read_bytes())
    codec = Codec(SYMBOLS)
    for push in scenario["frames_in_arrival_order"]:
        body = push["decoded"]["publicAggreDepths"]
        assert codec.decode(bytes.fromhex(push["hex"]), 5, 6) == (
            BookDelta(
                "mexc",
                "BTC/USDT",
                floats(body.get("bids", [])),
                floats(body.get("asks", [])),
                int(body["fromVersion"]),
                int(body["toVersion"]),
                body["lastOrderCreateTime"] * NS,
                5,
                6,
            ),
        )
    snapshot = codec.decode_snapshot("BTC/USDT", msgspec.json.encode(scenario["snapshot"]), 5)
    assert snapshot.seq == scenario["snapshot"]["lastUpdateId"]
    assert snapshot.bids == tuple((float(p), float(q)) for p, q in scenario["snapshot"]["bids"])
    assert snapshot.exch_ns == scenario["snapshot"]["timestamp"] * NS


def test_a_recorded_session_decodes_to_its_last_frame(shared):
    codec, seen = Codec({"BTCUSDT": "BTC/USDT"}), []
    for raw in (shared / "data/books/MEXC_SYNTH.jsonl").read_bytes().splitlines():
        line = msgspec.json.decode(raw)
        if line["dir"] != "in":
            continue
        if line["conn"].startswith("http"):
            assert codec.decode_snapshot("BTC/USDT", line["data"].encode(), 1).bids
            continue
        data = base64.b64decode(line["data_b64"]) if line.get("data_b64") else line["data"].encode()
        seen += codec.decode(data, 1)
    counts = {kind: sum(type(event) is kind for event in seen) for kind in (BookDelta, Quote, Trade, Subscribed)}
    assert all(counts.values())
    deltas = [event for event in seen if type(event) is BookDelta]
    holes = [b.first for a, b in pairwise(deltas) if b.first != a.last + 1]
    assert len(holes) == 1  # the one that the recording leaves out on purpose


def test_a_frame_beyond_any_push_is_refused_unread(shared):
    frame, _ = sample(shared, 7)
    assert Codec(SYMBOLS).decode(frame, 5) == ()
    with pytest.raises(ProtocolError, match="bytes"):
        Codec(SYMBOLS).decode(frame * 10_000, 5)


def test_control_frames_decode_to_what_they_say(shared):
    control = msgspec.json.decode((shared / "protocols/samples/mexc/spot_ws_control_frames.json").read_bytes())
    texts = [frame["text"] for frame in control["frames"] if frame["dir"] == "server"]
    found = [Codec(SYMBOLS).decode(text.encode(), 5, 6) for text in texts]
    assert found[0] == (Subscribed("mexc", ("BTC/USDT",), 5, 6),)
    assert [type(event).__name__ for event in found[1]] == ["Unsubscribed"]
    blocked = SubscriptionRefused("mexc", ("BTC/USDT",), "Blocked!", 5, 6)
    assert found[2] == (blocked,)
    assert found[3] == (
        Subscribed("mexc", ("BTC/USDT",), 5, 6),
        msgspec.structs.replace(blocked, symbols=("NOPE/USDT",)),
    )
    assert found[4] == (Pong("mexc", 5, 6),)


# ---------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("feed", "topic"),
    [
        ("aggre.bookTicker@10ms", "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT"),
        ("aggre.bookTicker@100ms", "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"),
        ("limit.depth@5", "spot@public.limit.depth.v3.api.pb@BTCUSDT@5"),
        ("limit.depth@20", "spot@public.limit.depth.v3.api.pb@BTCUSDT@20"),
        ("aggre.depth@10ms", "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"),
        ("aggre.depth@100ms", "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"),
    ],
)
def test_topics_are_spelt_as_the_venue_wants_them(feed, topic):
    codec = Codec({"BTCUSDT": "BTC/USDT"})
    assert [msgspec.json.decode(f) for f in codec.encode_subscribe(FEEDS[feed], ["BTC/USDT"], 0)] == [
        {"method": "SUBSCRIPTION", "params": [topic], "id": 1}
    ]
    assert [msgspec.json.decode(f) for f in codec.encode_unsubscribe(FEEDS[feed], ["BTC/USDT"], 0)] == [
        {"method": "UNSUBSCRIPTION", "params": [topic], "id": 2}
    ]


def test_a_frame_is_filled_before_the_next_is_begun():
    natives = {f"COIN{i}USDT": f"COIN{i}/USDT" for i in range(30)}
    frames = Codec(natives).encode_subscribe(FEEDS["aggre.depth@10ms"], list(natives.values()), 0)
    topics = [msgspec.json.decode(frame)["params"] for frame in frames]
    assert [len(frame) <= 1024 for frame in frames] == [True, True]
    assert len(frames[0]) + len(topics[1][0]) + 3 > 1024
    assert list(chain(*topics)) == [f"spot@public.aggre.depth.v3.api.pb@10ms@{native}" for native in natives]


@pytest.mark.parametrize("length", range(4, 40))
def test_frames_are_filled_to_the_last_byte_and_not_beyond(length):
    natives = {f"{i:0{length}}": f"{i}/USDT" for i in range(30)}
    frames = Codec(natives).encode_subscribe(FEEDS["limit.depth@20"], list(natives.values()), 0)
    topic = len(f'"spot@public.limit.depth.v3.api.pb@{"0" * length}@20",')
    assert all(len(frame) <= 1024 for frame in frames)
    assert all(len(frame) + topic > 1024 for frame in frames[:-1])


def test_the_feed_of_each_depth_is_the_one_that_the_venue_serves_best():
    first = {feed.depth.name: feed.name for feed in reversed(SPEC.feeds)}
    assert first == {
        "TOP": "aggre.bookTicker@10ms",
        "FIVE": "limit.depth@5",
        "TWENTY": "limit.depth@20",
        "FULL": "aggre.depth@10ms",
    }


def test_a_full_book_is_seeded_with_all_that_rest_gives():
    codec = Codec({"BTCUSDT": "BTC/USDT"})
    assert codec.encode_snapshot("BTC/USDT", 0).path == "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    assert codec.encode_snapshot("BTC/USDT", 20).path == "/api/v3/depth?symbol=BTCUSDT&limit=20"


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(400, {"code": -1121, "msg": "Invalid symbol."}, Rejected, id="unknown symbol"),
        pytest.param(400, {"code": 10007, "msg": "symbol not support api"}, Rejected, id="not open to the API"),
        pytest.param(400, {"code": 30002, "msg": "too small", "_extend": None}, Rejected, id="below the minimum"),
        pytest.param(400, {"code": 700003, "msg": "Timestamp"}, Transient, id="a clock that is off"),
        pytest.param(400, {"code": 700002, "msg": "Signature"}, AuthFailed, id="bad signature"),
        pytest.param(400, {"code": 10072, "msg": "Api key info invalid"}, AuthFailed, id="bad key"),
        pytest.param(400, {"code": 400, "msg": "api key required"}, AuthFailed, id="400: no key"),
        pytest.param(400, {"code": 400, "msg": "bad request"}, Rejected, id="400: a bad request"),
        pytest.param(429, {"code": 429, "msg": "Too Many Requests"}, Transient, id="too many requests"),
        pytest.param(200, {"code": 510, "msg": "too many"}, Transient, id="too many requests, with status 200"),
        pytest.param(503, {"code": 503, "msg": "busy"}, Transient, id="busy"),
        pytest.param(200, {"success": False, "code": 604, "message": "maintenance"}, Transient, id="maintenance"),
        pytest.param(500, {"code": 0, "msg": "success"}, Transient, id="a status that its body denies"),
        pytest.param(403, b"<html>Access Denied</html>", Transient, id="the firewall's page"),
    ],
)
def test_codes_are_what_the_caller_does_next(status, body, kind):
    error = Codec({}).decode_error(status, body if isinstance(body, bytes) else msgspec.json.encode(body))
    assert type(error) is kind
    if kind is Rejected:
        assert error.code == str(body["code"])


def test_a_ban_lasts_two_minutes_at_least():
    assert Codec({}).decode_error(418, b'{"code":429,"msg":"banned"}').retry_after_s == 120.0
    assert Codec({}).decode_error(418, b"").retry_after_s == 120.0
    assert Codec({}).decode_error(429, b"").retry_after_s == 0.0


# ---------------------------------------------------------------------------------------------- markets


def test_every_listed_market_has_the_steps_and_minimums_of_its_own_record(shared):
    """Against ccxt's own reading of the same record, through its own parser."""
    records = msgspec.json.decode((shared / "data/markets/mexc.json").read_bytes())["response"]["symbols"]
    client = ccxt_mexc()
    client.spotPublicGetExchangeInfo = lambda params=None: {"symbols": records}
    theirs = {market["id"]: market for market in client.fetch_spot_markets()}
    for record in records:
        market = refine(MARKET, record, 0)
        unified = theirs[record["symbol"]]
        assert market.tick == Decimal(repr(unified["precision"]["price"])), record
        assert market.step == Decimal(repr(unified["precision"]["amount"]))
        assert market.min_qty == (Decimal(repr(unified["limits"]["amount"]["min"])) or market.step)
        assert market.min_notional == Decimal(repr(unified["limits"]["cost"]["min"]))
        assert market.max_notional == Decimal(record["maxQuoteAmount"])
        is_open = record["status"] == "1" and record["isSpotTradingAllowed"] and record["tradeSideType"] == 1
        assert (market.buyable, market.sellable) == (is_open, is_open)
        assert bool(market.why) != is_open


@pytest.mark.parametrize(
    ("change", "buyable", "sellable", "why"),
    [
        pytest.param({}, True, True, "", id="open"),
        pytest.param({"status": "ENABLED"}, True, True, "", id="the old word for online"),
        pytest.param({"status": "2"}, False, False, "status 2", id="paused"),
        pytest.param({"isSpotTradingAllowed": False}, False, False, "not open to API orders", id="web only"),
        pytest.param({"permissions": []}, False, False, "no SPOT permission", id="not spot"),
        pytest.param({"tradeSideType": 2}, True, False, "buy only", id="buy only"),
        pytest.param({"tradeSideType": "3"}, False, True, "sell only", id="sell only, as text"),
        pytest.param({"tradeSideType": 4}, False, False, "trading closed", id="closed"),
        pytest.param({"st": True}, False, False, "assessment zone (st)", id="assessment zone"),
        pytest.param({"status": "3", "st": True}, False, False, "status 3; assessment zone (st)", id="all that closes"),
        pytest.param({"tradeSideType": 2, "st": True}, False, False, "assessment zone (st)", id="one side of nothing"),
    ],
)
def test_which_sides_the_api_may_trade(change, buyable, sellable, why):
    market = refine(MARKET, RECORD | change, 0)
    assert (market.buyable, market.sellable, market.why) == (buyable, sellable, why)


def test_old_records_without_the_newer_fields_are_open():
    old = {key: value for key, value in RECORD.items() if key not in ("st", "tradeSideType", "contractAddress")}
    market = refine(MARKET, old, 0)
    assert (market.buyable, market.sellable, market.contract) == (True, True, "")


def test_limits_are_exact_and_unpadded():
    market = refine(MARKET, RECORD, 0)
    assert (str(market.tick), str(market.step), str(market.min_qty)) == ("0.01", "0.0001", "0.001")
    assert (str(market.min_notional), str(market.max_notional), market.max_qty) == ("1", "2000000", None)
    assert market.contract == "0xAbC"


def test_no_minimum_quantity_means_one_step():
    assert refine(MARKET, RECORD | {"baseSizePrecision": "0"}, 0).min_qty == Decimal("0.0001")


@settings(max_examples=200, deadline=None)
@given(
    key=st.sampled_from(sorted(RECORD)),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers()),
)
def test_a_strange_value_never_raises(key, value):
    market = refine(MARKET, RECORD | {key: value}, 0)
    assert (market.buyable and market.sellable) or market.why
    assert market.tick > 0
    assert market.step > 0
    assert market.min_notional is None or market.min_notional > 0
