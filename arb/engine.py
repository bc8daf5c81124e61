"""The whole flow on one page: what venues say -> books -> scanner -> strategies -> trader, and observers of it all.

Everything between a frame's arrival and a decision happens in one callback: no await, no queue, no task. When the
process falls behind, frames wait in the socket; a read then applies all of them and each changed book is decided on
once, in its newest state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from arb.books import Books
from arb.domain import BookDelta, BookKey, BookSnapshot, Event, Intent, Opportunity, Quote, VenueId
from arb.interfaces import Clock, Strategy
from arb.latency import Latency
from arb.observers import Observers
from arb.shelf import Shelf


class Scans(Protocol):
    """What the engine asks of a scanner."""

    def on_dirty(self, keys: Iterable[BookKey], now_ns: int) -> list[Opportunity]: ...

    def on_timer(self, now_ns: int) -> list[Opportunity]: ...

    def finish(self, now_ns: int) -> list[Opportunity]: ...


class Trades(Protocol):
    """What the engine asks of a trader."""

    def on_intent(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> None: ...

    def on_timer(self, now_ns: int) -> None: ...


_STREAM = frozenset((BookDelta, BookSnapshot, Quote))
_NEVER = 1 << 63
_AT_ONCE = -1  # an age that every book is beyond


class Engine:
    """A Sink. Observers see every opportunity, every intent and every event that is not market data.

    trader: None where nothing is to be traded.
    doze_ns: a timer that was not called for so long says that the process stood still. Frames that waited meanwhile
    arrive now and are old all the same, so no book is believed any more.   woke: told then, with how long it was; must
    see to it that every book is asked for anew.
    """

    def __init__(
        self,
        books: Books,
        scanner: Scans,
        strategies: Sequence[Strategy],
        observers: Observers,
        clock: Clock,
        max_age_ns: int,
        trader: Trades | None = None,
        *,
        doze_ns: int = _NEVER,
        woke: Callable[[int], None] = lambda _slept_ns: None,
    ) -> None:
        self._books = books
        self._scanner = scanner
        self._strategies = tuple(strategies)
        self._observers = observers
        self._clock = clock
        self._max_age_ns = max_age_ns
        self._trader = trader
        self._doze_ns = doze_ns
        self._on_wake = woke
        self._asleep_ns = _NEVER  # who calls later than this has slept
        self._finished = False
        self.latency = Latency()
        self.decisions = 0

    def shelf(self, venue: VenueId) -> Shelf:
        """Where the ordinary updates of this venue go without an event."""
        return self._books.shelf(venue)

    def on_event(self, event: Event) -> None:
        if self._finished:
            return  # sockets being closed by ourselves are no news
        self._books.on_event(event)
        if type(event) not in _STREAM:
            self._observers.publish(event)

    def on_idle(self, recv_ns: int) -> None:
        if self._finished:
            return
        if recv_ns > self._asleep_ns:
            self._wake(recv_ns)
        dirty = self._books.take_dirty()
        if dirty:
            found = self._scanner.on_dirty(dirty, self._clock.mono_ns())
            self.decisions += len(dirty)
            self.latency.add(self._clock.mono_ns() - recv_ns)
            if found:
                self._act(found)

    def on_timer(self, now_ns: int) -> None:
        """Silence is news too: books that have become too old end what rested on them."""
        if self._finished:
            return
        if now_ns > self._asleep_ns:
            self._wake(now_ns)
        self._asleep_ns = now_ns + self._doze_ns
        self._books.sweep(now_ns, self._max_age_ns)
        dirty = self._books.take_dirty()
        if dirty:
            self._act(self._scanner.on_dirty(dirty, now_ns))
        self._act(self._scanner.on_timer(now_ns))
        if self._trader is not None:
            self._trader.on_timer(now_ns)

    def finish(self, now_ns: int) -> None:
        """Close every open episode; nothing is listened to any more."""
        self._trader = None
        self._act(self._scanner.finish(now_ns))
        self._finished = True
        self._books.close()

    def _wake(self, now_ns: int) -> None:
        """What rested on any book ends here, before anything that waited is looked at."""
        slept_ns = now_ns - self._asleep_ns + self._doze_ns
        self._asleep_ns = now_ns + self._doze_ns
        self._books.sweep(now_ns, _AT_ONCE)
        self._act(self._scanner.on_dirty(self._books.take_dirty(), now_ns))
        self._on_wake(slept_ns)

    def _act(self, found: Iterable[Opportunity]) -> None:
        for opportunity in found:
            self._observers.publish(opportunity)
            for strategy in self._strategies:
                for intent in strategy.on_opportunity(opportunity):
                    self._observers.publish(intent)
                    if self._trader is not None:
                        self._trader.on_intent(intent, opportunity, self._clock.mono_ns())
