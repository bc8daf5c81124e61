"""The way past the events: a codec's reader takes a frame straight to its book where that book says it is the next one.

Nothing is decided here. What the cursor refuses is told as an event and judged by `arb.sync`, as everything is where no
shelf is at hand. The compiled readers read these very attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from arb.cursor import Cursor, Step
from arb.domain import Event, Levels, Symbol, VenueId

NAMES = 4  # that one book may have, on average: what a venue makes up is not kept

_REFUSED, _ADVANCED, _CROSSED = Step.REFUSED, Step.ADVANCED, Step.CROSSED


class Names(Protocol):
    """What a compiled reader keeps of where the wire's names lead."""

    def __len__(self) -> int: ...

    def clear(self) -> None: ...


class Shelf:
    """The books of one venue. dirty: where those are noted that changed, each once, in order; shared by all venues.

    changed: told of each that advanced, and when; None: nobody looks.   crossed: takes back a book that must go.
    names: books by what the wire calls them, as readers have found them; emptied whenever `books` changes.
    table: the same of compiled readers, the first of which brings it; None until then.
    hot: [changed, dirty], the same list for as long as the shelf lives: what compiled readers look at for every frame.
    A shelf may follow another one: then it has that one's books, until it follows a third or none.
    """

    __slots__ = ("_followed", "_followers", "books", "changed", "crossed", "dirty", "hot", "names", "table")

    def __init__(
        self,
        dirty: list[Cursor],
        changed: Callable[[Cursor, int], None] | None,
        crossed: Callable[[Cursor, int], None],
    ) -> None:
        self.books: dict[Symbol, Cursor] = {}
        self.names: dict[bytes | str, Cursor] = {}
        self.table: Names | None = None
        self.hot: list[object] = [changed, dirty]
        self._followed: Shelf | None = None
        self._followers: list[Shelf] = []
        self.dirty = dirty
        self.changed = changed
        self.crossed = crossed

    def put(self, symbol: Symbol, cursor: Cursor) -> None:
        """From now on this is the book of `symbol`."""
        self._forget()
        self.books[symbol] = cursor

    def clear(self) -> None:
        """Nothing is found here any more."""
        self._forget()
        self.books.clear()

    def follow(self, other: Shelf | None) -> None:
        """None: nothing is found here until another one is followed."""
        if self._followed is not None:
            self._followed._followers.remove(self)
        self._followed = other
        self._forget()
        if other is None:
            self.books = {}
            self.tell(None)
            return
        other._followers.append(self)
        self.books, self.dirty, self.crossed = other.books, other.dirty, other.crossed
        self.tell(other.changed)

    def tell(self, changed: Callable[[Cursor, int], None] | None) -> None:
        """Who is told from now on of each book that advanced."""
        self.changed = changed
        self.hot[:] = changed, self.dirty

    def _forget(self) -> None:
        for shelf in (self, *self._followers):
            shelf.names.clear()
            if shelf.table is not None:
                shelf.table.clear()

    def name(self, name: bytes | str, symbol: Symbol) -> Cursor:
        """The book of `symbol`, which the wire calls so: from now on found in `names`. Raises KeyError."""
        cursor = self.books[symbol]
        if len(self.names) < NAMES * len(self.books):
            self.names[name] = cursor
        return cursor

    def advance(
        self, symbol: Symbol, bids: Levels, asks: Levels, first: int, last: int, exch_ns: int, recv_ns: int, conn: int
    ) -> bool:
        """Whether a delta was an ordinary one, and is now in its book."""
        cursor = self.books.get(symbol)
        if cursor is None:
            return False
        step = cursor.advance(bids, asks, first, last, exch_ns, recv_ns, conn)
        return step is not _REFUSED and self.settle(cursor, step, recv_ns)

    def succeed(
        self, symbol: Symbol, bids: Levels, asks: Levels, seq: int, exch_ns: int, recv_ns: int, conn: int
    ) -> bool:
        """Whether a whole book was newer than the one held, and stands in its place."""
        cursor = self.books.get(symbol)
        if cursor is None:
            return False
        step = cursor.succeed(bids, asks, seq, exch_ns, recv_ns, conn)
        return step is not _REFUSED and self.settle(cursor, step, recv_ns)

    def settle(self, cursor: Cursor, step: Step, recv_ns: int) -> bool:
        """Note what a step that was not refused means for its book. True, always."""
        if step is _CROSSED:
            self.crossed(cursor, recv_ns)
        elif step is _ADVANCED:
            if not cursor.dirty:
                cursor.dirty = True
                self.dirty.append(cursor)
            if self.changed is not None:
                self.changed(cursor, recv_ns)
        return True


@runtime_checkable
class Shelved(Protocol):
    """A Sink whose books may be reached past its events."""

    def shelf(self, venue: VenueId) -> Shelf | None:
        """None: not these."""


Read = Callable[[bytes, int, int], tuple[Event, ...]]


@runtime_checkable
class Reads(Protocol):
    """A codec with a shorter way."""

    def reader(self, shelf: Shelf) -> Read:
        """`decode`, but the next update of a book stands in that book when it returns, and no event tells of it."""


class Decodes(Protocol):
    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Any, ...]: ...


def reading(codec: Decodes, shelf: Shelf | None) -> Read:
    """How this codec's frames are read: past the events, where both sides know how."""
    return codec.reader(shelf) if shelf is not None and isinstance(codec, Reads) else codec.decode
