"""The end of a socket read: decide once on everything that it brought.

This is the reference for the compiled form of the same (`arb._turn`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from arb import core, look
from arb.books import Books
from arb.cursor import Cursor
from arb.domain import Opportunity
from arb.interfaces import Clock
from arb.latency import Latency

NEVER_NS = 1 << 62  # no clock gets there


class Decides(Protocol):
    """What the end of a read asks of a scanner."""

    def on_dirty(self, books: Sequence[Cursor], now_ns: int) -> list[Opportunity]: ...


class Turn:
    """latency: from a read's first frame to the end of its decisions.   decisions: changed books decided on.

    Whoever inherits says what becomes of what was found, and what a sleep means: the process stood still if a read
    began after `_asleep_ns`.
    """

    _act: Callable[[Iterable[Opportunity]], None]
    _wake: Callable[[int], None]

    def __init__(self, books: Books, scanner: Decides, clock: Clock) -> None:
        self._books = books
        self._scanner = scanner
        self._clock = clock
        self._asleep_ns = NEVER_NS
        self._finished = False
        self.latency = Latency()
        self.decisions = 0

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


compiled = None if look.compiled is None else core.compiled("arb._turn")
