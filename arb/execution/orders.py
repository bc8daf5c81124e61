"""Every order of the process: each is sent once, and asked for until it is accounted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from arb.domain import (
    ClientId,
    Fill,
    NotFound,
    Order,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateEvent,
    PrivateUp,
    VenueId,
)
from arb.errors import ConfigError, Rejected
from arb.execution.life import Life
from arb.interfaces import Lane, Trading

MAX_ASK_NS = 5_000_000_000  # the longest pause between two questions
MAX_ORPHANS = 1_000  # fills kept for an order whose id at the venue is not known yet
MOST_WRONG = 32  # different contradictions told of one order: whoever has read those knows enough

Problem = Callable[[Life, str, int], None]
_LIVE = (OrderStatus.OPEN, OrderStatus.PARTIAL)


class _Watch:
    """What is being done about an order that is not accounted. ask_ns: when to ask next."""

    __slots__ = ("ask_ns", "asked", "cancel", "life", "submitted", "wrong")

    def __init__(self, life: Life, ask_ns: int, *, submitted: bool) -> None:
        self.life = life
        self.ask_ns = ask_ns
        self.asked = 0
        self.cancel = False
        self.submitted = submitted
        self.wrong: set[str] = set()  # what was told about it


class Orders:
    """answer_ns: silence for so long is UNKNOWN.   ask_ns: between two questions, at first; then ever longer.

    problem: is told what is wrong about a message, once for each order and wording.
    """

    def __init__(self, trading: Mapping[VenueId, Trading], *, answer_ns: int, ask_ns: int, problem: Problem) -> None:
        self._trading = trading
        self._answer_ns = answer_ns
        self._ask_ns = ask_ns
        self._problem = problem
        self._watches: dict[ClientId, _Watch] = {}
        self._open: dict[ClientId, _Watch] = {}  # those that are not accounted
        self._named: dict[tuple[VenueId, str], _Watch] = {}  # by the venue's id
        self._orphans: list[OrderUpdate | Fill] = []

    def get(self, client_id: ClientId) -> Life | None:
        watch = self._watches.get(client_id)
        return None if watch is None else watch.life

    def unaccounted(self) -> Iterator[Life]:
        return (watch.life for watch in tuple(self._open.values()))

    # ------------------------------------------------------------------------------------------- sending

    def add(self, order: Order, sent_ns: int, *, submitted: bool = False) -> Life:
        """Know an order before it leaves, or one that an earlier process has sent (`submitted`)."""
        if order.client_id in self._watches:
            raise Rejected(order.venue, f"{order.client_id} was used before")
        trading = self._trading.get(order.venue)
        if trading is None:
            raise ConfigError(f"{order.client_id} is an order at {order.venue}, which is not configured")
        life = Life(order, sent_ns, trading.settle_ns, trading.forget_ns)
        watch = _Watch(life, sent_ns + self._answer_ns, submitted=submitted)
        self._watches[order.client_id] = self._open[order.client_id] = watch
        return life

    def submit(self, life: Life, lane: Lane) -> None:
        """Once. Raises Rejected for an order that has left before, here or from an earlier process."""
        watch = self._watches[life.order.client_id]
        if watch.submitted:
            raise Rejected(life.order.venue, f"{life.order.client_id} was sent before")
        watch.submitted = True
        self._trading[life.order.venue].submit(life.order, lane)

    def cancel(self, life: Life, now_ns: int) -> bool:
        """Ask the venue to end it, until it has. False: it has ended already."""
        watch = self._watches[life.order.client_id]
        if life.terminal:
            return False
        watch.cancel = True
        self._send_cancel(life)
        watch.asked = 0
        watch.ask_ns = min(watch.ask_ns, now_ns + self._ask_ns)  # that a cancel was refused or got lost, nobody tells
        return True

    def forget(self, life: Life) -> None:
        """An accounted order that nothing more is expected of."""
        self._watches.pop(life.order.client_id, None)
        self._open.pop(life.order.client_id, None)
        self._named.pop((life.order.venue, life.venue_id), None)

    # ------------------------------------------------------------------------------------------- what it is fed

    def on_event(self, event: PrivateEvent, now_ns: int) -> list[Life]:
        """The orders that it was about."""
        if isinstance(event, OrderUpdate | Fill):
            watch = self._find(event.venue, event.client_id, event.venue_id)
            if watch is None:
                self._keep(event)
                return []
            return [self._take(watch, event, now_ns)]
        if isinstance(event, NotFound):
            watch = self._watches.get(event.client_id)
            return [] if watch is None else [self._take(watch, event, now_ns)]
        if isinstance(event, PrivateDown | PrivateUp):
            for watch in tuple(self._open.values()):
                if watch.life.order.venue == event.venue and watch.submitted:
                    watch.asked = 0
                    self._ask(watch, now_ns)
        return []

    def on_timer(self, now_ns: int) -> list[Life]:
        """The orders that have just become UNKNOWN."""
        silent = []
        for watch in tuple(self._open.values()):
            life = watch.life
            if not watch.submitted or now_ns < watch.ask_ns or (life.resting and not watch.cancel):
                continue
            if life.status is OrderStatus.PENDING:
                life.on_silence()
                silent.append(life)
            if life.status in _LIVE and (watch.cancel or watch.asked):
                self._send_cancel(life)  # what should have ended at once and was asked about still rests: end it
            self._ask(watch, now_ns)
        return silent

    def ask(self, life: Life, now_ns: int) -> None:
        """Now, whatever was asked before."""
        watch = self._open.get(life.order.client_id)
        if watch is not None:
            self._ask(watch, now_ns)

    # ------------------------------------------------------------------------------------------- inside

    def _find(self, venue: VenueId, client_id: ClientId, venue_id: str) -> _Watch | None:
        watch = self._watches.get(client_id) if client_id else None
        if watch is None and venue_id:
            watch = self._named.get((venue, venue_id))
        return watch if watch is None or watch.life.order.venue == venue else None

    def _keep(self, event: OrderUpdate | Fill) -> None:
        """It may be of an order of ours whose id at the venue comes later."""
        if not event.client_id and event.venue_id and any(self._nameless(event.venue)):
            self._orphans = [*self._orphans[-MAX_ORPHANS + 1 :], event]

    def _nameless(self, venue: VenueId) -> Iterator[bool]:
        return (True for w in self._open.values() if w.life.order.venue == venue and not w.life.venue_id)

    def _take(self, watch: _Watch, event: OrderUpdate | Fill | NotFound, now_ns: int) -> Life:
        life = watch.life
        before, had = life.status, life.venue_id
        if isinstance(event, OrderUpdate):
            wrong = life.on_update(event)
        elif isinstance(event, Fill):
            wrong = life.on_fill(event)
        else:
            wrong = life.on_not_found(event)
        if wrong and wrong not in watch.wrong and len(watch.wrong) < MOST_WRONG:
            watch.wrong.add(wrong)
            self._problem(life, wrong, now_ns)
        if life.venue_id and not had:
            self._name(watch, now_ns)
        self._follow(watch, before, now_ns)
        return life

    def _name(self, watch: _Watch, now_ns: int) -> None:
        venue, venue_id = watch.life.order.venue, watch.life.venue_id
        self._named[venue, venue_id] = watch
        mine = [event for event in self._orphans if (event.venue, event.venue_id) == (venue, venue_id)]
        waiting = any(self._nameless(venue))
        self._orphans = [e for e in self._orphans if e not in mine and (waiting or e.venue != venue)]
        for event in mine:
            self._take(watch, event, now_ns)

    def _follow(self, watch: _Watch, before: OrderStatus, now_ns: int) -> None:
        life = watch.life
        if life.accounted:
            self._open.pop(life.order.client_id, None)
            return
        if life.order.client_id not in self._open:  # a late message has opened it again
            self._open[life.order.client_id] = watch
            watch.asked, watch.ask_ns = 0, now_ns + self._ask_ns
        if life.status is before:
            return
        if life.status is OrderStatus.UNKNOWN:
            self._ask(watch, now_ns)
        elif life.terminal:  # its fills are on their way, or were lost
            watch.asked, watch.ask_ns = 0, now_ns + self._ask_ns
        elif not life.resting:  # taken, and over at once: who has not heard so soon has missed it
            watch.ask_ns = min(watch.ask_ns, now_ns + self._ask_ns)

    def _ask(self, watch: _Watch, now_ns: int) -> None:
        """Also sets when to ask again: no later than when "not found" begins to count."""
        life = watch.life
        pause_ns = min(self._ask_ns << min(watch.asked, 16), max(MAX_ASK_NS, self._ask_ns))
        settled_ns = life.sent_ns + life.settle_ns
        watch.asked += 1
        watch.ask_ns = now_ns + pause_ns
        if now_ns < settled_ns < watch.ask_ns:
            watch.ask_ns = settled_ns
        order = life.order
        self._trading[order.venue].query(order.symbol, order.client_id, life.venue_id)

    def _send_cancel(self, life: Life) -> None:
        order = life.order
        self._trading[order.venue].cancel(order.symbol, order.client_id, life.venue_id)
