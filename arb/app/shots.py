"""Turns changes of books into what a person or a program reads: the top levels with their state and times."""

from __future__ import annotations

from collections.abc import Callable

from arb.books import Books
from arb.domain import BookChange, BookState, Levels, NativeSymbol, Symbol, VenueId
from arb.status import BookShot, BookView


class Shooter:
    """on_change for `Books`. levels: per side.   path: "native" or "ccxt".   frame: the number of what caused it."""

    def __init__(
        self,
        view: BookView,
        levels: int,
        native_of: Callable[[VenueId, Symbol], NativeSymbol],
        path: str = "native",
    ) -> None:
        self._view = view
        self._levels = levels
        self.native_of = native_of
        self._path = path
        self._count = -1
        self.books: Books | None = None
        self.frame: Callable[[], int] = self._next

    def on_change(self, change: BookChange) -> None:
        book = self.books.get((change.venue, change.symbol)) if self.books is not None else None
        if book is None:
            return
        bids: Levels = ()
        asks: Levels = ()
        if change.state is BookState.LIVE:
            levels = book.live(change.recv_ns, change.recv_ns)  # it has just said so: no age to hold against it
            bids, asks = tuple(levels.bids(self._levels)), tuple(levels.asks(self._levels))
        self._view.book(
            BookShot(
                change.venue,
                change.symbol,
                self.native_of(change.venue, change.symbol),
                change.state,
                book.feed.trust,
                change.seq,
                self.frame(),
                change.exch_ns,
                change.recv_ns,
                bids,
                asks,
                self._path,
            )
        )

    def _next(self) -> int:
        self._count += 1
        return self._count
