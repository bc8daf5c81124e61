"""The private side of any native venue: its PrivateCodec does the talking, everything here is the same for all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from random import Random
from ssl import SSLContext, create_default_context
from typing import Any, TypeVar

from arb.breaker import Breaker
from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    Order,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
    Symbol,
    VenueId,
)
from arb.errors import OF_THE_MARKET, AuthFailed, Cause, OutcomeUnknown, Rejected, Transient, VenueError
from arb.interfaces import Answer, Clock, Lane, PrivateCodec, Sink, VenueSpec, Verb
from arb.outcome import failed
from arb.supervise import Sleep, backoff, first, minded
from fastpath.net.alarm import Alarm
from fastpath.net.ban import Ban
from fastpath.net.cancels import Cancels, Target
from fastpath.net.clock_keeper import ClockKeeper
from fastpath.net.deadman import Deadman
from fastpath.net.governor import Cost, Governor
from fastpath.net.http_wire import origin_of
from fastpath.net.listen_keys import ListenKeys
from fastpath.net.outlet import Outlet
from fastpath.net.pacing import SECOND_NS
from fastpath.net.private_link import PrivateLink, PrivateWiring, Told
from fastpath.net.private_stream import PrivateStream
from fastpath.net.questions import Questions
from fastpath.net.sender import Sender
from fastpath.net.wiring import OnError
from fastpath.net.witness import Witness

ANSWER_S = 2.0
MAX_CLOCK_ERROR_MS = 500  # MEXC refuses a time that is a second ahead of its own
DEADMAN_S = 30
TEND_S = 1.0
FAREWELL_S = 1.5
_SOCKET = frozenset({"frames", "bytes", "decode_errors", "connects", "losses", "rotations", "pings"})

T = TypeVar("T")


class NativeTrading:
    """One per venue and run.

    Orders go over the socket where the venue takes them there and we are logged in, else by REST; every question goes
    by REST, which lives when the socket does not. An ORDER leaves only while the private stream stands; a HEDGE needs
    no more than REST. Nothing is told before the method that caused it has returned.
    """

    def __init__(
        self,
        spec: VenueSpec,
        codec: PrivateCodec,
        *,
        clock: Clock,
        rng: Random,
        on_error: OnError,
        rest_url: str | None = None,
        ws_url: str | None = None,
        sleep: Sleep = asyncio.sleep,
        answer_s: float = ANSWER_S,
        max_clock_error_ms: int = MAX_CLOCK_ERROR_MS,
        deadman_s: int = DEADMAN_S,
        breaker: Breaker | None = None,
        ban: Ban | None = None,
    ) -> None:
        """answer_s: an order without an answer for so long is UNKNOWN.

        max_clock_error_ms: nothing is submitted while the venue's time is known worse.
        deadman_s: the venue cancels what rests so long after we are gone, where it can; 0: it does not.
        """
        self.venue = VenueId(spec.name)
        self.settle_ns = round(codec.spec.settle_s * SECOND_NS)
        self.forget_ns = round(codec.spec.forget_s * SECOND_NS)
        self._codec = codec
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._on_error = on_error
        self._max_clock_error_ns = max_clock_error_ms * 1_000_000
        self._out = Outlet(clock, self._fail)
        self._witness = Witness()
        self._governor = Governor(codec.spec.pools, ban)
        origin = origin_of(rest_url or spec.rest_url)
        url = ws_url or spec.ws_url
        tls: SSLContext | None = create_default_context() if origin.tls or url.startswith("wss:") else None
        self._sender = Sender(
            self.venue, origin, codec, self._governor, clock=clock, sleep=sleep, rng=rng,
            tls=tls if origin.tls else None, venue_ns=self._venue_ns, answer_s=answer_s,
            breaker=breaker,
        )  # fmt: skip
        self._time = ClockKeeper(codec, self._sender, clock, on_error)
        self._questions = Questions(self.venue, codec, self._sender, self._venue_ns)
        self._wiring = PrivateWiring(
            self.venue, spec, codec, url, clock, sleep, rng, tls if url.startswith("wss:") else None, on_error,
            self._venue_ns, answer_s, self._hear, self._out.idle, self._sender.counted,
        )  # fmt: skip
        keys = ListenKeys(codec, self._sender, self.venue, self._venue_ns)
        self._stream = PrivateStream(self._wiring, keys, on_up=self._on_up, on_down=self._on_down)
        self._cancels = Cancels(
            codec, self._stream, self._sender, self._governor, self._out, clock=clock, venue_ns=self._venue_ns,
            judge=self._judge, complain=on_error,
        )  # fmt: skip
        self._deadman = Deadman(codec, self._sender, self._venue_ns, deadman_s, on_error, sleep)
        self._counters: Counter[str] = Counter()
        self._inflight: dict[ClientId, Order] = {}
        self._asking: set[ClientId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fatal: Exception | None = None
        self._alarm = Alarm()

    @property
    def counters(self) -> Mapping[str, int]:
        socket = {f"socket_{name}": number for name, number in self._wiring.counters.items() if name in _SOCKET}
        kinds = dict.fromkeys(("orders", "cancels", "queries", "refused", "unknown"), 0)
        return {**kinds, **self._counters, **self._sender.counters, **socket}

    # ------------------------------------------------------------------------------------------- a run

    async def run(self, sink: Sink) -> None:
        """Until cancelled. Raises AuthFailed, ConfigError, and what the sink itself raised."""
        self._out.sink, self._fatal = sink, None
        self._out.flush()
        try:
            async with asyncio.TaskGroup() as group:
                for part in (self._watch, self._keep_warm, self._time.run, self._live, self._hold_switch):
                    group.create_task(part(), name=f"{self.venue} {part.__name__}")
        except BaseExceptionGroup as failures:
            raise first(failures) from None
        finally:
            try:
                await self._farewell()
            finally:
                self._leave()
                await self._sender.close()

    async def close(self) -> None:
        """Give back the sockets; safe to call twice."""
        await self._sender.close()

    async def _watch(self) -> None:
        while self._fatal is None:
            await self._alarm.wait()
        raise self._fatal

    async def _keep_warm(self) -> None:
        """And watch the stream."""
        while True:
            self._sender.tend()
            link, missed = self._stream.link, self._witness.overdue(self._clock.mono_ns())
            if link is not None and missed is not None:
                link.lose(Transient(self.venue, f"the stream never told of {missed}, which was accepted"))
            await self._sleep(TEND_S)

    async def _live(self) -> None:
        await self._time.measured.wait()
        await self._stream.run()

    async def _hold_switch(self) -> None:
        await self._time.measured.wait()
        await self._deadman.run()

    async def _farewell(self) -> None:
        """A clean stop calls the dead-man switch off. Where that fails, the venue cancels what rests: the safe side."""
        for task in list(self._tasks):
            task.cancel()
        if isinstance(self._fatal, AuthFailed):
            return
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._deadman.call_off()
        except TimeoutError:
            self._on_error(Transient(self.venue, f"the dead-man switch was not called off in {FAREWELL_S:g} s"))
        except VenueError as error:
            self._on_error(error)

    def _leave(self) -> None:
        """Whatever was submitted and has no answer is told as unknown."""
        self._sender.cut()
        self._out.flush()
        inflight, self._inflight = self._inflight, {}
        for order in inflight.values():
            self._placed(order, OutcomeUnknown(self.venue, "stopped before an answer"), 0, self._clock.mono_ns())
        self._asking.clear()
        self._out.sink = None

    def _on_up(self) -> None:
        self._out.tell(PrivateUp(self.venue, self._clock.mono_ns()))
        self._spawn(self._first_read())

    def _on_down(self, reason: str) -> None:
        self._witness.forget()
        self._out.tell(PrivateDown(self.venue, reason, self._clock.mono_ns()))

    async def _first_read(self) -> None:
        """Balances read after the stream stood: with what it pushes they are whole. Repeated until it succeeds."""
        link = self._stream.link
        delays = backoff(self._rng)
        while link is not None and self._stream.link is not None:
            try:
                read = await self.balances()
            except VenueError as error:
                self._judge(error)
                self._on_error(error)
                await self._sleep(next(delays))
            else:
                if self._stream.link is not None:
                    self._out.tell(read)
                return

    # ------------------------------------------------------------------------------------------- orders

    def refusal(self, orders: int, lane: Lane) -> str:
        now_ns = self._clock.mono_ns()
        return self._why_not(lane, now_ns) or self._governor.refusal(orders, lane, now_ns)

    def clock_error_ns(self) -> int | None:
        return self._time.error_ns()

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        self._counters["orders"] += 1
        now_ns = self._clock.mono_ns()
        link = self._stream.link
        socket = link is not None and link.orders
        cost = Cost(Verb.PLACE, order.symbol, socket=socket)
        try:
            self._check(order, cost, lane, now_ns)
            call = self._codec.encode_order(order, self._venue_ns(), socket=socket)
        except VenueError as error:
            self._counters["refused"] += 1
            self._out.soon(failed(self.venue, order.symbol, order.client_id, error, now_ns))
            return
        self._inflight[order.client_id] = order
        if link is not None:
            self._witness.sent(order.client_id)
        done = partial(self._placed, order)
        if socket and link is not None:
            self._governor.take(cost, now_ns)
            link.call(call, cost, done)
        else:
            self._sender.post(call, cost, done)

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        if self._out.sink is None:
            return
        self._counters["cancels"] += 1
        self._cancels.send(Target(symbol, client_id, venue_id))

    def query(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        if self._out.sink is None or client_id in self._asking:  # one answer does for both
            return
        self._counters["queries"] += 1
        self._asking.add(client_id)
        self._spawn(self._ask_for(symbol, client_id, venue_id))

    async def balances(self) -> BalancesRead:
        return await self._timely(self._questions.balances)

    async def open_orders(self, symbol: Symbol | None = None) -> tuple[OrderUpdate, ...]:
        return await self._timely(partial(self._questions.open_orders, symbol))

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        def ask() -> Coroutine[Any, Any, tuple[Fill, ...]]:
            return self._questions.fills(symbol, self._theirs(since_ns), self._theirs(until_ns))

        return await self._timely(ask)

    def _check(self, order: Order, cost: Cost, lane: Lane, now_ns: int) -> None:
        """Raises VenueError where it may not leave: a stale order is worse than none, so it does not wait."""
        why = self._why_not(lane, now_ns)
        if not why and (wait_ns := self._governor.wait_ns(cost, lane, now_ns)):
            raise Rejected(self.venue, f"no budget for {wait_ns / SECOND_NS:.2f} s", cause=Cause.RATE_LIMIT)
        if not why and order.client_id in self._inflight:
            why = "an order of this name is on its way"
        if why:
            raise Rejected(self.venue, why)

    def _why_not(self, lane: Lane, now_ns: int) -> str:
        if self._out.sink is None:
            return "not running"
        if self._fatal is not None:
            return "it has failed for good"
        if lane > Lane.HEDGE and self._stream.link is None:
            return "the private stream is down"
        error_ns = self._time.error_ns()
        if error_ns is None:
            return "the venue's time is not known"
        if error_ns > self._max_clock_error_ns:
            return f"the venue's time is known to {error_ns / 1e6:.0f} ms only"
        return self._sender.refusal(now_ns)

    def _placed(self, order: Order, outcome: Answer | VenueError, _asked_ns: int, recv_ns: int) -> None:
        self._inflight.pop(order.client_id, None)
        refused = isinstance(outcome, VenueError) or any(
            isinstance(event, OrderUpdate) and event.status is OrderStatus.REJECTED for event in outcome.events
        )
        self._witness.answered(order.client_id, accepted=not refused, now_ns=recv_ns)
        if not isinstance(outcome, VenueError):
            self._out.tell(*outcome.events)
            return
        update = failed(self.venue, order.symbol, order.client_id, outcome, recv_ns)
        self._counters["unknown" if update.filled_qty is None else "refused"] += 1
        self._judge(outcome)  # first: who hears of this order may send the next one at once, in the same way
        self._out.tell(update)

    # ------------------------------------------------------------------------------------------- questions

    async def _ask_for(self, symbol: Symbol, client_id: ClientId, venue_id: str) -> None:
        try:
            await self._timely(partial(self._questions.outcome, symbol, client_id, venue_id, self._out.tell))
        except VenueError as error:
            self._judge(error)
            self._on_error(error)
        finally:
            self._asking.discard(client_id)

    async def _timely(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Signed with a time that is known, and once more where the venue finds that it was wrong."""
        await self._time.ready()
        try:
            return await ask()
        except VenueError as error:
            if error.cause is not Cause.CLOCK:
                raise
        self._time.suspect()
        await self._time.ready()
        return await ask()

    # ------------------------------------------------------------------------------------------- inside

    def _venue_ns(self) -> int:
        return self._time.venue_ns()

    def _theirs(self, wall_ns: int) -> int:
        """The venue's time at a moment of our wall clock, which somebody may have set since; 0 stays 0."""
        off_ns = self._venue_ns() - self._clock.wall_ns()
        return max(1, wall_ns + off_ns) if wall_ns and abs(off_ns) > SECOND_NS else wall_ns

    def _judge(self, error: VenueError) -> None:
        """What an error says of more than its own call."""
        if isinstance(error, AuthFailed):
            self._fail(error)
        elif error.cause is Cause.CLOCK:
            self._time.suspect()
        elif error.cause is Cause.LOGIN and (link := self._stream.link) is not None:
            link.orders = False
            self._spawn(self._log_in(link))
        elif isinstance(error, Rejected) and error.cause in OF_THE_MARKET:
            self._on_error(error)

    async def _log_in(self, link: PrivateLink) -> None:
        try:
            await link.log_in()
        except VenueError as error:
            if isinstance(error, AuthFailed):
                self._fail(error)

    def _fail(self, failure: Exception) -> None:
        """`run` raises it."""
        if self._fatal is None:
            self._fatal = failure
            self._alarm.ring()

    def _hear(self, event: Told) -> None:
        """From the socket, which says itself when its read is over."""
        if isinstance(event, Balance):
            self._questions.on_balance(event)
        elif isinstance(event, OrderUpdate):
            self._witness.told(event.client_id)
        self._out.give(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        minded(task, self._fail)  # what it does not expect is a bug of ours: the run ends with it
