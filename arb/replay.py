"""Tape or session -> the same codecs, books and engine, on a hand-turned clock, as fast as they go.

Two replays of one recording give the same decisions to the last field: nothing here reads a real clock, draws a
random number or depends on the order of a set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from arb.books import Books
from arb.bounded import shown
from arb.clock import ManualClock
from arb.domain import (
    BookDelta,
    BookKey,
    BookSnapshot,
    Disconnected,
    Event,
    Quote,
    SubscriptionRefused,
    Symbol,
    VenueId,
)
from arb.engine import Engine
from arb.errors import TapeError, VenueError
from arb.interfaces import Codec, Statics
from arb.tape import Kind, Record, taped_event, taped_statics


class Replay:
    """frame: the 0-based number of the record being played.   counters: by venue, named as a live venue's are.

    ahead: called with every event before the books see it (sessions make their books there, as symbols turn up).
    refresh: told of static facts that changed while it was recorded.
    """

    def __init__(
        self,
        clock: ManualClock,
        engine: Engine,
        books: Books,
        codecs: Mapping[VenueId, Codec],
        *,
        ahead: Callable[[Event], None] = lambda _event: None,
        refresh: Callable[[VenueId, Statics], None] = lambda _venue, _statics: None,
        idle_after_frames: bool = False,
    ) -> None:
        self._clock = clock
        self._engine = engine
        self._books = books
        self._codecs = codecs
        self._ahead = ahead
        self._refresh = refresh
        self._idle_after_frames = idle_after_frames
        self._carried: dict[tuple[VenueId, int], dict[Symbol, None]] = {}
        self.frame = -1
        self.counters: dict[VenueId, Counter[str]] = {}

    def run(self, records: Iterable[Record], stop: Callable[[], bool] = lambda: False) -> None:
        """Play every record, then close the open episodes."""
        for record in records:
            if stop():
                break
            self.frame += 1
            if record.kind is Kind.END:
                self._clock.set(max(record.recv_ns, self._clock.mono_ns()))
                break
            if record.recv_ns > self._clock.mono_ns():
                self._clock.set(record.recv_ns)
            self._play(record)
        self._engine.finish(self._clock.mono_ns())

    def _play(self, record: Record) -> None:
        kind = record.kind
        if kind is Kind.FRAME:
            self._count(record, "frames")
            try:
                events = self._codec(record).decode(record.data, record.recv_ns, record.conn)
            except VenueError:
                self._count(record, "decode_errors")  # reported live; here it only must not end the replay
                return
            for event in events:
                self._emit(event)
            if self._idle_after_frames:
                self._engine.on_idle(record.recv_ns)
        elif kind is Kind.IDLE:
            self._engine.on_idle(record.recv_ns)
        elif kind is Kind.REPLY:
            self._reply(record)
        elif kind is Kind.TICK:
            self._engine.on_timer(record.recv_ns)
        elif kind is Kind.EVENT:
            self._emit(taped_event(record))
        elif kind is Kind.CLOSED:
            told = [Symbol(s) for s in record.data.decode(errors="replace").split(",") if s]
            symbols = tuple(told or self._carried.pop((record.venue, record.conn), ()))
            self._count(record, "losses")
            self._emit(Disconnected(record.venue, record.conn, symbols, record.text, record.recv_ns))
            self._engine.on_idle(record.recv_ns)
        elif kind is Kind.STATICS:
            self._refresh(record.venue, taped_statics(record))
        elif kind is Kind.CONFIRM:
            self._books.confirm(self._key(record), record.seq, record.recv_ns)
        elif kind is Kind.DISTRUST:
            self._books.distrust(self._key(record), record.recv_ns)

    def _reply(self, record: Record) -> None:
        codec = self._codec(record)
        try:
            symbol = record.symbol or codec.snapshot_symbol(record.text)
            if symbol:
                self._emit(codec.decode_snapshot(symbol, record.data, record.recv_ns))
        except VenueError:
            self._count(record, "decode_errors")  # as above
        self._engine.on_idle(record.recv_ns)

    def _codec(self, record: Record) -> Codec:
        codec = self._codecs.get(record.venue)
        if codec is None:
            raise TapeError(f"record {self.frame} is a frame of {shown(record.venue)}, which the tape says has none")
        return codec

    def _key(self, record: Record) -> BookKey:
        key = (record.venue, record.symbol)
        if self._books.get(key) is None:
            raise TapeError(f"record {self.frame} is about a book that the tape does not list: {shown(key)}")
        return key

    def _count(self, record: Record, what: str) -> None:
        self.counters.setdefault(record.venue, Counter())[what] += 1

    def _emit(self, event: Event) -> None:
        if isinstance(event, BookSnapshot | BookDelta | Quote) and event.conn:
            self._carried.setdefault((event.venue, event.conn), {})[event.symbol] = None
        elif isinstance(event, SubscriptionRefused):
            self.counters.setdefault(event.venue, Counter())["refused"] += len(event.symbols)
        self._ahead(event)
        self._engine.on_event(event)
