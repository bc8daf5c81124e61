"""Time, and who hears of what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from arb.domain import Event, Fact, Intent, Opportunity, Symbol, VenueId


class Clock(Protocol):
    def mono_ns(self) -> int: ...

    def wall_ns(self) -> int: ...


class Sink(Protocol):
    """Where a venue's events go. Called synchronously from the socket's callback."""

    def on_event(self, event: Event) -> None: ...

    def on_idle(self, recv_ns: int) -> None:
        """The socket read is over: decide once on everything that changed since the last call.

        recv_ns: when the first frame of that read arrived.
        """


class Tap(Protocol):
    """Sees everything raw, before it is decoded: the tape."""

    def opened(self, venue: VenueId, conn: int, url: str, recv_ns: int) -> None: ...

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None: ...

    def sent(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None: ...

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None: ...

    def reply(self, venue: VenueId, symbol: Symbol, url: str, data: bytes, recv_ns: int) -> None:
        """A REST answer that seeds the book of `symbol`."""

    def closed(self, venue: VenueId, conn: int, symbols: Sequence[Symbol], reason: str, recv_ns: int) -> None: ...

    def event(self, event: Event, recv_ns: int) -> None:
        """Something that no frame says: a path without frames, or our own conclusion."""


class Strategy(Protocol):
    """A plug-in: sees opportunities, answers with intents."""

    name: str

    def on_opportunity(self, opportunity: Opportunity) -> Iterable[Intent]: ...


@runtime_checkable
class Observer(Protocol):
    """Watches and cannot hurt: one that raises is logged once and dropped."""

    def on_fact(self, fact: object) -> None: ...


class Journal(Protocol):
    """The audit trail, and what a restart recovers from."""

    def ahead(self, *facts: Fact) -> None:
        """In one commit, done when this returns. Raises JournalError: then nothing of it may be sent."""

    def note(self, fact: Fact) -> None:
        """What has happened already; committed soon, in order. Neither waits nor raises."""
