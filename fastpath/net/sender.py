"""Private calls over HTTP: orders at once or never, everything else by lane, within the venue's budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count, islice
from random import Random
from ssl import SSLContext

import msgspec

from arb.breaker import Breaker
from arb.domain import BreakerState, ClientId, VenueId
from arb.errors import Cause, OutcomeUnknown, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Answer, Call, Clock, Lane, PrivateCodec, RateHint
from arb.supervise import Sleep, backoff
from fastpath.net.ban import BANNED
from fastpath.net.governor import Cost, Governor, Key
from fastpath.net.http_line import HttpLine
from fastpath.net.http_pool import HttpPool
from fastpath.net.http_wire import Origin, Response, written
from fastpath.net.pacing import SECOND_NS

RETRY_FIRST_S, RETRY_CAP_S = 0.1, 2.0
PATIENCE_S = 2.0  # who is told to wait longer hears of it instead
STALE_S = 0.25  # an order that found no connection in this time is not sent any more
QUEUE_S = 15.0  # neither is a question; a cancel waits for as long as it takes
MOST_QUEUED = 1000
LONGEST_BAN_S = 3 * 86_400.0  # MEXC's longest (HTTP 418); anything above is a header nobody meant
KEPT_FREE = 1  # connections that questions leave to orders

Make = Callable[[], Call | None]
"""Writes a call when it leaves, so that its signature is of that moment; None where the venue has no such call."""

Done = Callable[[Answer | VenueError, int, int], None]
"""Told of a call's end: what came of it, when it left (0: never) and when the answer came."""


class Told(msgspec.Struct, frozen=True):
    """An answer, when its question left and when it came."""

    answer: Answer
    asked_ns: int
    recv_ns: int


class Job:
    """A call that may wait. name: of what need not be asked twice.   until_ns: when it has waited for too long."""

    __slots__ = ("cost", "done", "lane", "make", "name", "until_ns")

    def __init__(self, cost: Cost, lane: Lane, make: Make, done: Done, *, name: str = "", until_ns: int = 0) -> None:
        self.cost = cost
        self.lane = lane
        self.make = make
        self.done = done
        self.name = name
        self.until_ns = until_ns


class Sender:
    """One venue's private HTTP. Every `done` is called once; of an order never before `post` returns."""

    def __init__(
        self,
        venue: VenueId,
        origin: Origin,
        codec: PrivateCodec,
        governor: Governor,
        *,
        clock: Clock,
        sleep: Sleep,
        rng: Random,
        tls: SSLContext | None,
        venue_ns: Callable[[], int],
        answer_s: float,
        breaker: Breaker | None = None,
    ) -> None:
        """venue_ns: the venue's time.   answer_s: how long an answer may take."""
        self._venue = venue
        self._origin = origin
        self._codec = codec
        self._governor = governor
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._venue_ns = venue_ns
        self._answer_s = answer_s
        self._breaker = Breaker() if breaker is None else breaker
        self._pool = HttpPool(origin, clock=clock, tls=tls, on_free=self._pump, on_failed=self._on_dial_failed)
        self._orders: list[tuple[Call, Cost, Done, int]] = []  # without a connection yet; until when
        self._waiting: list[tuple[Lane, int, Job]] = []
        self._numbers = count(1)
        self._timer: asyncio.Handle | None = None  # for a moment this near uvloop gives one that does not tell when
        self._timer_s = 0.0  # when, by the loop's time
        self._requests = self._retries = 0

    @property
    def counters(self) -> Mapping[str, int]:
        return {"rest_requests": self._requests, "rest_retries": self._retries, **self._pool.counters}

    def refusal(self, now_ns: int) -> str:
        """Why an order should not be sent now. Empty: it may. An order is never what tries out a failing venue."""
        if self._breaker.state is not BreakerState.CLOSED:
            return f"the venue failed too often just now ({self._breaker.wait_ns(now_ns) / SECOND_NS:.1f} s)"
        return ""

    def tend(self) -> None:
        """Keep connections warm; call it every second or so."""
        self._pool.tend(self._clock.mono_ns())
        self._pump()

    def now_ns(self) -> int:
        """On the clock that answers are stamped with."""
        return self._clock.mono_ns()

    def cut(self) -> None:
        """Everything waiting and under way is told now: this is the end of a run. May be used again afterwards."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        orders, self._orders = self._orders, []
        waiting, self._waiting = self._waiting, []
        for _, _, done, _ in orders:
            done(Transient(self._venue, "stopped before it was sent"), 0, self._clock.mono_ns())
        for _, _, job in waiting:
            job.done(Transient(self._venue, "stopped before it was sent"), 0, self._clock.mono_ns())
        self._pool.cut()

    async def close(self) -> None:
        """Give back the sockets; safe to call twice."""
        self.cut()
        await self._pool.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------------------------------------- sending

    def post(self, call: Call, cost: Cost, done: Done) -> None:
        """An order within its budget: written now where a connection is warm, else as soon as one stands, or never."""
        now_ns = self._clock.mono_ns()
        self._governor.take(cost, now_ns)
        line = self._pool.take()
        if line is not None:
            self._write(line, call, cost, done)
            return
        self._orders.append((call, cost, done, now_ns + round(STALE_S * SECOND_NS)))
        self._dial(now_ns)
        self._wake(STALE_S)

    def withdraw(self, client_id: ClientId) -> bool:
        """An order that still waits for a connection never leaves; its `done` is told so in the next loop turn."""
        gone = [order for order in self._orders if client_id in order[0].client_ids]
        self._orders = [order for order in self._orders if client_id not in order[0].client_ids]
        for _, _, done, _ in gone:
            error = Rejected(self._venue, "cancelled before it was sent")
            asyncio.get_running_loop().call_soon(done, error, 0, self._clock.mono_ns())
        return bool(gone)

    def queue(self, job: Job) -> None:
        """In its turn, at once where it is. One of the same name that waits already does the work of both."""
        if job.name and any(other.name == job.name for _, _, other in self._waiting):
            return
        if len(self._waiting) >= MOST_QUEUED:
            error = Transient(self._venue, "too many calls are waiting", cause=Cause.RATE_LIMIT)
            job.done(error, 0, self._clock.mono_ns())
            return
        if not job.until_ns and job.lane > Lane.CANCEL:
            job.until_ns = self._clock.mono_ns() + round(QUEUE_S * SECOND_NS)
        self._waiting.append((job.lane, next(self._numbers), job))
        self._waiting.sort(key=lambda item: item[:2])
        self._pump()

    async def ask(self, cost: Cost, lane: Lane, make: Make, *, retries: int = 2) -> Told:
        """A call that changes no order, tried again while it fails for reasons that pass. Raises VenueError."""
        for delay_s in islice(backoff(self._rng, RETRY_FIRST_S, RETRY_CAP_S), retries):
            try:
                return await self._ask_once(cost, lane, make)
            except Transient as error:
                if error.retry_after_s > PATIENCE_S:
                    raise
                self._retries += 1
                await self._sleep(max(delay_s, error.retry_after_s))
        return await self._ask_once(cost, lane, make)

    async def _ask_once(self, cost: Cost, lane: Lane, make: Make) -> Told:
        future: asyncio.Future[Told] = asyncio.get_running_loop().create_future()

        def done(outcome: Answer | VenueError, asked_ns: int, recv_ns: int) -> None:
            if future.done():  # nobody waits for it any more
                return
            if isinstance(outcome, VenueError):
                future.set_exception(outcome)
            else:
                future.set_result(Told(outcome, asked_ns, recv_ns))

        job = Job(cost, lane, make, done)
        self.queue(job)
        try:
            return await future
        finally:
            self._waiting = [item for item in self._waiting if item[2] is not job]

    # ------------------------------------------------------------------------------------------- who is next

    def _pump(self) -> None:
        """Send what may leave; look again when more may."""
        now_ns = self._clock.mono_ns()
        self._send_orders(now_ns)
        blocked: set[Key] = set()
        waits: list[int] = []
        for item in list(self._waiting):
            if item not in self._waiting:  # done with since: what is told may ask for more in its turn
                continue
            job = item[2]
            if job.until_ns and now_ns >= job.until_ns:
                self._drop(item, Transient(self._venue, "no budget or connection in time", cause=Cause.RATE_LIMIT))
                continue
            keys = self._governor.keys(job.cost)
            wait_ns = self._governor.wait_ns(job.cost, job.lane, now_ns)
            if wait_ns or not blocked.isdisjoint(keys):
                blocked.update(keys)  # what comes later must not take what this one waits for
                waits.extend(ns for ns in (wait_ns, job.until_ns - now_ns) if ns > 0)
            elif job.lane > Lane.ORDER and self._pool.free <= KEPT_FREE and self._pool.dial():
                continue  # it goes with the connection that is being opened
            elif not self._start(item, now_ns):
                break
        if waits:
            self._wake(min(waits) / SECOND_NS)

    def _start(self, item: tuple[Lane, int, Job], now_ns: int) -> bool:
        """Send one that may leave. False: there is no connection for it."""
        job = item[2]
        line = self._pool.take(oldest=job.lane is Lane.DATA)  # what nobody waits for keeps connections warm
        if line is None:
            self._dial(now_ns)
            return False
        if job.lane > Lane.CANCEL and not self._breaker.allows(now_ns):
            self._pool.give(line)
            wait_s = self._breaker.wait_ns(now_ns) / SECOND_NS
            self._drop(item, Transient(self._venue, "not called: it failed too often just now", wait_s))
            return True
        self._waiting.remove(item)
        try:
            call = job.make()
            if call is None:
                raise Rejected(self._venue, f"has no call for {job.cost.verb.name}", cause=Cause.REQUEST)
        except VenueError as error:  # nothing that a venue would take
            self._pool.give(line)
            job.done(error, 0, now_ns)
            return True
        self._governor.take(job.cost, now_ns)
        self._write(line, call, job.cost, job.done)
        return True

    def _send_orders(self, now_ns: int) -> None:
        while self._orders:
            call, cost, done, until_ns = self._orders[0]
            if now_ns >= until_ns:
                self._orders.pop(0)
                done(Transient(self._venue, f"no connection within {STALE_S:g} s"), 0, now_ns)
                continue
            line = self._pool.take()
            if line is None:
                self._dial(now_ns)
                return
            self._orders.pop(0)
            self._write(line, call, cost, done)

    def _dial(self, now_ns: int) -> None:
        """A connection is wanting: one that gets free will do as well."""
        if not self._pool.dial() and (hold_ns := self._pool.hold_ns(now_ns)):
            self._wake(hold_ns / SECOND_NS)

    def _drop(self, item: tuple[Lane, int, Job], error: VenueError) -> None:
        self._waiting.remove(item)
        item[2].done(error, 0, self._clock.mono_ns())

    def _wake(self, delay_s: float) -> None:
        """Look again after so long, or sooner."""
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._timer is not None:
            if not self._timer.cancelled() and loop.time() < self._timer_s <= due:
                return
            self._timer.cancel()
        self._timer, self._timer_s = loop.call_at(due, self._pump), due

    def _on_dial_failed(self, reason: str) -> None:
        """With a connection left the others wait for that one; cancels wait for the next attempt."""
        now_ns = self._clock.mono_ns()
        self._breaker.record(False, now_ns, reason)
        orders, self._orders = self._orders, []
        for _, _, done, _ in orders:
            done(Transient(self._venue, reason), 0, now_ns)
        if not self._pool.standing:
            for item in list(self._waiting):
                if item in self._waiting and item[0] > Lane.CANCEL:
                    self._drop(item, Transient(self._venue, reason))

    # ------------------------------------------------------------------------------------------- one exchange

    def _write(self, line: HttpLine, call: Call, cost: Cost, done: Done) -> None:
        request, asked_ns = call.request, self._clock.mono_ns()
        try:
            if request is None:
                raise ValueError("a call for the socket")
            data = written(self._origin, request)
        except ValueError as exc:
            self._pool.give(line)
            error = Rejected(self._venue, f"{call.verb.name}: {exc}", cause=Cause.REQUEST)
            asyncio.get_running_loop().call_soon(done, error, 0, asked_ns)
            return
        self._requests += 1
        line.send(data, partial(self._settle, call, cost, done, asked_ns), self._answer_s)

    def _settle(
        self, call: Call, cost: Cost, done: Done, asked_ns: int, response: Response | None, reason: str
    ) -> None:
        """What an answer, or none, means: for the budgets, for the breaker, for whoever asked."""
        recv_ns = self._clock.mono_ns()
        if response is None:
            asyncio.get_running_loop().call_soon(self._pump)  # a connection less
            outcome: Answer | VenueError = self._lost(call, reason)
        else:
            outcome = self._read(call, response, recv_ns)
            self.counted(cost, self._codec.decode_rate(response.headers), outcome, recv_ns)
        self.judge(outcome, recv_ns)
        done(outcome, asked_ns, recv_ns)

    def counted(self, cost: Cost, hint: RateHint | None, outcome: Answer | VenueError, now_ns: int) -> None:
        """Learn from what an answer, on either way, said of budgets."""
        refused = isinstance(outcome, Transient) and outcome.cause is Cause.RATE_LIMIT
        empty = False
        if hint is not None:
            wait_ns = hint.reset_ns - self._venue_ns() if hint.reset_ns else 0
            empty = self._governor.learn(cost, hint, wait_ns, now_ns, refused=refused)
        if not refused:
            self._governor.answered(now_ns)
        elif not empty:  # a refusal that names its budget closes that one, any other closes all
            self._governor.pause(outcome.retry_after_s if isinstance(outcome, Transient) else 0.0, now_ns)

    def judge(self, outcome: Answer | VenueError, now_ns: int) -> None:
        """Whether the venue works. What it refuses for our limits, our clock or our login it refuses working."""
        ours = isinstance(outcome, VenueError) and outcome.cause in (Cause.RATE_LIMIT, Cause.CLOCK, Cause.LOGIN)
        failed = isinstance(outcome, Transient | OutcomeUnknown | ProtocolError) and not ours
        self._breaker.record(not failed, now_ns, outcome.message if isinstance(outcome, VenueError) else "")

    def _read(self, call: Call, response: Response, recv_ns: int) -> Answer | VenueError:
        try:
            if 200 <= response.status < 300:
                return self._codec.decode_answer(call, response.body, recv_ns)
            error = self._codec.decode_error(call, response.status, response.body)
        except VenueError as exc:
            error = exc
        if isinstance(error, Transient):
            error.retry_after_s = _seconds(response.headers.get("retry-after", "")) or error.retry_after_s
            if response.status == BANNED:
                self._governor.banned(error.retry_after_s, recv_ns)
        return error

    def _lost(self, call: Call, reason: str) -> VenueError:
        """Written, and no whole answer."""
        text = f"{call.verb.name}: {reason}"
        return OutcomeUnknown(self._venue, text) if call.verb.changes else Transient(self._venue, text)


def _seconds(text: str) -> float:
    """A Retry-After header in seconds; 0 for none or for a date (no venue here sends one)."""
    return min(float(text), LONGEST_BAN_S) if text.isascii() and text.isdigit() else 0.0
