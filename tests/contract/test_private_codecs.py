"""What every private codec promises. The suite finds them by itself: a new venue needs no line here."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastpath
from arb import interfaces
from arb.domain import Balance, Fill, Order, OrderStatus, OrderType, OrderUpdate, Side
from arb.errors import Cause, OutcomeUnknown, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Answer, Call, ListenKey, Verb
from arb.outcome import unplaced

NAMES = [
    module.name
    for module in iter_modules(fastpath.__path__)
    if not module.ispkg and hasattr(import_module(f"fastpath.{module.name}"), "PrivateCodec")
]
KEY, SECRET = "an-api-key-of-somebody", "a-secret-of-somebody"
NATIVES = {"AAAUSDT": "AAA/USDT", "AAA_USDT": "AAA/USDT"}
S = "AAA/USDT"
WALL_NS, RECV_NS = 1_767_225_600_123_456_789, 987_654_321

every_codec = pytest.mark.parametrize("name", NAMES)


def codec_of(name):
    return import_module(f"fastpath.{name}").PrivateCodec(NATIVES, KEY, SECRET)


def order(kind=OrderType.IOC, side=Side.BUY, client_id="arb-1", **changes):
    given_ = {"qty": Decimal(1), "price": Decimal(2), "notional": None} | changes
    if kind is OrderType.MARKET and "price" not in changes:
        given_["price"] = None
    return Order("v", S, side, kind, given_["qty"], given_["price"], client_id, given_["notional"])


def all_calls(codec):
    """Every call that a codec can encode, over each way it has."""
    ways = (False, True) if codec.spec.socket_orders else (False,)
    for socket in ways:
        yield codec.encode_order(order(), WALL_NS, socket=socket)
        yield codec.encode_orders([order(), order(client_id="arb-2")], WALL_NS, socket=socket)
        yield codec.encode_amend(S, "arb-1", WALL_NS, price=Decimal(3), socket=socket)
        for venue_id in ("", "17"):
            yield codec.encode_cancel(S, "arb-1", WALL_NS, venue_id=venue_id, socket=socket)
            yield codec.encode_query(S, "arb-1", WALL_NS, venue_id=venue_id, socket=socket)
    for symbol in (None, S):
        yield codec.encode_open_orders(WALL_NS, symbol=symbol)
    yield codec.encode_fills(S, WALL_NS, client_id="arb-1", venue_id="17")
    yield codec.encode_fills(S, WALL_NS, since_ns=10**18)
    yield codec.encode_balances(WALL_NS)
    yield codec.encode_deadman(30, WALL_NS)
    yield codec.encode_time()
    yield from codec.encode_rights(WALL_NS)
    yield from (codec.encode_listen_key(action, WALL_NS, "a-listen-key") for action in ListenKey)
    yield codec.encode_login(WALL_NS)
    yield from codec.encode_subscribe(WALL_NS)


def calls_of(codec):
    return [call for call in all_calls(codec) if call is not None]


def raw(call):
    return call.frame if call.request is None else f"{call.request}".encode() + call.request.path.encode()


# ---------------------------------------------------------------------------------------------- the contract itself


@every_codec
def test_it_has_every_method_of_the_contract_with_its_very_parameters(name):
    theirs = type(codec_of(name))
    for method, function in inspect.getmembers(interfaces.PrivateCodec, inspect.isfunction):
        if method.startswith("_") and method != "__init__":
            continue
        ours = inspect.signature(getattr(theirs, method)).parameters.values()
        wanted = inspect.signature(function).parameters.values()
        shapes = [[(p.name, p.kind, p.default) for p in found] for found in (ours, wanted)]
        assert shapes[0] == shapes[1], method


@every_codec
def test_spec_makes_sense(name):
    codec = codec_of(name)
    assert codec.spec.batch >= 1
    assert codec.spec.settle_s > 0
    assert codec.spec.forget_s == 0 or codec.spec.forget_s > codec.spec.settle_s
    assert (codec.spec.keep_key_s > 0) == (codec.encode_listen_key(ListenKey.MAKE, WALL_NS) is not None)
    assert len(codec.encode_subscribe(WALL_NS)) == codec.spec.streams


# ---------------------------------------------------------------------------------------------- to the venue


@every_codec
def test_a_call_goes_one_way_and_a_frame_can_be_answered(name):
    for call in calls_of(codec_of(name)):
        assert (call.request is None) == bool(call.frame), call
        if call.frame:
            assert isinstance(msgspec.json.decode(call.frame), dict)
            assert call.id
        else:
            assert call.request.path.startswith("/")
            assert call.request.path.isascii()


@every_codec
def test_calls_that_await_answers_at_once_have_ids_of_their_own(name):
    codec = codec_of(name)
    if not codec.spec.socket_orders:
        pytest.skip("orders go over REST")
    made = [
        encode(S, who, WALL_NS, socket=True) for encode in (codec.encode_cancel, codec.encode_query) for who in "ab"
    ]
    made += [codec.encode_order(order(client_id=who), WALL_NS, socket=True) for who in "ab"]
    made += [*codec.encode_subscribe(WALL_NS), codec.encode_login(WALL_NS)]
    assert len({call.id for call in made}) == len(made)


@every_codec
def test_neither_key_nor_secret_nor_listen_key_is_ever_shown(name):
    codec = codec_of(name)
    calls = calls_of(codec)
    shown = "".join(map(repr, [codec, vars(codec).get("_signer"), *calls, *(call.request for call in calls)]))
    for private in (KEY, SECRET, "a-listen-key", "signature", "SIGN"):
        assert private not in shown
    assert "a-listen-key" not in repr(Answer(texts=("a-listen-key",)))
    for call in calls:
        assert SECRET.encode() not in raw(call) + (call.request.body if call.request else b"")


@every_codec
def test_reads_are_gets_and_orders_are_not(name):
    for call in calls_of(codec_of(name)):
        if call.request is not None and call.verb not in (Verb.LISTEN_KEY, Verb.DEADMAN):
            assert (call.request.method == "GET") != call.verb.changes, call


@every_codec
def test_client_ids_of_the_documented_alphabet_pass_and_others_are_refused(name):
    codec = codec_of(name)
    longest = int(re.search(r",(\d+)}", codec.spec.client_id)[1])
    for good in ("a", "Z9-_", "x" * longest):
        assert codec.encode_order(order(client_id=good), WALL_NS).client_ids == (good,)
    for bad in ("", "x" * (longest + 1), "a b", "a&b=c", "ü", "a\n", "a/b"):
        for encode in (
            lambda bad=bad: codec.encode_order(order(client_id=bad), WALL_NS),
            lambda bad=bad: codec.encode_query(S, bad, WALL_NS),
            lambda bad=bad: codec.encode_cancel(S, bad, WALL_NS),
        ):
            with pytest.raises(Rejected) as caught:
                encode()
            assert caught.value.cause is Cause.REQUEST


@every_codec
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"qty": Decimal(0)}, id="nothing"),
        pytest.param({"qty": Decimal(-1)}, id="less than nothing"),
        pytest.param({"qty": Decimal("NaN")}, id="not a number"),
        pytest.param({"price": Decimal("Infinity")}, id="no price"),
        pytest.param({"price": None}, id="a limit order without a price"),
        pytest.param({"notional": Decimal(5)}, id="a limit order that spends"),
        pytest.param({"kind": OrderType.MARKET}, id="a market buy that does not say what it spends"),
        pytest.param({"kind": OrderType.MARKET, "notional": Decimal(0)}, id="a market buy that spends nothing"),
        pytest.param({"kind": OrderType.MARKET, "side": Side.SELL, "notional": Decimal(5)}, id="a sell that spends"),
        pytest.param(
            {"kind": OrderType.MARKET, "side": Side.SELL, "price": Decimal(5)}, id="a market order with a price"
        ),
    ],
)
def test_an_order_that_no_venue_takes_is_not_sent(name, wrong):
    with pytest.raises(Rejected) as caught:
        codec_of(name).encode_order(order(**wrong), WALL_NS)
    assert caught.value.venue == name


@every_codec
def test_a_market_without_a_name_is_refused(name):
    codec = codec_of(name)
    for encode in (
        lambda: codec.encode_order(msgspec.structs.replace(order(), symbol="NO/WHERE"), WALL_NS),
        lambda: codec.encode_cancel("NO/WHERE", "a", WALL_NS),
        lambda: codec.encode_query("NO/WHERE", "a", WALL_NS),
        lambda: codec.encode_fills("NO/WHERE", WALL_NS),
        lambda: codec.encode_open_orders(WALL_NS, symbol="NO/WHERE"),
    ):
        with pytest.raises(Rejected, match="NO/WHERE"):
            encode()


amounts = st.decimals(min_value="1e-18", max_value="1e18", allow_nan=False, allow_infinity=False)


@every_codec
@settings(max_examples=60, deadline=None)
@given(qty=amounts, price=amounts)
def test_amounts_are_written_exactly_and_never_with_an_exponent(name, qty, price):
    codec = codec_of(name)
    call = codec.encode_order(order(qty=qty, price=price), WALL_NS)
    text = (call.request.path + call.request.body.decode()).replace('"', "").replace(":", "=").replace(",", "&")
    found = dict(re.findall(r"(\w+)=([^&{}]+)", text))
    written = found.get("amount", found.get("quantity")), found["price"]
    for value, meant in zip(written, (qty, price), strict=True):
        assert re.fullmatch(r"\d+(\.\d*[1-9])?", value)
        assert Decimal(value) == meant


# ---------------------------------------------------------------------------------------------- from the venue

CALLS = [(name, call) for name in NAMES for call in calls_of(codec_of(name)) if call.request is not None]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1", "-1", "NaN"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("symbol", "orderId", "status", "executedQty", "cummulativeQuoteQty", "balances", "listenKey"),
                    *("id", "text", "amount", "left", "filled_total", "status", "currency_pair", "label", "succeeded"),
                    *("header", "data", "result", "errs", "request_id", "ack", "channel", "event", "error", "code"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def mutated(draw_from):
    """A sensible answer with one value gone wrong."""
    return st.builds(
        lambda body, key, value: {**body, key: value} if key in body else body,
        st.sampled_from(draw_from),
        st.sampled_from(sorted({key for body in draw_from for key in body})),
        json_values,
    )


SENSIBLE = [
    {"symbol": "AAAUSDT", "orderId": "1", "transactTime": 5},
    {"symbol": "AAAUSDT", "orderId": "1", "status": "NEW", "executedQty": "0", "cummulativeQuoteQty": "0", "time": 5},
    {"id": "1", "text": "t-a", "currency_pair": "AAA_USDT", "amount": "2", "left": "1", "status": "open",
     "filled_total": "1", "filled_amount": "1", "update_time_ms": 5, "side": "buy", "type": "market"},
    {"id": "1", "order_id": "2", "side": "buy", "role": "maker", "amount": "1", "price": "2", "fee": "0",
     "create_time_ms": "5.5", "currency_pair": "AAA_USDT", "gt_fee": "0", "point_fee": "0", "fee_currency": "AAA"},
    {"currency": "AAA", "available": "1", "locked": "2", "freeze": "2", "timestamp_ms": "5", "update_id": 3},
    {"code": 30004, "msg": "x"},
    {"label": "BALANCE_NOT_ENOUGH", "message": "x"},
]  # fmt: skip
values = json_values | mutated(SENSIBLE)
answers = (values | st.lists(values, max_size=3)).map(msgspec.json.encode) | st.binary(max_size=60)


def check(event, name):
    if isinstance(event, OrderUpdate | Fill | Balance):
        assert event.venue == name
        assert hash(event) is not None
        assert 0 <= event.exch_ns < 2**63
        assert event.recv_ns == RECV_NS
    if isinstance(event, OrderUpdate):
        assert all(amount is None or 0 <= amount < 10**120 for amount in (event.filled_qty, event.filled_notional))
    if isinstance(event, Fill):
        assert event.symbol
        assert all(amount.is_finite() for amount in (event.price, event.qty, event.fee))
    if isinstance(event, Balance):
        assert min(event.free, event.locked) >= 0


@settings(max_examples=400, deadline=None)
@given(which=st.sampled_from(CALLS), body=answers)
def test_any_answer_is_events_or_one_of_our_errors(which, body):
    name, call = which
    codec = codec_of(name)
    answer, error = Answer(), None
    try:
        answer = codec.decode_answer(call, body, RECV_NS)
    except VenueError as exc:
        error = exc
    assert not (call.verb.changes and isinstance(error, ProtocolError))
    for event in answer.events:
        check(event, name)


@settings(max_examples=200, deadline=None)
@given(which=st.sampled_from(CALLS), status=st.integers(300, 600), body=answers)
def test_any_refusal_is_one_of_our_errors(which, status, body):
    name, call = which
    error = codec_of(name).decode_error(call, status, body)
    assert isinstance(error, VenueError)
    if call.verb.changes and status >= 500:
        assert isinstance(error, OutcomeUnknown)
    if not call.verb.changes:
        assert not isinstance(error, OutcomeUnknown)


pushed = st.builds(
    lambda channel, result: {"channel": channel, "event": "update", "result": result},
    st.sampled_from(["spot.orders", "spot.usertrades", "spot.balances"]),
    st.lists(values, max_size=3) | values,
)
answered = st.builds(
    lambda channel, status, data: {"request_id": "r", "header": {"status": status, "channel": channel}, "data": data},
    st.sampled_from(["spot.order_place", "spot.order_cancel", "spot.login", ""]),
    st.sampled_from(["200", "400", "500", 200]) | json_values,
    st.builds(lambda key, value: {key: value}, st.sampled_from(["result", "errs"]), values) | json_values,
)
frames = (json_values | pushed | answered).map(msgspec.json.encode) | st.binary(max_size=60)


@every_codec
@settings(max_examples=300, deadline=None)
@given(frame=frames)
def test_any_frame_is_events_or_one_of_our_errors(name, frame):
    try:
        found = codec_of(name).decode(frame, RECV_NS, 7)
    except VenueError:
        return
    for event in found:
        if isinstance(event, Answer):
            assert event.error is None or isinstance(event.error, VenueError)
        for inner in event.events if isinstance(event, Answer) else (event,):
            check(inner, name)


# ---------------------------------------------------------------------------------------------- what errors mean


@every_codec
@pytest.mark.parametrize(
    ("status", "meant"),
    [(400, OrderStatus.UNKNOWN), (429, OrderStatus.REJECTED), (502, OrderStatus.UNKNOWN)],
    ids=["a page", "turned away", "a bad gateway"],
)
def test_a_failed_order_is_rejected_only_where_nothing_can_have_happened(name, status, meant):
    codec = codec_of(name)
    call = codec.encode_order(order(), WALL_NS)
    error = codec.decode_error(call, status, b"<html>")
    (update,) = unplaced(name, call, error, RECV_NS)
    assert (update.client_id, update.symbol, update.status) == ("arb-1", S, meant)


@every_codec
def test_time_is_asked_without_a_key(name):
    call = codec_of(name).encode_time()
    assert isinstance(call, Call)
    assert call.request.headers == ()
    with pytest.raises(ProtocolError):
        codec_of(name).decode_answer(call, b"{}", RECV_NS)
    assert type(codec_of(name).decode_error(call, 503, b"")) is Transient
