"""Where every fact of the trading side goes: into the journal, to those who must act on it, to those who watch."""

from __future__ import annotations

from collections.abc import Callable

from arb.domain import CycleOpened, Fact, OrderSent
from arb.interfaces import Journal
from arb.observers import Observers

Listener = Callable[[Fact], None]

_AHEAD = frozenset((CycleOpened, OrderSent))  # in the journal before they were carried out


class Publisher:
    """Synchronous, in this order: journal, listeners, observers. A listener may publish in its turn."""

    def __init__(self, journal: Journal, observers: Observers) -> None:
        self._journal = journal
        self._observers = observers
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Of those whose decisions rest on the facts; what it raises is not caught."""
        self._listeners.append(listener)

    def publish(self, fact: Fact) -> None:
        if type(fact) not in _AHEAD:
            self._journal.note(fact)
        for listener in self._listeners:
            listener(fact)
        self._observers.publish(fact)
