"""The tape gives back what it was told, and everything before a torn tail."""

from __future__ import annotations

import struct

import pytest

from arb.clock import ManualClock
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
    write(path, frames=2000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    reader = TapeReader(path)
    frames = [r for r in reader if r.kind is Kind.FRAME]
    assert reader.torn
    assert 1000 < len(frames) <= 2000
    assert [f.data for f in frames] == [b"frame %d" % n for n in range(len(frames))]


def test_a_flipped_bit_ends_the_reading(tmp_path):
    path = tmp_path / "t"
    write(path, frames=2000)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    reader = TapeReader(path)
    assert len(list(reader)) < 4000
    assert "damaged" in reader.torn


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello world, I am no tape", id="something else"),
        pytest.param(b"ARBTAPE1", id="nothing after the magic"),
        pytest.param(b"ARBTAPE1" + struct.pack("<II", 5, 1) + b"abcde", id="damaged first block"),
        pytest.param(b"ARBTAPE1" + struct.pack("<II", 1 << 31, 1), id="absurd length"),
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
