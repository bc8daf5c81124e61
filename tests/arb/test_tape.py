"""The tape gives back what it was told, and everything before a torn tail."""

from __future__ import annotations

import struct
import zlib

import msgspec
import pytest

from arb.clock import ManualClock
from arb.columns import Packer
from arb.domain import BookSnapshot, Disconnected, Subscribed, SubscriptionRefused, Symbol, Trade, VenueId
from arb.errors import TapeError
from arb.tape import Kind, Record, Run, TapeReader, TapeWriter, is_tape, taped_event

V, S = VenueId("v"), Symbol("A/B")
RUN = Run(1, 2, (), {"scan": {"depth": "20"}})


def write(path, frames=3):
    with TapeWriter(path, ManualClock(5), RUN) as tape:
        tape.opened(V, 1, "ws://x", 10)
        for n in range(frames):
            tape.frame(V, 1, b"frame %d" % n, 11 + n)
            tape.idle(V, 1, 11 + n)
        tape.reply(V, S, "http://x", b"{}", 50)
        tape.closed(V, 1, [S, Symbol("C/D")], "bye", 51)
        tape.tick(52)
        tape.confirmed(V, S, 7, 53)
        tape.distrusted(V, S, 54)
        tape.end(55)


def test_reads_back_in_order(tmp_path):
    path = tmp_path / "t"
    write(path)
    reader = TapeReader(path)
    records = list(reader)
    assert (reader.run, reader.torn) == (RUN, "")
    assert [r.kind for r in records] == [
        Kind.OPEN, *[Kind.FRAME, Kind.IDLE] * 3, Kind.REPLY, Kind.CLOSED, Kind.TICK, Kind.CONFIRM,
        Kind.DISTRUST, Kind.END,
    ]  # fmt: skip
    assert records[1] == Record(Kind.FRAME, 11, V, 1, "", b"frame 0")
    assert records[-6] == Record(Kind.REPLY, 50, V, 0, "http://x", b"{}", S)
    assert records[-5].data == b"A/B,C/D"


@pytest.mark.parametrize("cut", [1, 7, 40], ids=["one byte", "inside the last block", "most of it"])
def test_a_torn_tail_is_told_and_the_rest_is_read(tmp_path, cut):
    path = tmp_path / "t"
    write(path, frames=6000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    reader = TapeReader(path)
    frames = [r for r in reader if r.kind is Kind.FRAME]
    assert reader.torn
    assert 2000 < len(frames) < 6000
    assert [f.data for f in frames] == [b"frame %d" % n for n in range(len(frames))]


def test_a_flipped_bit_ends_the_reading(tmp_path):
    path = tmp_path / "t"
    write(path, frames=6000)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    reader = TapeReader(path)
    assert 4000 < len(list(reader)) < 12_000
    assert "damaged" in reader.torn


def tape_of(block: bytes, magic: bytes = b"ARBTAPE2") -> bytes:
    return magic + struct.pack("<II", len(block), zlib.crc32(block)) + block


def test_a_tape_of_an_older_version_reads_as_it_did(tmp_path):
    path = tmp_path / "t"
    records = [
        Record(Kind.RUN, 1, data=msgspec.msgpack.encode(RUN)),
        Record(Kind.FRAME, 2, V, 1, "", b"x"),
        Record(Kind.REPLY, 3, V, 0, "http://x", b"{}", S),
    ]
    path.write_bytes(tape_of(zlib.compress(msgspec.msgpack.encode(records), 1), b"ARBTAPE1"))
    assert is_tape(path)
    reader = TapeReader(path)
    assert (reader.run, list(reader), reader.torn) == (RUN, records[1:], "")


def test_a_second_of_silence_is_all_that_a_crash_costs(tmp_path):
    path, second = tmp_path / "t", 1_000_000_000
    clock = ManualClock(5)
    tape = TapeWriter(path, clock, RUN)
    for n in range(5):
        clock.advance(second // 2)
        tape.frame(V, 1, b"%d" % n, clock.mono_ns())
        tape.idle(V, 1, clock.mono_ns())
    tape._queue.put(None)  # as if the process had died: what is on the loop's side is lost
    tape._thread.join()
    assert [r.data for r in TapeReader(path) if r.kind is Kind.FRAME] == [b"0", b"1", b"2"]
    tape._file.close()


def test_sources_keep_apart_over_many_blocks(tmp_path):
    path = tmp_path / "t"
    told = [(VenueId(f"v{n % 3}"), n % 7) for n in range(12_000)]
    with TapeWriter(path, ManualClock(5), RUN) as tape:
        for n, (venue, conn) in enumerate(told):
            tape.frame(venue, conn, b"%d" % n, n)
            tape.idle(venue, conn, n)
        assert tape.records == 1 + 2 * len(told)
    frames = [record for record in TapeReader(path) if record.kind is Kind.FRAME]
    assert [(record.venue, record.conn) for record in frames] == told
    assert [record.data for record in frames] == [b"%d" % n for n in range(len(told))]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello world, I am no tape", id="something else"),
        pytest.param(b"ARBTAPE1", id="nothing after the magic"),
        pytest.param(b"ARBTAPE1" + struct.pack("<II", 5, 1) + b"abcde", id="damaged first block"),
        pytest.param(b"ARBTAPE1" + struct.pack("<II", 1 << 31, 1), id="absurd length"),
        pytest.param(b"ARBTAPE2", id="nothing after the newer magic"),
        pytest.param(b"ARBTAPE2" + struct.pack("<II", 5, zlib.crc32(b"abcde")) + b"abcde", id="no block"),
        pytest.param(tape_of(Packer().block((), (2 + 16, 1, b"x"))), id="a frame of a source that is not told"),
        pytest.param(tape_of(Packer().block((), (9, 1, b"x"))), id="a code that no record has"),
        pytest.param(tape_of(Packer().block((), (15, 1, b"\xc1"))), id="a record that is none"),
        pytest.param(tape_of(zlib.compress(msgspec.msgpack.encode([]))), id="an older block behind the newer magic"),
    ],
)
def test_what_is_no_tape_says_so(tmp_path, content):
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(TapeError, match="tape"):
        TapeReader(path)


def test_never_overwrites(tmp_path):
    path = tmp_path / "t"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        TapeWriter(path, ManualClock(), RUN)
    assert path.read_bytes() == b"precious"


def test_is_tape(tmp_path):
    write(tmp_path / "t")
    (tmp_path / "s").write_text('{"t": 1}')
    assert is_tape(tmp_path / "t")
    assert not is_tape(tmp_path / "s")


def test_events_of_paths_without_frames_come_back(tmp_path):
    events = [
        BookSnapshot(V, S, ((1.0, 2.0),), ((3.0, 4.0),), 5, 6, 7, 8),
        Subscribed(V, (S,), 7, 8),
        SubscriptionRefused(V, (S,), "no", 7, 8),
        Disconnected(V, 8, (S,), "gone", 9),
    ]
    path = tmp_path / "t"
    with TapeWriter(path, ManualClock(), RUN) as tape:
        for event in events:
            tape.event(event, 7)
        tape.event(Trade(V, S, 1.0, 1.0, 1, "", 0, 0), 7)  # does not touch a book: not kept
    assert [taped_event(r) for r in TapeReader(path)] == events


def test_a_full_disk_is_told_at_close(tmp_path, monkeypatch):
    tape = TapeWriter(tmp_path / "t", ManualClock(), RUN)

    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

        def flush(self):
            raise AssertionError("not reached")

        def close(self):
            pass

    tape._file.close()
    tape._file = Full()
    tape.frame(V, 1, b"x", 1)
    assert tape.failure == ""
    tape.close()
    assert tape.failure.endswith("/t: the tape is incomplete: No space left on device")


def test_no_login_is_written(tmp_path):
    path = tmp_path / "t"
    with TapeWriter(path, ManualClock(), RUN) as tape:
        tape.opened(V, 1, "wss://joe:hunter2@host/ws?listenKey=k3y", 1)
        tape.reply(V, S, "http://joe:hunter2@host/depth?symbol=AB", b"{}", 2)
    opened, reply = TapeReader(path)
    assert opened.text == "wss://****@host/ws?listenKey=****"
    assert reply.text == "http://****@host/depth?symbol=AB"
