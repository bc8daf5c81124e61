"""The benchmark of the wire: three kinds of process, one recording, and figures that come from stamps alone."""

from __future__ import annotations

import msgspec
import pytest

from arb.bench import wire
from arb.bench.frames import record
from arb.bench.wire.figures import Once, once, ratio, row, spread
from arb.bench.wire.player import wrapped
from arb.bench.wire.reword import ACK, market_of, reworded
from arb.bench.wire.sequence import last_of, states
from arb.bench.wire.talk import Decision, Play, Sent, Stamp, Taken
from arb.domain import Depth
from fastpath import gateio, mexc

A, B = "AAA/USDT", "BBB/USDT"
NUMBERS = {(A, 1): 0, (A, 2): 1, (B, 7): 2}
SENT = Sent((1_000, 2_000, 3_000))


@pytest.mark.parametrize("module", [mexc, gateio], ids=["mexc", "gateio"])
async def test_one_run_measures_every_client_at_every_pace(module) -> None:
    report = await wire.run(1, modules=[module], flat=300, paced=120, pin=False)
    rows = {(r.client, r.pace): r for r in report.rows}
    venue = module.SPEC.name
    for client in ("native", "ccxt"):
        assert rows[client, wire.FLAT].cpu_us > 0
        for pace in (wire.BURST, wire.RATE):
            book = rows[client, pace].book
            assert book is not None
            assert 0 < book.p50 <= book.p99 <= book.worst
    for what in wire.BESIDE:
        assert rows[f"native + {what}", wire.RATE].handed == 1.0
    ours = rows["native", wire.BURST]
    assert ours.decided is not None
    assert ours.book is not None
    assert ours.handed == 1.0
    assert ours.decided.p50 >= ours.book.p50
    assert rows["picows", wire.FLAT].book is None
    assert set(report.ratios) == {
        f"{name} {venue}"
        for name in ("wire-cpu-ccxt", "wire-cpu-floor", "wire-burst-p50", "wire-spin-p50", "wire-spin-p99")
    }
    text = "\n".join(wire.lines(report))
    assert "CPython" in text
    assert f"{venue}: overloaded" in text


def test_a_frame_counts_from_its_sending_to_its_book_and_to_the_decision() -> None:
    taken = Taken(6_000, 9_000, (Stamp(A, 1, 5_000), Stamp(B, 7, 6_000)), (Decision(2, 8_000),), looked=2)
    figures = once(Play(3), taken, SENT, NUMBERS)
    assert figures.book == (4.0, 3.0)
    assert figures.decided == (7.0, 5.0)
    assert (figures.cpu_us, figures.handed, figures.decisions) == (2.0, 2, 2)


def test_the_age_of_a_decision_is_that_of_the_newest_frame_of_each_book() -> None:
    stamps = (Stamp(A, 1, 5_000), Stamp(A, 2, 5_500), Stamp(B, 7, 6_000))
    assert once(Play(3), Taken(0, 9_000, stamps, (Decision(3, 8_000),)), SENT, NUMBERS).age == (6.0, 5.0)


def test_a_book_handed_out_twice_counts_when_it_came_first() -> None:
    figures = once(Play(3), Taken(0, 9_000, (Stamp(A, 2, 4_000), Stamp(A, 2, 9_000))), SENT, NUMBERS)
    assert (figures.handed, figures.book) == (1, (2.0,))


def test_a_state_that_no_frame_brings_counts_for_nothing() -> None:
    assert once(Play(3), Taken(0, 9_000, (Stamp(A, 99, 4_000),), (Decision(1, 5_000),)), SENT, NUMBERS).decided == ()


def test_a_row_has_medians_of_rounds_and_says_what_was_conflated() -> None:
    plays = [Once(cpu, 1000.0, 3, 2, 0, grew, (float(cpu), 9.0)) for cpu, grew in ((1, 0), (3, 7), (2, 4))]
    made = row("mexc", "native", "flat out", 4, plays)
    assert (made.cpu_us, made.cpu_range_us, made.cpu_s_per_100k) == (2, (1, 3), 0.2)
    assert (made.handed, made.conflated, made.grew_kib) == (0.75, 0.5, 7)
    assert made.book is not None
    assert (made.book.p50, made.book.worst) == (9.0, 9.0)


def test_nothing_timed_has_no_spread() -> None:
    assert spread([(), ()]) is None


def test_a_ratio_is_the_median_of_what_was_measured_together() -> None:
    assert ratio([1.0, 10.0, 3.0], [2.0, 40.0, 4.0]) == 0.5


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_a_frame_on_the_wire_tells_its_length(size: int) -> None:
    frame = wrapped(b"\n" * size)
    header = len(frame) - size
    assert frame[0] == 0x82
    assert header == (2 if size < 126 else 4 if size < 65_536 else 10)
    if header > 2:
        assert int.from_bytes(frame[2:header], "big") == size
    assert wrapped(b"{}")[0] == 0x81


async def test_every_state_is_told_apart_by_its_book_and_id() -> None:
    feed = next(feed for feed in mexc.SPEC.feeds if feed.depth is Depth.FULL)
    recording = await record(mexc, feed, 200, seed=1)
    found = [state for state in states(recording) if state is not None]
    assert len(set(found)) == len(found) == 200
    assert last_of(recording, 200)[found[-1][0]] == found[-1][1]
    assert recording.answers


async def test_gates_frames_keep_their_levels_and_ids_in_other_words() -> None:
    feed = next(feed for feed in gateio.SPEC.feeds if feed.depth is Depth.FULL)
    recording = await record(gateio, feed, 200, seed=1)
    whole, delta = recording.frames[0], recording.frames[-1]
    assert reworded(whole) == ACK
    result, said = msgspec.json.decode(delta)["result"], msgspec.json.decode(reworded(delta))
    assert said["channel"] == "spot.order_book_update"
    assert (said["result"]["s"], said["result"]["U"], said["result"]["u"]) == (
        market_of(result["s"]), result["U"], result["u"]
    )  # fmt: skip
    assert (said["result"]["b"], said["result"]["a"]) == (result.get("b", []), result.get("a", []))
