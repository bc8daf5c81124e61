"""The whole flow on one page: what venues say -> books -> scanner -> strategies -> trader, and observers of it all.

Everything between a frame's arrival and a decision happens in one callback: no await, no queue, no task. When the
process falls behind, frames wait in the socket; a read then applies all of them and each changed book is decided on
once, in its newest state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from arb import turn
from arb.books import Books
from arb.domain import BookDelta, BookSnapshot, Event, Intent, Opportunity, Quote, VenueId
from arb.interfaces import Clock, Strategy
from arb.observers import Observers
from arb.shelf import Shelf


class Scans(turn.Decides, Protocol):
    """What the engine asks of a scanner."""

    def on_timer(self, now_ns: int) -> list[Opportunity]: ...

    def finish(self, now_ns: int) -> list[Opportunity]: ...


class Trades(Protocol):
    """What the engine asks of a trader."""

    def on_intent(self, intent: Intent, opportunity: Opportunity, now_ns: int) -> None: ...

    def on_timer(self, now_ns: int) -> None: ...


_STREAM = frozenset((BookDelta, BookSnapshot, Quote))
_AT_ONCE = -1  # an age that every book is beyond


if TYPE_CHECKING:
    _Base = turn.Turn
else:
    _Base = object


class Flow(_Base):
    """A Sink, on whichever turn it is mixed with, which decides at the end of a read (`on_idle`).

    Observers see every opportunity, every intent and every event that is not market data.

    trader: None where nothing is to be traded.
    doze_ns: a timer that was not called for so long says that the process stood still. Frames that waited meanwhile
    arrive now and are old all the same, so no book is believed any more.   woke: told then, with how long it was; must
    see to it that every book is asked for anew.
    """

    _scanner: Scans

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
        doze_ns: int = turn.NEVER_NS,
        woke: Callable[[int], None] = lambda _slept_ns: None,
    ) -> None:
        super().__init__(books, scanner, clock)
        self._strategies = tuple(strategies)
        self._observers = observers
        self._max_age_ns = max_age_ns
        self._trader = trader
        self._doze_ns = doze_ns
        self._on_wake = woke

    def shelf(self, venue: VenueId) -> Shelf:
        """Where the ordinary updates of this venue go without an event."""
        return self._books.shelf(venue)

    def on_event(self, event: Event) -> None:
        if self._finished:
            return  # sockets being closed by ourselves are no news
        self._books.on_event(event)
        if type(event) not in _STREAM:
            self._observers.publish(event)

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


class PureEngine(Flow, turn.Turn):
    """The reference."""


if TYPE_CHECKING or turn.compiled is None:
    Engine = PureEngine
else:

    class CompiledEngine(Flow, turn.compiled.Turn):
        """The same with the compiled turn."""

    Engine = CompiledEngine
