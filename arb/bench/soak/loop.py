"""A recording without end: the same levels again and again, under ids that go on and times that are now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from arb.bench.frames import Recording
from arb.errors import ArbError
from arb.sim.mexc import proto

Write = Callable[[int, int], bytes]
"""(what is added to every id, wall time in ms) -> the payload of a frame."""

_GATE = re.compile(
    rb'(\{"channel":"spot\.obu","result":\{"t":)\d+(,(?:"full":true,)?"s":"(ob\.[^"]+)","u":)(\d+)(,"U":)?(\d+)?(.*)',
    re.DOTALL,
)
_SEND_TIME = 0x30  # its tag; a varint follows
_LEVELS = (proto.ASKS[0], proto.BIDS[0])


class Frame(NamedTuple):
    """book: whose.   last: the newest id in it.   whole: it needs no other frame before it."""

    book: bytes
    last: int
    whole: bool
    write: Write


class Loop:
    """opening: so many frames from the beginning on bring every book whole."""

    def __init__(self, recording: Recording) -> None:
        read = _READERS[recording.venue]
        self._frames = [read(frame) for frame in recording.frames]
        self._span, self.opening = _measured(self._frames, len(recording.natives))
        self._shift = 0
        self._next = 0

    def begin(self) -> None:
        """From the first frame of the recording, as for a new connection."""
        self._next = 0
        self._shift += self._span

    def take(self, count: int, wall_ms: int) -> Iterator[bytes]:
        """The next so many. The recording begins with whole books, so it may follow itself."""
        for _ in range(count):
            if self._next == len(self._frames):
                self.begin()
            yield self._frames[self._next].write(self._shift, wall_ms)
            self._next += 1


def _measured(frames: Sequence[Frame], books: int) -> tuple[int, int]:
    """How many ids the recording covers at most in one book, and how many frames it takes until all are whole."""
    first: dict[bytes, int] = {}
    opening = span = 0
    for number, frame in enumerate(frames, 1):
        if frame.whole and frame.book not in first:
            first[frame.book] = frame.last
            opening = number
        span = max(span, frame.last - first.get(frame.book, frame.last) + 1)
    if len(first) < books:
        raise ArbError(f"{books - len(first)} books never come whole in a recording of {len(frames)} frames")
    return span, opening


def _gate(payload: bytes) -> Frame:
    found = _GATE.fullmatch(payload)
    if found is None:
        raise ArbError(f"no frame of spot.obu: {payload[:120]!r}")
    head, middle, stream, last, then, first, tail = found.groups()
    newest = int(last)
    if first is None:
        return Frame(stream, newest, True, lambda shift, ms: b"%b%d%b%d%b" % (head, ms, middle, newest + shift, tail))
    oldest = int(first)

    def write(shift: int, ms: int) -> bytes:
        return b"%b%d%b%d%b%d%b" % (head, ms, middle, newest + shift, then, oldest + shift, tail)

    return Frame(stream, newest, False, write)


def _mexc(payload: bytes) -> Frame:
    """limit.depth: whole in every frame."""
    at = 2 + payload[1]  # past the channel, a text below 128 bytes, as all here are
    channel = payload[2:at]
    at += 2 + payload[at + 1]  # and the symbol
    if payload[at] != _SEND_TIME:
        raise ArbError(f"no frame of limit.depth: {payload[:120]!r}")
    head = payload[: at + 1]
    content = _skipped(payload, _skipped(payload, at + 1) + 2)  # the time, the body's tag (two bytes) and length
    end = content
    while payload[end] in _LEVELS:
        end += 2 + payload[end + 1]
    levels = payload[content:end]
    event = payload[end + 2 : end + 2 + payload[end + 1]]
    at = end + 2 + len(event)
    version = int(payload[at + 2 : at + 2 + payload[at + 1]])

    def write(shift: int, ms: int) -> bytes:
        body = proto.body(proto.LIMIT_DEPTHS, proto.limit_depths(levels, event, version + shift, ms))
        return head + proto.varint(ms) + body

    return Frame(channel, version, True, write)


def _skipped(payload: bytes, at: int) -> int:
    """Where the varint that begins at `at` is over."""
    while payload[at] & 0x80:
        at += 1
    return at + 1


_READERS: dict[str, Callable[[bytes], Frame]] = {"gateio": _gate, "mexc": _mexc}
