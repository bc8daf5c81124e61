"""A signed order and its answer over loopback, by REST and over the private socket, against aiohttp, httpx and ccxt.

aiohttp and httpx have our codec behind them, ccxt its own. The servers are as small as servers can be and answer each
order with what the simulated venue said to the first one: so what differs is the client. Signing, writing, waiting,
reading and decoding are all in the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from adapters.ccxt_client import ClientSettings, Opener
from arb.bench import order_socket
from arb.bench.frames import markets
from arb.bench.machine import Machine, machine
from arb.bench.order_socket import Ask, Script
from arb.bench.tick import TickReport, tick_lines, ticks
from arb.clock import SystemClock
from arb.domain import ClientId, NativeSymbol, Order, OrderType, Side, Symbol, VenueId
from arb.errors import ArbError, VenueError
from arb.interfaces import Answer, Call, NativeVenue, PrivateCodec, Request, Verb
from arb.sim import SimExchanges, SimSettings
from fastpath.net.governor import Cost, Governor
from fastpath.net.http_wire import origin_of
from fastpath.net.sender import Sender

WARM_UP = 20  # orders before each round that nobody counts
_SPEND = Decimal(50)
_CLOCK = SystemClock()

Send = Callable[[Order], Awaitable[Answer]]

OURS, OURS_SOCKET, ECHO = "native", "native, socket", "picows echo"
CCXT, CCXT_SOCKET = "ccxt", "ccxt.pro, socket"


class OrderPath(msgspec.Struct, frozen=True):
    """Medians over the rounds of each round's p50 and p99; (least, most) beside the p50."""

    name: str
    p50_us: float
    p99_us: float
    p50_range_us: tuple[float, float]


class OrderResult(msgspec.Struct, frozen=True):
    """ratios: each rival's p50 over ours.   reused: share of our orders that found a connection in use before.

    socket: our p50 over the private socket over aiohttp's by REST, the median of the rounds; None: no such entry.
    """

    venue: str
    orders: int
    paths: tuple[OrderPath, ...]
    ratios: dict[str, float]
    reused: float
    socket: float | None = None


class OrderReport(msgspec.Struct, frozen=True):
    """ratios: ours over theirs, see `arb.bench.budgets`.

    ticks: from a frame to the order at its venue, of both venues; None: not asked for.
    """

    machine: Machine
    rounds: int
    results: tuple[OrderResult, ...]
    ratios: dict[str, float]
    ticks: TickReport | None = None


class Sample(msgspec.Struct, frozen=True):
    """An order that the simulated venue took, the codec that wrote it, and what came back, over the socket too."""

    order: Order
    codec: PrivateCodec
    reply: bytes
    script: Script | None
    markets: list[dict[str, Any]]


async def order(
    modules: list[NativeVenue], *, orders: int = 2_000, rounds: int = 5, ticked: int = 10, seed: int = 1
) -> OrderReport:
    """Every client in turn, as many orders of each. Raises ArbError where an answer is not what it should be.

    ticked: ticks of each client on each venue, a round; 0: none.
    """
    results = [await _measure(module, orders, rounds) for module in modules]
    told = await ticks(ticked, rounds, seed=seed) if ticked else None
    ratios = {f"order-ws {result.venue}": result.socket for result in results if result.socket is not None}
    if told is not None:
        ratios |= told.ratios
    return OrderReport(machine(), rounds, tuple(results), ratios, told)


def order_lines(report: OrderReport) -> Iterator[str]:
    """The machine, then a row a client and the ratios of a venue."""
    m = report.machine
    yield f"{m.cpu}, {m.cores} cores, {m.system}, {m.python}"
    yield ", ".join(f"{name} {version}" for name, version in m.packages)
    yield f"signed order -> decoded answer over loopback; medians of {report.rounds} interleaved rounds"
    yield f"{'venue':10} {'client':16} {'p50 µs':>9} {'(min..max)':>17} {'p99 µs':>9}"
    for result in report.results:
        for path in result.paths:
            least, most = path.p50_range_us
            spread = f"({least:.1f}..{most:.1f})"
            yield f"{result.venue:10} {path.name:16} {path.p50_us:9.1f} {spread:>17} {path.p99_us:9.1f}"
        told = ", ".join(f"{name} takes {ratio:g} times as long" for name, ratio in result.ratios.items())
        yield f"{result.venue}: {told} at p50; {result.orders:,} orders a round, {result.reused:.0%} on kept sockets"
        if result.socket is not None:
            yield f"order-ws {result.venue}: {result.socket:.3g} of aiohttp's REST round trip"
    if report.ticks is not None:
        yield ""
        yield from tick_lines(report.ticks)


async def _measure(module: NativeVenue, orders: int, rounds: int) -> OrderResult:
    sample = await _sample(module)
    spent: dict[str, list[list[int]]] = {}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_serving(sample.reply))
        sender = Sender(
            sample.order.venue, origin_of(url), sample.codec, Governor(()), clock=_CLOCK, sleep=asyncio.sleep,
            rng=Random(1), tls=None, venue_ns=_CLOCK.wall_ns, answer_s=5.0,
        )  # fmt: skip
        stack.push_async_callback(sender.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        clients: dict[str, Send] = {
            OURS: _ours(sender, sample.codec),
            "aiohttp": _aiohttp(http, sample.codec, url),
            "httpx": await stack.enter_async_context(_httpx(sample.codec, url)),
        }
        asks = {CCXT: await stack.enter_async_context(_ccxt(module, sample, url))}
        if sample.script is not None:
            at = await stack.enter_async_context(order_socket.serving(sample.script))
            link = order_socket.ours(module, sample.codec, sample.order, at, sender)
            pro = order_socket.theirs(module, sample.markets, sample.order, at)
            asks[OURS_SOCKET] = await stack.enter_async_context(link)
            asks[CCXT_SOCKET] = await stack.enter_async_context(pro)
            asks[ECHO] = await stack.enter_async_context(order_socket.echo(sample.script.order))
        for _ in range(rounds):
            for name, send in clients.items():
                spent.setdefault(name, []).append(await _time(send, sample.order, orders))
            for name, ask in asks.items():
                spent.setdefault(name, []).append(await _time_ask(ask, orders))
        counters = sender.counters
    paths = tuple(_path(name, each) for name, each in spent.items())
    ratios = {path.name: round(path.p50_us / paths[0].p50_us, 1) for path in paths[1:]}
    reused = counters["rest_reused"] / (counters["rest_reused"] + counters["rest_opened"])
    socket = _socket_ratio(spent[OURS_SOCKET], spent["aiohttp"]) if OURS_SOCKET in spent else None
    return OrderResult(module.SPEC.name, orders, paths, ratios, reused, socket)


def _socket_ratio(ours: list[list[int]], theirs: list[list[int]]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return round(median(_quantile(mine, 0.5) / _quantile(other, 0.5) for mine, other in pairs), 4)


# ------------------------------------------------------------------------------------------- the clients


def _ours(sender: Sender, codec: PrivateCodec) -> Send:
    """As a run sends orders, without a budget that would end the measurement after a dozen."""
    loop = asyncio.get_running_loop()

    def send(order: Order) -> Awaitable[Answer]:
        future: asyncio.Future[Answer] = loop.create_future()

        def done(outcome: Answer | VenueError, _asked_ns: int, _recv_ns: int) -> None:
            if isinstance(outcome, VenueError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        sender.post(codec.encode_order(order, _CLOCK.wall_ns()), Cost(Verb.PLACE, order.symbol), done)
        return future

    return send


def _aiohttp(http: aiohttp.ClientSession, codec: PrivateCodec, url: str) -> Send:
    async def send(order: Order) -> Answer:
        call, request = _written(codec, order)
        async with http.request(
            request.method, URL(url + request.path, encoded=True), headers=dict(request.headers), data=request.body
        ) as response:
            return codec.decode_answer(call, await response.read(), _CLOCK.mono_ns())

    return send


@asynccontextmanager
async def _httpx(codec: PrivateCodec, url: str) -> AsyncIterator[Send]:
    import httpx

    async with httpx.AsyncClient() as client:

        async def send(order: Order) -> Answer:
            call, request = _written(codec, order)
            response = await client.request(
                request.method, url + request.path, headers=dict(request.headers), content=request.body
            )
            return codec.decode_answer(call, response.content, _CLOCK.mono_ns())

        yield send


@asynccontextmanager
async def _ccxt(module: NativeVenue, sample: Sample, url: str) -> AsyncIterator[Ask]:
    """ccxt's create_order, signing and parsing of its own."""
    spec = module.SPEC
    opener = Opener(ClientSettings(spec.ccxt_id, rest_url=url, rest_base=spec.rest_url, api_key="key", secret="secret"))
    client = await opener(lambda _reason: None)
    try:
        yield order_socket.ccxt_order(client.exchange, sample.markets, sample.order, "create_order")
    finally:
        await client.close()
        await opener.close()


async def _time_ask(ask: Ask, count: int) -> list[int]:
    spent = []
    for number in range(count + WARM_UP):
        before = perf_counter_ns()
        await ask()
        if number >= WARM_UP:
            spent.append(perf_counter_ns() - before)
    return spent


async def _time(send: Send, order: Order, count: int) -> list[int]:
    spent = []
    for number in range(count + WARM_UP):
        before = perf_counter_ns()
        answer = await send(order)
        after = perf_counter_ns()
        if not answer.events:
            raise ArbError("an order was answered without an update")
        if number >= WARM_UP:
            spent.append(after - before)
    return spent


# ------------------------------------------------------------------------------------------- the server


class _Parrot(asyncio.Protocol):
    """Says the same to every request."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a server's are

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) >= int(length or 0) and self._transport is not None:
            self._data = b""
            self._transport.write(self._reply)


@asynccontextmanager
async def _serving(reply: bytes) -> AsyncIterator[str]:
    server = await asyncio.get_running_loop().create_server(lambda: _Parrot(reply), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _sample(module: NativeVenue) -> Sample:
    """An order at the best price of a simulated market. Raises ArbError where the venue does not take it."""
    name = module.SPEC.name
    made = getattr(module, "PrivateCodec", None)
    if made is None:
        raise ArbError(f"{name} has no private codec: it sends no orders")
    sim = SimExchanges(_CLOCK, symbols=1, venues=(name,), settings=SimSettings(activity=0.0, gaps_hz=0.0))
    await sim.start(drive=False)
    try:
        urls = sim.urls[name]
        every = await markets(module.SPEC.ccxt_id, urls.rest_url, module.SPEC.rest_url)
        symbol, native = Symbol(every[0]["symbol"]), NativeSymbol(every[0]["id"])
        book = sim.market.books(name)[symbol]
        listing = book.listing
        codec: PrivateCodec = made({native: symbol}, *sim.keys[name])
        price = Decimal(book.asks[0]).scaleb(-listing.price_decimals)
        qty = (_SPEND / price).quantize(Decimal(1).scaleb(-listing.qty_decimals))
        order = Order(VenueId(name), symbol, Side.BUY, OrderType.IOC, qty, price, ClientId("arb-bench"))
        async with aiohttp.ClientSession() as http:
            _, request = _written(codec, order)
            url = URL(urls.rest_url + request.path, encoded=True)
            async with http.request(request.method, url, headers=dict(request.headers), data=request.body) as response:
                body = await response.read()
                if response.status >= 300:
                    raise ArbError(f"simulated {name} refused the order: {body[:200]!r}")
        script = await order_socket.recorded(codec, order, urls)
    finally:
        await sim.stop()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return Sample(order, codec, head.encode() + body, script, every)


def _written(codec: PrivateCodec, order: Order) -> tuple[Call, Request]:
    call = codec.encode_order(order, _CLOCK.wall_ns())
    if call.request is None:
        raise ArbError("an order without a request")
    return call, call.request


def _path(name: str, rounds: list[list[int]]) -> OrderPath:
    p50 = [_quantile(spent, 0.5) for spent in rounds]
    p99 = median(_quantile(spent, 0.99) for spent in rounds)
    return OrderPath(name, median(p50), p99, (min(p50), max(p50)))


def _quantile(spent: list[int], share: float) -> float:
    return sorted(spent)[min(len(spent) - 1, int(share * len(spent)))] / 1e3
