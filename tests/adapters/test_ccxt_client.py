"""Real ccxt objects against servers on loopback: how they begin, how they break, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import ccxt
import pytest
from aiohttp import WSMsgType, web
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from google.protobuf.message import DecodeError

from adapters import ccxt_client
from adapters.ccxt_client import CLOSE_S, SNAPSHOT_DELAY, Client, ClientSettings, Opener, ignore, spot_only
from adapters.ccxt_listings import Listings
from arb.clock import ManualClock
from arb.domain import Coin, Market, NativeSymbol, Symbol, VenueId
from tests.adapters.ccxt_fakes import serving, turns, until
from tests.proof.clockwork import Clockwork

KEY, SECRET, PASSWORD = "key-0123456789", "secret-0123456789", "password-0123456789"
V, BTC = VenueId("v"), Symbol("BTC/USDT")
FULL = {
    "channel": "spot.obu",
    "event": "update",
    "time_ms": 1,
    "result": {"t": 1, "full": True, "s": "ob.BTC_USDT.50", "u": 7, "b": [["1.0", "2"]], "a": [["1.5", "3"]]},
}

DEPTH = PushDataV3ApiWrapper(channel="spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", symbol="BTCUSDT", sendTime=1)
DEPTH.publicAggreDepths.fromVersion = DEPTH.publicAggreDepths.toVersion = "5"

Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


def market(native: str = "BTC_USDT") -> Market:
    return Market(V, BTC, NativeSymbol(native), Coin("BTC"), Coin("USDT"), Decimal("0.1"), Decimal("0.001"))


@asynccontextmanager
async def gate(talk: Talk, **settings: Any) -> AsyncIterator[tuple[Client, list[Exception], Counter[str]]]:
    """A client of a Gate that acknowledges a subscription and then talks as it likes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        asked = json.loads((await socket.receive()).data)
        ack = {name: asked[name] for name in ("id", "time", "channel", "event", "payload")}
        await socket.send_json(ack | {"result": {"status": "success"}})
        await talk(socket)
        with suppress(asyncio.CancelledError):
            async for _ in socket:
                pass
        return socket

    losses: list[Exception] = []
    before = asyncio.all_tasks()
    async with serving(answer) as host:
        urls = {"rest_url": f"http://{host}/api/v4", "ws_url": f"ws://{host}/ws/v4/"}
        opener = Opener(ClientSettings("gate", **urls, **settings))
        client = await opener(losses.append)
        listings = Listings()
        listings.add([market()])
        listings.tell(client.exchange)
        try:
            yield client, losses, opener.counters
        finally:
            await client.close()
            await opener.close()
    await turns(3)
    assert asyncio.all_tasks() <= before


async def push_full(socket: web.WebSocketResponse) -> None:
    await socket.send_json(FULL)


async def test_a_book_comes_and_a_close_leaves_nothing(recwarn: pytest.WarningsRecorder) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with gate(push_full) as (client, losses, _):
        book = await client.exchange.watch_order_book(BTC)
        assert (list(map(list, book["bids"])), book["nonce"]) == ([[1.0, 2.0]], 7)
        waiting = asyncio.create_task(client.exchange.watch_order_book(BTC))
        await turns()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert losses == []  # that was us
    await client.close()  # once more does no harm
    del client, book, waiting
    gc.collect()
    await turns()
    assert complaints == []
    assert [str(warning.message) for warning in recwarn] == []


async def then_close(socket: web.WebSocketResponse) -> None:
    await push_full(socket)
    await socket.close(code=1012)


async def then_drop(socket: web.WebSocketResponse) -> None:
    await push_full(socket)
    transport = socket._req.transport if socket._req is not None else None
    assert transport is not None
    transport.abort()


async def then_garble(socket: web.WebSocketResponse) -> None:
    await push_full(socket)
    await socket.send_str('{"channel":"spot.obu","event":"upda')


async def then_nonsense(socket: web.WebSocketResponse) -> None:
    await push_full(socket)
    await socket.send_json(FULL | {"result": {"s": 5, "full": "x", "b": [[{}]]}})


@pytest.mark.parametrize(
    ("talk", "kinds", "unreadable"),
    [
        pytest.param(then_close, (OSError, ccxt.NetworkError), 0, id="the venue closes"),
        pytest.param(then_drop, (OSError, ccxt.NetworkError), 0, id="the connection breaks"),
        pytest.param(then_garble, (ValueError,), 1, id="a torn frame, on which ccxt alone would go deaf"),
        pytest.param(then_nonsense, (TypeError, AttributeError, ValueError, KeyError), 1, id="a frame without sense"),
    ],
)
async def test_the_end_of_a_socket_is_told(talk: Talk, kinds: tuple[type[Exception], ...], unreadable: int) -> None:
    async with gate(talk) as (client, losses, counters):
        with suppress(ccxt.BaseError, asyncio.CancelledError):
            await client.exchange.watch_order_book(BTC)
        await until(lambda: losses)
        assert isinstance(losses[0], kinds)
        assert counters["decode_errors"] == unreadable
        assert counters["connects"] == 1
        assert counters["frames"] >= 2


async def test_a_venue_that_cannot_be_reached_is_told() -> None:
    losses: list[Exception] = []
    opener = Opener(ClientSettings("gate", rest_url="http://127.0.0.1:1", ws_url="ws://127.0.0.1:1"))
    client = await opener(losses.append)
    listings = Listings()
    listings.add([market()])
    listings.tell(client.exchange)
    with pytest.raises(ccxt.NetworkError):
        await client.exchange.watch_order_book(BTC)
    assert isinstance(losses[0], ccxt.NetworkError)
    await client.close()
    await opener.close()


async def test_a_venue_that_does_not_answer_a_close_is_not_waited_for() -> None:
    over = asyncio.Event()

    async def deaf(socket: web.WebSocketResponse) -> None:
        await push_full(socket)
        await over.wait()

    loop = asyncio.get_running_loop()
    async with gate(deaf) as (client, _, _):
        await client.exchange.watch_order_book(BTC)
        started = loop.time()
        await client.close()
        assert loop.time() - started < CLOSE_S + 1
        over.set()


async def test_a_close_that_is_cancelled_gives_the_session_back_all_the_same() -> None:
    over = asyncio.Event()

    async def deaf(socket: web.WebSocketResponse) -> None:
        await push_full(socket)
        await over.wait()

    async with gate(deaf) as (client, _, _):
        await client.exchange.watch_order_book(BTC)
        session = client.exchange.session
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert closing.cancelled()
        assert session.closed
        over.set()


async def test_a_garbled_binary_frame_is_told() -> None:
    """MEXC's frames are decoded within ccxt's own callback."""

    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_bytes(b"\x0a\xff\xff\xff")
        async for _ in socket:
            pass
        return socket

    losses: list[Exception] = []
    async with serving(answer) as host:
        opener = Opener(ClientSettings("mexc", ws_url=f"ws://{host}/ws"))
        client = await opener(losses.append)
        listings = Listings()
        listings.add([market("BTCUSDT")])
        listings.tell(client.exchange)
        waiting = asyncio.create_task(client.exchange.watch_order_book(BTC))
        await until(lambda: losses)
        await client.close()
        await opener.close()
    assert isinstance(losses[0], DecodeError)
    assert waiting.cancelled()


async def test_a_seed_on_its_way_does_not_outlive_the_client() -> None:
    """ccxt starts a task for it and forgets it: throttled, or waiting for an answer that does not come."""
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/depth"):
            asked.set()
            await asyncio.sleep(30)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        for _ in range(SNAPSHOT_DELAY + 1):
            await socket.send_bytes(DEPTH.SerializeToString())
        async for _ in socket:
            pass
        return socket

    before = asyncio.all_tasks()
    async with serving(answer) as host:
        opener = Opener(ClientSettings("mexc", rest_url=f"http://{host}", ws_url=f"ws://{host}/ws"))
        client = await opener(ignore)
        listings = Listings()
        listings.add([market("BTCUSDT")])
        listings.tell(client.exchange)
        waiting = asyncio.create_task(client.exchange.watch_order_book(BTC))
        await asyncio.wait_for(asked.wait(), 5)
        names = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}
        assert any(name.endswith("load_order_book") for name in names)
        await client.close()
        await opener.close()
        names = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}
        assert not any("load_order_book" in name or "Throttler" in name or "Client." in name for name in names)
    assert waiting.cancelled()


# ---------------------------------------------------------------------------------------------- settings


async def opened(settings: ClientSettings) -> tuple[Opener, Client]:
    opener = Opener(settings)
    return opener, await opener(ignore)


async def test_settings_reach_ccxt() -> None:
    options = {"watchOrderBook": {"interval": "400"}, "mine": 1}
    settings = ClientSettings(
        "gate",
        rest_url="http://h/api/v4",
        ws_url="ws://h/ws/v4/",
        api_key=KEY,
        secret=SECRET,
        password=PASSWORD,
        options=options,
    )
    opener, client = await opened(settings)
    exchange: Any = client.exchange
    assert (exchange.apiKey, exchange.secret, exchange.password) == (KEY, SECRET, PASSWORD)
    assert exchange.enableRateLimit
    assert exchange.urls["api"]["public"]["spot"] == "http://h/api/v4"
    assert exchange.urls["api"]["spot"] == "ws://h/ws/v4/"
    assert exchange.options["watchOrderBook"]["interval"] == "400"
    assert exchange.options["watchOrderBook"]["snapshotDelay"] == SNAPSHOT_DELAY  # ours, under the user's
    assert exchange.options["fetchMarkets"]["types"] == ["spot"]
    assert exchange.options["mine"] == 1
    await client.close()
    await opener.close()


async def test_clients_share_one_rate_limit() -> None:
    opener = Opener(ClientSettings("gate"))
    clients: list[Any] = [await opener(ignore) for _ in range(2)]
    assert clients[0].exchange.throttler is clients[1].exchange.throttler
    assert clients[0].exchange.session is not clients[1].exchange.session
    for client in clients:
        await client.close()
    await opener.close()


async def test_an_exchange_without_streams_can_be_polled() -> None:
    opener, client = await opened(ClientSettings("bitbank"))
    assert not client.exchange.has["watchOrderBook"]
    assert client.exchange.has["fetchOrderBook"]
    await client.close()
    await opener.close()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"defaultType": "swap"}, {"defaultType": "spot"}, id="a default other than spot"),
        pytest.param({}, {}, id="nothing is invented"),
        pytest.param(
            {"fetchMarkets": {"types": ["spot", "swap"], "x": 1}},
            {"fetchMarkets": {"types": ["spot"], "x": 1}},
            id="types as a list",
        ),
        pytest.param(
            {"fetchMarkets": {"types": {"spot": True, "linear": True}}},
            {"fetchMarkets": {"types": {"spot": True}}},
            id="types as a table",
        ),
        pytest.param({"fetchMarkets": "V3"}, {"fetchMarkets": "V3"}, id="something else under that name"),
        pytest.param(
            {"watchOrderBook": {"snapshotDelay": 25}},
            {"watchOrderBook": {"snapshotDelay": SNAPSHOT_DELAY}},
            id="a long wait for the seed",
        ),
        pytest.param(
            {"watchOrderBook": {"snapshotDelay": 0}}, {"watchOrderBook": {"snapshotDelay": 0}}, id="a seed at once"
        ),
        pytest.param({"watchOrderBook": {"depth": 5}}, {"watchOrderBook": {"depth": 5}}, id="no wait"),
    ],
)
def test_spot_only(options: dict[str, Any], expected: dict[str, Any]) -> None:
    given = json.dumps(options)
    assert spot_only(options) == expected
    assert json.dumps(options) == given  # the exchange's own are not written to


async def test_no_text_form_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"label": "INVALID_KEY", "message": f"Invalid key {KEY}"}, status=401)

    caplog.set_level(logging.DEBUG)
    async with serving(answer) as host:
        settings = ClientSettings("gate", rest_url=f"http://{host}", api_key=KEY, secret=SECRET, password=PASSWORD)
        opener, client = await opened(settings)
        with pytest.raises(ccxt.AuthenticationError) as raised:
            await client.exchange.fetch_trading_fees()
        await client.close()
        await opener.close()
    shown = [repr(settings), str(settings), f"{settings}", repr(opener), repr(client), caplog.text]
    shown.append(settings.redactor()(str(raised.value)))
    for secret in (KEY, SECRET, PASSWORD):
        assert all(secret not in text for text in shown)
    assert repr(settings) == "ClientSettings(gate, with keys)"
    assert repr(ClientSettings("gate")) == "ClientSettings(gate, without keys)"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after": "0.5"}, 0.5), ({"Retry-After": "soon"}, 0.0), ({}, 0.0)],
    ids=["seconds", "whatever its case", "not a number", "none"],
)
async def test_the_venue_says_how_long_to_wait(header: dict[str, str], seconds: float) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"label": "TOO_MANY_REQUESTS"}, status=429, headers=header)

    async with serving(answer) as host:
        opener, client = await opened(ClientSettings("gate", rest_url=f"http://{host}"))
        assert client.retry_after_s == 0.0
        with pytest.raises(ccxt.RateLimitExceeded):
            await client.exchange.fetch_currencies()
        assert client.retry_after_s == seconds
        await client.close()
        await opener.close()


# ---------------------------------------------------------------------------------------------- warm starts


@pytest.mark.parametrize(
    ("ccxt_id", "native", "channel"),
    [
        pytest.param("mexc", "BTCUSDT", "BTCUSDT", id="mexc"),
        pytest.param("gate", "BTC_USDT", "ob.BTC_USDT.50", id="gate"),
        pytest.param("bybit", "BTCUSDT", "orderbook.50.BTCUSDT", id="bybit"),
        pytest.param("okx", "BTC-USDT", "BTC-USDT", id="okx"),
        pytest.param("bitget", "BTCUSDT", "BTCUSDT", id="bitget"),
        pytest.param("binance", "BTCUSDT", "btcusdt@depth", id="binance"),
        pytest.param("kraken", "XXBTZUSD", "BTC/USDT", id="kraken"),
        pytest.param("htx", "btcusdt", "market.btcusdt.", id="htx"),
    ],
)
async def test_our_facts_are_enough_to_subscribe(ccxt_id: str, native: str, channel: str) -> None:
    """No exchange is asked for a market list before its first book."""
    asked: asyncio.Queue[str] = asyncio.Queue()
    requests: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            requests.append(request.path)
            return web.json_response({}, status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                asked.put_nowait(message.data)
        return socket

    async with serving(answer) as host:
        opener = Opener(ClientSettings(ccxt_id, rest_url=f"http://{host}", ws_url=f"ws://{host}"))
        client = await opener(ignore)
        listings = Listings()
        listings.add([market(native)])
        listings.tell(client.exchange)
        waiting = asyncio.create_task(client.exchange.watch_order_book(BTC))
        async with asyncio.timeout(5):
            assert channel in await asked.get()
        await client.close()
        await opener.close()
    with suppress(ccxt.BaseError, asyncio.CancelledError):
        await waiting
    assert requests == []


async def test_what_ccxt_did_later_is_not_remembered() -> None:
    done: list[int] = []

    async def later(number: int) -> None:
        done.append(number)

    async with gate(push_full) as (client, _, _):
        client.exchange.open()  # as its first request does
        for number in range(50):
            client.exchange.delay(1, later, number)
        client.exchange.delay(60_000, later, -1)
        await until(lambda: len(done) == 50)
        assert len(client._timers) == 1
    assert client._timers == {}


class Socket(SimpleNamespace):
    """As much of ccxt's as is attached to. keep_alive_ms: between two of its own pings."""

    def __init__(self, keep_alive_ms: int) -> None:
        super().__init__(
            url="wss://v/ws", keepAlive=keep_alive_ms, handle_message=lambda _message: None,
            on_close_callback=lambda _client, _code: None, on_error_callback=lambda _client, _error: None,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("keep_alive_ms", "dead_s"),
    [pytest.param(5_000, 30.0, id="pinged often"), pytest.param(30_000, 45.0, id="pinged now and then")],
)
def test_a_socket_on_which_nothing_is_heard_any_more_is_lost(keep_alive_ms: int, dead_s: float) -> None:
    async def listen() -> None:
        lost: list[tuple[float, Exception]] = []
        loop = asyncio.get_running_loop()
        socket = Socket(keep_alive_ms)
        exchange = SimpleNamespace(clients={}, client=lambda _url: socket, delay=None)
        Client(exchange, None, lambda exc: lost.append((loop.time(), exc)), Counter())
        exchange.client(socket.url)
        for _ in range(5):
            await asyncio.sleep(dead_s - 1)
            socket.handle_message("a pong")
        heard_s = loop.time()
        await asyncio.sleep(dead_s - 1)
        assert lost == []
        await asyncio.sleep(2)
        ((at_s, why),) = lost
        assert at_s - heard_s == pytest.approx(dead_s, abs=0.01)
        assert str(why) == f"nothing heard for {dead_s:.0f} s"

    with asyncio.Runner(loop_factory=lambda: Clockwork(ManualClock(5 * 10**9, 0))) as runner:
        runner.run(listen())


async def test_modules_that_import_one_another_can_be_asked_for_at_once(tmp_path, monkeypatch):
    """As those of ccxt do. On threads, since an engine must not stand still for as long as that takes."""
    for one, other in (("ring_a", "ring_b"), ("ring_b", "ring_a")):
        text = f"import threading, time\ntime.sleep(0.05)\nimport {other}\nON = threading.current_thread().name\n"
        (tmp_path / f"{one}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = await asyncio.gather(*map(ccxt_client._imported, ("ring_a", "ring_b")))
    assert [module.__name__ for module in found] == ["ring_a", "ring_b"]
    assert threading.main_thread().name not in {module.ON for module in found}
