"""What every codec in `fastpath/` promises. The suite finds the modules by itself: a new venue needs no line here."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastpath
from arb.domain import BookDelta, BookSnapshot, Depth, Market, Quote, Seed, Trade, Trust
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient, VenueError
from arb.session import SplitNatives
from tests.wire_cases import cases

NAMES = [module.name for module in iter_modules(fastpath.__path__) if not module.ispkg]
CASES = [(name, case) for name in NAMES for case in cases(name)]
RECV_NS, CONN, WALL_NS = 987_654_321, 7, 1_767_225_600_123_456_789
PAIRS = [f"{base}/{quote}" for base in ("AAA", "BBB", "CCCC", "D1", "EEEEEEEE") for quote in ("USDT", "BTC", "ETH")]

every_codec = pytest.mark.parametrize("name", NAMES)


def module_of(name):
    return import_module(f"fastpath.{name}")


def codec_of(name, natives):
    return module_of(name).Codec(natives)


def table_of(name, pairs=PAIRS):
    """A symbol table in the venue's own spelling, learnt from its frames."""
    separator = next(re.sub("[A-Za-z0-9]", "", native) for _, case in CASES for native in case.natives if _ == name)
    return {pair.replace("/", separator): pair for pair in pairs}


def check_levels(event):
    for price, qty in (*event.bids, *event.asks):
        assert 0 < price < math.inf
        assert 0 <= qty < math.inf


def check_event(event, recv_ns, conn):
    """What every consumer relies on, whatever the frame was."""
    assert hash(event) is not None
    assert event.recv_ns == recv_ns
    assert getattr(event, "conn", conn) == conn
    if isinstance(event, BookSnapshot | BookDelta):
        check_levels(event)
    if isinstance(event, BookDelta):
        assert 0 < event.first <= event.last < 2**63
    if isinstance(event, BookSnapshot):
        assert 0 <= event.seq < 2**63
    if isinstance(event, Quote):
        for price, qty in ((event.bid, event.bid_qty), (event.ask, event.ask_qty)):
            assert 0 < price < math.inf or (price, qty) == (0, 0)
            assert 0 <= qty < math.inf
    if isinstance(event, Trade):
        assert 0 < event.price < math.inf
    if hasattr(event, "exch_ns"):
        assert 0 <= event.exch_ns < 2**63


def decode_anything(codec, data):
    """Garbage is refused with our error, or read as events that are as good as any."""
    try:
        events = codec.decode(data, RECV_NS, CONN)
    except VenueError:
        return
    for event in events:
        check_event(event, RECV_NS, CONN)


# ---------------------------------------------------------------------------------------------- SPEC


@every_codec
def test_spec_is_the_module_s_own_and_complete(name):
    spec = module_of(name).SPEC
    assert spec.name == name
    assert re.fullmatch("[a-z0-9_]+", name)
    assert name not in spec.aliases
    assert spec.rest_url.startswith("https://")
    assert not spec.rest_url.endswith("/")
    assert spec.ws_url.startswith("wss://")
    assert 0 < spec.ping_s < spec.dead_s
    assert spec.max_topics > 0
    assert spec.message_hz > 0
    assert spec.snapshot_hz > 0


@every_codec
def test_every_depth_has_a_feed_and_every_feed_a_name_of_its_own(name):
    feeds = module_of(name).SPEC.feeds
    assert {feed.depth for feed in feeds} == set(Depth)
    assert len({feed.name for feed in feeds}) == len(feeds)


@every_codec
def test_feeds_keep_what_their_depth_promises(name):
    for feed in module_of(name).SPEC.feeds:
        assert feed.depth is Depth.FULL or feed.levels >= feed.depth, feed.name
        assert (feed.rule.seed is Seed.NONE) == (feed.trust is Trust.WHOLE), feed.name
        assert feed.trust >= Trust.WHOLE, feed.name
        assert not feed.rule.dump_guard or feed.rule.window, feed.name


# ---------------------------------------------------------------------------------------------- to the venue


@every_codec
@pytest.mark.parametrize("verb", ["encode_subscribe", "encode_unsubscribe"])
def test_requests_are_json_that_fits_and_names_every_symbol_once(name, verb):
    spec, natives = module_of(name).SPEC, table_of(name)
    encode = getattr(codec_of(name, natives), verb)
    for feed in spec.feeds:
        frames = encode(feed, PAIRS, WALL_NS)
        assert all(isinstance(msgspec.json.decode(frame), dict) for frame in frames)
        assert all(len(frame) <= (spec.max_frame or len(frame)) for frame in frames)
        for native in natives:
            whole = re.compile(rf"(?<![A-Za-z0-9_]){native}(?![A-Za-z0-9_])".encode())
            assert sum(len(whole.findall(frame)) for frame in frames) == 1, (feed.name, native)


@every_codec
def test_requests_differ_by_feed_and_by_verb(name):
    spec, codec = module_of(name).SPEC, codec_of(name, table_of(name))
    asked = {feed.name: codec.encode_subscribe(feed, PAIRS[:1], WALL_NS) for feed in spec.feeds}
    ended = {feed.name: codec.encode_unsubscribe(feed, PAIRS[:1], WALL_NS) for feed in spec.feeds}
    assert len({*asked.values(), *ended.values()}) == 2 * len(spec.feeds)


@every_codec
def test_no_symbols_need_no_request(name):
    codec = codec_of(name, table_of(name))
    assert codec.encode_subscribe(module_of(name).SPEC.feeds[0], [], WALL_NS) == ()


@every_codec
def test_a_symbol_without_a_market_is_refused(name):
    codec, feed = codec_of(name, table_of(name)), module_of(name).SPEC.feeds[0]
    with pytest.raises(Rejected, match="NO/WHERE"):
        codec.encode_subscribe(feed, ["NO/WHERE"], WALL_NS)
    with pytest.raises(Rejected, match="NO/WHERE"):
        codec.encode_snapshot("NO/WHERE", 0)


@every_codec
def test_ping_is_json(name):
    assert isinstance(msgspec.json.decode(codec_of(name, {}).encode_ping(WALL_NS)), dict)


@every_codec
def test_snapshot_is_a_get_that_says_how_deep(name):
    natives = table_of(name)
    codec = codec_of(name, natives)
    for native, symbol in natives.items():
        request = codec.encode_snapshot(symbol, 20)
        assert request.method == "GET"
        assert request.path.startswith("/")
        assert re.search(rf"={native}(&|$)", request.path)
        assert re.search(r"=20(&|$)", request.path)
        assert codec.encode_snapshot(symbol, 0).path != request.path
        assert codec.encode_snapshot(symbol, 10**6) == codec.encode_snapshot(symbol, 0)


@every_codec
def test_a_native_name_is_escaped_in_a_path(name):
    codec = codec_of(name, {"币安人生&X": "币安人生/USDT"})
    assert codec.encode_snapshot("币安人生/USDT", 20).path.isascii()
    assert "&X" not in codec.encode_snapshot("币安人生/USDT", 20).path


# ---------------------------------------------------------------------------------------------- from the venue


@pytest.mark.parametrize(("name", "case"), [pytest.param(n, c, id=c.rule) for n, c in CASES])
def test_built_frames_decode_to_the_events_they_mean(name, case):
    codec = codec_of(name, case.natives)
    conn = 0 if case.rest else CONN

    def decode():
        if case.rest:
            return (codec.decode_snapshot(case.symbol, case.data, RECV_NS),)
        return codec.decode(case.data, RECV_NS, CONN)

    if case.events is None:
        with pytest.raises(ProtocolError) as caught:
            decode()
        assert caught.value.venue == name
        return
    events = decode()
    assert events == case.expected(name, RECV_NS, conn)
    assert decode() == events
    for event in events:
        check_event(event, RECV_NS, conn)


@every_codec
def test_the_built_frames_show_every_kind_of_answer(name):
    seen = {event["type"] for n, case in CASES if n == name for event in case.events or ()}
    assert seen >= {"BookSnapshot", "Quote", "Trade", "Subscribed", "Unsubscribed", "SubscriptionRefused", "Pong"}
    assert any(case.rest for n, case in CASES if n == name)


@every_codec
def test_a_codec_remembers_nothing_between_frames(name):
    readable = [c for n, c in CASES if n == name and c.events is not None and not c.rest]
    codec = codec_of(name, readable[0].natives)
    forth = [codec.decode(c.data, RECV_NS, CONN) for c in readable]
    back = [codec.decode(c.data, RECV_NS, CONN) for c in reversed(readable)]
    assert forth == back[::-1]


@every_codec
def test_a_table_that_splits_unknown_names_serves_too(name):
    for n, case in CASES:
        if n == name and case.events and not case.rest:
            assert codec_of(name, SplitNatives()).decode(case.data, 1, 2) == case.expected(name, 1, 2), case.rule


@every_codec
def test_a_book_of_an_unknown_symbol_is_not_decoded(name):
    for n, case in CASES:
        if n == name and not case.rest and any("bids" in e or "bid" in e for e in case.events or ()):
            with pytest.raises(ProtocolError):
                codec_of(name, {}).decode(case.data, RECV_NS, CONN)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=300, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode)))
def test_garbage_raises_only_our_errors(name, data):
    decode_anything(codec_of(name, table_of(name)), data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_frames_with_foreign_values_raise_only_our_errors(name, data):
    """A JSON frame in which one value has become another; a path leads to the value."""
    texts = [c for n, c in CASES if n == name and c.text and c.events is not None and c.text.startswith("{")]
    case = data.draw(st.sampled_from(texts))
    root = spot = msgspec.json.decode(case.text)
    while True:
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(spot[key], dict | list) or not spot[key] or data.draw(st.booleans()):
            break
        spot = spot[key]
    spot[key] = data.draw(json_values)
    decode_anything(codec_of(name, case.natives), msgspec.json.encode(root))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_frames_raise_only_our_errors(name, data):
    """Torn, doubled or with some bytes changed."""
    frames = [c for n, c in CASES if n == name and c.events is not None and not c.rest and c.data]
    case = data.draw(st.sampled_from(frames))
    damaged = bytearray(case.data)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(damaged)))
    end = data.draw(st.integers(start, len(damaged)))
    cut = damaged[start:end]
    codec = codec_of(name, case.natives)
    decode_anything(codec, bytes(damaged))
    decode_anything(codec, bytes(damaged[:end]))
    decode_anything(codec, bytes(damaged[:end] + cut + damaged[end:]))


@every_codec
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00" * 2_000_000, id="zeros"),
        pytest.param(b"\xff" * 2_000_000, id="a varint without end"),
        pytest.param(b"\x08\x01" * 1_000_000, id="a million small fields"),
        pytest.param(b"[" * 1_000_000, id="nested lists"),
        pytest.param(b'{"channel":' * 200_000, id="nested objects"),
        pytest.param(b'{"channel":"x","result":' + b"[" * 200_000 + b"]" * 200_000 + b"}", id="nested and closed"),
        pytest.param(b'{"msg":"' + b"[" * 1_000_000 + b'"}', id="a long text"),
        pytest.param(b'{"result":{"u":1' + b"0" * 100_000 + b"}}", id="a huge number"),
    ],
)
def test_huge_garbage_is_refused_in_no_time(name, data):
    decode_anything(codec_of(name, table_of(name)), data)


# ---------------------------------------------------------------------------------------------- REST


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_rest_answer_is_a_protocol_error_or_a_book(name, data):
    answers = [c for n, c in CASES if n == name and c.rest and c.events]
    case = data.draw(st.sampled_from(answers))
    damaged = bytearray(case.data)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        book = codec_of(name, case.natives).decode_snapshot(case.symbol, bytes(damaged), RECV_NS)
    except ProtocolError:
        return
    check_event(book, RECV_NS, 0)
    assert book.symbol == case.symbol


BODIES = [b"", b"<html><h1>502</h1></html>", b"{}", b"[]", b"\xff\xfe", b"null", b'{"code":"x","label":5}', b"[" * 9999]


@every_codec
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(429, Transient, id="429 try later"),
        pytest.param(418, Transient, id="418 banned for a while: try later"),
        pytest.param(500, Transient, id="500 try later"),
        pytest.param(503, Transient, id="503 try later"),
        pytest.param(401, AuthFailed, id="401 the key is refused"),
        pytest.param(403, Transient, id="403 in no words of the venue is a firewall's"),
        pytest.param(400, Rejected, id="400 do not repeat"),
        pytest.param(404, Rejected, id="404 do not repeat"),
    ],
)
def test_a_refusal_in_no_words_of_the_venue_is_judged_by_its_status(name, status, kind):
    codec = codec_of(name, {})
    for body in BODIES:
        error = codec.decode_error(status, body)
        assert type(error) is kind, body
        assert error.venue == name
        assert str(status) in str(error)
        assert len(str(error)) < 500


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(status=st.integers(100, 599), body=st.binary(max_size=60) | json_values.map(msgspec.json.encode))
def test_no_refusal_is_beyond_words(name, status, body):
    error = codec_of(name, {}).decode_error(status, body)
    assert isinstance(error, Transient | Rejected | AuthFailed)


# ---------------------------------------------------------------------------------------------- markets


MARKET = Market("v", "AAA/USDT", "AAAUSDT", "AAA", "USDT", tick=Decimal("0.1"), step=Decimal(1))


@pytest.mark.parametrize("name", [n for n in NAMES if hasattr(module_of(n), "refine")])
@settings(max_examples=200, deadline=None)
@given(info=st.dictionaries(st.text(max_size=8), json_values, max_size=6))
def test_a_market_record_that_cannot_be_read_closes_its_market(name, info):
    refined = module_of(name).refine(MARKET, info, WALL_NS)
    assert (refined.buyable, refined.sellable) == (False, False)
    assert refined.why
    assert (refined.symbol, refined.native) == (MARKET.symbol, MARKET.native)
