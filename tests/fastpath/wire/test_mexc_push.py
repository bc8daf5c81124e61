"""The fast reader against the general one: where it reads at all, it reads the same."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath.wire import mexc_general, mexc_push
from tests.mexc_samples import pushes, samples
from tests.protobuf_writer import chunk, level, number, varint
from tests.wire_cases import cases

BODIES = {mexc_push.AGGRE_DEPTHS: 313, mexc_push.LIMIT_DEPTHS: 303, mexc_push.AGGRE_BOOK_TICKER: 315}
SENT_MS = 1_767_225_600_123


def fast(frame):
    """What the fast reader makes of a frame, or None where it leaves it to the general one."""
    try:
        native, sent_ms, body, pos = mexc_push.header(frame)
        return native, sent_ms, body, mexc_push.READERS[body](frame, pos)
    except (IndexError, KeyError, ValueError):
        return None


def general(frame):
    try:
        return mexc_general.read_push(frame)
    except (KeyError, ValueError):
        return None


def wrapped(body, content, before=b"", symbol="ABCUSDT"):
    return chunk(1, "spot@public.x@ABCUSDT") + chunk(3, symbol) + before + number(6, SENT_MS) + chunk(body, content)


def test_every_recorded_book_push_takes_the_fast_way_and_reads_the_same(shared):
    frames = [frame for _, frame, _ in samples(shared)] + list(pushes(shared))
    read = dict.fromkeys(BODIES, 0)
    for frame in frames:
        expected = general(frame)
        if expected is not None and expected[2] in BODIES:
            assert fast(frame) == expected
            read[expected[2]] += 1
    assert read[mexc_push.AGGRE_DEPTHS] > 350
    assert read[mexc_push.AGGRE_BOOK_TICKER] > 400
    assert read[mexc_push.LIMIT_DEPTHS] > 0


def test_a_frame_cut_anywhere_is_not_read(shared):
    for _, frame, _ in samples(shared):
        for end in range(len(frame)):
            assert fast(frame[:end]) is None


def mostly(usual, odd):
    """One in twelve is odd."""
    return st.integers(0, 11).flatmap(lambda dice: usual if dice else odd)


numbers = mostly(
    st.from_regex(r"[0-9]{0,6}[1-9](\.[0-9]{1,9})?0{0,4}", fullmatch=True),
    st.sampled_from(["", "0", "0.00000000", "nan", "inf", "-1", "1e5", "1_0", " 7", "7 ", "1.2.3", "１", "9" * 130]),
)
levels = st.lists(st.tuples(numbers, numbers), max_size=3)
versions = mostly(st.integers(1, 2**63).map(str), st.sampled_from(["", "x", " 7", "07", "1_0", "9" * 20, "９"]))
times = mostly(st.integers(1_500_000_000_000, 2_000_000_000_000), st.none() | st.integers(-(2**63), 2**63 - 1))
names = mostly(st.just("spot@public.aggre.depth.v3.api.pb@10ms"), st.sampled_from(["", "x" * 200]))


@st.composite
def contents(draw):
    """(body, its fields in the venue's order), every field there or not."""
    body = draw(st.sampled_from(list(BODIES.values())))
    if body == 315:
        fields = [chunk(i, draw(numbers)) for i in (1, 2, 3, 4)]
        rest = [(5, draw(versions))], 6
    else:
        fields = [level(1, *item) for item in draw(levels)] + [level(2, *item) for item in draw(levels)]
        ids = sorted((draw(versions), draw(versions)), key=lambda text: text.rjust(20))
        rest = ([(3, draw(names)), (4, ids[0])], 5) if body == 303 else ([(3, draw(names)), *enumerate(ids, 4)], 6)
    fields += [chunk(i, text) for i, text in rest[0] if draw(st.integers(0, 19))]
    time = draw(times)
    if time is not None:
        fields.append(number(rest[1], time, padding=draw(st.sampled_from([0, 0, 0, 1]))))
    return body, fields


@settings(max_examples=400, deadline=None)
@given(content=contents(), shuffled=st.randoms(use_true_random=False), data=st.data())
def test_whatever_the_layout_the_two_never_disagree(content, shuffled, data):
    body, fields = content
    ordinary = wrapped(body, b"".join(fields))
    if data.draw(st.booleans()):
        fields = [*fields, chunk(77, "new")]
    shuffled.shuffle(fields)
    parts = [chunk(1, "c"), chunk(3, "ABCUSDT"), number(6, SENT_MS), chunk(body, b"".join(fields)), number(90, 1)]
    shuffled.shuffle(parts)
    for frame in (ordinary, wrapped(body, b"".join(fields)), b"".join(parts)):
        read = fast(frame)
        assert read is None or read == general(frame)


def check_agreement(frame):
    """Whatever the fast reader takes, the general one takes too, and reads the same."""
    read = fast(frame)
    if read is not None:
        try:
            expected = mexc_general.read_push(frame)
        except UnicodeDecodeError:
            return  # channel and eventType are skipped unread
        assert read == expected


@pytest.mark.parametrize("body", BODIES)
def test_any_byte_changed_to_any_other_is_noticed(body):
    frame = next(c.data for c in cases("mexc") if c.hex and c.events and (fast(c.data) or ((),) * 3)[2] == body)
    for at in range(len(frame)):
        for value in range(256):
            check_agreement(frame[:at] + bytes((value,)) + frame[at + 1 :])


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_several_bytes_changed_are_noticed(data):
    frames = [case.data for case in cases("mexc") if case.hex and case.events]
    damaged = bytearray(data.draw(st.sampled_from(frames)))
    for _ in range(data.draw(st.integers(2, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    check_agreement(bytes(damaged))


CONTENT = level(1, "1.5", "20") + chunk(3, "e") + chunk(4, "7") + chunk(5, "9") + number(6, SENT_MS)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(wrapped(313, CONTENT), id="the usual layout"),
        pytest.param(wrapped(313, level(1, "1.5", "20") * 600 + CONTENT), id="a body of three length bytes"),
        pytest.param(wrapped(313, CONTENT, before=number(5, SENT_MS)), id="a createTime"),
        pytest.param(wrapped(313, CONTENT) + number(7, 1), id="a field behind the body"),
        pytest.param(wrapped(313, CONTENT, symbol="A" * 130), id="a symbol of two length bytes"),
        pytest.param(wrapped(313, CONTENT.replace(number(6, SENT_MS), number(6, 5))), id="a time of one byte"),
        pytest.param(wrapped(313, level(1, "1." + "5" * 140, "20") + CONTENT), id="a level of two length bytes"),
        pytest.param(wrapped(313, level(2, "1.4", "1") + CONTENT), id="bids before asks"),
    ],
)
def test_all_that_is_valid_is_read_one_way_or_the_other(frame):
    assert general(frame) is not None
    assert fast(frame) in (general(frame), None)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(wrapped(313, CONTENT + chunk(5, "11")), id="a second toVersion behind the time"),
        pytest.param(wrapped(303, CONTENT[:-10] + number(5, SENT_MS) + chunk(4, "8")), id="a second version"),
        pytest.param(b"\x0a\x00" + wrapped(313, CONTENT)[23:], id="a channel without a name"),
        pytest.param(
            wrapped(315, b"\x0a\x82" + b"01" * 65 + chunk(2, "1") + chunk(3, "2") + chunk(4, "3")),
            id="a length whose second byte looks like a digit",
        ),
    ],
)
def test_what_only_looks_usual_is_left_to_the_general_reader(frame):
    assert fast(frame) is None


def test_the_order_of_fields_means_nothing_to_the_general_reader():
    fields = [level(1, "1.5", "20"), chunk(3, "e"), chunk(4, "7"), chunk(5, "9"), number(6, SENT_MS)]
    usual = general(wrapped(313, b"".join(fields)))
    assert usual == (b"ABCUSDT", SENT_MS, mexc_push.AGGRE_DEPTHS, ((), ((1.5, 20.0),), 7, 9, SENT_MS))
    for order in permutations(fields):
        assert general(wrapped(313, b"".join(order))) == usual


@pytest.mark.parametrize("ms", [1_117_000_000_000, 1_767_225_600_123, 2**41 - 1, 2**42 - 1, 2**35])
def test_times_of_six_bytes_are_exact(ms):
    frame = wrapped(313, CONTENT.replace(number(6, SENT_MS), number(6, ms)))
    assert len(varint(ms)) == 6
    read = fast(frame)
    assert read is not None
    assert read[3][4] == ms
