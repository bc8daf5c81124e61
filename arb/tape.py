"""Raw frames and REST replies with their arrival times: written live, read for replay.

A tape is a file of blocks behind the magic `ARBTAPE2`. Each block is `length, crc32` (two little-endian uint32) and
so many bytes of records (see `columns`; behind `ARBTAPE1`, of older versions: zlib-compressed msgpack). A block is
written whole or is recognised as torn, so a crash costs at most the last second. The first record describes the run;
nothing outside the file is needed to replay it.
"""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from math import inf
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from arb.bounded import UNREADABLE, shown
from arb.columns import Packer, unpacked
from arb.domain import BookSnapshot, Disconnected, Event, Subscribed, SubscriptionRefused, Symbol, VenueId
from arb.errors import TapeError
from arb.interfaces import Clock, Feed, Statics
from arb.redact import mask_login, mask_url

MAGIC = b"ARBTAPE2"
OLD_MAGIC = b"ARBTAPE1"
_BLOCK = Struct("<II")
_MAX_BLOCK = 64 << 20
MOST_UNPACKED = 128 << 20  # of a block; one of a busy second has a few million
_RECORDS = 4096  # a block is closed after about so many records
_WAIT_NS = 1_000_000_000  # or after this long
_WAITING = 64  # blocks that may wait for the disk

_Int64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Kind(IntEnum):
    RUN = 0  # data: a `Run`
    OPEN = 1
    FRAME = 2
    SENT = 3
    IDLE = 4  # the socket read ended: what had changed was decided on
    REPLY = 5  # data: the body of a REST answer that seeds a book
    CLOSED = 6
    TICK = 7  # the engine's timer
    EVENT = 8  # data: an event of a path that hands out no frames
    CONFIRM = 9  # an audit found this book current
    STATICS = 10  # data: the `Statics` that are in force from here on
    DISTRUST = 12  # an audit condemned this book
    END = 11  # the run stopped deciding; what follows is its taking down


# The low bits of a record's code in a block, and above them the number of its source: venue and connection, from 1 on.
_SOURCE = 16
_WHOLE = 15  # data: the record itself, of any kind that is not written here field by field
_FRAME, _SENT, _IDLE, _TICK = int(Kind.FRAME), int(Kind.SENT), int(Kind.IDLE), int(Kind.TICK)


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One line of the story. Which fields mean something depends on the kind. recv_ns: monotonic."""

    kind: Kind
    recv_ns: _Int64
    venue: VenueId = VenueId("")
    conn: _Int64 = 0
    text: str = ""  # url, reason, or the symbols of a closed connection joined by ","
    data: bytes = b""
    symbol: Symbol = Symbol("")
    seq: _Int64 = 0


class TapedVenue(msgspec.Struct, frozen=True):
    venue: VenueId
    native: bool
    feed: Feed
    statics: Statics


class Run(msgspec.Struct, frozen=True):
    """What a replay must know: who was listened to, over which feeds, with which facts and settings."""

    started_wall_ns: _Int64
    started_mono_ns: _Int64
    venues: tuple[TapedVenue, ...]
    settings: Mapping[str, object]
    version: int = 1


TapedEvent = BookSnapshot | Subscribed | SubscriptionRefused | Disconnected
_encoder = msgspec.msgpack.Encoder()
_event_encoder = msgspec.msgpack.Encoder()


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A taped event: exactly one is set (facts are untagged, so the place says which it is)."""

    snapshot: BookSnapshot | None = None
    subscribed: Subscribed | None = None
    refused: SubscriptionRefused | None = None
    lost: Disconnected | None = None


_event_decoder = msgspec.msgpack.Decoder(_Envelope)
_record_decoder = msgspec.msgpack.Decoder(Record)
_records_decoder = msgspec.msgpack.Decoder(tuple[Record, ...])
_run_decoder = msgspec.msgpack.Decoder(Run)
_statics_decoder = msgspec.msgpack.Decoder(Statics)


class TapeWriter:
    """A Tap. What it is told is gathered on the loop as it is, and packed and written by one thread: the loop never

    waits, and a frame costs it no more than to be put on a list.
    """

    def __init__(self, path: Path, clock: Clock, run: Run) -> None:
        """Raises OSError where the file cannot be made; an existing file is not overwritten."""
        self.path = path
        self._file = path.open("xb")
        self._file.write(MAGIC)
        self._clock = clock
        self._items: list[Any] = []  # three for each record: see `columns`
        self._numbers: dict[tuple[VenueId, int], int] = {}  # of this block: the code without the kind
        self._flushed = 0
        self._since_ns = clock.mono_ns()
        self._queue: queue.Queue[_Block | None] = queue.Queue(maxsize=_WAITING)
        self._failure: OSError | None = None
        self.dropped = 0  # records lost because the disk is slower than the market
        self._thread = threading.Thread(target=self._write, name="tape", daemon=True)
        self._thread.start()
        self._add(Record(Kind.RUN, clock.mono_ns(), data=_encoder.encode(run)))

    @property
    def records(self) -> int:
        return self._flushed + len(self._items) // 3

    def opened(self, venue: VenueId, conn: int, url: str, recv_ns: int) -> None:
        self._add(Record(Kind.OPEN, recv_ns, venue, conn, mask_url(url)))

    def frame(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None:
        """Nothing is looked at: the end of the read, which follows, closes a block that is large or old enough."""
        source = self._numbers.get((venue, conn)) or self._number(venue, conn)
        self._items += (source + _FRAME, recv_ns, data)

    def sent(self, venue: VenueId, conn: int, data: bytes, recv_ns: int) -> None:
        self._items += ((self._numbers.get((venue, conn)) or self._number(venue, conn)) + _SENT, recv_ns, data)
        self._close(recv_ns)

    def idle(self, venue: VenueId, conn: int, recv_ns: int) -> None:
        self._items += ((self._numbers.get((venue, conn)) or self._number(venue, conn)) + _IDLE, recv_ns, b"")
        if len(self._items) >= 3 * _RECORDS or recv_ns - self._since_ns > _WAIT_NS:
            self._flush()

    def reply(self, venue: VenueId, symbol: Symbol, url: str, data: bytes, recv_ns: int) -> None:
        self._add(Record(Kind.REPLY, recv_ns, venue, 0, mask_login(url), data, symbol))

    def closed(self, venue: VenueId, conn: int, symbols: Sequence[Symbol], reason: str, recv_ns: int) -> None:
        self._add(Record(Kind.CLOSED, recv_ns, venue, conn, reason, ",".join(symbols).encode()))

    def tick(self, now_ns: int) -> None:
        self._items += (_TICK, now_ns, b"")
        self._close(now_ns)

    def confirmed(self, venue: VenueId, symbol: Symbol, seq: int, now_ns: int) -> None:
        self._add(Record(Kind.CONFIRM, now_ns, venue, symbol=symbol, seq=seq))

    def distrusted(self, venue: VenueId, symbol: Symbol, now_ns: int) -> None:
        self._add(Record(Kind.DISTRUST, now_ns, venue, symbol=symbol))

    def statics(self, venue: VenueId, statics: Statics, now_ns: int) -> None:
        self._add(Record(Kind.STATICS, now_ns, venue, data=_encoder.encode(statics)))

    def event(self, event: Event, recv_ns: int) -> None:
        """An event of a venue that hands out no frames. Kinds that do not touch books are not kept."""
        if isinstance(event, BookSnapshot):
            kept = _Envelope(snapshot=event)
        elif isinstance(event, Subscribed):
            kept = _Envelope(subscribed=event)
        elif isinstance(event, SubscriptionRefused):
            kept = _Envelope(refused=event)
        elif isinstance(event, Disconnected):
            kept = _Envelope(lost=event)
        else:
            return
        self._add(Record(Kind.EVENT, recv_ns, event.venue, data=_event_encoder.encode(kept)))

    def end(self, now_ns: int) -> None:
        self._add(Record(Kind.END, now_ns))

    def close(self) -> None:
        """Write what is left. `failure` says afterwards whether the disk had refused something."""
        if self._thread.is_alive():
            self._flush()
            self._queue.put(None)
            self._thread.join()
        with suppress(OSError):  # what could not be written is known by now
            self._file.close()

    @property
    def failure(self) -> str:
        """Why the tape is incomplete; "" while it is not."""
        if self._failure is not None:
            return f"{self.path}: the tape is incomplete: {self._failure.strerror or self._failure}"
        return f"{self.path}: {self.dropped} records were lost, the disk is too slow" if self.dropped else ""

    def __enter__(self) -> TapeWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _add(self, record: Record) -> None:
        self._items += (_WHOLE, record.recv_ns, _encoder.encode(record))
        self._close(record.recv_ns)

    def _number(self, venue: VenueId, conn: int) -> int:
        code = self._numbers[venue, conn] = (len(self._numbers) + 1) * _SOURCE
        return code

    def _close(self, now_ns: int) -> None:
        if len(self._items) >= 3 * _RECORDS or now_ns - self._since_ns > _WAIT_NS:
            self._flush()

    def _flush(self) -> None:
        block = (tuple(self._numbers), self._items)
        self._flushed += len(self._items) // 3
        self._items, self._numbers = [], {}
        self._since_ns = self._clock.mono_ns()
        if block[1]:
            try:
                self._queue.put_nowait(block)
            except queue.Full:
                self.dropped += len(block[1]) // 3

    def _write(self) -> None:
        packer = Packer()
        while (block := self._queue.get()) is not None:
            if self._failure is None:
                packed = packer.block(*block)
                try:
                    self._file.write(_BLOCK.pack(len(packed), zlib.crc32(packed)) + packed)
                    self._file.flush()
                except OSError as exc:  # said once, at close: recording must not stop the market
                    self._failure = exc


_NOBODY = ("", 0)
_Block = tuple[tuple[tuple[VenueId, int], ...], list[Any]]


def is_tape(path: Path) -> bool:
    """Whether the file begins as a tape does. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) in (MAGIC, OLD_MAGIC)


class TapeReader:
    """Reads a tape once. After the iteration `torn` says what was left unread at its end ("": nothing)."""

    def __init__(self, path: Path) -> None:
        """Raises TapeError where this is no tape or its first block is damaged."""
        self._path = path
        self.torn = ""
        records = self._records()
        first = next(records, None)
        if first is None or first.kind is not Kind.RUN:
            raise TapeError(f"{path}: the tape ends before its first record{f' ({self.torn})' if self.torn else ''}")
        try:
            self.run = _run_decoder.decode(first.data)
        except UNREADABLE as exc:
            raise TapeError(f"{path}: the tape's description cannot be read: {shown(exc)}") from exc
        self._rest = records

    def __iter__(self) -> Iterator[Record]:
        return self._rest

    def _records(self) -> Iterator[Record]:
        with self._path.open("rb") as file:
            magic = file.read(len(MAGIC))
            if magic not in (MAGIC, OLD_MAGIC):
                raise TapeError(f"{self._path} is not a tape")
            read = _records if magic == MAGIC else _old_records
            while head := file.read(_BLOCK.size):
                if len(head) < _BLOCK.size:
                    self.torn = "a block header is cut off"
                    return
                length, crc = _BLOCK.unpack(head)
                if length > _MAX_BLOCK:
                    self.torn = "a block header is damaged"
                    return
                packed = file.read(length)
                if len(packed) < length or zlib.crc32(packed) != crc:
                    self.torn = "a block is cut off or damaged"
                    return
                try:
                    block = read(packed)
                except (zlib.error, *UNREADABLE) as exc:
                    self.torn = f"a block cannot be read: {shown(exc)}"
                    return
                yield from block


def _records(packed: bytes) -> Sequence[Record]:
    """Of one block. Raises ValueError, msgspec.DecodeError."""
    sources, items = unpacked(packed)
    records = []
    for code, recv_ns, data in items:
        number, kind = divmod(code, _SOURCE)
        if kind == _WHOLE:
            records.append(_record_decoder.decode(data))
        elif kind in (_FRAME, _SENT, _IDLE, _TICK) and number <= len(sources):
            venue, conn = sources[number - 1] if number else _NOBODY
            records.append(Record(Kind(kind), recv_ns, VenueId(venue), conn, "", data))
        else:
            raise ValueError(f"no record has the code {code}")
    return records


def _old_records(packed: bytes) -> Sequence[Record]:
    return _records_decoder.decode(_unpacked(packed))


def _unpacked(packed: bytes) -> bytes:
    """Raises zlib.error, ValueError for what would take more room than any block of ours."""
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(packed, MOST_UNPACKED)
    if unpacking.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB")
    if not unpacking.eof:
        raise ValueError("it ends too early")
    return data


def taped_event(record: Record) -> TapedEvent:
    """The event of an EVENT record. Raises TapeError."""
    try:
        kept = _event_decoder.decode(record.data)
    except UNREADABLE as exc:
        raise TapeError(f"a taped event cannot be read: {shown(exc)}") from exc
    if kept.snapshot is not None and not _sound(kept.snapshot):
        raise TapeError("a taped book cannot be meant: its levels or times are no numbers of a book")
    for event in (kept.snapshot, kept.subscribed, kept.refused, kept.lost):
        if event is not None:
            return event
    raise TapeError("a taped event is empty")


def _sound(book: BookSnapshot) -> bool:
    """What a codec makes sure of; this one comes without a frame."""
    numbers = all(0.0 < price < inf and 0.0 <= qty < inf for price, qty in (*book.bids, *book.asks))
    return numbers and all(0 <= number < 2**63 for number in (book.seq, book.exch_ns, book.recv_ns, book.conn))


def taped_statics(record: Record) -> Statics:
    """The facts of a STATICS record. Raises TapeError."""
    try:
        return _statics_decoder.decode(record.data)
    except UNREADABLE as exc:
        raise TapeError(f"taped facts cannot be read: {shown(exc)}") from exc
