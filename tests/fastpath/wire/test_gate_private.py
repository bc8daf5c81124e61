from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from arb.domain import Balance, Fill, Notice, Order, OrderStatus, OrderType, OrderUpdate, Pong, Side
from arb.errors import AuthFailed, Cause, OutcomeUnknown, ProtocolError, Rejected, Transient
from arb.interfaces import RateHint, Verb
from fastpath.gateio import PrivateCodec

NS = 1_000_000
WALL_NS = 1_767_225_600_123 * NS
PAIRS = ("BTC_USDT", "GT_USDT", "ETH_BTC", "LTC_USDT", "HNS_USDT", "REX_USDT", "ETC_BTC", "LIKE_ETH", "ETH_USDT")
NATIVES = {pair: pair.replace("_", "/") for pair in PAIRS} | {"币,1_USDT": "币,1/USDT"}
RECV = 77
OPEN, PARTIAL, FILLED, CANCELLED = (
    OrderStatus.OPEN,
    OrderStatus.PARTIAL,
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
)


def load(shared, name):
    return msgspec.json.decode((shared / f"protocols/samples/gateio/{name}.json").read_bytes())


def encoded(value):
    return msgspec.json.encode(value)


@pytest.fixture
def vectors(shared):
    return load(shared, "signing_vectors")["computed"]


@pytest.fixture
def codec(vectors):
    return PrivateCodec(NATIVES, vectors["key"], vectors["secret"], window_ms=500)


def plain_codec():
    return PrivateCodec(NATIVES, "the-key", "the-secret")


def order(kind=OrderType.IOC, side=Side.BUY, symbol="BTC/USDT", client_id="arb-000001", **changes):
    given = {"qty": D("0.0010"), "price": D("65E+3")} | changes
    return Order("gateio", symbol, side, kind, given["qty"], given["price"], client_id, given.get("notional"))


def sent(call):
    return msgspec.json.decode(call.request.body if call.request is not None else call.frame)


def orders_frame(*results):
    return encoded({"time": 1, "channel": "spot.orders", "event": "update", "result": list(results)})


# ---------------------------------------------------------------------------------------------- to the venue


def test_an_order_is_the_documented_one_to_the_last_byte(codec, vectors):
    call = codec.encode_order(order(), WALL_NS)
    documented = next(vector for vector in vectors["rest"] if vector["method"] == "POST")
    assert (call.verb, call.client_ids, call.symbol) == (Verb.PLACE, ("arb-000001",), "BTC/USDT")
    assert call.request.method == "POST"
    assert "/api/v4" + call.request.path == documented["path"]
    assert call.request.body == documented["body"].encode()
    headers = dict(call.request.headers)
    assert (headers["KEY"], headers["Timestamp"]) == (vectors["key"], documented["timestamp"])
    assert headers["SIGN"] == documented["SIGN"]
    assert headers["Content-Type"] == "application/json"
    assert headers["x-gate-exptime"] == "1767225600623"


def test_an_order_over_the_socket_has_the_same_content_and_no_signature(codec, vectors):
    call = codec.encode_order(order(), WALL_NS, socket=True)
    documented = next(vector for vector in vectors["rest"] if vector["method"] == "POST")
    assert call.request is None
    assert sent(call) == {
        "time": 1767225600,
        "channel": "spot.order_place",
        "event": "api",
        "payload": {
            "req_id": call.id,
            "req_param": msgspec.json.decode(documented["body"]),
            "req_header": {"x-gate-exptime": "1767225600623"},
        },
    }
    assert documented["body"].encode() in call.frame


def test_reads_and_cancels_are_signed_as_documented(codec, vectors):
    cancel = codec.encode_cancel("BTC/USDT", "arb-1", WALL_NS, venue_id="766504537761")
    documented = next(vector for vector in vectors["rest"] if vector["method"] == "DELETE")
    assert f"/api/v4{cancel.request.path}" == f"{documented['path']}?{documented['query']}"
    assert dict(cancel.request.headers)["SIGN"] == documented["SIGN"]
    assert not {"x-gate-exptime", "Content-Type"} & set(dict(cancel.request.headers))


def test_requests_are_signed_as_ccxt_signs_them(shared):
    found = msgspec.json.decode((shared / "data/signing/gateio.json").read_bytes())
    codec = PrivateCodec(NATIVES, found["credentials"]["apiKey"], found["credentials"]["secret"])
    call = codec.encode_balances(1767225600123 * NS)
    expected = next(request for request in found["requests"] if request["call"] == "balance")["expected"]
    assert expected["url"].endswith("/api/v4" + call.request.path)
    assert dict(call.request.headers).items() <= expected["headers"].items()


def test_a_login_and_the_streams_are_the_documented_ones(codec, vectors):
    login = codec.encode_login(WALL_NS)
    assert sent(login) == {
        "time": 1767225600,
        "channel": "spot.login",
        "event": "api",
        "payload": {
            "req_id": login.id,
            "api_key": vectors["key"],
            "timestamp": "1767225600",
            "signature": vectors["ws_api"][0]["signature"],
        },
    }
    documented = {vector["string_to_sign"]: vector["signature"] for vector in vectors["ws_private"]}
    calls = {call.id: sent(call) for call in codec.encode_subscribe(WALL_NS)}
    assert set(calls) == {"spot.orders", "spot.usertrades", "spot.balances"}
    assert len(calls) == codec.spec.streams
    for channel in ("spot.orders", "spot.balances"):
        assert calls[channel]["auth"] == {
            "method": "api_key",
            "KEY": vectors["key"],
            "SIGN": documented[f"channel={channel}&event=subscribe&time=1767225600"],
        }
    assert calls["spot.orders"]["payload"] == calls["spot.usertrades"]["payload"] == ["!all"]
    assert "payload" not in calls["spot.balances"]


@pytest.mark.parametrize(
    ("kind", "word", "form"),
    [
        (OrderType.LIMIT, "limit", "gtc"),
        (OrderType.IOC, "limit", "ioc"),
        (OrderType.FOK, "limit", "fok"),
        (OrderType.POST_ONLY, "limit", "poc"),
    ],
)
def test_types_are_times_in_force(kind, word, form):
    body = sent(plain_codec().encode_order(order(kind, Side.SELL), WALL_NS))
    assert (body["type"], body["time_in_force"]) == (word, form)
    assert (body["side"], body["amount"], body["price"], body["text"]) == ("sell", "0.001", "65000", "t-arb-000001")


def test_a_market_order_is_ioc_and_a_market_buy_amounts_to_quote():
    codec = plain_codec()
    sell = sent(codec.encode_order(order(OrderType.MARKET, Side.SELL, price=None), WALL_NS))
    buy = sent(codec.encode_order(order(OrderType.MARKET, price=None, notional=D("25.50")), WALL_NS))
    assert (sell["amount"], buy["amount"]) == ("0.001", "25.5")
    for body in (sell, buy):
        assert (body["type"], body["time_in_force"]) == ("market", "ioc")
        assert "price" not in body


@pytest.mark.parametrize("socket", [False, True], ids=["REST", "socket"])
def test_a_batch_is_an_array(socket):
    codec = plain_codec()
    orders = [order(client_id="a"), order(symbol="GT/USDT", client_id="b")]
    call = codec.encode_orders(orders, WALL_NS, socket=socket)
    found = sent(call)["payload"]["req_param"] if socket else sent(call)
    assert [item["text"] for item in found] == ["t-a", "t-b"]
    assert (call.client_ids, call.symbol) == (("a", "b"), "")
    for wrong in ([], [order(client_id=f"a{i}") for i in range(11)]):
        with pytest.raises(Rejected):
            codec.encode_orders(wrong, WALL_NS)


@pytest.mark.parametrize(
    ("venue_id", "which"),
    [pytest.param("", "t-arb-1", id="by our id"), pytest.param("17", "17", id="by the venue's id")],
)
def test_calls_about_one_order_name_it_by_either_id(venue_id, which):
    codec = plain_codec()
    for encode, method, channel in (
        (codec.encode_cancel, "DELETE", "spot.order_cancel"),
        (codec.encode_query, "GET", "spot.order_status"),
    ):
        rest = encode("GT/USDT", "arb-1", WALL_NS, venue_id=venue_id)
        assert (rest.request.method, rest.request.path) == (
            method,
            f"/spot/orders/{which}?currency_pair=GT_USDT&account=spot",
        )
        frame = sent(encode("GT/USDT", "arb-1", WALL_NS, venue_id=venue_id, socket=True))
        assert frame["channel"] == channel
        assert frame["payload"]["req_param"] == {"order_id": which, "currency_pair": "GT_USDT", "account": "spot"}
        assert "req_header" not in frame["payload"], "a cancel never expires"


def test_an_amendment_says_what_changes():
    codec = plain_codec()
    rest = codec.encode_amend("GT/USDT", "arb-1", WALL_NS, price=D("2.50"))
    assert (rest.request.method, rest.request.path) == ("PATCH", "/spot/orders/t-arb-1")
    assert sent(rest) == {"currency_pair": "GT_USDT", "account": "spot", "price": "2.5"}
    frame = sent(codec.encode_amend("GT/USDT", "arb-1", WALL_NS, venue_id="17", qty=D(3), socket=True))
    assert frame["channel"] == "spot.order_amend"
    expected = {"order_id": "17", "currency_pair": "GT_USDT", "account": "spot", "amount": "3"}
    assert frame["payload"]["req_param"] == expected
    with pytest.raises(Rejected):
        codec.encode_amend("GT/USDT", "arb-1", WALL_NS)


def test_a_query_is_signed_raw_and_sent_escaped():
    codec = plain_codec()
    call = codec.encode_fills("币,1/USDT", WALL_NS, venue_id="17", client_id="a")
    assert call.request.path == "/spot/my_trades?currency_pair=%E5%B8%81%2C1_USDT&limit=1000&order_id=17"
    raw = "currency_pair=币,1_USDT&limit=1000&order_id=17"
    sign = dict(call.request.headers)["SIGN"]
    assert sign == codec._signer.rest("GET", "/api/v4/spot/my_trades", raw, b"", "1767225600")
    since = codec.encode_fills("GT/USDT", WALL_NS, since_ns=5_000 * NS, until_ns=7_000 * NS + 1)
    assert since.request.path.endswith("&from=5&to=8")


def test_open_orders_of_all_markets_or_of_one():
    codec = plain_codec()
    assert codec.encode_open_orders(WALL_NS).request.path == "/spot/open_orders?page=1&limit=100&account=spot"
    one = codec.encode_open_orders(WALL_NS, symbol="GT/USDT", page=2)
    assert one.request.path == "/spot/orders?currency_pair=GT_USDT&status=open&page=2&limit=100&account=spot"


def test_the_dead_man_s_switch():
    codec = plain_codec()
    call = codec.encode_deadman(30, WALL_NS)
    assert (call.request.path, call.request.body) == ("/spot/countdown_cancel_all", b'{"timeout":30}')
    assert codec.encode_deadman(0, WALL_NS).request.body == b'{"timeout":0}'
    with pytest.raises(Rejected):
        codec.encode_deadman(4, WALL_NS)
    for body in (b'{"triggerTime":"1660039145000"}', b'{"triggerTime":1660039145000}'):
        assert codec.decode_answer(call, body, RECV).events == ()


def test_it_has_no_listen_key():
    codec = plain_codec()
    assert codec.encode_listen_key(1, WALL_NS) is None
    assert codec.socket_url("wss://x/") == "wss://x/"
    assert msgspec.json.decode(codec.encode_ping(WALL_NS)) == {"time": 1767225600, "channel": "spot.ping"}


# ---------------------------------------------------------------------------------------------- pushes


def test_a_real_order_push(shared):
    frame = load(shared, "spot_ws_private_real")["spot.orders put (2026-03)"]
    assert plain_codec().decode(encoded(frame), RECV) == (
        OrderUpdate("gateio", "", "1036717689726", OPEN, D(0), D(0), "", 1774613210391 * NS, RECV, "BTC/USDT"),
    )


PUSHED = {
    "id": "17",
    "text": "t-arb-1",
    "currency_pair": "GT_USDT",
    "type": "limit",
    "side": "sell",
    "amount": "10",
    "left": "4",
    "filled_total": "12.5",
    "filled_amount": "6",
    "update_time_ms": "1774613210391",
}


@pytest.mark.parametrize(
    ("changes", "status", "filled", "reason"),
    [
        pytest.param({"event": "put", "left": "10", "filled_total": "0"}, OPEN, D(0), "", id="put: rests"),
        pytest.param({"event": "update"}, PARTIAL, D(6), "", id="update: partly filled"),
        pytest.param({"event": "finish", "finish_as": "filled", "left": "0"}, FILLED, D(10), "", id="finish: filled"),
        pytest.param({"event": "finish", "finish_as": "ioc"}, CANCELLED, D(6), "ioc", id="finish as ioc is no fill"),
        pytest.param({"event": "finish", "finish_as": "cancelled"}, CANCELLED, D(6), "cancelled", id="cancelled"),
        pytest.param({"event": "finish", "finish_as": "brand_new"}, CANCELLED, D(6), "brand_new", id="unknown end"),
        pytest.param({"event": "finish"}, CANCELLED, D(6), "", id="an end without a reason"),
    ],
)
def test_pushes_have_an_event_and_no_status(changes, status, filled, reason):
    (update,) = plain_codec().decode(orders_frame(PUSHED | changes), RECV)
    assert (update.client_id, update.venue_id, update.symbol) == ("arb-1", "17", "GT/USDT")
    assert (update.status, update.filled_qty, update.reason) == (status, filled, reason)
    assert update.exch_ns == 1774613210391 * NS


def test_several_orders_of_several_markets_in_one_push():
    frame = orders_frame(PUSHED | {"event": "put"}, PUSHED | {"event": "put", "currency_pair": "NO_PE", "text": "web"})
    first, second = plain_codec().decode(frame, RECV)
    assert (first.symbol, first.client_id) == ("GT/USDT", "arb-1")
    assert (second.symbol, second.client_id) == ("", "")


def test_real_balance_pushes(shared):
    found = load(shared, "spot_ws_private_real")
    for name, free, locked in (
        ("freeze on order creation (2025-08)", "3081.68642272991036062136", "5.325"),
        ("part of it matched, same millisecond (2025-08)", "3081.68642272991036062136", "1.33125"),
    ):
        result = found[f"spot.balances result array: {name}"]
        frame = encoded({"channel": "spot.balances", "event": "update", "result": result})
        assert plain_codec().decode(frame, RECV) == (
            Balance("gateio", "USDT", D(free), D(locked), 0, 1755718222394 * NS, RECV),
        )
        assert str(plain_codec().decode(frame, RECV)[0].free) == free


def test_documented_fill_and_order_pushes(shared):
    docs, codec = load(shared, "spot_ws_channels_docs"), plain_codec()
    (frame,) = docs["spot.usertrades"]["update"]
    assert codec.decode(encoded(frame), RECV) == (
        Fill(
            "gateio",
            "BTC/USDT",
            "",
            "5736713",
            Side.SELL,
            D("10000"),
            D("1"),
            D("0.002"),
            "USDT",
            False,
            1605176741123456000,
            RECV,
            "30784428",
        ),
    )
    for channel in ("spot.orders", "spot.orders_v2"):
        (update,) = codec.decode(encoded(docs[channel]["update"][0]), RECV)
        assert (update.client_id, update.status, update.filled_qty) == ("testtext", OPEN, D(0))
    assert codec.decode(encoded(docs["spot.usertrades_v2"]["update"][0]), RECV) == (), "a fill without its fee is none"
    (balance,) = codec.decode(encoded(docs["spot.balances"]["update"][0]), RECV)
    assert (balance.free, balance.locked) == (D("222244.3827"), D(5))


@pytest.mark.parametrize(
    ("changes", "fee", "coin"),
    [
        pytest.param({"fee": "0.2", "fee_currency": "GT"}, "0.2", "GT", id="in what it names"),
        pytest.param({"fee": "0.2", "side": "buy"}, "0.2", "BTC", id="a buyer pays in base"),
        pytest.param({"fee": "0.2", "side": "sell"}, "0.2", "USDT", id="a seller pays in quote"),
        pytest.param({"fee": "0", "gt_fee": "0.3", "fee_currency": "BTC"}, "0.3", "GT", id="in GT"),
        pytest.param({"fee": "0", "point_fee": "1.5", "fee_currency": "BTC"}, "1.5", "POINT", id="in points"),
        pytest.param({"fee": "-0.1", "fee_currency": "BTC"}, "-0.1", "BTC", id="a rebate"),
    ],
)
def test_a_fill_is_paid_in_one_coin(changes, fee, coin):
    trade = {
        "id": 5,
        "order_id": "17",
        "currency_pair": "BTC_USDT",
        "create_time_ms": "1605176741123.456",
        "side": "buy",
        "role": "maker",
        "amount": "1",
        "price": "2",
        "text": "t-arb-1",
    }
    frame = encoded({"channel": "spot.usertrades", "event": "update", "result": [trade | changes]})
    (fill,) = plain_codec().decode(frame, RECV)
    assert (fill.fee, fill.fee_coin, fill.maker, fill.client_id) == (D(fee), coin, True, "arb-1")
    elsewhere = encoded(
        {"channel": "spot.usertrades", "event": "update", "result": [trade | changes | {"currency_pair": "NO_PE"}]}
    )
    assert plain_codec().decode(elsewhere, RECV) == ()


def test_channel_answers(shared):
    found, codec = load(shared, "spot_ws_acks_errors_real"), plain_codec()
    ack = {"time": 1, "channel": "spot.orders", "event": "subscribe", "result": {"status": "success"}}
    (accepted,) = codec.decode(encoded(ack), RECV)
    assert (accepted.id, accepted.error) == ("spot.orders", None)
    (refused,) = codec.decode(encoded(found["auth_failed_futures_2022"]), RECV)
    assert (refused.id, type(refused.error), refused.error.code) == ("futures.orders", AuthFailed, "INVALID_KEY")
    (unknown,) = codec.decode(encoded(found["unknown_contract_2022"]), RECV)
    assert type(unknown.error) is Rejected
    expired = {"code": 4, "message": '{"label":"REQUEST_EXPIRED","message":"x"}\n'}
    (late,) = codec.decode(encoded(ack | {"error": expired}), RECV)
    assert (type(late.error), late.error.cause) == (Transient, Cause.CLOCK)
    for code, kind in ((1, Rejected), (3, Transient), (4, AuthFailed), (6, AuthFailed), (11, AuthFailed)):
        (answer,) = codec.decode(encoded(ack | {"error": {"code": code, "message": "x"}}), RECV)
        assert type(answer.error) is kind, code


def test_pongs_and_notices(shared):
    found, codec = load(shared, "spot_ws_acks_errors_real"), plain_codec()
    assert codec.decode(b'{"time":1,"channel":"spot.pong","event":"","result":null}', RECV, 3) == (
        Pong("gateio", RECV, 3),
    )
    (notice,) = codec.decode(encoded(found["service_upgrade_notice_announcement_2026_02"]), RECV, 3)
    assert isinstance(notice, Notice)
    assert notice.closing


# ---------------------------------------------------------------------------------------------- the socket's answers


def answer_frame(result, **header):
    shown = {"status": "200", "channel": "spot.order_place", "event": "api"} | header
    return encoded({"request_id": "order_place-arb-1", "header": shown, "data": {"result": result}})


def told(shared, results):
    """(client id, status, filled, notional, reason) of each recorded result."""
    found = load(shared, "spot_ws_api_order_results_real_2025")[results]
    frames = [answer_frame(found)] if "batch" in results else [answer_frame(result) for result in found]
    for frame in frames:
        (answer,) = plain_codec().decode(frame, RECV)
        assert (answer.final, answer.error) == (True, None)
        yield from ((e.client_id, e.status, e.filled_qty, e.filled_notional) for e in answer.events)


def test_real_results_of_single_orders(shared):
    assert list(told(shared, "single_order_place")) == [
        ("1735720637181634009", FILLED, D("0.0001"), D("9.35033")),
        ("1735720637126962151", FILLED, None, D("9.991512")),  # a market buy tells what it spent
        ("1364", FILLED, D("200"), D("7.346")),
        ("1735780321603944400", OPEN, D(0), D(0)),
        ("1735784754905434100", OPEN, D(0), D(0)),
    ]


def test_a_real_batch_result(shared):
    assert list(told(shared, "batch_order_place_one_request")) == [
        ("740", FILLED, None, D("9.932761")),
        ("741", FILLED, None, D("0.00289717038")),
        ("742", OrderStatus.REJECTED, D(0), D(0)),
    ]


def test_documented_answers(shared):
    docs, codec = load(shared, "spot_ws_api_docs"), plain_codec()

    def answers(channel, name):
        for frame in docs[channel][name]:
            (answer,) = codec.decode(encoded(frame), RECV)
            yield answer

    for ack in answers("spot.order_place", "ack"):
        assert (ack.final, ack.events, ack.error) == (False, (), None)
        assert ack.rate.remain == 9
    (placed,) = answers("spot.order_place", "response")
    assert placed.rate == RateHint(9, 10, 1681986204784 * NS)
    assert placed.events == (
        OrderUpdate("gateio", "my-custom-id", "1700664330", OPEN, D(0), D(0), "", 1681986204832 * NS, RECV, "GT/USDT"),
    )
    (ack_only,) = next(answers("spot.order_place", "response (action_mode: ACK)")).events
    assert (ack_only.client_id, ack_only.venue_id, ack_only.status) == ("123456", "12332324", OPEN)
    assert ack_only.filled_qty is None
    (stp,) = next(answers("spot.order_place", "response (action_mode: RESULT)")).events
    assert (stp.status, stp.filled_qty, stp.filled_notional, stp.reason) == (CANCELLED, D("0.5"), D("2.50016"), "stp")
    (full,) = next(answers("spot.order_place", "response (action_mode: FULL)")).events
    assert (full.status, full.filled_qty, full.filled_notional) == (FILLED, D("0.001"), D("63.4693"))
    (limited,) = answers("spot.order_place", "error")
    assert (type(limited.error), limited.error.cause, limited.error.retry_after_s) == (
        Transient,
        Cause.RATE_LIMIT,
        1.0,
    )
    assert limited.rate.remain == 0
    (login,) = answers("spot.login", "response")
    assert (login.id, login.texts) == ("request-1", ("110284739",))
    (bad_key,) = answers("spot.login", "error")
    assert type(bad_key.error) is AuthFailed
    (cancelled,) = answers("spot.order_cancel", "response")
    assert [(e.status, e.reason) for e in cancelled.events] == [(CANCELLED, "cancelled")]
    (by_ids,) = answers("spot.order_cancel_ids", "response")
    assert (by_ids.events, by_ids.error) == ((), None)
    (by_pair,) = answers("spot.order_cancel_cp", "response")
    assert [e.status for e in by_pair.events] == [CANCELLED]
    for channel in ("spot.order_amend", "spot.order_status"):
        (same,) = answers(channel, "response")
        assert [e.status for e in same.events] == [OPEN]
    (listed,) = answers("spot.order_list", "response")
    assert [e.filled_qty for e in listed.events] == [D("0.00299"), D("0.00433"), D("0.00013")]


def test_frames_of_another_client_s_tests(shared):
    codec = plain_codec()
    for name, count in (("PlaceOrder", 3), ("CancelOrder", 2), ("GetOrder", 2)):
        steps = msgspec.json.decode((shared / f"data/ws_requests/gateio/spot.{name}.json").read_bytes())["steps"]
        frames = [step["data"].encode() for step in steps if step["dir"] != "out"]
        assert len(frames) == count
        answers = [codec.decode(frame, RECV)[0] for frame in frames]
        assert answers[0].texts == ("110284739",)
        assert [answer.final for answer in answers[1:-1]] == [False] * (count - 2)
        assert len(answers[-1].events) == 1


@pytest.mark.parametrize(
    ("status", "channel", "errs", "kind"),
    [
        pytest.param("400", "spot.order_place", "BALANCE_NOT_ENOUGH", Rejected, id="a refusal"),
        pytest.param(400, "spot.order_place", "BALANCE_NOT_ENOUGH", Rejected, id="a status that is a number"),
        pytest.param("500", "spot.order_place", "SERVER_ERROR", OutcomeUnknown, id="the venue does not know"),
        pytest.param("500", "spot.order_place", "BALANCE_NOT_ENOUGH", OutcomeUnknown, id="a 5xx is never a refusal"),
        pytest.param("400", "spot.order_place", "SOMETHING_NEW", OutcomeUnknown, id="a label nobody documents"),
        pytest.param("400", "", "SOMETHING_NEW", OutcomeUnknown, id="of who knows what"),
        pytest.param("500", "spot.order_status", "SERVER_ERROR", Transient, id="a read"),
        pytest.param("401", "spot.order_place", "REQUEST_EXPIRED", Transient, id="too late"),
        pytest.param("400", "spot.order_cancel", "ORDER_NOT_FOUND", Rejected, id="nothing to cancel"),
        pytest.param("503", "spot.order_place", None, OutcomeUnknown, id="no word of explanation"),
    ],
)
def test_refusals_over_the_socket(status, channel, errs, kind):
    header = {"status": status, "channel": channel}
    data = {"errs": {"label": errs, "message": "x"}} if errs else {}
    (answer,) = plain_codec().decode(encoded({"request_id": "r", "header": header, "data": data}), RECV)
    assert (answer.id, answer.final, type(answer.error)) == ("r", True, kind)


def test_not_logged_in_is_mended_by_a_login(shared):
    frame = load(shared, "spot_ws_acks_errors_real")["ws_api_not_logged_in_2024_06"]
    (answer,) = plain_codec().decode(encoded(frame), RECV)
    assert (type(answer.error), answer.error.cause) == (Transient, Cause.LOGIN)


@pytest.mark.parametrize("result", [None, [], {"id": "1", "amount": "x"}, {"id": "1", "amount": "1"}, 5, "text"])
def test_a_result_that_cannot_be_read_is_an_unknown_outcome_of_that_call(result):
    (answer,) = plain_codec().decode(answer_frame(result), RECV)
    assert (answer.id, type(answer.error)) == ("order_place-arb-1", OutcomeUnknown)


def test_a_nameless_refusal_belongs_to_the_call_it_answers():
    (answer,) = plain_codec().decode(answer_frame([{"label": "FOK_NOT_FILL", "message": "x"}]), RECV)
    (update,) = answer.events
    assert (update.client_id, update.status) == ("arb-1", OrderStatus.REJECTED)
    assert "FOK_NOT_FILL" in update.reason


def test_a_login_that_cannot_be_read_does_not_show_the_key():
    frame = b'{"header":{"status":"x"},"data":{"result":{"api_key":"the-key"}}}'
    with pytest.raises(ProtocolError) as caught:
        plain_codec().decode(frame, RECV)
    assert "the-key" not in str(caught.value)


# ---------------------------------------------------------------------------------------------- REST answers


def test_real_rest_answers(shared):
    found, codec = load(shared, "spot_rest_private_real"), plain_codec()
    finished = found["GET /api/v4/spot/orders?status=finished (2024-01): market buy of 5 USDT"]
    call = codec.encode_query("LTC/USDT", "arb-1", WALL_NS, venue_id="497245022561")
    (update,) = codec.decode_answer(call, encoded(finished[0]), RECV).events
    assert (update.client_id, update.status, update.symbol) == ("arb-1", FILLED, "LTC/USDT")
    assert (update.filled_qty, update.filled_notional) == (None, D("4.998985"))
    trades = found["GET /api/v4/spot/my_trades of the same order, newest first"]
    fills = codec.encode_fills("LTC/USDT", WALL_NS, client_id="arb-1", venue_id="497245022561")
    answer = codec.decode_answer(fills, encoded(trades), RECV)
    assert sum(fill.qty * fill.price for fill in answer.events) == update.filled_notional
    assert sum(fill.fee for fill in answer.events) == D(finished[0]["fee"])
    assert answer.events[0] == Fill(
        "gateio",
        "LTC/USDT",
        "arb-1",
        "7342180137",
        Side.BUY,
        D("68.02"),
        D("0.025"),
        D("0.000050"),
        "LTC",
        False,
        1706382263841325000,
        RECV,
        "497245022561",
    )
    resting = codec.encode_open_orders(WALL_NS)
    answer = codec.decode_answer(resting, encoded(found["GET /api/v4/spot/open_orders (2024-10)"]), RECV)
    assert [(e.client_id, e.venue_id, e.status) for e in answer.events] == [("", "700604309511", OPEN)]
    assert not answer.full


def test_real_error_bodies(shared):
    codec = plain_codec()
    call = codec.encode_order(order(), WALL_NS)
    kinds = [
        (type(error), error.cause)
        for body in load(shared, "spot_rest_private_real")["error bodies"]
        for error in [codec.decode_error(call, body["http"] or 400, encoded(body["body"]))]
    ]
    assert kinds == [
        (Rejected, Cause.BALANCE),
        (Rejected, Cause.REQUEST),
        (Transient, Cause.CLOCK),
        (AuthFailed, Cause.KEY),
        (Rejected, Cause.WOULD_TAKE),
        (Rejected, Cause.WOULD_TAKE),
    ]


def test_documented_rest_answers(shared):
    docs, codec = load(shared, "spot_rest_docs"), plain_codec()
    full = OrderUpdate(
        "gateio", "abc123", "1852454420", FILLED, D("0.001"), D("63.4693"), "", 1710488334074 * NS, RECV, "BTC/USDT"
    )
    place = codec.encode_order(order(), WALL_NS)
    calls = {
        "POST /api/v4/spot/orders": place,
        "GET /api/v4/spot/orders/{order_id}": codec.encode_query("BTC/USDT", "abc123", WALL_NS),
        "PATCH /api/v4/spot/orders/{order_id}": codec.encode_amend("BTC/USDT", "abc123", WALL_NS, price=D(1)),
        "DELETE /api/v4/spot/orders/{order_id}": codec.encode_cancel("BTC/USDT", "abc123", WALL_NS),
        "GET /api/v4/spot/orders": codec.encode_open_orders(WALL_NS, symbol="BTC/USDT"),
    }
    for name, call in calls.items():
        body = docs[name].get("200 Response") or docs[name]["FULL response body example"]
        assert codec.decode_answer(call, encoded(body), RECV).events == (full,), name
    for name in ("Trading.PlaceOrder", "Trading.GetOrder"):
        body = msgspec.json.decode((shared / f"data/endpoints/gateio/spot.{name}.json").read_bytes())["response"]
        assert codec.decode_answer(place, encoded(body), RECV).events == (full,), name
    ack = encoded(docs["POST /api/v4/spot/orders"]["ACK response body example"])
    (taken,) = codec.decode_answer(place, ack, RECV).events
    assert (taken.client_id, taken.venue_id, taken.status, taken.symbol) == ("123456", "12332324", OPEN, "BTC/USDT")
    batch = codec.encode_orders([order()], WALL_NS)
    (stp,) = codec.decode_answer(batch, encoded(docs["POST /api/v4/spot/batch_orders"]["200 Response"]), RECV).events
    assert (stp.status, stp.filled_qty, stp.symbol) == (CANCELLED, D("0.5"), "ETC/BTC")
    resting = encoded(docs["GET /api/v4/spot/open_orders"]["200 Response"])
    (open_,) = codec.decode_answer(codec.encode_open_orders(WALL_NS), resting, RECV).events
    assert (open_.status, open_.exch_ns) == (PARTIAL, 1548000100 * 10**9)
    for body in (
        docs["GET /api/v4/spot/my_trades"]["200 Response"],
        msgspec.json.decode((shared / "data/endpoints/gateio/spot.Trading.GetUserTrades.json").read_bytes())[
            "response"
        ],
    ):
        (fill,) = codec.decode_answer(codec.encode_fills("ETH/BTC", WALL_NS), encoded(body), RECV).events
        assert (fill.symbol, fill.client_id, fill.maker, fill.fee_coin) == ("ETH/BTC", "test", True, "ETH")
    accounts = encoded(docs["GET /api/v4/spot/accounts"]["200 Response"])
    assert codec.decode_answer(codec.encode_balances(WALL_NS), accounts, RECV).events == (
        Balance("gateio", "ETH", D("968.8"), D(0), 98, 0, RECV),
    )
    now = encoded(docs["GET /api/v4/spot/time"]["200 Response"])
    expected = docs["GET /api/v4/spot/time"]["200 Response"]["server_time"] * NS
    assert codec.decode_answer(codec.encode_time(), now, RECV).venue_ns == expected


def test_a_batch_with_an_answer_too_few_is_unknown(shared):
    codec = plain_codec()
    real = load(shared, "spot_ws_api_order_results_real_2025")["batch_order_place_one_request"]
    call = codec.encode_orders([order(client_id=name) for name in ("740", "741", "742")], WALL_NS)
    events = codec.decode_answer(call, encoded(real), RECV).events
    assert [(e.client_id, e.status) for e in events] == [
        ("740", FILLED),
        ("741", FILLED),
        ("742", OrderStatus.REJECTED),
    ]
    with pytest.raises(OutcomeUnknown):
        codec.decode_answer(call, encoded(real[:2]), RECV)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id":"1","amount":"1","left":"2","status":"open"}'])
def test_an_unreadable_answer_to_an_order_is_an_unknown_outcome(body):
    codec = plain_codec()
    with pytest.raises(OutcomeUnknown):
        codec.decode_answer(codec.encode_order(order(), WALL_NS), body, RECV)


def test_an_answer_that_says_nothing_of_the_order_leaves_it_unknown():
    codec = plain_codec()
    (update,) = codec.decode_answer(codec.encode_order(order(), WALL_NS), b"{}", RECV).events
    assert (update.client_id, update.status, update.symbol) == ("arb-000001", OrderStatus.UNKNOWN, "BTC/USDT")
