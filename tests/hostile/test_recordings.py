"""Tapes and recorded sessions that something has written over: told in one line, or replayed as far as they go."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import note
from hypothesis import strategies as st

from arb import app
from arb.clock import ManualClock
from arb.columns import Packer, unpacked
from arb.config import Settings
from arb.domain import BookSnapshot, Coin, Market, NativeSymbol, Subscribed, Symbol, VenueId
from arb.errors import ArbError, TapeError
from arb.interfaces import Statics
from arb.tape import MAGIC, MOST_UNPACKED, OLD_MAGIC, Run, TapedVenue, TapeReader, TapeWriter
from tests.arb.app.test_runs import View
from tests.hostile.fuzzing import fuzz, on_a_leash, outcome
from tests.hostile.mutation import Step, altered, altered_json, damaged, steps
from tests.hostile.seeds import VENUES, frames, module_of, natives

WHOLE = 15  # the code of a record that is packed as it is
HEAD = struct.Struct("<II")
PAIR = Symbol("AAA/USDT")
SETTINGS = Settings()
SESSION = b"\n".join(
    (
        b'{"t":1.5,"dir":"open","conn":"ws1","url":"wss://api.gateio.ws/ws/v4/"}',
        b'{"t":1.6,"dir":"out","conn":"ws1","url":"","data":"{\\"channel\\":\\"spot.obu\\"}"}',
        b'{"t":2.0,"dir":"in","conn":"http0","url":"https://api.gateio.ws/api/v4/spot/order_book?currency_pair=A_USDT",'
        b'"data":"{}"}',
        b'{"t":2.5,"dir":"in","conn":"ws1","data_b64":"e30="}',
        b'{"t":2.5,"dir":"in","conn":"ws1","data":"{\\"channel\\":\\"spot.obu\\",\\"event\\":\\"update\\",\\"result\\":'
        b'{\\"t\\":5,\\"s\\":\\"ob.A_USDT.50\\",\\"u\\":7,\\"full\\":true,\\"b\\":[[\\"1\\",\\"2\\"]],\\"a\\":[[\\"3\\",\\"4\\"]]}}"}',
        b'{"t":3.0,"dir":"close","conn":"ws1"}',
        b"",
    )
)


def market(venue: str, symbol: str, native: str) -> Market:
    base, _, quote = symbol.partition("/")
    return Market(
        VenueId(venue), Symbol(symbol), NativeSymbol(native), Coin(base), Coin(quote), Decimal("0.01"), Decimal("0.001")
    )


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two native venues and one without frames, with every kind of record."""
    venues = []
    for venue in VENUES:
        table = natives(venue)
        markets = tuple(
            market(venue, symbol, native if isinstance(native, str) else native.decode())
            for native, symbol in table.items()
        )
        venues.append(TapedVenue(VenueId(venue), True, module_of(venue).SPEC.feeds[-1], Statics(markets)))
    slow = VenueId("slow")
    venues.append(TapedVenue(slow, False, venues[0].feed, Statics((market("slow", PAIR, "A"),))))
    path = tmp_path_factory.mktemp("tape") / "good.tape"
    run = Run(10**18, 5, tuple(venues), SETTINGS.model_dump(mode="json"))
    with TapeWriter(path, ManualClock(5), run) as tape:
        for conn, venue in enumerate(VENUES, 1):
            name = VenueId(venue)
            tape.opened(name, conn, "wss://x", 10)
            for frame in frames(venue)[:30]:
                tape.frame(name, conn, frame, 20)
                tape.idle(name, conn, 20)
            tape.reply(name, PAIR, "https://x", b"{}", 30)
            tape.closed(name, conn, [PAIR], "bye", 40)
            known = venues[conn - 1].statics.markets[0].symbol
            tape.confirmed(name, known, 7, 50)
            tape.distrusted(name, known, 60)
            tape.statics(name, Statics(), 70)
        tape.event(Subscribed(slow, (PAIR,), 80, 9), 80)
        tape.event(BookSnapshot(slow, PAIR, ((1.0, 2.0),), ((3.0, 4.0),), 5, 6, 81, 9), 81)
        tape.tick(90)
        tape.end(99)
    return path.read_bytes()


def blocks_of(data: bytes) -> list[Any]:
    """Every block of records as a tree: its sources, then code, time and data of each record."""
    found: list[Any] = []
    pos = len(MAGIC)
    while pos < len(data):
        length, _ = HEAD.unpack_from(data, pos)
        pos += HEAD.size
        sources, items = unpacked(data[pos : pos + length])
        found.append([[list(source) for source in sources], [list(item) for item in items]])
        pos += length
    return found


def tape_of(blocks: Sequence[Any]) -> bytes:
    """With sums that are right: whoever writes a hostile tape can count."""
    out = bytearray(MAGIC)
    for sources, items in blocks:
        packed = Packer().block([tuple(source) for source in sources], [part for item in items for part in item])
        out += HEAD.pack(len(packed), zlib.crc32(packed)) + packed
    return bytes(out)


def rewritten(data: bytes, doing: Sequence[Step], within: int) -> bytes:
    """Records with other fields; every second time what is packed within one of them: the run, facts, an event."""
    blocks = blocks_of(data)
    whole = [item for _, items in blocks for item in items if item[0] % 16 == WHOLE]
    try:
        if within % 2:
            item = whole[within % len(whole)]
            record = msgspec.msgpack.decode(item[2])
            if within % 4 == 1 and record[0] in (0, 8, 10):
                record[5] = msgspec.msgpack.encode(altered(msgspec.msgpack.decode(record[5]), doing))
            else:
                record = altered(record, doing)
            item[2] = msgspec.msgpack.encode(record)
        else:
            blocks = altered(blocks, doing)
        return tape_of(blocks)
    except (OverflowError, TypeError, ValueError, AttributeError, struct.error):  # beyond what the format can hold
        return tape_of(blocks_of(data)[:-1])


def play(path: Path, *, books: bool, venue: str | None = None) -> View:
    view = View()
    if books:
        app.replay_books(SETTINGS, path, view=view, venue=venue, levels=5)
    else:
        app.replay(SETTINGS, path, options={}, view=view, venue=venue, rejected=True, stop=lambda: False)
    return view


def told_or_played(path: Path, *, books: bool) -> None:
    view, error = outcome(ArbError, lambda: play(path, books=books))
    if error is None:
        assert view is not None
        assert view.summary is not None
    else:
        assert "\n" not in str(error)
        assert len(str(error)) < 2_000


def test_the_tape_to_begin_with_is_good(tape: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(tape_of(blocks_of(tape)))
    view = play(path, books=True)
    assert view.summary.ended == "end"
    assert {shot.venue for shot in view.shots} >= {*VENUES, "slow"}


@fuzz(30, doing=steps, books=st.booleans())
def test_a_damaged_tape_is_told_or_played(tape: bytes, tmp_path: Path, doing: list[Step], books: bool) -> None:
    path = tmp_path / "t"
    path.write_bytes(damaged(tape, doing))
    told_or_played(path, books=books)


@fuzz(60, doing=steps, within=st.integers(0, 255), books=st.booleans())
def test_a_rewritten_tape_is_told_or_played(
    tape: bytes, tmp_path: Path, doing: list[Step], within: int, books: bool
) -> None:
    data = rewritten(tape, doing, within)
    note(f"{blocks_of(data)!r}"[:3_000])
    path = tmp_path / "t"
    path.write_bytes(data)
    told_or_played(path, books=books)


@fuzz(60, doing=steps, place=st.integers(0, 5), books=st.booleans(), whole=st.booleans())
def test_a_spoiled_session_is_told_or_played(
    tmp_path: Path, doing: list[Step], place: int, books: bool, whole: bool
) -> None:
    lines = SESSION.split(b"\n")
    lines[place] = altered_json(lines[place], doing)
    data = damaged(SESSION, doing) if whole else b"\n".join(lines)
    note(f"{data[:3_000]!r}")
    path = tmp_path / "s.jsonl"
    path.write_bytes(data)
    told_or_played(path, books=books)


def old_bomb() -> bytes:
    packing = zlib.compressobj(1)
    return b"".join(packing.compress(bytes(1 << 20)) for _ in range((MOST_UNPACKED >> 20) + 32)) + packing.flush()


def bomb(told: bool) -> bytes:
    """told: whether it says how large it is."""
    packing = zstandard.ZstdCompressor(write_content_size=told).compressobj(
        size=MOST_UNPACKED + (32 << 20) if told else -1
    )
    parts = [packing.compress(bytes(1 << 20)) for _ in range((MOST_UNPACKED >> 20) + 32)]
    return b"".join((*parts, packing.flush()))


@pytest.mark.parametrize(
    ("magic", "packed"),
    [
        pytest.param(OLD_MAGIC, old_bomb, id="in the old format"),
        pytest.param(MAGIC, lambda: bomb(True), id="and says so"),
        pytest.param(MAGIC, lambda: bomb(False), id="and does not say so"),
    ],
)
def test_a_block_that_unpacks_without_end_is_given_up(tmp_path: Path, magic: bytes, packed: Any) -> None:
    """Nothing, and much of it, in a small block with the right sum."""
    block = packed()
    path = tmp_path / "bomb.tape"
    path.write_bytes(magic + HEAD.pack(len(block), zlib.crc32(block)) + block)
    told = "unpacks to more than|does not unpack to at most"
    with on_a_leash(cpu_s=5.0, more_bytes=3 * MOST_UNPACKED), pytest.raises(TapeError, match=told):
        TapeReader(path)


def test_a_block_that_claims_to_be_large_is_not_made_room_for(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(MAGIC + HEAD.pack((64 << 20) - 1, 0) + b"x")
    with on_a_leash(cpu_s=1.0, more_bytes=96 << 20), pytest.raises(TapeError, match="cut off"):
        TapeReader(path)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"t":1e300,"dir":"in","conn":"ws1"}', id="at the end of time"),
        pytest.param(b'{"t":1,"dir":"in","conn":"ws' + b"9" * 5_000 + b'"}', id="a connection of 5000 digits"),
        pytest.param('{"t":1,"dir":"in","conn":"ws²"}'.encode(), id="a digit that is no number"),
        pytest.param(b'{"t":1,"dir":"in","conn":"ws1","data_b64":"?"}', id="no base64"),
        pytest.param(b'{"t":1,"dir":"in","conn":"ws1","x":"\xff"}', id="no text"),
        pytest.param(b'{"t":1,"dir":"in","conn":"\xff"}', id="no text where one is read"),
        pytest.param(b'{"t":1,"dir":"in","conn":"ws1","x":' + b"[" * 9_999, id="nested without end"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"t":0,"dir":"open","conn":"ws1"}\n' + line + b"\n")
    _, error = outcome(TapeError, lambda: play(path, books=True, venue="gateio"))
    assert "line 2 is no session line" in str(error) or "no book came of the rest" in str(error)
