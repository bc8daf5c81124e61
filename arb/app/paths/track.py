"""One path of one venue while it runs, and the books of one that runs in the shadow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from arb.books import Books
from arb.cursor import Cursor
from arb.domain import BookKey, DataPath, Event, Symbol, VenueId
from arb.interfaces import Clock, MarketData, Sink
from arb.shelf import Shelf, Shelved

Changed = Callable[[Iterable[BookKey], int], None]


class Track:
    """A Sink before the sink: what `data` says goes to whoever is told of it at the moment, and to nobody once `cut`.

    heard: told after each read, while somebody listens, of the books that events came for.
    """

    def __init__(self, data: MarketData, path: DataPath) -> None:
        self.data = data
        self.path = path
        self.task: asyncio.Task[None] | None = None
        self._sink: Sink | None = None
        self._heard: Changed | None = None
        self._keys: dict[BookKey, None] = {}
        self._shelf = Shelf([], None, _nobody)
        self._changed: Callable[[Cursor, int], None] | None = None  # who is told besides us
        self._base: Mapping[str, int] = {}

    def start(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        self._go_to(sink)
        self.task = asyncio.create_task(
            self.data.run(symbols, self), name=f"{self.data.venue} {self.path.name.lower()}"
        )

    def lead(self, sink: Sink) -> None:
        """Its events go there from now on, and its counters count from here."""
        self._go_to(sink)
        self._base = dict(self.data.counters)

    def cut(self) -> None:
        """Nothing of it is heard any more, whatever its sockets still bring."""
        self._sink = self._heard = None
        self._shelf.follow(None)

    def stop(self) -> asyncio.Task[None] | None:
        """Give its connections back. The task is to be awaited by somebody."""
        self.cut()
        if self.task is not None:
            self.task.cancel()
        return self.task

    def listen(self, heard: Changed | None) -> None:
        self._heard = heard
        self._keys.clear()
        self._shelf.tell(self._changed if heard is None else self._noted)

    @property
    def counters(self) -> dict[str, int]:
        """Since it decides."""
        base = self._base
        return {name: count - base.get(name, 0) for name, count in self.data.counters.items()}

    def shelf(self, venue: VenueId) -> Shelf | None:  # noqa: ARG002  of the one venue
        """The books of whoever is told of it at the moment, and of nobody once `cut`."""
        return self._shelf

    def on_event(self, event: Event) -> None:
        if self._sink is not None:
            self._sink.on_event(event)
            if self._heard is not None and (symbol := getattr(event, "symbol", None)) is not None:
                self._keys[self.data.venue, symbol] = None

    def on_idle(self, recv_ns: int) -> None:
        if self._sink is None:
            return
        self._sink.on_idle(recv_ns)
        if self._heard is not None and self._keys:
            keys = list(self._keys)
            self._keys.clear()
            self._heard(keys, recv_ns)

    def _go_to(self, sink: Sink) -> None:
        self._sink = sink
        self._shelf.follow(sink.shelf(self.data.venue) if isinstance(sink, Shelved) else None)
        self._changed = self._shelf.changed
        if self._heard is not None:
            self._shelf.tell(self._noted)

    def _noted(self, cursor: Cursor, recv_ns: int) -> None:
        """A book moved without an event."""
        self._keys[cursor.key] = None  # type: ignore[attr-defined]  # all cursors that are kept are books
        if self._changed is not None:
            self._changed(cursor, recv_ns)


def _nobody(_cursor: Cursor, _now_ns: int) -> None:
    """The books of a shelf that follows none."""


class Shadow:
    """A Sink: the books of a path that nothing is decided on."""

    def __init__(self, data: MarketData, symbols: Sequence[Symbol], clock: Clock, max_age_ns: int) -> None:
        self.books = Books()
        self.books.add_venue(data.venue, data.resync)
        self._max_age_ns = max_age_ns
        self._clock = clock
        for symbol in symbols:
            self.books.add(data.venue, symbol, data.feed, clock.mono_ns())

    def shelf(self, venue: VenueId) -> Shelf:
        return self.books.shelf(venue)

    def on_event(self, event: Event) -> None:
        self.books.on_event(event)

    def on_idle(self, recv_ns: int) -> None:  # noqa: ARG002  a Sink's signature
        self.books.take_dirty()

    def sweep(self) -> None:
        """Silence makes them STALE, as it does those that decide."""
        self.books.sweep(self._clock.mono_ns(), self._max_age_ns)
        self.books.take_dirty()
