"""The private side of any ccxt exchange: orders over its socket where ccxt can, else over REST; answers are events."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import msgspec

from adapters.ccxt_account_mends import order_ms, supports
from adapters.ccxt_account_stream import AccountStream, Hears
from adapters.ccxt_asking import Asking
from adapters.ccxt_budget import Budget
from adapters.ccxt_client import Client, Lost, ignore
from adapters.ccxt_errors import Redactor, translate
from adapters.ccxt_listings import Listings
from adapters.ccxt_orders import says_nothing
from adapters.ccxt_sender import Sender
from adapters.ccxt_sent import SentOrders
from adapters.ccxt_skew import Skew
from adapters.ccxt_stream import OnError
from arb.breaker import Breaker
from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    NotFound,
    Order,
    OrderUpdate,
    PrivateDown,
    PrivateEvent,
    PrivateUp,
    Symbol,
    VenueId,
)
from arb.errors import (
    OF_THE_MARKET,
    AuthFailed,
    Cause,
    OutcomeUnknown,
    ProtocolError,
    Rejected,
    Transient,
    VenueError,
)
from arb.interfaces import Clock, Lane, Sink
from arb.outcome import failed
from arb.supervise import Sleep, minded, supervise

PAUSE_S = 1.0  # after "too many requests", where the venue does not say for how long
MOST_ASKED = 1_000  # questions and cancels under way
CLOCK_S = 10.0  # between two readings of the venue's clock; they keep a connection warm as well
Private = Callable[[Lost, Callable[[float | None], Awaitable[None]]], Awaitable[Client]]


class AccountSettings(msgspec.Struct, frozen=True):
    """settle_s, forget_s: see `PrivateSpec`; the defaults are for venues of which nobody has said.

    answer_s: how long the answer to an order is waited for.   max_clock_error_ms: beyond, no order is sent.
    """

    settle_s: float = 10.0
    forget_s: float = 0.0
    answer_s: float = 5.0
    max_clock_error_ms: float = 2_000.0


class CcxtTrading:
    """A Trading. open: makes a client that money can be trusted to.   symbols: the markets it may trade.

    settings: what is known of the venue.   counters: of the clients that `open` makes; ours are added.
    """

    def __init__(
        self,
        venue: VenueId,
        *,
        open: Private,
        symbols: Sequence[Symbol],
        listings: Listings,
        settings: AccountSettings,
        clock: Clock,
        sleep: Sleep,
        rng: Random,
        redact: Redactor,
        on_error: OnError,
        counters: Counter[str],
        breaker: Breaker | None = None,
    ) -> None:
        self.venue = venue
        self.settle_ns = int(settings.settle_s * 1e9)
        self.forget_ns = int(settings.forget_s * 1e9)
        self._max_clock_error_ns = int(settings.max_clock_error_ms * 1e6)
        self._symbols = frozenset(symbols)
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._redact = redact
        self._on_error = on_error
        self._counters = counters
        self._budget = Budget(clock, sleep)
        self._breaker = Breaker() if breaker is None else breaker
        self._skew = Skew()
        self._sent = SentOrders()
        self._open = open
        self._rest: Client | None = None
        self._opening = asyncio.Lock()
        self._asking = Asking(venue, self._client, self._symbols, listings, self._sent, clock, redact)
        self._sender = Sender(venue, self._asking, self._sent, redact, settings.answer_s)
        hears = Hears(self._on_order, self._on_trade, self._tell, self._on_up, self._down, self._poll)
        self._stream = AccountStream(
            venue, self._streaming, self._asking, sorted(self._symbols), listings, hears, clock, sleep, redact, counters
        )
        self._sink: Sink | None = None
        self._up = False
        self._complained = False  # of the present loss, by an event
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[tuple[str, str], bool] = {}  # what is under way, and whether it was asked again since

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    async def run(self, sink: Sink) -> None:
        """Until cancelled. Raises AuthFailed or ConfigError where no retry helps."""
        self._sink = sink
        self._start(self._keep_time())
        try:
            await supervise(self._stream.connect, self._on_lost, sleep=self._sleep, rng=self._rng)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for order in self._sent.unanswered():
                unknown = OutcomeUnknown(self.venue, "stopped before it was answered")
                self._tell(failed(self.venue, order.symbol, order.client_id, unknown, self._clock.mono_ns()))
            self._down(Transient(self.venue, "stopped"))
            self._sink = None

    async def close(self) -> None:
        """Give back the connection for single requests. Safe to call twice."""
        client, self._rest = self._rest, None
        if client is not None:
            await client.close()

    # ------------------------------------------------------------------------------------------- what may be sent

    def refusal(self, orders: int, lane: Lane) -> str:
        if self._stream.client is None or not self._up:
            return "the private side is down"
        if lane is Lane.ORDER:
            error_ns = self.clock_error_ns()
            if error_ns is not None and error_ns > self._max_clock_error_ns:
                return f"the clocks may differ by {error_ns / 1e9:.1f} s"
            if self._breaker.wait_ns(self._clock.mono_ns()):
                return "too many calls have failed"
        return self._budget.refusal(orders, lane)

    def clock_error_ns(self) -> int | None:
        return self._skew.error_ns(self._clock.mono_ns())

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        self._counters["orders"] += 1
        self._sent.add(order)
        why = self._barred(order, lane)
        client = self._stream.client
        if why or client is None:
            # not before this call is over: whoever submits has not noted the order yet
            asyncio.get_running_loop().call_soon(self._on_failure, order, Rejected(self.venue, why))
            return
        self._budget.take(lane)
        self._start(self._place(order, client, lane))

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self._counters["cancels"] += 1
        self._start_once("cancel", client_id or venue_id, lambda: self._cancel(symbol, client_id, venue_id))

    def query(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self._counters["queries"] += 1
        self._start_once("query", client_id or venue_id, lambda: self._query(symbol, client_id, venue_id))

    async def balances(self) -> BalancesRead:
        await self._budget.turn(Lane.RECONCILE)
        return await self._asking.balances()

    async def open_orders(self, symbol: Symbol | None = None) -> tuple[OrderUpdate, ...]:
        await self._budget.turn(Lane.RECONCILE)
        return await self._asking.open_orders(symbol)

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        await self._budget.turn(Lane.RECONCILE)
        return await self._asking.fills(symbol, since_ns, until_ns)

    # ------------------------------------------------------------------------------------------- how it is sent

    def _barred(self, order: Order, lane: Lane) -> str:
        if order.symbol not in self._symbols:
            return f"{order.symbol} is none of its markets"
        if self._sent.full:
            return "too many orders have no known end"
        why = self.refusal(1, lane)
        if not why and self._stream.client is not None and not supports(self._stream.client.exchange, order.type):
            return f"ccxt cannot send {order.type.name} orders there"
        if not why and lane is Lane.ORDER and not self._breaker.allows(self._clock.mono_ns()):
            return "too many calls have failed"
        return why

    async def _place(self, order: Order, client: Client, lane: Lane) -> None:
        self._budget.begin(lane)
        try:
            raw = await self._sender.place(order, client)
        except VenueError as error:
            self._on_failure(order, error)
            return
        self._breaker.record(True, self._clock.mono_ns())
        try:
            update = self._asking.update(raw, client.exchange.id, order.client_id)
        except VenueError as error:
            self._on_failure(order, OutcomeUnknown(self.venue, error.message))
            return
        update = msgspec.structs.replace(update, symbol=order.symbol)
        news = not (says_nothing(raw) and self._sent.answered(order.client_id))  # a push was here before
        self._sent.note(update)
        if news:
            self._tell(update)

    def _on_failure(self, order: Order, error: VenueError) -> None:
        now_ns = self._clock.mono_ns()
        update = failed(self.venue, order.symbol, order.client_id, error, now_ns)
        unknown = update.filled_qty is None
        self._counters["unknown" if unknown else "refused"] += 1
        self._judge(error)
        if unknown and self._sent.answered(order.client_id):
            return  # a push has told of it already
        self._sent.note(update)
        self._tell(update)

    def _judge(self, error: VenueError) -> None:
        """What a failed call says about the next ones."""
        fault = isinstance(error, OutcomeUnknown) or (isinstance(error, Transient) and error.cause is not Cause.CLOCK)
        self._breaker.record(not fault, self._clock.mono_ns(), error.message)
        if error.cause is Cause.RATE_LIMIT:
            self._budget.pause((error.retry_after_s if isinstance(error, Transient) else 0.0) or PAUSE_S)
        if isinstance(error, Rejected) and error.cause in OF_THE_MARKET:
            self._on_error(error)
        if isinstance(error, AuthFailed) and error.cause is not Cause.PERMISSION:
            self._stream.renew(error.message)  # an expired login is mended so; a refused key is told by REST, for good

    async def _cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> None:
        await self._budget.turn(Lane.CANCEL)
        try:
            await self._sender.cancel(symbol, client_id, venue_id, self._stream.client)
        except VenueError as error:
            self._counters["cancels_failed"] += 1
            if not isinstance(error, Rejected):
                self._judge(error)
                self._on_error(error)

    # ------------------------------------------------------------------------------------------- what is asked

    async def _query(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> None:
        with suppress(VenueError):  # told where it was found; the next question may fare better
            await self._ask(symbol, client_id, venue_id)

    async def _ask(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        await self._budget.turn(Lane.RECONCILE)
        asked_ns = self._clock.mono_ns()
        try:
            update, fills = await self._asking.order(symbol, client_id, venue_id)
        except VenueError as error:
            if error.cause is Cause.NOT_FOUND:
                self._tell(NotFound(self.venue, symbol, client_id, asked_ns, self._clock.mono_ns()))
                return
            self._counters["queries_failed"] += 1
            self._judge(error)
            self._on_error(error)
            raise
        self._sent.note(update)
        self._tell(update)
        for fill in fills:
            self._tell(fill)

    async def _poll(self) -> None:
        """For what cannot be watched: every order that may still change."""
        for order in self._sent.live():
            await self._ask(order.symbol, order.client_id)

    async def _ask_fills(self, symbol: Symbol, venue_id: str) -> None:
        await self._budget.turn(Lane.RECONCILE)
        try:
            for fill in await self._asking.fills_of(symbol, venue_id):
                self._tell(fill)
        except VenueError as error:
            self._on_error(error)

    async def _keep_time(self) -> None:
        while True:
            await self._budget.turn(Lane.DATA)
            try:
                client = await self._asking.client()
                if not client.exchange.has.get("fetchTime"):
                    return
                await self._asking.time(self._skew)
            except Exception as exc:  # noqa: BLE001  a reading that fails makes the last one older: `error_ns` says so
                error = translate(self.venue, exc, self._redact)
                self._counters["clock_failed"] += 1
                if isinstance(error, VenueError):
                    self._on_error(error)
            await self._sleep(CLOCK_S)

    # ------------------------------------------------------------------------------------------- what is heard

    def _on_order(self, raw: Mapping[str, Any], ccxt_id: str) -> None:
        update = self._asking.update(raw, ccxt_id)
        self._sent.note(update)
        self._tell(update)
        client = self._stream.client
        if client is not None and not client.exchange.has.get("watchMyTrades") and update.filled_qty != 0:
            self._ask_fills_once(update.symbol, update.venue_id)

    def _on_trade(self, raw: Mapping[str, Any], ccxt_id: str) -> None:
        fill = self._asking.pushed_fill(raw, ccxt_id)
        if fill is not None:
            self._tell(fill)
        else:
            self._ask_fills_once(Symbol(str(raw.get("symbol") or "")), str(raw.get("order") or ""))

    def _on_up(self, read: BalancesRead) -> None:
        self._up = True
        self._counters["ups"] += 1
        self._tell(PrivateUp(self.venue, self._clock.mono_ns()))
        self._tell(read)

    def _down(self, failure: Exception) -> None:
        """Told once for each loss, and as soon as it is known."""
        if self._up:
            self._up = False
            self._tell(PrivateDown(self.venue, self._words(failure), self._clock.mono_ns()))
            self._complained = isinstance(failure, Transient)

    def _on_lost(self, failure: Exception | None) -> None:
        """An attempt that failed is no event, and a bug must not look like bad weather: both are told."""
        self._counters["losses"] += 1
        complained, self._complained = self._complained, False
        error = translate(self.venue, failure, self._redact) if failure is not None else None
        if isinstance(error, VenueError) and not complained:
            self._on_error(error)

    def _words(self, failure: Exception) -> str:
        error = translate(self.venue, failure, self._redact)
        return error.message if isinstance(error, VenueError) else str(error)

    def _tell(self, event: PrivateEvent | Balance) -> None:
        if self._sink is not None:
            self._sink.on_event(event)
            self._sink.on_idle(event.recv_ns)

    # ------------------------------------------------------------------------------------------- with what

    async def _client(self) -> Client:
        """The client for single requests. It outlives every stream: its connections stay warm."""
        async with self._opening:
            if self._rest is None:
                self._rest = await self._open(ignore, self._budget)
                self._budget.learn(order_ms(self._rest.exchange), self._rest.exchange.rateLimit)
            return self._rest

    def _on_bug(self, failure: Exception) -> None:
        """Foreign code or ours did what nobody expects: told, and the others go on. An order is asked for in time."""
        error = translate(self.venue, failure, self._redact)
        self._on_error(error if isinstance(error, VenueError) else ProtocolError(self.venue, repr(failure)))

    async def _streaming(self, lost: Lost) -> Client:
        return await self._open(lost, self._budget)

    def _ask_fills_once(self, symbol: Symbol, venue_id: str) -> None:
        self._start_once("fills", venue_id, lambda: self._ask_fills(symbol, venue_id))

    def _start_once(self, what: str, whose: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One at a time: where the venue is slow, or has asked for a pause, the same questions would pile up.

        Fills may be news that the answer under way does not hold: they are asked for once more. A question beyond
        MOST_ASKED is left out, since whoever wants to know asks again; a cancel never is.
        """
        key = (what, whose)
        if key in self._asked:
            self._asked[key] = True
            return
        if what != "cancel" and len(self._asked) >= MOST_ASKED:
            self._counters["questions_left_out"] += 1
            return
        self._asked[key] = False

        def done(task: asyncio.Task[None]) -> None:
            if self._asked.pop(key) and what == "fills" and not task.cancelled() and self._sink is not None:
                self._start_once(what, whose, work)

        self._start(work()).add_done_callback(done)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        minded(task, self._on_bug)
        return task
