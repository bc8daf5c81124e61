"""The path that does not decide, while it runs: its books, and how they compare with those that decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arb.app.paths.comparison import Comparison
from arb.app.paths.readiness import complete, missing, ready
from arb.app.paths.report import sequences
from arb.app.paths.track import Shadow, Track
from arb.books import Books
from arb.domain import BookKey, BookState, DataPath, Symbol
from arb.interfaces import Clock, MarketData
from arb.pathstatus import Sequences
from arb.sync import BookSync


class Standby:
    """Runs from the start. deciding: the track that decides, whose books are those of `symbols` in `books`."""

    def __init__(
        self,
        data: MarketData,
        path: DataPath,
        deciding: Track,
        books: Books,
        symbols: Sequence[Symbol],
        clock: Clock,
        max_age_ns: int,
    ) -> None:
        self.track = Track(data, path)
        self.shadow = Shadow(data, symbols, clock, max_age_ns)
        self._deciding = deciding
        self._books = books
        self._keys: list[BookKey] = [(data.venue, symbol) for symbol in symbols]
        self._clock = clock
        self.track.start(symbols, self.shadow)
        self.comparison = self.compare()

    def compare(self) -> Comparison:
        """A comparison that begins now and takes the place of the one before."""
        ours, theirs = (self._books, self.shadow.books)
        natively = self._deciding.path is DataPath.NATIVE
        native, ccxt = (ours, theirs) if natively else (theirs, ours)
        made = self.comparison = Comparison(native.get, ccxt.get, self._keys, self._clock.mono_ns())
        self._deciding.listen(made.on_native if natively else made.on_ccxt)
        self.track.listen(made.on_ccxt if natively else made.on_native)
        return made

    def tick(self, now_ns: int) -> None:
        """Time passed."""
        self.shadow.sweep()
        self.comparison.tick(now_ns)

    def ready(self, waited_s: float, *, forced: bool) -> bool:
        """Whether it may take over; see `arb.app.paths.readiness`."""
        return ready(self._own(), self.shadow.books, waited_s, forced=forced)

    def complete(self) -> bool:
        return complete(self._own(), self.shadow.books)

    def missing(self) -> list[str]:
        return missing(self._own(), self.shadow.books)

    def counted(self) -> tuple[Sequences, Sequences]:
        """What native and ccxt have counted by now."""
        ours = sequences(self._deciding.data.counters, self._own())
        theirs = sequences(self.track.data.counters, self.shadow.books)
        return (ours, theirs) if self._deciding.path is DataPath.NATIVE else (theirs, ours)

    @property
    def live(self) -> int:
        """How many of its books are."""
        return sum(book.state is BookState.LIVE for book in self.shadow.books)

    def _own(self) -> Iterable[BookSync]:
        return [book for key in self._keys if (book := self._books.get(key)) is not None]
