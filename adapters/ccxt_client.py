"""One ccxt exchange object from settings, and how to get rid of it.

ccxt is imported here, when the first client is opened, and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import count
from typing import Any, Protocol

import msgspec

from adapters import ccxt_account_mends
from adapters.ccxt_errors import Redactor
from adapters.ccxt_names import has_stream
from adapters.ccxt_seeds import mend
from adapters.ccxt_urls import HTTP, WS, rebase
from arb.exhausted import survive

TIMEOUT_MS = 10_000
SNAPSHOT_DELAY = 0  # pushes after the first that ccxt may wait for before it fetches a seed: a quiet book has few
CLOSE_S = 1.0  # for all closing handshakes together
DEAD_S = 30.0  # a socket on which nothing is heard for so long, no pong either, is dead
PINGS = 1.5  # ... or for so many of the spans after which ccxt pings it, where that is longer

_importing = threading.Lock()

Lost = Callable[[Exception], None]
Told = Callable[[Mapping[str, Any]], None]


class Exchange(Protocol):
    """What we use of a ccxt exchange. Markets, books and fees are ccxt's unified structures."""

    id: str
    has: Mapping[str, Any]
    urls: dict[str, Any]
    options: dict[str, Any]
    precisionMode: int
    rateLimit: float
    markets: Mapping[str, Mapping[str, Any]] | None
    networkAliases: Mapping[str, str]
    last_response_headers: Mapping[str, str] | None

    def set_markets(self, markets: Sequence[Mapping[str, Any]], currencies: Mapping[str, Any] | None = None) -> Any: ...

    def check_required_credentials(self, error: bool = True) -> bool: ...

    async def fetch_markets(self) -> list[dict[str, Any]]: ...

    async def fetch_currencies(self) -> Mapping[str, Any] | None: ...

    async def fetch_trading_fee(self, symbol: str) -> Mapping[str, Any]: ...

    async def fetch_trading_fees(self) -> Mapping[str, Mapping[str, Any]]: ...

    async def fetch_order_book(self, symbol: str, limit: int | None = None) -> Mapping[str, Any]: ...

    async def watch_order_book(self, symbol: str, limit: int | None = None) -> Mapping[str, Any]: ...

    async def fetch_time(self) -> int | None: ...

    async def fetch_balance(self) -> Mapping[str, Any]: ...

    async def fetch_order(self, id: str, symbol: str, params: Mapping[str, Any] = ...) -> Mapping[str, Any]: ...

    async def fetch_open_orders(self, symbol: str | None = None) -> list[Mapping[str, Any]]: ...

    async def fetch_closed_orders(self, symbol: str) -> list[Mapping[str, Any]]: ...

    async def fetch_order_trades(
        self, id: str, symbol: str, since: int | None = None, limit: int | None = None
    ) -> list[Mapping[str, Any]]: ...

    async def fetch_my_trades(
        self, symbol: str, since: int | None = None, limit: int | None = None, params: Mapping[str, Any] = ...
    ) -> list[Mapping[str, Any]]: ...

    async def watch_orders(self, symbol: str | None = None) -> list[Mapping[str, Any]]: ...

    async def watch_my_trades(self, symbol: str | None = None) -> list[Mapping[str, Any]]: ...

    async def watch_balance(self) -> Mapping[str, Any]: ...

    async def create_order(self, *args: Any, params: Mapping[str, Any] = ...) -> Mapping[str, Any]: ...

    async def create_order_ws(self, *args: Any, params: Mapping[str, Any] = ...) -> Mapping[str, Any]: ...

    async def cancel_order(self, id: str, symbol: str, params: Mapping[str, Any] = ...) -> Mapping[str, Any]: ...

    async def cancel_order_ws(self, id: str, symbol: str, params: Mapping[str, Any] = ...) -> Mapping[str, Any]: ...

    async def close(self) -> None: ...


class ClientSettings(msgspec.Struct, frozen=True):
    """What a client is built from. "" and None leave ccxt's own.

    rest_base, ws_base: what the two URLs stand for, where a SPEC says it (see `rebase`).   options: merged over ours.
    """

    ccxt_id: str
    rest_url: str = ""
    ws_url: str = ""
    rest_base: str = ""
    ws_base: str = ""
    api_key: str = ""
    secret: str = ""
    password: str = ""
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def signed(self) -> bool:
        return bool(self.api_key)

    def redactor(self) -> Redactor:
        return Redactor((self.api_key, self.secret, self.password))

    def __repr__(self) -> str:
        return f"ClientSettings({self.ccxt_id}, {'with' if self.signed else 'without'} keys)"

    __str__ = __repr__


class Client:
    """A ccxt exchange in use. lost: told why when one of its sockets ends or receives what ccxt cannot read.

    counters: "connects", "frames" and "decode_errors" are added to.

    A socket that ends takes the whole client with it: ccxt keeps books of dead streams and goes on applying new
    updates to them, so nothing of it may be used afterwards.
    """

    def __init__(self, exchange: Any, session: Any, lost: Lost, counters: Counter[str]) -> None:
        self.exchange: Exchange = exchange
        self._foreign = exchange  # for the parts of ccxt that are no interface
        self._session = session
        self._lost = lost
        self._counters = counters
        self._sockets: list[Any] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}  # those that have not fired
        self._numbers = count(1)
        self._watches: dict[str, asyncio.TimerHandle] = {}  # by URL, of which each has one socket
        self._telling: tuple[Any, Any] = (None, None)
        self._make_socket = self._foreign.client
        self._foreign.client = self._socket
        self._later = self._foreign.delay
        self._foreign.delay = self._delay

    @property
    def retry_after_s(self) -> float:
        """What the last HTTP answer asked us to wait."""
        headers = {name.lower(): value for name, value in (self.exchange.last_response_headers or {}).items()}
        with suppress(ValueError):
            return max(0.0, float(headers.get("retry-after", 0.0)))
        return 0.0

    async def close(self) -> None:
        """Give back sockets, session and every task that ccxt has started. Safe to call twice."""
        self._lost = ignore
        for timer in (*self._timers.values(), *self._watches.values()):
            timer.cancel()
        self._timers.clear()
        try:
            await asyncio.wait_for(self.exchange.close(), CLOSE_S)
        except Exception as exc:  # noqa: BLE001  TimeoutError where no answer comes; what follows ends it all the same
            survive(exc)
        finally:  # whoever closes may be cancelled meanwhile: the session would be left open
            await self._session.close()
            await self._drain()

    def listen(self, on_order: Told, on_trade: Told) -> None:
        """Hear of orders and trades when they are read, each of them.

        ccxt hands out what has changed since it was last asked, by id: of two states of an order the first is lost,
        and so is one of the two trades of an account with itself, which have one id at Gate.
        """
        from ccxt.async_support.base.ws.cache import ArrayCacheBySymbolById

        class Telling(ArrayCacheBySymbolById):  # type: ignore[misc]
            def __init__(self, told: Told) -> None:
                super().__init__(1000)
                self._told = told

            def append(self, item: Any) -> None:
                self._told(item)
                super().append(item)

        self._telling = Telling(on_order), Telling(on_trade)
        self._foreign.orders, self._foreign.myTrades = self._telling

    @property
    def telling(self) -> bool:
        """Whether everything comes that way; not with an exchange that puts something of its own in its place."""
        return self._telling == (self._foreign.orders, self._foreign.myTrades)

    def _delay(self, timeout_ms: float, method: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        """What ccxt means to do later, such as keeping a key alive, ends with the client."""
        number = next(self._numbers)

        def fire(*given: Any) -> Any:
            self._timers.pop(number, None)
            return method(*given)

        timer: asyncio.TimerHandle = self._later(timeout_ms, fire, *args)
        self._timers[number] = timer
        return timer

    def _socket(self, url: str) -> Any:
        known = self._foreign.clients.get(url)
        socket = self._make_socket(url)
        if socket is not known:
            self._attach(socket)
        return socket

    def _attach(self, socket: Any) -> None:
        """Hear of a socket's end at once, of frames on which ccxt's receive loop would silently stop, and of silence.

        ccxt pings every socket, but not for every exchange does it miss the answer.
        """
        self._sockets.append(socket)
        self._counters["connects"] += 1
        read, ended, failed = socket.handle_message, socket.on_close_callback, socket.on_error_callback

        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        patience_s = max(DEAD_S, PINGS * (socket.keepAlive or 0) / 1e3)

        def on_message(message: Any) -> None:
            nonlocal heard_s
            heard_s = loop.time()
            self._counters["frames"] += 1
            try:
                read(message)
            except Exception as exc:  # noqa: BLE001  ccxt's receive task ends here, without a word to anybody
                self._counters["decode_errors"] += 1
                self._lost(exc)

        def on_close(client: Any, code: Any) -> None:
            ended(client, code)
            self._lost(ConnectionError(f"closed with code {code}"))

        def on_error(client: Any, error: Any) -> None:
            failed(client, error)
            self._lost(error)

        def watch() -> None:
            silent_s = loop.time() - heard_s
            if silent_s >= patience_s:
                self._lost(ConnectionError(f"nothing heard for {silent_s:.0f} s"))
            else:
                self._watches[socket.url] = loop.call_later(patience_s - silent_s, watch)

        self._watches[socket.url] = loop.call_later(patience_s, watch)
        socket.handle_message, socket.on_close_callback, socket.on_error_callback = on_message, on_close, on_error

    async def _drain(self) -> None:
        owners = [self._foreign]
        for socket in self._sockets:
            owners += [socket, socket.throttle, socket.connection]
        await _end_tasks_of(owners)


class Opener:
    """Makes clients from the same settings, one after the other or side by side.

    They share one rate limit for HTTP, since the venue counts them as one.   counters: of all of them.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self._tls: ssl.SSLContext | None = None
        self._throttler: Any = None

    async def close(self) -> None:
        """To be called when all clients are closed."""
        if self._throttler is not None:
            await _end_tasks_of([self._throttler])

    async def private(self, lost: Lost, throttle: Callable[[float | None], Awaitable[None]]) -> Client:
        """One that money can be trusted to. throttle: stands in for ccxt's limiter."""
        client = await self(lost)
        exchange: Any = client.exchange
        errors = import_module("ccxt.base.errors")
        ccxt_account_mends.mend(exchange, lambda name: getattr(errors, name))
        exchange.throttler = throttle
        return client

    async def __call__(self, lost: Lost) -> Client:
        """Imports ccxt at the first call. No request is made yet."""
        from adapters import ccxt_bounds  # it imports aiohttp

        settings = self.settings
        kind = "pro" if has_stream(settings.ccxt_id) else "async_support"
        aiohttp = await _imported("aiohttp")  # as slow to import as it is needed late
        foreign = await _imported(f"ccxt.{kind}.{settings.ccxt_id}")
        logging.getLogger("ccxt").setLevel(logging.INFO)  # at DEBUG it writes requests with their keys
        made = getattr(foreign, settings.ccxt_id)
        exchange = made(
            {
                "apiKey": settings.api_key,
                "secret": settings.secret,
                "password": settings.password,
                "timeout": TIMEOUT_MS,
                "enableRateLimit": True,
                "newUpdates": True,
            }
        )
        exchange.urls = self._urls(exchange.urls)
        exchange.options = exchange.deep_extend(spot_only(exchange.options), settings.options)
        exchange.timeout_on_exit = 0  # a pause for a session of ccxt's own
        mend(exchange)
        if self._throttler is None:
            self._throttler = exchange.throttler
        exchange.throttler = self._throttler
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or exchange.cafile)
        # ccxt would make a session too, with a setting of which newer aiohttps warn
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls), response_class=ccxt_bounds.BoundedResponse
        )
        ccxt_bounds.bound_messages(import_module("ccxt.async_support.base.ws.client"))
        exchange.session, exchange.own_session, exchange.ssl_context = session, False, self._tls
        return Client(exchange, session, lost, self.counters)

    def _urls(self, urls: dict[str, Any]) -> dict[str, Any]:
        settings = self.settings
        if settings.rest_url:
            urls = rebase(urls, HTTP, settings.rest_url, settings.rest_base)
        if settings.ws_url:
            urls = rebase(urls, WS, settings.ws_url, settings.ws_base)
        return urls


async def _imported(name: str) -> Any:
    """A module that takes long to import, on a thread: an engine that trades meanwhile must not stand still."""
    return await asyncio.to_thread(_import, name)


def _import(name: str) -> Any:
    """One at a time: ccxt's modules import one another in circles, which two threads at once cannot."""
    with _importing:
        return import_module(name)


def spot_only(options: Mapping[str, Any]) -> dict[str, Any]:
    """An exchange's own options, turned to spot markets and to seeds without a long wait. Each spells them its way."""
    ours = dict(options)
    if "defaultType" in ours:
        ours["defaultType"] = "spot"
    markets, book = ours.get("fetchMarkets"), ours.get("watchOrderBook")
    if isinstance(markets, Mapping) and "types" in markets:
        ours["fetchMarkets"] = {**markets, "types": {"spot": True} if isinstance(markets["types"], dict) else ["spot"]}
    if isinstance(book, Mapping) and book.get("snapshotDelay", 0) > SNAPSHOT_DELAY:
        ours["watchOrderBook"] = {**book, "snapshotDelay": SNAPSHOT_DELAY}
    return ours


async def _end_tasks_of(owners: Sequence[object]) -> None:
    """End the tasks that ccxt starts and forgets: snapshots on their way, throttled messages, pings.

    It keeps no list of them, but each is a method of an object of its own, which stands in the task's frame.
    """
    tasks = [task for task in asyncio.all_tasks() if any(_self_of(task) is owner for owner in owners)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _self_of(task: asyncio.Task[Any]) -> object:
    """Of the coroutine that the task runs. A new object, which is nobody's, where there is none."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame.f_locals.get("self", object()) if frame is not None else object()


def ignore(exc: Exception) -> None:
    """For whoever does not mind the end of a socket, since nothing streams through it."""
