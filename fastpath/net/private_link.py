"""One private socket: logged in, subscribed, pinged. Calls go out on it, answers find their calls, events pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from ssl import SSLContext

from arb.domain import Balance, ConnId, Event, Fill, Notice, OrderUpdate, VenueId
from arb.errors import AuthFailed, OutcomeUnknown, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Answer, Call, Clock, PrivateCodec, RateHint, Tap, VenueSpec
from arb.supervise import Sleep
from fastpath.net.alarm import Alarm
from fastpath.net.counters import Counters
from fastpath.net.driver import Driver
from fastpath.net.governor import Cost
from fastpath.net.pacing import SECOND_NS
from fastpath.net.sender import Done
from fastpath.net.wiring import Decodes, OnError

SETTLE_S = 5.0  # for the login and all subscriptions together
PONG_S = 5.0  # a ping without any frame after it for so long: the socket is dead
TEND_S = 1.0
MOST_LATE = 1000  # calls whose answers came too late are remembered for this connection's life

Counted = Callable[[Cost, RateHint | None, Answer | VenueError, int], None]
Told = OrderUpdate | Fill | Balance


@dataclass(frozen=True, slots=True)
class PrivateWiring:
    """What all private connections of one venue share. There is no tap: nothing signed reaches a tape.

    venue_ns: the venue's time.   answer_s: how long the answer to a call may take.
    hear, idle: where events go, and the end of each socket read.   counted: hears what answers say of budgets.
    """

    venue: VenueId
    spec: VenueSpec
    codec: PrivateCodec
    ws_url: str
    clock: Clock
    sleep: Sleep
    rng: Random
    tls: SSLContext | None
    on_error: OnError
    venue_ns: Callable[[], int]
    answer_s: float
    hear: Callable[[Told], None]
    idle: Callable[[int], None]
    counted: Counted
    counters: Counters = field(default_factory=Counters)


@dataclass(frozen=True, slots=True)
class _Plug:
    """A driver's view of it. url: with the listen key, where there is one."""

    venue: VenueId
    codec: Decodes
    url: str
    clock: Clock
    on_error: OnError
    tls: SSLContext | None
    counters: Counters
    tap: Tap | None = None


@dataclass(slots=True)
class _Asked:
    call: Call
    cost: Cost
    done: Done
    asked_ns: int
    timer: asyncio.TimerHandle
    told: bool = False  # that no answer came in time; one that comes later is told as well


class PrivateLink:
    """The driver's codec and sink at once. on_lost: called when it ends, before anything is told of its calls.

    orders: whether orders may go over it.   worn: it should be replaced.   key: the listen key it was opened with.
    """

    def __init__(
        self, wiring: PrivateWiring, conn: ConnId, key: str, on_lost: Callable[[PrivateLink, Exception], None]
    ) -> None:
        self.key = key
        self.orders = False
        self.worn = False
        self.alarm = Alarm()
        self._wiring = wiring
        self._codec = wiring.codec
        self._on_lost_do = on_lost
        self._asked: dict[str, _Asked] = {}
        url = wiring.codec.socket_url(wiring.ws_url, key)
        plug = _Plug(wiring.venue, self, url, wiring.clock, wiring.on_error, wiring.tls, wiring.counters)
        self._driver = Driver(plug, conn, (), self, self._on_lost)
        self._timer: asyncio.TimerHandle | None = None
        self._pinged_ns = 0

    @property
    def lost(self) -> Exception | None:
        return self._driver.lost

    @property
    def opened_ns(self) -> int:
        return self._driver.connected_ns

    @property
    def waiting(self) -> int:
        """Calls without an answer."""
        return sum(not asked.told for asked in self._asked.values())

    async def open(self) -> None:
        """Until it is subscribed: from here on nothing is missed. Raises VenueError."""
        await self._driver.open()
        self._tend()
        try:
            async with asyncio.timeout(SETTLE_S):
                await self.log_in()
                for call in self._codec.encode_subscribe(self._wiring.venue_ns()):
                    await self._ask(call)
        except TimeoutError as exc:
            raise Transient(self._wiring.venue, f"not subscribed within {SETTLE_S:g} s") from exc

    async def log_in(self) -> None:
        """Orders may go over it afterwards. Where that is refused they go by REST, and the streams live on.

        Raises AuthFailed.
        """
        self.orders = False
        call = self._codec.encode_login(self._wiring.venue_ns())
        if call is None:
            return
        try:
            await self._ask(call)
        except AuthFailed:
            raise
        except (Rejected, Transient) as error:
            if self.lost is not None:
                raise
            self._wiring.on_error(error)
        else:
            self.orders = self._codec.spec.socket_orders

    def call(self, call: Call, cost: Cost, done: Done) -> None:
        """Write a call, now. `done` is told later, and once more where the answer comes after it was given up."""
        loop = asyncio.get_running_loop()
        now_ns = self._wiring.clock.mono_ns()
        before = self._asked.pop(call.id, None)
        if before is not None:
            before.timer.cancel()
            if not before.told:
                self._settle(before, self._unanswered(before.call, "asked again"), now_ns)
        try:
            self._driver.send(call.frame)  # first: its answer is read in a later turn of the loop at the soonest
        finally:
            timer = loop.call_later(self._wiring.answer_s, self._expire, call.id)
            self._asked[call.id] = _Asked(call, cost, done, now_ns, timer)

    def lose(self, error: VenueError) -> None:
        """It is worth nothing any more, whatever its socket does."""
        self._driver.lose(error)

    async def close(self, reason: str) -> None:
        await self._driver.close(reason)
        if self._timer is not None:
            self._timer.cancel()

    # ------------------------------------------------------------------------------------------- as codec

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event | Answer, ...]:
        """A frame that nobody can read may have been a fill: the stream is worth nothing from here on."""
        try:
            return self._codec.decode(frame, recv_ns, conn)
        except ProtocolError as error:
            self._wiring.counters.decode_errors += 1
            self._driver.lose(error)
            return ()

    # ------------------------------------------------------------------------------------------- as sink

    def on_event(self, event: Event | Answer) -> None:
        if isinstance(event, OrderUpdate | Fill | Balance):
            self._wiring.hear(event)
        elif isinstance(event, Answer):
            self._on_answer(event)
        elif isinstance(event, Notice) and event.closing:
            self.worn = True
            self.alarm.ring()

    def on_idle(self, recv_ns: int) -> None:
        self._wiring.idle(recv_ns)

    # ------------------------------------------------------------------------------------------- inside

    async def _ask(self, call: Call) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def done(outcome: Answer | VenueError, _asked_ns: int, _recv_ns: int) -> None:
            if future.done():
                return
            if isinstance(outcome, VenueError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.call(call, Cost(call.verb, socket=True), done)
        return await future

    def _on_answer(self, answer: Answer) -> None:
        """What answers no call of ours is an event all the same: it tells of an order."""
        now_ns = self._wiring.clock.mono_ns()
        asked = self._asked.get(answer.id)
        if asked is None:
            for event in answer.events:
                if isinstance(event, OrderUpdate | Fill | Balance):
                    self._wiring.hear(event)
            if answer.error is not None:
                self._wiring.on_error(answer.error)
            return
        outcome: Answer | VenueError = answer if answer.error is None else answer.error
        self._wiring.counted(asked.cost, answer.rate, outcome, now_ns)
        if answer.final:
            del self._asked[answer.id]
            self._settle(asked, outcome, now_ns)

    def _settle(self, asked: _Asked, outcome: Answer | VenueError, now_ns: int) -> None:
        asked.timer.cancel()
        asked.told = True
        asked.done(outcome, asked.asked_ns, now_ns)

    def _expire(self, call_id: str) -> None:
        asked = self._asked[call_id]
        if len(self._asked) > MOST_LATE:
            del self._asked[call_id]
        error = self._unanswered(asked.call, f"no answer within {self._wiring.answer_s:g} s")
        self._settle(asked, error, self._wiring.clock.mono_ns())

    def _unanswered(self, call: Call, reason: str) -> VenueError:
        text = f"{call.verb.name}: {reason}"
        venue = self._wiring.venue
        return OutcomeUnknown(venue, text) if call.verb.changes else Transient(venue, text)

    def _on_lost(self) -> None:
        """Every call without an answer is told at once."""
        self.orders = False
        if self._timer is not None:
            self._timer.cancel()
        failure = self._driver.lost
        reason = failure.message if isinstance(failure, VenueError) else repr(failure)
        self._on_lost_do(self, failure or Transient(self._wiring.venue, reason))
        now_ns = self._wiring.clock.mono_ns()
        asked, self._asked = self._asked, {}
        for one in asked.values():
            if not one.told:
                self._settle(one, self._unanswered(one.call, reason), now_ns)
        self.alarm.ring()

    def _tend(self) -> None:
        """A private stream is silent for as long as we do nothing: only its pongs tell that it lives."""
        driver, now_ns = self._driver, self._wiring.clock.mono_ns()
        if driver.lost is not None:
            return
        silent_ns = now_ns - driver.last_ns
        if self._pinged_ns > driver.last_ns and now_ns - self._pinged_ns >= round(PONG_S * SECOND_NS):
            driver.lose(Transient(self._wiring.venue, f"a ping unanswered for {PONG_S:g} s"))
            return
        if silent_ns >= round(self._wiring.spec.ping_s * SECOND_NS) and self._pinged_ns <= driver.last_ns:
            self._pinged_ns = now_ns
            self._wiring.counters.pings += 1
            driver.send(self._codec.encode_ping(self._wiring.venue_ns()))
        self._timer = asyncio.get_running_loop().call_later(TEND_S, self._tend)
