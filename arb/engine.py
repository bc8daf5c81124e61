"""The whole flow on one page: what venues say -> books -> scanner -> strategies -> trader, and observers of it all.

Everything between a frame's arrival and a decision happens in one callback: no await, no queue, no task. When the
process falls behind, frames wait in the socket; a read then applies all of them and each changed book is decided on
once, in its newest state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Engine:
    """A Sink. Observers see every opportunity, every intent and every event that is not market data.

    trader: None where nothing is to be traded.
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
    ) -> None:
        self._books = books
        self._scanner = scanner
        self._strategies = tuple(strategies)
        self._observers = observers
        self._clock = clock
        self._max_age_ns = max_age_ns
        self._trader = trader
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

    def _act(self, found: Iterable[Opportunity]) -> None:
        for opportunity in found:
            self._observers.publish(opportunity)
            for strategy in self._strategies:
                for intent in strategy.on_opportunity(opportunity):
                    self._observers.publish(intent)
                    if self._trader is not None:
                        self._trader.on_intent(intent, opportunity, self._clock.mono_ns())
