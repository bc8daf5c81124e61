"""The private side of paper trading: what is asked takes its time to get there, and so does what is answered."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, TypeVar

import msgspec

from arb.config import PaperConfig
from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Fill,
    Market,
    NotFound,
    Order,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateEvent,
    PrivateUp,
    Symbol,
    VenueId,
)
from arb.errors import OutcomeUnknown, Transient
from arb.interfaces import Clock, Lane, Sink
from arb.outcome import failed
from arb.paper.timeline import Action, Channel, Timeline
from arb.paper.venue import KEEP_NS, BookOf, FeeOf, PaperVenue, Told

MS = 1_000_000
SECOND = 1_000 * MS
MAX_AGE_NS = 1_500 * MS
UNMEASURED_NS = 100 * MS  # one way, while the round trip is still to be measured
LOOK_NS = 10 * MS  # between two looks at the books, where there is something to look for
GRANT_NS = 250 * MS  # between two looks for first prices
SLOWEST_NS = 10 * SECOND  # a measured round trip counts as no more
ORDERS_PER_S = 10  # Gate's pool of one market and a little less than MEXC's of an account: the tighter holds for all
KEPT = 2  # of these, what only hedges may use

T = TypeVar("T")


class PaperTrading:
    """A Trading that fills against the live books, and is harder than live wherever the two could differ.

    One way takes `latency_ms`, or for 0 the whole round trip measured (no one-way delay is longer), and up to
    `jitter_ms` more. Orders and cancels arrive in the order they were sent; a question may overtake them. Updates,
    fills and balances come back on a way each: in order among themselves, but not with each other.
    A resting order is filled only when somebody is seen to trade through its price; the books are looked at every
    `LOOK_NS`, so that what comes and goes in between is missed. Nothing else happens to it but by `advance`.

    book: the live books; an order that arrives while its book is not LIVE or older than `max_age_ns` is rejected.
    balances: what the account holds at the start; empty: enough of everything (see `Funds`).
    round_trip_ns: measured to the real venue; None: not yet.   orders_per_s: more than these are refused.
    """

    def __init__(
        self,
        venue: VenueId,
        *,
        markets: Sequence[Market],
        fees: FeeOf,
        book: BookOf,
        clock: Clock,
        config: PaperConfig,
        balances: Mapping[str, Decimal],
        rng: Random,
        round_trip_ns: Callable[[], int | None],
        max_age_ns: int = MAX_AGE_NS,
        orders_per_s: int = ORDERS_PER_S,
    ) -> None:
        self.venue = venue
        self.settle_ns = ((config.latency_ms * MS) or SLOWEST_NS) + config.jitter_ms * MS
        self.forget_ns = KEEP_NS
        self._clock = clock
        self._rng = rng
        self._latency_ns = config.latency_ms * MS
        self._jitter_ns = config.jitter_ms * MS
        self._round_trip_ns = round_trip_ns
        self._orders_per_s = orders_per_s
        self._there = PaperVenue(
            venue,
            markets=markets,
            fees=fees,
            book=book,
            clock=clock,
            config=config,
            balances=balances,
            rng=rng,
            max_age_ns=max_age_ns,
        )
        self._timeline = Timeline()
        self._way_there = Channel()
        self._ways_back: dict[type, Channel] = {OrderUpdate: Channel(), Fill: Channel(), Balance: Channel()}
        self._sent: deque[int] = deque()  # when, of the orders of the last second
        self._unanswered: dict[ClientId, Order] = {}
        self._asked: set[asyncio.Future[Any]] = set()
        self._sink: Sink | None = None
        self._session = 0  # what was sent to an earlier one is told to nobody
        self._up = False
        self._told = False
        self._look_ns = 0
        self._wake = asyncio.Event()
        self._counters: Counter[str] = Counter()

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    async def run(self, sink: Sink) -> None:
        self._begin(sink)
        try:
            while True:
                self._wake.clear()
                self.advance(self._clock.mono_ns())
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_s()):
                        await self._wake.wait()
        finally:
            self._end()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due; `run` does this by itself."""
        self._timeline.advance(now_ns)
        if self._there.watching and now_ns >= self._look_ns:
            self._look_ns = now_ns + LOOK_NS
            self._say(self._there.look(now_ns), now_ns)
        if self._told and self._sink is not None:
            self._told = False
            self._sink.on_idle(now_ns)

    def refusal(self, orders: int, lane: Lane) -> str:
        if not self._up:
            return "the private side is down"
        since_ns = self._clock.mono_ns() - SECOND
        while self._sent and self._sent[0] <= since_ns:
            self._sent.popleft()
        left = self._orders_per_s - len(self._sent) - (KEPT if lane > Lane.HEDGE else 0)
        return "" if orders <= left else f"{max(0, left)} orders are left in this second"

    def clock_error_ns(self) -> int | None:
        return 0  # it goes by our own

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        now_ns = self._clock.mono_ns()
        self._counters["orders"] += 1
        self._unanswered[order.client_id] = order
        refused = self.refusal(1, lane)
        if refused:
            self._counters["refused"] += 1
            error = Transient(self.venue, refused)
            answer = failed(self.venue, order.symbol, order.client_id, error, now_ns)
            self._put(now_ns, lambda at_ns: self._tell(answer, at_ns))
            return
        self._sent.append(now_ns)
        self._put(self._way_there.due(now_ns + self._one_way_ns()), lambda at_ns: self._arrived(order, at_ns))

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self._counters["cancels"] += 1
        if self._up:
            due_ns = self._way_there.due(self._clock.mono_ns() + self._one_way_ns())
            self._put(due_ns, lambda at_ns: self._say(self._there.cancel(symbol, client_id, venue_id, at_ns), at_ns))

    def query(self, symbol: Symbol, client_id: ClientId, venue_id: str = "") -> None:
        self._counters["queries"] += 1
        asked_ns = self._clock.mono_ns()

        def arrived(at_ns: int) -> None:
            found = self._there.find(symbol, client_id, venue_id, at_ns)
            unknown = NotFound(self.venue, symbol, client_id, asked_ns, at_ns)
            answer: tuple[PrivateEvent, ...] = (found[0], *found[1]) if found is not None else (unknown,)
            self._put(at_ns + self._one_way_ns(), self._telling(*answer))

        if self._up:
            self._put(asked_ns + self._one_way_ns(), arrived)

    async def balances(self) -> BalancesRead:
        asked_ns = self._clock.mono_ns()
        held = await self._ask(self._there.balances)
        return _stamped(BalancesRead(self.venue, held, 0, asked_ns), self._clock.mono_ns())

    async def open_orders(self, symbol: Symbol | None = None) -> tuple[OrderUpdate, ...]:
        return await self._ask(lambda at_ns: self._there.open_orders(symbol, at_ns))

    async def fills(self, symbol: Symbol, since_ns: int, until_ns: int = 0) -> tuple[Fill, ...]:
        return await self._ask(lambda _: self._there.fills(symbol, since_ns, until_ns))

    # ------------------------------------------------------------------------------------------- up and down

    def _begin(self, sink: Sink) -> None:
        """A round trip to connect, another one for the balances."""
        self._sink = sink
        self._session += 1
        session, telling = self._session, self._telling

        def stands(at_ns: int) -> None:
            if session == self._session:
                self._up = True
                telling(PrivateUp(self.venue, at_ns))(at_ns)
                self._put(at_ns + self._one_way_ns(), partial(read, at_ns))

        def read(asked_ns: int, at_ns: int) -> None:
            self._grant(at_ns)
            held = BalancesRead(self.venue, self._there.balances(at_ns), at_ns, asked_ns)
            self._put(self._ways_back[Balance].due(at_ns + self._one_way_ns()), telling(held))

        self._put(self._clock.mono_ns() + self._one_way_ns() + self._one_way_ns(), stands)

    def _end(self) -> None:
        """What is on its way to the venue arrives there; nobody hears of it any more."""
        now_ns = self._clock.mono_ns()
        for order in tuple(self._unanswered.values()):
            self._counters["unknown"] += 1
            error = OutcomeUnknown(self.venue, "stopped before it was answered")
            self._tell(failed(self.venue, order.symbol, order.client_id, error, now_ns), now_ns)
        if self._up:
            self._tell(PrivateDown(self.venue, "stopped", now_ns), now_ns)
        self._session += 1
        self._sink, self._up = None, False
        for future in tuple(self._asked):
            if not future.done():
                future.set_exception(Transient(self.venue, "stopped"))

    def _grant(self, now_ns: int) -> None:
        """What there is a price for by now; again and again until everything is granted."""
        self._say(self._there.grant(now_ns), now_ns)
        if not self._there.granted:
            session = self._session
            self._put(now_ns + GRANT_NS, lambda at_ns: self._grant(at_ns) if session == self._session else None)

    # ------------------------------------------------------------------------------------------- the way

    def _one_way_ns(self) -> int:
        latency_ns = self._latency_ns
        if not latency_ns:
            measured_ns = self._round_trip_ns()
            latency_ns = UNMEASURED_NS if measured_ns is None else min(measured_ns, SLOWEST_NS)
        return latency_ns + self._rng.randint(0, self._jitter_ns)

    def _arrived(self, order: Order, now_ns: int) -> None:
        update, *rest = self._there.place(order, now_ns)
        self._counters["refused"] += isinstance(update, OrderUpdate) and update.status is OrderStatus.REJECTED
        self._say((update, *rest), now_ns)

    def _say(self, said: Sequence[Told], now_ns: int) -> None:
        """Each kind comes back on its own way: which of them is there first is a matter of luck."""
        kinds = list(dict.fromkeys(type(event) for event in said))
        self._rng.shuffle(kinds)
        for kind in kinds:
            due_ns = self._ways_back[kind].due(now_ns + self._one_way_ns())
            self._put(due_ns, self._telling(*(event for event in said if type(event) is kind)))

    def _telling(self, *events: PrivateEvent) -> Action:
        """To be put on the timeline: tells it, if the session is still the one that it was meant for."""
        session = self._session

        def tell(at_ns: int) -> None:
            if session == self._session:
                for event in events:
                    self._tell(event, at_ns)

        return tell

    def _tell(self, event: PrivateEvent, now_ns: int) -> None:
        if self._sink is None:
            return
        if isinstance(event, OrderUpdate):
            self._unanswered.pop(event.client_id, None)
        self._counters["fills"] += isinstance(event, Fill)
        self._told = True
        self._sink.on_event(_stamped(event, now_ns))

    async def _ask(self, read: Callable[[int], T]) -> T:
        """What `read` finds at the venue, a round trip from now. Raises Transient where nobody is there to be asked."""
        if not self._up:
            raise Transient(self.venue, "the private side is down")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def arrived(at_ns: int) -> None:
            found = read(at_ns)
            self._put(at_ns + self._one_way_ns(), lambda _: None if future.done() else future.set_result(found))

        self._asked.add(future)
        self._put(self._clock.mono_ns() + self._one_way_ns(), arrived)
        try:
            return await future
        finally:
            self._asked.discard(future)

    def _put(self, due_ns: int, action: Action) -> None:
        self._timeline.put(due_ns, action)
        self._wake.set()

    def _idle_s(self) -> float | None:
        """How long nothing will be due; None: until something is asked."""
        due_ns = self._timeline.next_ns
        if self._there.watching:
            due_ns = self._look_ns if due_ns is None else min(due_ns, self._look_ns)
        return None if due_ns is None else max(0, due_ns - self._clock.mono_ns()) / SECOND


E = TypeVar("E", bound=PrivateEvent)


def _stamped(event: E, now_ns: int) -> E:
    """The event as it is heard now."""
    if isinstance(event, BalancesRead):
        rows = tuple(msgspec.structs.replace(balance, recv_ns=now_ns) for balance in event.balances)
        return msgspec.structs.replace(event, balances=rows, recv_ns=now_ns)
    return msgspec.structs.replace(event, recv_ns=now_ns)
