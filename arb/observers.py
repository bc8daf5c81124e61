"""Publish facts to whoever watches. A watcher that raises is reported once and dropped: it can never hurt the flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from arb.exhausted import survive
from arb.interfaces import Observer


class Observers:
    """An ordered list of observers behind one call."""

    __slots__ = ("_observers", "_on_broken")

    def __init__(
        self, observers: Iterable[Observer] = (), on_broken: Callable[[Observer, Exception], None] | None = None
    ):
        self._observers = list(observers)
        self._on_broken = on_broken

    def add(self, observer: Observer) -> None:
        self._observers.append(observer)

    def publish(self, fact: object) -> None:
        for observer in self._observers:
            try:
                observer.on_fact(fact)
            except Exception as exc:  # noqa: BLE001  whatever a watcher does wrong must stop here
                survive(exc)
                self._observers = [o for o in self._observers if o is not observer]
                if self._on_broken is not None:
                    self._on_broken(observer, exc)

    def __bool__(self) -> bool:
        return bool(self._observers)
