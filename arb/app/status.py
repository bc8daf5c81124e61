"""Counts what a run does and tells it to whoever asks: the observer behind every view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from arb.app.vitals import Vitals
from arb.books import Books
from arb.domain import BookState, OppEvent, Opportunity, Reason, VenueId
from arb.engine import Engine
from arb.interfaces import Clock, Feed
from arb.scanner import Scanner
from arb.status import LoopStatus, ScanStatus, ScanSummary, ScanView, Stage, VenueStatus


class Player(Protocol):
    """A replay: knows the record it is at."""

    frame: int


class Desk(Protocol):
    """What a venue's public side tells about itself."""

    @property
    def counters(self) -> Mapping[str, int]: ...


class VenueDesk:
    """One venue of a run as the status shows it."""

    def __init__(self, venue: VenueId, native: bool, feed: Feed, source: Desk) -> None:
        self.venue = venue
        self.native = native
        self.feed = feed
        self.source = source
        self.path = ""
        self.rate = 0.0
        self._seen = 0
        self._at_ns = 0

    def counters(self) -> Mapping[str, int]:
        return self.source.counters

    def moved(self, native: bool, feed: Feed, label: str) -> None:
        """Its market data goes on by another path. label: how that is shown."""
        self.native, self.feed, self.path = native, feed, label

    def measure(self, now_ns: int) -> None:
        """Messages a second since the last look that was at least half a second ago."""
        frames = self.counters().get("frames", 0)
        if not self._at_ns:
            self._seen, self._at_ns = frames, now_ns
        elif now_ns - self._at_ns >= 500_000_000:
            self.rate = (frames - self._seen) * 1e9 / (now_ns - self._at_ns)
            self._seen, self._at_ns = frames, now_ns


class Counted:
    """An Observer and a StatusSource. view: told of every opportunity event; None where nobody looks.

    rejected: count episodes that never were OK or UNKNOWN too.
    """

    def __init__(
        self,
        command: str,
        view: ScanView | None,
        books: Books,
        scanner: Scanner | None,
        clock: Clock,
        rejected: bool = False,
    ) -> None:
        self._command = command
        self._view = view
        self._books = books
        self._scanner = scanner
        self._clock = clock
        self._engine: Engine | None = None
        self._player: Player | None = None
        self._vitals: Vitals | None = None
        self._venues: list[VenueDesk] = []
        self._started_ns = clock.mono_ns()
        self._events: Counter[OppEvent] = Counter()
        self._open: dict[str, Opportunity] = {}
        self._rejected_too = rejected
        self._last: ScanStatus | None = None

    def attach(self, engine: Engine, player: Player | None = None, vitals: Vitals | None = None) -> None:
        self._engine = engine
        self._vitals = vitals
        self._player = player

    def add_venue(self, desk: VenueDesk) -> None:
        self._venues.append(desk)

    def native(self, venue: VenueId) -> bool:
        return any(desk.native for desk in self._venues if desk.venue == venue)

    def frame_of(self) -> int:
        return self._player.frame if self._player is not None else -1

    def on_fact(self, fact: object) -> None:
        if not isinstance(fact, Opportunity):
            return
        self._count(fact)
        if self._view is not None:
            self._view.opportunity(fact)

    def _count(self, fact: Opportunity) -> None:
        known = fact.id in self._open
        if not known and not self._rejected_too and fact.reason > Reason.UNKNOWN:
            return
        self._events[fact.event if known else OppEvent.OPEN] += 1
        if fact.event is OppEvent.CLOSE:
            self._open.pop(fact.id, None)
        else:
            self._open[fact.id] = fact

    def started(self) -> None:
        self._started_ns = self._clock.mono_ns()
        if self._view is not None:
            self._view.started(self)

    def status(self) -> ScanStatus:
        now_ns = self._clock.mono_ns()
        latency = self._engine.latency if self._engine is not None and self._player is None else None
        measured = latency is not None and latency.count > 0
        return ScanStatus(
            uptime_s=(now_ns - self._started_ns) / 1e9,
            venues=tuple(self._venue(desk, now_ns) for desk in self._venues),
            funnel=self._funnel(),
            rejected=self._rejected(),
            latency_p50_us=latency.quantile_ns(0.5) / 1e3 if latency is not None and measured else None,
            latency_p99_us=latency.quantile_ns(0.99) / 1e3 if latency is not None and measured else None,
            open=tuple(self._open.values()),
            loop=LoopStatus() if self._vitals is None else self._vitals.loop(),
        )

    def settle(self) -> None:
        """The run is over: what is still to come is its taking down."""
        self._last = self.status()

    def finished(self, ended: str, *, records: int = 0, notes: tuple[str, ...] = ()) -> ScanSummary:
        summary = ScanSummary(
            command=self._command,
            ended=ended,
            wall_ns=self._clock.wall_ns(),
            status=self._last or self.status(),
            records=records,
            opened=self._events[OppEvent.OPEN],
            updated=self._events[OppEvent.UPDATE],
            closed=self._events[OppEvent.CLOSE],
            notes=notes,
        )
        if self._view is not None:
            self._view.finished(summary)
        return summary

    def _venue(self, desk: VenueDesk, now_ns: int) -> VenueStatus:
        desk.measure(now_ns)
        counters = desk.counters()
        states: Counter[BookState] = Counter()
        gaps = resyncs = crossed = repeats = live_ns = other_ns = 0
        books = [book for book in self._books if book.venue == desk.venue]
        for book in books:
            book.settle(now_ns)
            states[book.state] += 1
            gaps += book.gaps
            resyncs += book.resyncs
            crossed += book.crossed
            repeats += book.repeats
            live_ns += book.live_ns
            other_ns += book.not_live_ns
        return VenueStatus(
            desk.venue,
            desk.native,
            desk.feed.name,
            desk.feed.trust,
            tuple(sorted(states.items())),
            messages=counters.get("frames", 0),
            messages_per_s=desk.rate,
            gaps=gaps,
            resyncs=resyncs,
            crossed=crossed,
            reconnects=counters.get("losses", 0),
            refused=counters.get("refused", 0),
            decode_errors=counters.get("decode_errors", 0),
            repeats=repeats,
            rest_errors=counters.get("snapshot_failures", 0),
            not_live_s=other_ns / 1e9,
            live_share=live_ns / (live_ns + other_ns) if live_ns + other_ns else None,
            uptime=self._vitals.uptime.venue(desk.venue, books, now_ns) if self._vitals is not None else None,
            breakers=self._vitals.breakers.rows(desk.venue, now_ns) if self._vitals is not None else (),
            path=desk.path,
        )

    def _funnel(self) -> tuple[Stage, ...]:
        if self._scanner is None:
            return ()
        return tuple(Stage(name, now, ever) for name, now, ever in self._scanner.funnel.rows())

    def _rejected(self) -> tuple[tuple[Reason, int], ...]:
        if self._scanner is None:
            return ()
        return tuple((reason, count) for reason, count in self._scanner.funnel.reasons() if reason > Reason.UNKNOWN)
