"""Every codec against frames that were good once: one of our errors, or events as good as any; and nothing remembered.

The codecs are found by themselves, as in tests/contract, which holds the built frames against what they mean.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st

from arb.errors import VenueError
from tests.contract.test_codecs import check_event
from tests.hostile.fuzzing import fuzz, outcome
from tests.hostile.mutation import Step, spoiled, steps
from tests.hostile.seeds import VENUES, answers, frames, module_of, natives

RECV_NS, CONN = 987_654_321, 7
every_codec = pytest.mark.parametrize("venue", VENUES)


def size_of(thing: Any, seen: set[int] | None = None) -> int:
    """Bytes of everything that is reached through attributes and containers, the frozen symbol table aside."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, type):
        return 0
    seen.add(id(thing))
    inner = [*thing, *thing.values()] if isinstance(thing, dict) else []
    inner += list(thing) if isinstance(thing, list | tuple | set | frozenset) else []
    return sys.getsizeof(thing) + sum(size_of(x, seen) for x in (*inner, *getattr(thing, "__dict__", {}).values()))


@pytest.fixture(scope="module", params=VENUES)
def codec(request: pytest.FixtureRequest) -> Any:
    """One for all examples of a property: whatever a frame leaves behind meets the next one."""
    return module_of(request.param).Codec(natives(request.param))


@pytest.fixture
def venue(codec: Any) -> str:
    name: str = sys.modules[type(codec).__module__].SPEC.name
    return name


@fuzz(100, which=st.integers(0, 1 << 16), doing=steps)
def test_a_spoiled_frame_is_our_error_or_good_events(codec: Any, venue: str, which: int, doing: list[Step]) -> None:
    good = frames(venue)[which % len(frames(venue))]
    frame = spoiled(good, doing)
    note(f"{frame[:2_000]!r}")
    events, error = outcome(VenueError, lambda: codec.decode(frame, RECV_NS, CONN))
    if error is not None:
        assert error.venue == venue
        assert len(str(error)) < 1_000
        assert "\n" not in str(error)
    for event in events or ():
        check_event(event, RECV_NS, CONN)


@fuzz(60, which=st.integers(0, 1 << 16), doing=steps)
def test_a_spoiled_rest_book_is_our_error_or_a_book(codec: Any, venue: str, which: int, doing: list[Step]) -> None:
    symbol, good = answers(venue)[which % len(answers(venue))]
    body = spoiled(good, doing)
    note(f"{body[:2_000]!r}")
    book, error = outcome(VenueError, lambda: codec.decode_snapshot(symbol, body, RECV_NS))
    if error is not None:
        assert len(str(error)) < 1_000
    else:
        check_event(book, RECV_NS, 0)
        assert book.symbol == symbol


@fuzz(40, status=st.integers(100, 599), doing=steps, url=st.text(max_size=60))
def test_a_spoiled_refusal_and_a_strange_address_raise_nothing(
    codec: Any, venue: str, status: int, doing: list[Step], url: str
) -> None:
    refusal = spoiled(b'{"code":30004,"msg":"Insufficient","label":"BALANCE_NOT_ENOUGH","message":"x"}', doing)
    assert isinstance(codec.decode_error(status, refusal), VenueError)
    codec.snapshot_symbol(f"https://x/{url}")


@every_codec
def test_hostile_frames_leave_nothing_behind(venue: str) -> None:
    """What a codec holds after ten thousand names that it was never asked for is what it held before."""
    codec = module_of(venue).Codec(natives(venue))
    good = frames(venue)
    before = [codec.decode(frame, RECV_NS, CONN) for frame in good]
    held = size_of(codec)
    texts = [frame for frame in good if frame[:1] == b"{"] or list(good)
    for number in range(10_000):
        frame = renamed(texts[number % len(texts)], number)
        try:
            codec.decode(frame, RECV_NS, CONN)
        except VenueError:
            continue
    assert size_of(codec) <= held + 4_096
    assert [codec.decode(frame, RECV_NS, CONN) for frame in good] == before


def renamed(frame: bytes, number: int) -> bytes:
    """The frame about somebody else, or about a depth that nobody has: every digit of a name is another one."""
    digits = "".join(chr(0x660 + int(digit)) for digit in str(number % 10_000)).encode()
    for old in (b".400", b".100", b".50", b".20"):
        if old in frame:
            return frame.replace(old, b"." + digits)
    return frame.replace(b"USDT", b"USDT" + digits)
