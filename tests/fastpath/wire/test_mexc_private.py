from __future__ import annotations

from decimal import Decimal as D
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from arb.domain import Balance, Fill, Notice, Order, OrderStatus, OrderType, OrderUpdate, Pong, Side
from arb.errors import AuthFailed, Cause, ConfigError, OutcomeUnknown, ProtocolError, Rejected, Transient
from arb.interfaces import ListenKey, Verb
from fastpath.mexc import SPEC, PrivateCodec
from tests.mexc_samples import samples
from tests.protobuf_writer import chunk, number

NS = 1_000_000
WALL_NS = 1_767_225_600_000 * NS
NATIVES = {"BTCUSDT": "BTC/USDT", "MXUSDT": "MX/USDT", "LTCBTC": "LTC/BTC", "币USDT": "币/USDT"}
RECV = 77


@pytest.fixture
def vectors(shared):
    return msgspec.json.decode((shared / "protocols/samples/mexc/signing_vectors.json").read_bytes())


@pytest.fixture
def codec(vectors):
    return PrivateCodec(NATIVES, vectors["apiKey"], vectors["secret"])


def plain_codec():
    return PrivateCodec(NATIVES, "key", "secret")


def order(kind=OrderType.IOC, side=Side.BUY, symbol="BTC/USDT", client_id="arb-000001", **changes):
    given = {"qty": D("0.0005"), "price": D("84270.010")} | changes
    return Order("mexc", symbol, side, kind, given["qty"], given["price"], client_id, given.get("notional"))


def rest_samples(shared):
    found = msgspec.json.decode((shared / "protocols/samples/mexc/rest_samples.json").read_bytes())["spot"]
    return {sample["req"]: msgspec.json.encode(sample["body"]) for sample in found}


def endpoint(shared, name):
    return msgspec.json.encode(
        msgspec.json.decode((shared / f"data/endpoints/mexc/spot.{name}.json").read_bytes())["response"]
    )


def query_of(call):
    return dict(parse_qsl(urlsplit(call.request.path).query))


# ---------------------------------------------------------------------------------------------- to the venue


def test_requests_are_the_documented_ones_to_the_last_byte(codec, vectors):
    key = ListenKey.MAKE
    market = order(OrderType.MARKET, symbol="MX/USDT", client_id="arb-000002", price=None, notional=D("25.50"))
    batch = [
        order(OrderType.LIMIT, side, "MX/USDT", client_id, qty=D(2), price=D(price))
        for side, client_id, price in ((Side.BUY, "arb-000003", "2.5"), (Side.SELL, "arb-000004", "4.50"))
    ]
    calls = {
        "account": codec.encode_balances(WALL_NS),
        "limit_ioc_buy": codec.encode_order(order(), WALL_NS),
        "market_buy_by_quote": codec.encode_order(market, WALL_NS),
        "cancel_by_client_id": codec.encode_cancel("BTC/USDT", "arb-000001", WALL_NS),
        "listen_key_create": codec.encode_listen_key(key, WALL_NS),
        "batch_orders_percent_encoded": codec.encode_orders(batch, WALL_NS),
    }
    documented = {vector["name"]: vector for vector in vectors["spot"]}
    for name, call in calls.items():
        vector = documented[name]
        assert SPEC.rest_url + call.request.path == vector["url"], name
        assert call.request.method == vector["method"], name
        assert dict(call.request.headers) == vector["headers"], name
        assert call.request.body == b"", name


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        pytest.param(OrderType.LIMIT, "LIMIT", id="limit"),
        pytest.param(OrderType.IOC, "IMMEDIATE_OR_CANCEL", id="IOC is a type"),
        pytest.param(OrderType.FOK, "FILL_OR_KILL", id="FOK is a type"),
        pytest.param(OrderType.POST_ONLY, "LIMIT_MAKER", id="post-only is a type"),
    ],
)
def test_types_are_never_times_in_force(kind, word):
    sent = query_of(plain_codec().encode_order(order(kind, Side.SELL), WALL_NS))
    assert sent["type"] == word
    assert "timeInForce" not in sent
    assert (sent["side"], sent["quantity"], sent["price"]) == ("SELL", "0.0005", "84270.01")


def test_a_market_sell_says_how_much_and_a_market_buy_what_it_spends():
    codec = plain_codec()
    sell = query_of(codec.encode_order(order(OrderType.MARKET, Side.SELL, price=None), WALL_NS))
    assert sell["quantity"] == "0.0005"
    assert not {"price", "quoteOrderQty"} & set(sell)
    buy = query_of(codec.encode_order(order(OrderType.MARKET, price=None, notional=D("1E+3")), WALL_NS))
    assert buy["quoteOrderQty"] == "1000"
    assert not {"price", "quantity"} & set(buy)


def test_queries_name_the_order_by_either_id():
    codec = plain_codec()
    ours = query_of(codec.encode_query("BTC/USDT", "arb-1", WALL_NS))
    theirs = query_of(codec.encode_query("BTC/USDT", "arb-1", WALL_NS, venue_id="C02__1"))
    assert (ours["origClientOrderId"], theirs["orderId"]) == ("arb-1", "C02__1")
    assert "orderId" not in ours
    assert "origClientOrderId" not in theirs


def test_fills_are_asked_for_by_order_or_by_time():
    codec = plain_codec()
    one = codec.encode_fills("BTC/USDT", WALL_NS, client_id="arb-1", venue_id="C02__1")
    assert query_of(one) | {"limit": "100", "orderId": "C02__1", "symbol": "BTCUSDT"} == query_of(one)
    assert one.client_ids == ("arb-1",)
    since = codec.encode_fills("BTC/USDT", WALL_NS, client_id="arb-1", since_ns=5 * NS, until_ns=7 * NS + 1)
    assert (query_of(since)["startTime"], query_of(since)["endTime"]) == ("5", "8")
    assert since.client_ids == ()


@pytest.mark.parametrize(
    ("action", "method", "names_it"),
    [
        (ListenKey.MAKE, "POST", False),
        (ListenKey.LIST, "GET", False),
        (ListenKey.KEEP, "PUT", True),
        (ListenKey.CLOSE, "DELETE", True),
    ],
)
def test_listen_key_verbs(action, method, names_it):
    call = plain_codec().encode_listen_key(action, WALL_NS, "pqia91")
    assert (call.verb, call.request.method) == (Verb.LISTEN_KEY, method)
    assert (query_of(call).get("listenKey") == "pqia91") is names_it


def test_the_private_socket_is_opened_with_the_key_and_subscribed_at_once():
    codec = plain_codec()
    assert codec.socket_url(SPEC.ws_url, "pqia91") == "wss://wbs-api.mexc.com/ws?listenKey=pqia91"
    assert codec.encode_login(WALL_NS) is None
    (call,) = codec.encode_subscribe(WALL_NS)
    sent = msgspec.json.decode(call.frame)
    assert sent["method"] == "SUBSCRIPTION"
    assert sorted(sent["params"]) == [f"spot@private.{name}.v3.api.pb" for name in ("account", "deals", "orders")]
    assert len(call.frame) <= SPEC.max_frame
    answer = {"id": sent["id"], "code": 0, "msg": ",".join(sent["params"])}
    (accepted,) = codec.decode(msgspec.json.encode(answer), RECV)
    assert (accepted.id, accepted.error, accepted.final) == (call.id, None, True)


def test_a_refused_stream_is_an_error_though_its_code_is_0():
    text = "Not Subscribed successfully! [spot@private.orders.v3.api.pb].  Reason： Blocked! "
    (answer,) = plain_codec().decode(msgspec.json.encode({"id": 1, "code": 0, "msg": text}), RECV)
    assert (answer.id, type(answer.error)) == ("1", Rejected)
    assert "Blocked" in str(answer.error)


def test_what_the_venue_has_not_is_none():
    codec = plain_codec()
    assert codec.encode_deadman(30, WALL_NS) is None
    assert codec.encode_amend("BTC/USDT", "arb-1", WALL_NS, price=D(1)) is None
    with pytest.raises(Rejected):
        codec.encode_order(order(), WALL_NS, socket=True)


def test_a_batch_is_of_one_symbol_and_not_too_large():
    codec = plain_codec()
    for batch in ([], [order(), order(symbol="MX/USDT")], [order(client_id=f"a{i}") for i in range(21)]):
        with pytest.raises(Rejected):
            codec.encode_orders(batch, WALL_NS)


@pytest.mark.parametrize("window_ms", [0, 60_000])
def test_a_window_that_the_venue_refuses_is_not_configured(window_ms):
    with pytest.raises(ConfigError):
        PrivateCodec({}, "k", "s", window_ms=window_ms)


# ---------------------------------------------------------------------------------------------- pushes


def push(shared, number_):
    return next((frame, decoded) for name, frame, decoded in samples(shared) if name.startswith(f"{number_}_"))


STATUSES = {14: OrderStatus.FILLED, 15: OrderStatus.OPEN, 16: OrderStatus.PARTIAL, 17: OrderStatus.CANCELLED}


@pytest.mark.parametrize("number_", STATUSES)
def test_order_pushes(shared, number_):
    frame, decoded = push(shared, number_)
    body = decoded["privateOrders"]
    assert plain_codec().decode(frame, RECV) == (
        OrderUpdate(
            "mexc",
            body.get("clientId", ""),
            body["id"],
            STATUSES[number_],
            D(body["cumulativeQuantity"]),
            D(body["cumulativeAmount"]),
            "PARTIALLY_CANCELED" if number_ == 17 else "",
            decoded["sendTime"] * NS,
            RECV,
            "MX/USDT",
        ),
    )


@pytest.mark.parametrize("number_", [18, 19])
def test_deal_pushes(shared, number_):
    frame, decoded = push(shared, number_)
    body = decoded["privateDeals"]
    assert plain_codec().decode(frame, RECV) == (
        Fill(
            "mexc",
            "MX/USDT",
            body.get("clientOrderId", ""),
            body["tradeId"],
            Side(body["tradeType"]),
            D(body["price"]),
            D(body["quantity"]),
            D(body["feeAmount"]),
            body["feeCurrency"],
            False,
            body["time"] * NS,
            RECV,
            body["orderId"],
        ),
    )


def test_account_pushes(shared):
    frame, _ = push(shared, 20)
    assert plain_codec().decode(frame, RECV) == (
        Balance("mexc", "USDT", D("0.006016465074677006"), D("4.4022"), 0, 1758134605364 * NS, RECV),
    )
    found = {name: frame for name, frame, _ in samples(shared) if name.startswith("pb.private.account")}
    (transfer,) = plain_codec().decode(found["pb.private.account"], RECV)
    assert (transfer.coin, transfer.free, transfer.locked) == ("USDT", D("21.94210356004384"), D(0))


def test_public_pushes_are_none_of_its_business(shared):
    frames = [frame for _, frame, decoded in samples(shared) if not any("private" in name for name in decoded)]
    assert len(frames) >= 10
    assert all(plain_codec().decode(frame, RECV) == () for frame in frames)


def private(symbol, field, body):
    return chunk(1, "spot@private.x") + chunk(3, symbol) + number(6, 1_000) + chunk(field, body)


@pytest.mark.parametrize(
    ("status", "meant", "reason"),
    [
        (1, OrderStatus.OPEN, ""),
        (2, OrderStatus.FILLED, ""),
        (3, OrderStatus.PARTIAL, ""),
        (4, OrderStatus.CANCELLED, "CANCELED"),
        (5, OrderStatus.CANCELLED, "PARTIALLY_CANCELED"),
    ],
)
def test_statuses_and_absent_defaults(status, meant, reason):
    (update,) = plain_codec().decode(private("MXUSDT", 304, chunk(1, "C02__1") + number(15, status)), RECV)
    assert (update.status, update.reason, update.client_id) == (meant, reason, "")
    assert (update.filled_qty, update.filled_notional) == (0, 0)


def test_an_order_of_an_unknown_market_is_told_and_its_fill_is_not():
    codec = plain_codec()
    (update,) = codec.decode(private("NOPEUSDT", 304, chunk(1, "C02__1") + number(15, 1)), RECV)
    assert update.symbol == ""
    deal = chunk(1, "1") + chunk(2, "2") + number(4, 1) + chunk(7, "t") + chunk(9, "o") + number(12, 5)
    assert codec.decode(private("NOPEUSDT", 306, deal), RECV) == ()
    (fill,) = codec.decode(private("MXUSDT", 306, deal), RECV)
    assert (fill.fee, fill.fee_coin, fill.maker, fill.venue_id) == (0, "USDT", False, "o")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(chunk(1, "id") + number(15, 6), id="a status nobody documents"),
        pytest.param(chunk(1, "id"), id="no status"),
        pytest.param(number(15, 1), id="no id"),
        pytest.param(chunk(1, "id") + number(15, 1) + chunk(13, "x"), id="a quantity that is none"),
        pytest.param(chunk(1, "id") + number(15, 1) + chunk(13, "NaN"), id="not a number"),
        pytest.param(chunk(1, "id") + number(15, 1) + chunk(13, "-1"), id="below 0"),
        pytest.param(chunk(1, "id") + number(15, 1) + chunk(13, "1e99"), id="no such amount exists"),
    ],
)
def test_an_order_push_that_cannot_be_believed_is_an_error(body):
    with pytest.raises(ProtocolError):
        plain_codec().decode(private("MXUSDT", 304, body), RECV)


def test_control_frames():
    codec = plain_codec()
    assert codec.decode(b'{"id":0,"code":0,"msg":"PONG"}', RECV, 3) == (Pong("mexc", RECV, 3),)
    assert codec.decode(b"Invalid listen key", RECV, 3) == (Notice("mexc", "Invalid listen key", True, RECV, 3),)
    assert codec.encode_ping(0) == b'{"method":"PING"}'


# ---------------------------------------------------------------------------------------------- REST answers


def test_an_order_is_taken_and_nothing_more_is_known(shared):
    codec, found = plain_codec(), rest_samples(shared)
    call = codec.encode_order(order(symbol="MX/USDT"), WALL_NS)
    for body, venue_id, ms in (
        (found["POST /api/v3/order (LIMIT)"], "06a480e69e604477bfb48dddd5f0b750", 1666676533741),
        (found["POST /api/v3/order (IMMEDIATE_OR_CANCEL)"], "C02__342252993005723644225", 1745852205223),
        (found["POST /api/v3/order (MARKET buy, quoteOrderQty=8)"], "C01__360912809799798787", 1701830555158),
        (endpoint(shared, "Trading.PlaceOrder"), "06a480e69e604477bfb48dddd5f0b750", 1666676533741),
    ):
        assert codec.decode_answer(call, body, RECV).events == (
            OrderUpdate("mexc", "arb-000001", venue_id, OrderStatus.OPEN, None, None, "", ms * NS, RECV, "MX/USDT"),
        )


def test_a_batch_tells_of_each_order(shared):
    codec = plain_codec()
    call = codec.encode_orders([order(client_id=f"arb-{i}") for i in range(3)], WALL_NS)
    events = codec.decode_answer(call, rest_samples(shared)["POST /api/v3/batchOrders"], RECV).events
    assert [(e.client_id, e.status, e.venue_id) for e in events] == [
        ("arb-0", OrderStatus.OPEN, "1196315350023612316"),
        ("arb-1", OrderStatus.REJECTED, ""),
        ("arb-2", OrderStatus.OPEN, "1196315350023612318"),
    ]
    assert events[1].filled_qty == 0
    assert "30002" in events[1].reason


def test_a_batch_with_an_answer_too_few_is_unknown():
    codec = plain_codec()
    call = codec.encode_orders([order(client_id=f"arb-{i}") for i in range(2)], WALL_NS)
    with pytest.raises(OutcomeUnknown):
        codec.decode_answer(call, b'[{"orderId":"1"}]', RECV)
    events = codec.decode_answer(call, b'[{"orderId":"1"},{"code":20002,"msg":"x"}]', RECV).events
    assert [e.status for e in events] == [OrderStatus.OPEN, OrderStatus.UNKNOWN]


def test_the_answer_to_a_cancel_proves_nothing_about_the_order(shared):
    codec = plain_codec()
    call = codec.encode_cancel("LTC/BTC", "arb-1", WALL_NS)
    assert codec.decode_answer(call, rest_samples(shared)["DELETE /api/v3/order"], RECV).events == ()
    assert codec.decode_answer(call, b'{"symbol":"LTCBTC","orderId":"C02__1","status":"NEW"}', RECV).events == ()


def test_queries_tell_the_state(shared):
    codec = plain_codec()
    call = codec.encode_query("LTC/BTC", "myOrder1", WALL_NS)
    documented = OrderUpdate(
        "mexc", "myOrder1", "1", OrderStatus.OPEN, D(0), D(0), "", 1499827319559 * NS, RECV, "LTC/BTC"
    )
    for body in (rest_samples(shared)["GET /api/v3/order"], endpoint(shared, "Trading.GetOrder")):
        assert codec.decode_answer(call, body, RECV).events == (documented,)
        several = codec.encode_open_orders(WALL_NS)
        assert codec.decode_answer(several, b"[" + body + b"]", RECV).events == (documented,)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIAL),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("PARTIALLY_CANCELED", OrderStatus.CANCELLED),
    ],
)
def test_words_for_a_status(word, status):
    codec = plain_codec()
    body = {
        "symbol": "BTCUSDT",
        "orderId": "C02__1",
        "clientOrderId": None,
        "executedQty": "0.25",
        "cummulativeQuoteQty": "20.125",
        "status": word,
        "updateTime": None,
        "time": 5,
    }
    call = codec.encode_query("BTC/USDT", "arb-1", WALL_NS)
    (update,) = codec.decode_answer(call, msgspec.json.encode(body), RECV).events
    assert (update.status, update.client_id, update.exch_ns) == (status, "arb-1", 5 * NS)
    assert (update.filled_qty, update.filled_notional) == (D("0.25"), D("20.125"))


def test_fills(shared):
    codec = plain_codec()
    call = codec.encode_fills("BTC/USDT", WALL_NS, client_id="arb-1", venue_id="5bd130a27d684011811242984cc27f00")
    answer = codec.decode_answer(call, rest_samples(shared)["GET /api/v3/myTrades"], RECV)
    assert not answer.full
    assert answer.events == (
        Fill(
            "mexc",
            "BTC/USDT",
            "arb-1",
            "064c29295c8c47359a194a023bdaa4c2",
            Side.BUY,
            D("21097.95"),
            D("0.000236"),
            D("0.0099582324"),
            "USDT",
            False,
            1661204288000 * NS,
            RECV,
            "5bd130a27d684011811242984cc27f00",
        ),
    )
    (documented,) = codec.decode_answer(call, endpoint(shared, "Trading.GetUserTrades"), RECV).events
    assert (documented.fee, documented.fee_coin) == (D("10.1"), "BNB")
    (trade,) = msgspec.json.decode(endpoint(shared, "Trading.GetUserTrades"))
    assert codec.decode_answer(call, msgspec.json.encode([trade] * 100), RECV).full


def test_balances_listen_keys_and_time(shared):
    codec, found = plain_codec(), rest_samples(shared)
    account = codec.encode_balances(WALL_NS)
    for body in (found["GET /api/v3/account"], endpoint(shared, "Account.GetAccountInfo")):
        assert codec.decode_answer(account, body, RECV).events == (
            Balance("mexc", "NBNTEST", D(1111078), D(33), 0, 0, RECV),
            Balance("mexc", "MAIN", D(1020000), D(0), 0, 0, RECV),
        )
    made = codec.encode_listen_key(ListenKey.MAKE, WALL_NS)
    (key,) = codec.decode_answer(made, endpoint(shared, "Account.StartUserStream"), RECV).texts
    assert len(key) == 64
    listed = codec.encode_listen_key(ListenKey.LIST, WALL_NS)
    assert codec.decode_answer(listed, b'{"listenKey":["k1","k2"]}', RECV).texts == ("k1", "k2")
    answer = codec.decode_answer(codec.encode_time(), endpoint(shared, "ExchangeData.GetServerTime"), RECV)
    assert answer.venue_ns == 1645539742000 * NS


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b'{"code":30004,"msg":"x"}', Rejected, id="a refusal under the status of success"),
        pytest.param(b'{"code":700002,"msg":"x"}', AuthFailed, id="the signature"),
        pytest.param(b'{"code":700003,"msg":"x"}', Transient, id="the clock"),
        pytest.param(b'{"code":10203,"msg":"x"}', OutcomeUnknown, id="the venue does not know"),
        pytest.param(b'{"code":12345,"msg":"x"}', OutcomeUnknown, id="a code nobody documents"),
        pytest.param(b"{}", OutcomeUnknown, id="no id"),
        pytest.param(b'{"orderId":""}', OutcomeUnknown, id="an empty id"),
        pytest.param(b"<html>", OutcomeUnknown, id="a page"),
        pytest.param(b"", OutcomeUnknown, id="nothing"),
    ],
)
def test_an_order_answered_with_something_else(body, kind):
    codec = plain_codec()
    with pytest.raises(kind):
        codec.decode_answer(codec.encode_order(order(), WALL_NS), body, RECV)


@pytest.mark.parametrize("code", [-2011, -2013])
def test_not_found_is_a_refusal_with_that_cause(code):
    codec = plain_codec()
    call = codec.encode_query("BTC/USDT", "arb-1", WALL_NS)
    error = codec.decode_error(call, 400, msgspec.json.encode({"code": code, "msg": "x"}))
    assert (type(error), error.cause, error.code) == (Rejected, Cause.NOT_FOUND, str(code))


def test_an_unreadable_listen_key_does_not_show_itself():
    codec = plain_codec()
    with pytest.raises(ProtocolError) as caught:
        codec.decode_answer(codec.encode_listen_key(ListenKey.MAKE, WALL_NS), b'{"listenkey":"pqia91"}', RECV)
    assert "pqia91" not in str(caught.value)
