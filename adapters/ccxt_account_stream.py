"""One account's orders, fills and balances through ccxt: pushed where ccxt can watch them, else polled.

ccxt reconnects without a word and tells of no gap. So a client whose socket ends, or whose watching fails, is thrown
away whole; the next one counts as up when its subscriptions stand and the balances were read after that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.ccxt_account_mends import Acknowledged, log_in, log_out
from adapters.ccxt_asking import Asking
from adapters.ccxt_client import Client, Lost
from adapters.ccxt_errors import Redactor, translate
from adapters.ccxt_listings import Listings
from adapters.ccxt_orders import to_balances
from arb.domain import Balance, BalancesRead, Coin, Symbol, VenueId
from arb.errors import ArbError, AuthFailed, Transient
from arb.exhausted import survive
from arb.interfaces import Clock
from arb.supervise import Sleep, Up, minded

T = TypeVar("T")
Raw = Mapping[str, Any]

ACK_S = 5.0  # for the answers to all subscriptions
GRACE_S = 1.0  # instead, where ccxt does not show them
POLL_S = 1.0  # between two rounds of what cannot be watched
READS = 3  # of the balances, while pushes come in between
LOG_OUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Hears:
    """Who is told. down: at once, also before `up`.   poll: asks for every order that may change."""

    order: Callable[[Raw, str], None]
    trade: Callable[[Raw, str], None]
    balance: Callable[[Balance], None]
    up: Callable[[BalancesRead], None]
    down: Callable[[Exception], None]
    poll: Callable[[], Awaitable[None]]


class AccountStream:
    """open: makes a client for streams.   symbols: for exchanges that watch one market at a time."""

    def __init__(
        self,
        venue: VenueId,
        open: Callable[[Lost], Awaitable[Client]],
        asking: Asking,
        symbols: Sequence[Symbol],
        listings: Listings,
        hears: Hears,
        clock: Clock,
        sleep: Sleep,
        redact: Redactor,
        counters: Counter[str],
    ) -> None:
        self._venue = venue
        self._open = open
        self._asking = asking
        self._symbols = symbols
        self._listings = listings
        self._hears = hears
        self._clock = clock
        self._sleep = sleep
        self._redact = redact
        self._counters = counters
        self._end: asyncio.Future[Exception] | None = None
        self._acks = asyncio.Event()
        self._due = 0  # subscriptions not yet acknowledged
        self._pushes = 0  # of balances, with this client
        self._held: dict[Coin, tuple[object, object]] = {}
        self.client: Client | None = None  # where orders may go; None: down

    def renew(self, why: str) -> None:
        """The present connection is not to be trusted. Does not wait."""
        self._stop(Transient(self._venue, why))

    async def connect(self, up: Up) -> None:
        """One client, until it is lost. Raises why."""
        self._end = asyncio.get_running_loop().create_future()
        self._acks.clear()
        self._held.clear()
        self._due = self._pushes = 0
        rest = await self._asking.client()
        rest.exchange.check_required_credentials()
        await self._asking.balances()  # finds a refused key before anything else does, and warms the connection
        client = await self._open(self._on_socket)
        tasks: list[asyncio.Task[None]] = []
        try:
            client.exchange.options = deepcopy(rest.exchange.options)  # what kind of account it is was asked for there
            self._listings.tell(client.exchange)
            exchange_id = client.exchange.id
            client.listen(
                lambda raw: self._hears.order(raw, exchange_id), lambda raw: self._hears.trade(raw, exchange_id)
            )
            acknowledged = Acknowledged(client.exchange, self._on_ack)
            tasks += [asyncio.create_task(task) for task in self._followers(client)]
            for task in tasks:
                minded(task, self._lost)  # a push that could not be read may have been a fill
            if client.exchange.has.get("createOrderWs"):
                await self._or_end(log_in(client.exchange))
            await self._or_end(self._stand(acknowledged.counts))
            read = await self._or_end(self._read())
            self.client = client
            self._hears.up(read)
            up()
            raise await self._end
        finally:
            self.client = None
            self._stop(Transient(self._venue, "stopped"))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await asyncio.wait_for(log_out(client.exchange), LOG_OUT_S)
            except Exception as exc:  # noqa: BLE001  TimeoutError, or a venue that is away: the key ends by itself then
                survive(exc)
            await client.close()

    # ------------------------------------------------------------------------------------------- what is followed

    def _followers(self, client: Client) -> list[Coroutine[Any, Any, None]]:
        exchange, has = client.exchange, client.exchange.has
        followers: list[Coroutine[Any, Any, None]] = []
        if has.get("watchOrders"):
            followers.append(self._watch(client, exchange.watch_orders, self._hears.order))
        if has.get("watchMyTrades"):
            followers.append(self._watch(client, exchange.watch_my_trades, self._hears.trade))
        self._due = len(followers)
        if has.get("watchBalance"):
            self._due += 1
            followers.append(self._watch_balance(client))
        else:
            followers.append(self._poll(self._poll_balances))
        if not has.get("watchOrders"):
            followers.append(self._poll(self._hears.poll))
        return followers

    async def _watch(
        self,
        client: Client,
        watch: Callable[[str | None], Awaitable[Sequence[Raw]]],
        told: Callable[[Raw, str], None],
        symbol: Symbol | None = None,
    ) -> None:
        while True:
            try:
                found = await watch(symbol)
            except asyncio.CancelledError:
                self._raise_if_ours()
                return
            except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
                if symbol is None and type(exc).__name__ == "ArgumentsRequired":
                    await asyncio.gather(*(self._watch(client, watch, told, each) for each in self._symbols))
                else:
                    self._lost(exc)
                return
            if not client.telling:
                for raw in found:
                    told(raw, client.exchange.id)

    async def _watch_balance(self, client: Client) -> None:
        while True:
            try:
                raw = await client.exchange.watch_balance()
            except asyncio.CancelledError:
                self._raise_if_ours()
                return
            except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
                self._lost(exc)
                return
            self._pushes += 1
            self._changed(to_balances(self._venue, raw, self._clock.mono_ns(), all_coins=True))

    async def _poll(self, once: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._sleep(POLL_S)
            try:
                await once()
            except ArbError as error:
                self._stop(error)
                return
            self._counters["polls"] += 1

    async def _poll_balances(self) -> None:
        self._changed((await self._asking.balances()).balances)

    def _changed(self, balances: Sequence[Balance]) -> None:
        """ccxt hands out all coins it has heard of, whichever changed."""
        for balance in balances:
            if self._held.get(balance.coin) != (balance.free, balance.locked):
                self._held[balance.coin] = (balance.free, balance.locked)
                if self.client is not None:
                    self._hears.balance(balance)

    # ------------------------------------------------------------------------------------------- how it comes up

    async def _stand(self, acknowledges: bool) -> None:
        """Until every subscription is known to stand, or had time enough to."""
        if not acknowledges:
            await self._sleep(GRACE_S)
        elif self._due:
            try:
                await asyncio.wait_for(self._acks.wait(), ACK_S)
            except TimeoutError:
                raise Transient(self._venue, f"a private subscription was not acknowledged in {ACK_S:g} s") from None

    async def _read(self) -> BalancesRead:
        """The balances after the subscription; once more where a push came meanwhile, which may be the newer one."""
        for _ in range(READS):
            pushes = self._pushes
            read = await self._asking.balances()
            if self._pushes == pushes:
                break
        return read

    def _on_ack(self, refusal: str) -> None:
        if refusal:
            self._stop(Transient(self._venue, self._redact(f"a private subscription was refused: {refusal}")))
        self._due -= 1
        if self._due <= 0:
            self._acks.set()

    async def _or_end(self, awaited: Coroutine[Any, Any, T]) -> T:
        """What is awaited, unless the client is lost before. Raises why."""
        assert self._end is not None
        task = asyncio.ensure_future(awaited)
        try:
            waiting: set[asyncio.Future[Any]] = {task, self._end}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise self._end.result()
            try:
                return task.result()
            except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
                raise self._translated(exc) from None
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # ------------------------------------------------------------------------------------------- how it ends

    def _on_socket(self, exc: Exception) -> None:
        self._lost(exc)

    def _lost(self, exc: Exception) -> None:
        self._stop(self._translated(exc))

    def _translated(self, exc: Exception) -> ArbError:
        """A stream that refuses a key may mean the listen key, or a login that has expired: REST is asked who it is."""
        error = translate(self._venue, exc, self._redact)
        return Transient(self._venue, error.message) if isinstance(error, AuthFailed) else error

    def _raise_if_ours(self) -> None:
        """ccxt cancels the futures that it hands out, which looks like a cancellation of whoever waits for one."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        self._stop(Transient(self._venue, "ccxt gave a subscription up"))

    def _stop(self, error: Exception) -> None:
        """The first reason counts."""
        self.client = None
        if self._end is not None and not self._end.done():
            self._end.set_result(error)
            self._hears.down(error)
