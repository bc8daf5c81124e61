"""An exchange of ccxt that is neither MEXC nor Gate: it can do what the test says, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from adapters.ccxt_client import Client, Lost
from adapters.ccxt_errors import Redactor
from adapters.ccxt_listings import Listings
from adapters.ccxt_trading import AccountSettings, CcxtTrading
from arb.clock import ManualClock
from arb.domain import ClientId, Order, OrderType, Side, Symbol, VenueId
from tests.adapters.ccxt_fakes import Errors, Heard, turns

V, BTC, ETH = VenueId("v"), Symbol("BTC/USDT"), Symbol("ETH/USDT")
E = TypeVar("E")
Raw = dict[str, Any]


class ArgumentsRequired(Exception):
    """Named as ccxt's is: names are what the adapter goes by."""


class Steps:
    """A sleep that lasts until the test says so."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, asyncio.Event]] = []

    async def __call__(self, seconds: float) -> None:
        over = asyncio.Event()
        self._waiting.append((seconds, over))
        await over.wait()

    async def pass_(self, seconds: float) -> None:
        """Whoever sleeps no longer than that wakes up."""
        due = [over for wait, over in self._waiting if wait <= seconds]
        self._waiting = [(wait, over) for wait, over in self._waiting if wait > seconds]
        for over in due:
            over.set()
        await turns(40)


class FakeExchange:
    """answers: by method, a value or an exception, or a function of the call's arguments."""

    def __init__(self, has: Mapping[str, bool], answers: dict[str, Any]) -> None:
        self.id = "fake"
        self.has = has
        self.options: dict[str, Any] = {}
        self.rateLimit = 10.0
        self.markets: Mapping[str, Any] | None = None
        self.answers = answers
        self.calls: list[tuple[Any, ...]] = []
        self.watched: dict[str, asyncio.Future[Any]] = {}

    def set_markets(self, markets: Sequence[Mapping[str, Any]]) -> None:
        self.markets = {market["symbol"]: market for market in markets}

    def check_required_credentials(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__") or name == "features":
            raise AttributeError(name)

        async def called(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, *args))
            if name.startswith("watch_"):
                return await self._watch(name, args[0] if args else None)
            answer = self.answers[name]
            answer = answer(*args, **kwargs) if callable(answer) and not isinstance(answer, type) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return called

    async def _watch(self, name: str, symbol: str | None) -> Any:
        if self.answers.get(name) == "one market at a time" and symbol is None:
            raise ArgumentsRequired(f"{name} needs a symbol")
        key = f"{name}:{symbol}" if symbol else name
        self.watched[key] = asyncio.get_running_loop().create_future()
        return await self.watched[key]

    def push(self, key: str, answer: Any) -> None:
        if isinstance(answer, Exception):
            self.watched[key].set_exception(answer)
        else:
            self.watched[key].set_result(answer)


class FakeClient:
    """A Client whose exchange keeps nothing that tells (see `Client.telling`)."""

    telling = False
    retry_after_s = 0.0

    def __init__(self, exchange: FakeExchange, lost: Lost) -> None:
        self.exchange = exchange
        self.lose = lost
        self.closed = 0

    def listen(self, on_order: object, on_trade: object) -> None:
        """Nobody calls back."""

    async def close(self) -> None:
        self.closed += 1


class Desk:
    """A CcxtTrading on fakes. has: what the exchange can do; fetches, answers: see FakeExchange."""

    def __init__(self, has: Sequence[str], **answers: Any) -> None:
        self.answers = {"fetch_balance": {"free": {"USDT": "5"}, "used": {"USDT": "0"}}, **answers}
        self.has = dict.fromkeys(has, True)
        self.clients: list[FakeClient] = []
        self.sleep = Steps()
        self.clock = ManualClock(1)
        self.errors = Errors()
        self.heard = Heard()
        self.counters: Counter[str] = Counter()
        self.trading = CcxtTrading(
            V,
            open=self._open,
            symbols=[BTC, ETH],
            listings=Listings(),
            settings=AccountSettings(),
            clock=self.clock,
            sleep=self.sleep,
            rng=Random(1),
            redact=Redactor(("hush",)),
            on_error=self.errors,
            counters=self.counters,
        )

    async def _open(self, lost: Lost, throttle: object) -> Client:
        self.clients.append(FakeClient(FakeExchange(self.has, self.answers), lost))
        return self.clients[-1]  # type: ignore[return-value]  # what is used of a Client

    @property
    def rest(self) -> FakeExchange:
        return self.clients[0].exchange

    @property
    def stream(self) -> FakeExchange:
        return self.clients[-1].exchange

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for client in self.clients for call in client.exchange.calls if call[0] == name]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.heard.events if isinstance(event, kind)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Up, as far as it comes by itself."""
        task = asyncio.create_task(self.trading.run(self.heard))
        try:
            await turns(40)
            await self.sleep.pass_(1.0)  # what it waits for where subscriptions are not acknowledged
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self.trading.close()
            assert [client.closed for client in self.clients] == [1] * len(self.clients)
            assert asyncio.all_tasks() == {asyncio.current_task()}


def order(number: int = 1, kind: OrderType = OrderType.IOC) -> Order:
    return Order(V, BTC, Side.BUY, kind, Decimal(2), Decimal(100), ClientId(f"c{number}"))


def raw_order(number: int = 1, **fields: Any) -> Raw:
    whole = {"id": f"v{number}", "clientOrderId": f"c{number}", "symbol": BTC, "type": "limit", "side": "buy"}
    return {**whole, "amount": "2", "info": {}, **fields}


def raw_trade(number: int = 1, **fields: Any) -> Raw:
    whole = {"id": f"t{number}", "order": "v1", "symbol": BTC, "side": "buy", "price": "100", "amount": "2"}
    return {**whole, "timestamp": 5, "fee": {"cost": "0.1", "currency": "USDT"}, **fields}
