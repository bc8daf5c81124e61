"""Exchanges, clients and sinks that keep what they were asked and do what they are told."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from aiohttp import web

from adapters.ccxt_client import Client, Lost
from adapters.ccxt_errors import Redactor
from adapters.ccxt_limits import Limits
from adapters.ccxt_listings import Listings
from adapters.ccxt_market_data import CcxtMarketData
from arb.breakers import Breakers
from arb.clock import ManualClock
from arb.domain import BookSnapshot, Depth, Disconnected, Event, Part, Seed, Symbol, Trust, VenueId
from arb.errors import VenueError
from arb.interfaces import Feed, SyncRule

V, A, B, C = VenueId("v"), Symbol("A/USDT"), Symbol("B/USDT"), Symbol("C/USDT")


def book(
    nonce: Any = None, bids: Any = ((1.0, 2.0),), asks: Any = ((1.5, 3.0),), timestamp: Any = None
) -> dict[str, Any]:
    """A book as ccxt hands it out."""
    return {"nonce": nonce, "timestamp": timestamp, "bids": [list(x) for x in bids], "asks": [list(x) for x in asks]}


def feed(depth: Depth = Depth.TWENTY, trust: Trust = Trust.UNCHECKED) -> Feed:
    return Feed("fake", depth, int(depth), 0, SyncRule(Seed.NONE), trust)


class Heard:
    """A Sink that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.idle_ns: list[int] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_idle(self, recv_ns: int) -> None:
        self.idle_ns.append(recv_ns)

    def books(self, symbol: Symbol | None = None) -> list[BookSnapshot]:
        return [e for e in self.events if isinstance(e, BookSnapshot) and symbol in (None, e.symbol)]

    def kinds(self, symbol: Symbol) -> list[str]:
        """The names of the events about a symbol, in order."""
        return [
            type(event).__name__
            for event in self.events
            if symbol in (getattr(event, "symbol", None), *getattr(event, "symbols", ()))
        ]


class Sleeps:
    """A sleep that returns at once and remembers for how long it should have been; `hold` makes the long ones last."""

    def __init__(self, hold_s: float = 30.5) -> None:
        self.asked: list[float] = []
        self._hold_s = hold_s

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)
        if seconds >= self._hold_s:
            await asyncio.Event().wait()


class FakeExchange:
    """Hands out what the test puts in. What it was asked for is in `calls`.

    A future that is waited for can be cancelled from outside, as ccxt does when it closes a socket.
    """

    def __init__(self, **has: bool) -> None:
        self.id = "fake"
        self.has: dict[str, Any] = has
        self.precisionMode = 4
        self.rateLimit = 50.0
        self.markets: dict[str, dict[str, Any]] | None = None
        self.networkAliases: Mapping[str, str] = {}
        self.last_response_headers: dict[str, str] | None = None
        self.keys = False
        self.listed: Any = []
        self.currencies: Any = {}
        self.fees: dict[str, Any] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.waiting: dict[str, asyncio.Future[Any]] = {}
        self.due: dict[str, deque[Any]] = {}

    def push(self, symbol: str, answer: Any) -> None:
        """The next answer for `symbol`: a book, or an exception."""
        waiting = self.waiting.pop(symbol, None)
        if waiting is not None and not waiting.done():
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
        else:
            self.due.setdefault(symbol, deque()).append(answer)

    def set_markets(self, markets: Sequence[Mapping[str, Any]], currencies: Any = None) -> None:
        self.markets = {market["symbol"]: dict(market) for market in markets}

    def check_required_credentials(self, error: bool = True) -> bool:
        return self.keys

    async def fetch_markets(self) -> list[dict[str, Any]]:
        self.calls.append(("fetch_markets",))
        return _given(self.listed)

    async def fetch_currencies(self) -> Any:
        self.calls.append(("fetch_currencies",))
        return _given(self.currencies)

    async def fetch_trading_fee(self, symbol: str) -> Any:
        self.calls.append(("fetch_trading_fee", symbol))
        return _given(self.fees[symbol])

    async def fetch_trading_fees(self) -> Any:
        self.calls.append(("fetch_trading_fees",))
        return _given(self.fees)

    async def fetch_order_book(self, symbol: str, limit: int | None = None) -> Any:
        self.calls.append(("fetch_order_book", symbol, limit))
        return await self._next(symbol)

    async def watch_order_book(self, symbol: str, limit: int | None = None) -> Any:
        self.calls.append(("watch_order_book", symbol, limit))
        return await self._next(symbol)

    async def _next(self, symbol: str) -> Any:
        due = self.due.get(symbol)
        if due:
            return _given(due.popleft())
        waiting = self.waiting[symbol] = asyncio.get_running_loop().create_future()
        return await waiting


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class FakeClient:
    """A Client without sockets. `lose` is the end of its socket."""

    def __init__(self, exchange: FakeExchange, lost: Lost) -> None:
        self.exchange = exchange
        self.lose = lost
        self.retry_after_s = 0.0
        self.closed = 0

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


class Clients:
    """An `Open` that remembers the clients it made. made: prepares the exchange of each, told its number from 0 on."""

    def __init__(self, prepare: Callable[[FakeExchange, int], None] = lambda _exchange, _number: None) -> None:
        self.made: list[FakeClient] = []
        self._prepare = prepare

    async def __call__(self, lost: Lost) -> Client:
        exchange = FakeExchange(watchOrderBook=True)
        self._prepare(exchange, len(self.made))
        self.made.append(FakeClient(exchange, lost))
        return self.made[-1]  # type: ignore[return-value]  # what is used of a Client

    def __getitem__(self, number: int) -> FakeExchange:
        return self.made[number].exchange


class Errors(list[VenueError]):
    """An `OnError` that keeps them."""

    __call__ = list.append


class Desk:
    """A MarketData on fakes, with everything that it touches."""

    def __init__(
        self,
        *,
        per_client: int = 10,
        limits: Limits | None = None,
        depth: Depth = Depth.TWENTY,
        trust: Trust = Trust.UNCHECKED,
        prepare: Callable[[FakeExchange, int], None] = lambda _exchange, _number: None,
        open: Callable[[Lost], Awaitable[Client]] | None = None,
        sleeps: Sleeps | None = None,
    ) -> None:
        self.clients = Clients(prepare)
        self.heard = Heard()
        self.errors = Errors()
        self.sleeps = sleeps or Sleeps()
        self.clock = ManualClock(1)
        self.counters: Counter[str] = Counter()
        self.rest = FakeExchange()
        self.breakers = Breakers()
        self.data = CcxtMarketData(
            V,
            feed(depth, trust),
            open=open or self.clients,
            client=self._rest,
            listings=Listings(),
            limits=limits or Limits((None,)),
            per_client=per_client,
            clock=self.clock,
            sleep=self.sleeps,
            rng=Random(1),
            redact=Redactor(("hush",)),
            on_error=self.errors,
            counters=self.counters,
            rest=self.breakers.of(V, Part.PUBLIC),
            stream=self.breakers.of(V, Part.STREAM),
        )

    async def _rest(self) -> Client:
        return FakeClient(self.rest, lambda exc: None)  # type: ignore[return-value]  # what is used of a Client

    @asynccontextmanager
    async def running(self, *symbols: Symbol) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.data.run(symbols, self.heard))
        try:
            await turns()
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})
            assert [client.closed for client in self.clients.made] == [1] * len(self.clients.made)
            await turns(2)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    def losses(self) -> list[tuple[tuple[Symbol, ...], str]]:
        return [(event.symbols, event.reason) for event in self.heard.events if isinstance(event, Disconnected)]


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """For what real sockets bring."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  most of what is waited for are lists that grow
            await asyncio.sleep(0.005)


async def turns(count: int = 20) -> None:
    """Let everything that can happen without waiting happen."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """A server on loopback for everything; yields host:port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
