"""Wires a recording to the same codecs, books, scanner and views as a live run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from arb.app.scanners import NoScan, doze_ns, make_scanner
from arb.app.shots import Shooter
from arb.app.status import Counted, VenueDesk
from arb.app.venues import native_specs, native_venue
from arb.books import Books
from arb.bounded import shown
from arb.clock import ManualClock
from arb.config import Options, Settings, override
from arb.domain import BookDelta, BookSnapshot, Event, NativeSymbol, Quote, Symbol, VenueId
from arb.engine import Engine, Scans
from arb.errors import ConfigError, TapeError
from arb.interfaces import Codec, Feed, Statics, VenueSpec
from arb.observers import Observers
from arb.replay import Replay
from arb.session import SplitNatives, guess_feed, guess_venue, read_session, records
from arb.status import BookView, ScanSummary, ScanView
from arb.tape import Record, Run, TapedVenue, TapeReader, is_tape


class Recording:
    """A tape or a session, opened: its venues, its records, and what was wrong with its tail afterwards.

    Raises ConfigError where the file or the venue is not there, TapeError where it cannot be read.
    """

    def __init__(self, path: Path, venue: str | None) -> None:
        if not path.is_file():
            raise ConfigError(f"{path} is not a file")
        self._reader: TapeReader | None = None
        self.run: Run
        self.symbols: dict[VenueId, SplitNatives] = {}
        if is_tape(path):
            if venue is not None:
                raise ConfigError("--venue is for sessions; a tape says itself whom it recorded")
            self._reader = TapeReader(path)
            self.run = self._reader.run
            self.records: Iterable[Record] = self._reader
        else:
            lines = read_session(path)
            spec = _spec(venue) if venue is not None else guess_venue(lines, native_specs())
            if spec is None:
                raise ConfigError(f"{path} does not tell its venue; name it with --venue")
            name = VenueId(spec.name)
            feed = guess_feed(lines, spec)
            wall_ns = round(lines[0].t * 1e9)
            self.run = Run(wall_ns, wall_ns, (TapedVenue(name, True, feed, Statics()),), {})
            self.symbols[name] = SplitNatives()
            self.records = records(lines, name)

    @property
    def session(self) -> bool:
        return self._reader is None

    @property
    def torn(self) -> str:
        return self._reader.torn if self._reader is not None else ""

    def codecs(self) -> dict[VenueId, Codec]:
        """A codec for every venue that handed out frames. Raises ConfigError where its codec is gone."""
        made: dict[VenueId, Codec] = {}
        for taped in self.run.venues:
            if not taped.native:
                continue
            module = native_venue(taped.venue)
            if module is None:
                raise ConfigError(
                    f"the recording holds frames of {taped.venue}, for which there is no native codec here"
                )
            natives: Mapping[NativeSymbol, Symbol] = (
                self.symbols[taped.venue]
                if taped.venue in self.symbols
                else {market.native: market.symbol for market in taped.statics.markets}
            )
            made[taped.venue] = module.Codec(natives)
        return made

    def native_of(self, venue: VenueId, symbol: Symbol) -> NativeSymbol:
        if venue in self.symbols:
            return self.symbols[venue].native[symbol]
        statics = next(taped.statics for taped in self.run.venues if taped.venue == venue)
        return next(m.native for m in statics.markets if m.symbol == symbol)


def _spec(name: str) -> VenueSpec:
    module = native_venue(name)
    if module is None:
        raise ConfigError(f"{name} has no native codec, so its session cannot be read; known: {_known()}")
    return module.SPEC


def _known() -> str:
    return ", ".join(spec.name for spec in native_specs())


def replay(
    settings: Settings,
    path: Path,
    *,
    options: Options | None,
    view: ScanView,
    venue: str | None,
    rejected: bool,
    stop: Callable[[], bool],
) -> ScanSummary:
    """Everything over again: the same decisions every time, with the tape's own facts.

    options: None decides with `settings`; else a tape's own settings come first, with these over them.
    """
    recording = Recording(path, venue)
    if options is not None and recording.run.settings:
        settings = override(_settings(recording.run, path), options)
    clock = ManualClock(recording.run.started_mono_ns, recording.run.started_wall_ns)
    books = Books()
    statics = {taped.venue: taped.statics for taped in recording.run.venues}
    markets = {venue: facts.markets for venue, facts in statics.items()}
    scanner = make_scanner(settings, statics, markets, books, clock, rejected)
    counted = Counted("replay", view, books, scanner, clock, rejected)

    def refresh(changed: VenueId, facts: Statics) -> None:
        statics[changed] = facts
        scanner.refresh(statics.values())

    return _play(recording, settings, clock, books, scanner, counted, stop, refresh)


def _settings(run: Run, path: Path) -> Settings:
    try:
        return Settings.model_validate(run.settings)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        raise TapeError(
            f"{path}: the tape's settings cannot be read: {shown(where)}: {shown(wrong['msg'])}; name a --config"
        ) from None


def replay_books(
    settings: Settings,
    path: Path,
    *,
    view: BookView,
    venue: str | None,
    levels: int,
    stop: Callable[[], bool] = lambda: False,
) -> ScanSummary:
    """The books alone: one shot for every record that advanced a LIVE book, made one LIVE or ended its life."""
    recording = Recording(path, venue)
    clock = ManualClock(recording.run.started_mono_ns, recording.run.started_wall_ns)
    shooter = Shooter(view, levels, recording.native_of)
    books = Books(on_change=shooter.on_change)
    shooter.books = books
    counted = Counted("replay", None, books, None, clock)
    shooter.frame = counted.frame_of
    summary = _play(recording, settings, clock, books, NoScan(), counted, stop)
    view.finished(summary)
    return summary


def _play(
    recording: Recording,
    settings: Settings,
    clock: ManualClock,
    books: Books,
    scanner: Scans,
    counted: Counted,
    stop: Callable[[], bool],
    refresh: Callable[[VenueId, Statics], None] = lambda _venue, _statics: None,
) -> ScanSummary:
    feeds = {taped.venue: taped.feed for taped in recording.run.venues}
    for taped in recording.run.venues:
        books.add_venue(taped.venue, lambda _symbol: None)  # the answers are in the recording
        for market in taped.statics.markets:
            books.add(taped.venue, market.symbol, taped.feed, clock.mono_ns())
    engine = Engine(
        books, scanner, (), Observers([counted]), clock, settings.scan.max_age_ms * 1_000_000,
        doze_ns=doze_ns(settings),
    )  # fmt: skip
    ahead = _Newcomers(books, feeds) if recording.session else None
    player = Replay(
        clock,
        engine,
        books,
        recording.codecs(),
        ahead=ahead if ahead is not None else lambda _event: None,
        refresh=refresh,
        idle_after_frames=recording.session,
    )
    for taped in recording.run.venues:
        counted.add_venue(VenueDesk(taped.venue, taped.native, taped.feed, Played(player, taped.venue)))
    counted.attach(engine, player)
    counted.started()
    player.run(recording.records, stop)
    if player.frame < 0:
        raise TapeError("the recording holds no frame")
    notes = [f"the tape's tail is torn: {recording.torn}; the rest was read"] if recording.torn else []
    unread = sum(counters["decode_errors"] for counters in player.counters.values())
    if unread:
        notes.append(f"{unread} frames could not be read")
        if not any(book.updates for book in books):
            raise TapeError(f"{unread} frames could not be read as {_whose(recording)}'s, and no book came of the rest")
    return counted.finished("interrupted" if stop() else "end", records=player.frame + 1, notes=tuple(notes))


def _whose(recording: Recording) -> str:
    return " and ".join(taped.venue for taped in recording.run.venues)


class Played:
    """What a venue's side of a recording has counted so far."""

    def __init__(self, player: Replay, venue: VenueId) -> None:
        self._player = player
        self._venue = venue

    @property
    def counters(self) -> Mapping[str, int]:
        return self._player.counters.get(self._venue, {})


class _Newcomers:
    """Makes a book for every symbol that turns up in a session, on whatever connection it comes."""

    def __init__(self, books: Books, feeds: Mapping[VenueId, Feed]) -> None:
        self._books = books
        self._feeds = feeds

    def __call__(self, event: Event) -> None:
        if not isinstance(event, BookDelta | BookSnapshot | Quote):
            return
        key = (event.venue, event.symbol)
        if self._books.get(key) is None:
            book = self._books.add(event.venue, event.symbol, self._feeds[event.venue], event.recv_ns)
            book.on_subscribed(event.conn or 1, event.recv_ns)
