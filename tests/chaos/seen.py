"""What a run showed, and when: the states of every book step by step, the facts it told, the lines it logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

from arb.domain import BookState, Opportunity, VenueId
from tests.proof.ran import MS, Ran

ACTIVE_HZ = 8.0  # events of a symbol that is missed soon
LATE_MS = 1_500.0  # what is lost so long after a fault is lost for another reason


class Seen:
    """Times are ms of the market's time. `states`: (venue, symbol) -> (when, state), one for each change."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran
        self.states: dict[tuple[str, str], list[tuple[float, BookState]]] = {}
        self.facts: list[tuple[float, object]] = []
        self.lines: list[tuple[float, str]] = []
        self.counts: dict[tuple[str, str], list[tuple[float, int]]] = {}
        self.fees: list[tuple[float, str, str]] = []  # when, venue, rate
        ran.looks.append(self._look)
        ran.hears.append(self._hear)

    @property
    def now_ms(self) -> float:
        return self._ran.sim.market.sim_ns(self._ran.clock.mono_ns()) / MS

    def active(self) -> list[str]:
        """Symbols that always have something to say."""
        return [s for s, pair in self._ran.sim.market.pairs.items() if pair.instrument.rate_hz > ACTIVE_HZ]

    @contextmanager
    def listening(self) -> Iterator[None]:
        sink = logger.add(lambda line: self.lines.append((self.now_ms, str(line))), level="WARNING", format="{message}")
        try:
            yield
        finally:
            logger.remove(sink)

    # -- when it showed -------------------------------------------------------------------------------------------

    def live_at(self, venue: str, symbol: str, ms: float) -> bool:
        return [state for at, state in self.states.get((venue, symbol), []) if at < ms][-1:] == [BookState.LIVE]

    def lost_ms(self, venue: str, symbol: str, since_ms: float, end_ms: float) -> tuple[float, float] | None:
        """When a book was first not LIVE from then on, and when it was LIVE again after `end_ms`, the fault's end.

        None: it was LIVE until some time after that end, or was lost for another reason when it all began.
        """
        changes = self.states.get((venue, symbol), [])
        if not self.live_at(venue, symbol, since_ms):
            return None
        after = [(at_ms, state) for at_ms, state in changes if at_ms >= since_ms]
        first = next((at_ms for at_ms, state in after if state is not BookState.LIVE), None)
        if first is None or first > end_ms + LATE_MS:
            return None
        state = [state for at_ms, state in after if at_ms <= max(first, end_ms)][-1]
        if state is BookState.LIVE:
            return first, end_ms
        return first, next((at for at, now in after if at > max(first, end_ms) and now is BookState.LIVE), float("inf"))

    def line_ms(self, venue: str, words: tuple[str, ...], since_ms: float) -> float | None:
        found = (at for at, line in self.lines if at >= since_ms and venue in line and any(w in line for w in words))
        return next(found, None)

    def fact_ms(self, venue: str, kind: type, since_ms: float) -> float | None:
        """The first fact of a kind about a venue."""
        found = (at for at, f in self.facts if at >= since_ms and isinstance(f, kind) and f.venue == venue)  # type: ignore[attr-defined]
        return next(found, None)

    def count_ms(self, venue: str, name: str, since_ms: float) -> float | None:
        """When a counter of a venue first stood higher than it did at `since_ms`."""
        before = 0
        for at_ms, count in self.counts.get((venue, name), ()):
            if at_ms < since_ms:
                before = count
            elif count > before:
                return at_ms
        return None

    # -- while it goes on -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        live = getattr(self._ran, "live", None)
        if live is None:
            return
        now_ms = self.now_ms
        for book in live.books:
            changes = self.states.setdefault((book.venue, book.symbol), [])
            if not changes or changes[-1][1] is not book.state:
                changes.append((now_ms, book.state))
        for venue, data in live.data.items():
            books = [book for book in live.books if book.venue == venue]
            told = dict(data.counters) | {
                name: sum(getattr(book, name) for book in books) for name in ("gaps", "crossed", "repeats", "conflicts")
            }
            for name, count in told.items():
                counts = self.counts.setdefault((str(venue), name), [])
                if not counts or counts[-1][1] != count:
                    counts.append((now_ms, count))

    def _hear(self, fact: object) -> None:
        if not isinstance(fact, Opportunity):
            self.facts.append((self.now_ms, fact))
            return
        for side in (fact.buy, fact.sell):
            self.fees.append((self.now_ms, f"{side.venue} {fact.symbol}", str(side.fee_rate)))


When = Callable[[Seen, VenueId, float], float | None]
