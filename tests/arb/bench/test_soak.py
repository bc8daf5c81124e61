"""The soak: what it plays, what it counts, and that it notices what grows."""

from __future__ import annotations

import gc
from collections import deque
from math import inf, isfinite
from types import SimpleNamespace

import pytest

from arb.app.venues import native_venue
from arb.audit import Auditor
from arb.bench.frames import Recording, record
from arb.bench.soak.bounds import BOUNDS, EACH, bound_of
from arb.bench.soak.census import LEAST, Census, census, grown
from arb.bench.soak.figures import Bound, Health, Sample, trends, wrong
from arb.bench.soak.fit import BLOCKS, Slope, slope
from arb.bench.soak.gauge import Counts
from arb.bench.soak.loop import Loop
from arb.bench.soak.report import lines
from arb.bench.soak.run import Amounts, run
from arb.books import Books
from arb.domain import BookState, Depth, Subscribed, VenueId
from arb.errors import ArbError
from arb.observers import Observers
from fastpath import gateio, mexc

SYMBOLS = 3
BOUND = Bound("frames", 1_000, rss_kib=10.0, blocks=100.0, rss_noise_kib=50.0, blocks_noise=500.0)
HEALTHY = Health(1, 0, 0, 1.0, 0, 0, 0, 0)
both = pytest.mark.parametrize("module", [mexc, gateio], ids=["mexc", "gateio"])


async def recorded(module, count: int = 300) -> Recording:
    feed = next(feed for feed in module.SPEC.feeds if feed.depth is Depth.TWENTY)
    return await record(module, feed, count, seed=1, symbols=SYMBOLS)


@both
async def test_a_recording_goes_on_for_ever_and_no_book_notices_where_it_begins_again(module) -> None:
    recording = await recorded(module)
    venue, codec, books = VenueId(recording.venue), module.Codec(recording.natives), Books()
    books.add_venue(venue, lambda symbol: pytest.fail(f"{symbol} is asked for afresh"))
    for symbol in recording.natives.values():
        books.add(venue, symbol, recording.feed, 0)
    books.on_event(Subscribed(venue, tuple(recording.natives.values()), 0, 1))
    loop = Loop(recording)
    seen: dict[str, int] = {}
    for number, frame in enumerate(loop.take(3 * len(recording.frames), 1_800_000_000_000), 1):
        for event in codec.decode(frame, number, 1):
            books.on_event(event)
        if number == loop.opening:
            assert {book.state for book in books} == {BookState.LIVE}
        for book in books:
            assert book.seq >= seen.get(book.symbol, 0)
            seen[book.symbol] = book.seq
    assert [(book.gaps, book.crossed, book.repeats) for book in books] == [(0, 0, 0)] * SYMBOLS
    assert {book.exch_ns for book in books} == {1_800_000_000_000 * 10**6}
    assert sum(book.updates for book in books) == 3 * len(recording.frames)


@both
async def test_the_first_loop_says_what_the_venue_said(module) -> None:
    recording = await recorded(module, 60)
    codec = module.Codec(recording.natives)
    for ours, theirs in zip(Loop(recording).take(60, 1_800_000_000_000), recording.frames, strict=True):
        (mine,), (its,) = codec.decode(ours, 1, 1), codec.decode(theirs, 1, 1)
        assert (mine.symbol, mine.bids, mine.asks) == (its.symbol, its.bids, its.asks)


async def test_a_recording_that_never_brings_a_book_is_none() -> None:
    with pytest.raises(ArbError, match="2 books never come whole in a recording of 1 frames"):
        Loop(await recorded(gateio, 1))


@pytest.mark.parametrize(
    ("points", "per", "err"),
    [
        pytest.param([(x, 5.0) for x in range(100)], 0.0, 0.0, id="flat"),
        pytest.param([(x, 2.0 * x + 7.0) for x in range(100)], 2.0, 0.0, id="a line"),
        pytest.param([(x, float(x % 2)) for x in range(100)], 0.0, 0.0, id="what alternates is level"),
        pytest.param([(0, 0.0), (1, 1.0)], 0.0, inf, id="two points tell nothing"),
    ],
)
def test_a_slope(points: list[tuple[float, float]], per: float, err: float) -> None:
    found = slope(points)
    assert found.per == pytest.approx(per, abs=1e-9)
    assert found.err == pytest.approx(err, abs=1e-9)


def test_a_slope_in_noise_is_within_its_interval() -> None:
    noisy = [(x, 0.5 * x + (x * 7919 % 101 - 50)) for x in range(500)]
    found = slope(noisy)
    assert found.per - found.err < 0.5 < found.per + found.err
    assert 0 < found.err < 0.2
    assert found.scaled(10) == Slope(found.per * 10, found.err * 10)


def samples(grows: float, count: int = 10 * BLOCKS) -> list[Sample]:
    return [Sample(n * 1_000, 100_000 + round(n * grows), 500_000 + round(n * 10 * grows)) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("grows", "judged_from", "flat"),
    [
        pytest.param(0.0, 0, True, id="level"),
        pytest.param(5.0, 0, True, id="within the bound"),
        pytest.param(20.0, 0, False, id="beyond it"),
        pytest.param(20.0, 60_000, True, id="nothing is judged while what is bounded fills up"),
        pytest.param(20.0, 40_000, False, id="but after that"),
    ],
)
def test_what_is_flat(grows: float, judged_from: int, flat: bool) -> None:
    found = trends(samples(grows), BOUND, judged_from)
    assert [(trend.what, trend.flat) for trend in found] == [("rss_kib", flat), ("blocks", flat)]


def test_in_a_short_stage_noise_is_no_growth() -> None:
    assert [trend.flat for trend in trends(samples(20.0, 2), BOUND)] == [False, False], "nothing can be told"
    assert all(trend.flat for trend in trends(samples(0.5, 20), BOUND))


def counted(**more: int) -> Counts:
    return Counts(**{"rss_kib": 1, "tasks": 5, "sockets": 4, "files": 9, "threads": 2, **more})


@pytest.mark.parametrize(
    ("after", "health", "told"),
    [
        pytest.param(counted(), HEALTHY, (), id="as before"),
        pytest.param(counted(tasks=4, rss_kib=9_999), HEALTHY, (), id="fewer, and memory is the slope's affair"),
        pytest.param(
            counted(tasks=6, sockets=5), HEALTHY, ("tasks 5 -> 6", "sockets 4 -> 5"), id="a task and a socket"
        ),
        pytest.param(
            counted(), Health(1, 0, 0, 1.0, 2, 0, 0, 1), ("2 gaps", "1 decode errors"), id="frames that were no frames"
        ),
    ],
)
def test_what_speaks_against_it(after: Counts, health: Health, told: tuple[str, ...]) -> None:
    assert wrong(counted(), after, (), (), health) == told


@pytest.mark.parametrize(
    ("counts", "bound", "found"),
    [
        pytest.param((1, 5, 9), None, True, id="more each time"),
        pytest.param((1, 9, 9), None, False, id="it stands still"),
        pytest.param((1, 30, 20), None, False, id="it goes up and down"),
        pytest.param((1, 2, 3), None, False, id="a little is under way"),
        pytest.param((1, 10, 19), 20, False, id="it may fill up"),
        pytest.param((1, 10, 21), 20, True, id="but no further"),
    ],
)
def test_what_grows(counts: tuple[int, ...], bound: int | None, found: bool) -> None:
    named = [str(each) for each in grown([{"a": count} for count in counts], lambda name: bound)]
    assert named == (["a: " + " -> ".join(map(str, counts))] if found else [])


def test_a_count_keeps_nothing_alive_until_the_next_one() -> None:
    """A run has the collector pass over what is there at its start; a count must not add what is there now to it."""
    before = census().get("arb.observers.Observers", 0)
    gc.freeze()
    try:
        for _ in range(3):
            ring = Observers()
            ring.add(ring)  # type: ignore[arg-type]  # lives until it is collected
            assert census()["arb.observers.Observers"] == before + 1
            del ring
        assert census().get("arb.observers.Observers", 0) == before
    finally:
        gc.unfreeze()


def test_a_container_that_grows_is_named_wherever_it_is() -> None:
    auditor = Auditor(Books(), {}, SimpleNamespace(), 1.0, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    books = Books()
    seen: list[Census] = []
    for number in range(3):
        for place in range(LEAST):
            key = (VenueId("v"), f"{number}-{place}")
            auditor._suspects[key] = (frozenset(), 0)  # type: ignore[index]
            books._resync[key] = print  # type: ignore[index,assignment]
        seen.append(census())
    found = {name for name, _ in grown(seen, lambda name: None)}
    assert {"arb.audit.Auditor._suspects", "arb.books.Books._resync"} <= found


def test_a_cache_without_a_bound_is_counted_and_one_with_a_bound_is_not() -> None:
    native_venue("mexc")
    found = census()
    assert found["arb.app.venues:_native"] > 0
    assert "fastpath.wire.mexc_push:_high_millis" not in found


def test_objects_of_ours_are_counted_also_where_the_collector_passes_them_over() -> None:
    import gc

    kept = deque([Books()])
    before = census()["arb.books.Books"]
    gc.freeze()
    try:
        kept.append(Books())
        assert census()["arb.books.Books"] == before + 1
        assert gc.get_freeze_count() > 0, "it is as it was"
    finally:
        gc.unfreeze()


def test_what_a_bounded_object_holds_is_bounded_too() -> None:
    name = "arb.execution.cycle.Cycle"
    assert (bound_of(name), bound_of(f"{name}.lives"), bound_of("arb.books.Books._dirty")) == (
        BOUNDS[name], EACH * BOUNDS[name], None,
    )  # fmt: skip


async def test_a_small_soak_is_flat_and_says_so() -> None:
    amounts = Amounts(frames=3_000, reconnects=24, cycles=20, seeded=0, ccxt=0)
    report = await run(amounts, modules=[mexc, gateio], recorded=400, symbols=SYMBOLS)
    frames, reconnects, cycles = report.stages
    assert (frames.amount, frames.health.reconnects) == (3_000, 0)
    assert frames.health.frames >= 3_000
    assert reconnects.amount == reconnects.health.reconnects == 24
    assert cycles.health.cycles >= 20
    for stage in report.stages:
        assert not stage.grown, stage.grown
        assert (stage.health.gaps, stage.health.crossed, stage.health.decode_errors) == (0, 0, 0)
        assert (stage.after.tasks, stage.after.sockets, stage.after.files, stage.after.threads) <= (
            stage.before.tasks, stage.before.sockets, stage.before.files, stage.before.threads,
        )  # fmt: skip
    text = "\n".join(lines(report))
    assert "CPython" in text
    assert "containers        none grows" in text


@pytest.mark.prove
async def test_a_soak_of_some_minutes_is_flat_on_every_path() -> None:
    amounts = Amounts(frames=400_000, reconnects=1_000, cycles=6_000, seeded=20, ccxt=10)
    report = await run(amounts, modules=[mexc, gateio])
    assert report.flat, "\n".join(lines(report))
    assert [stage.name for stage in report.stages] == [
        "frames", "reconnects", "cycles", "reconnects, mexc seeded", "reconnects, ccxt",
    ]  # fmt: skip
    assert all(isfinite(trend.slope.err) for stage in report.stages for trend in stage.trends)
