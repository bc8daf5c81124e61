"""Native misreads its venue: ccxt takes over under load, with cycles in flight, and native comes back when clean."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arb.domain import BookState, CycleEnd, DataPath, Mover
from tests.proof.swap.running import CLEAN_S, Ran, ran

SEED = int(os.environ.get("ARB_SEED", "20261127"))
NATIVE = {"mexc": "limit.depth@20", "gateio": "spot.obu@50"}


@pytest.mark.parametrize(
    ("venue", "min_trust"),
    [
        pytest.param("mexc", "whole", id="mexc, and its unchecked books are not traded on"),
        pytest.param("gateio", "unchecked", id="gateio, and its unchecked books are traded on"),
        pytest.param("mexc", "unchecked", id="mexc, traded on", marks=pytest.mark.prove),
        pytest.param("gateio", "whole", id="gateio, not traded on", marks=pytest.mark.prove),
    ],
)
def test_a_demotion_and_a_return_with_cycles_in_flight(venue: str, min_trust: str, tmp_path: Path) -> None:
    print(f"ARB_SEED={SEED}")
    done = ran(venue, min_trust, SEED, tmp_path)
    _proves(done, venue, 1)
    away, back = done.moves
    assert done.flying(away.at_ns, venue), "no cycle was in flight when ccxt took over"
    if min_trust == "unchecked":
        assert done.flying(back.at_ns, venue), "no cycle was in flight when native came back"
    else:
        during = [each for each in done.opened if away.at_ns <= each.at_ns < back.at_ns]
        assert during == [], "traded on books that are not trusted enough"
        assert "min_trust" in {each.limit for each in done.refused if away.at_ns <= each.at_ns < back.at_ns}
    assert any(each.at_ns > back.at_ns for each in done.opened), "trading did not go on after the return"


@pytest.mark.prove
@pytest.mark.parametrize("venue", NATIVE)
def test_a_venue_that_is_wrong_again_and_again_changes_its_path_ever_more_rarely(venue: str, tmp_path: Path) -> None:
    done = ran(venue, "unchecked", SEED, tmp_path, bursts=3)
    _proves(done, venue, 3)
    away = [back.at_ns - away.at_ns for away, back in zip(done.moves[::2], done.moves[1::2], strict=True)]
    assert [each >= CLEAN_S * 1e9 * times for each, times in zip(away, (1, 2, 4), strict=True)] == [True] * 3


def _proves(done: Ran, venue: str, times: int) -> None:
    assert done.garbled > 5
    assert [(each.venue, each.after, each.by) for each in done.moves] == [
        (venue, DataPath.CCXT, Mover.WATCH),
        (venue, DataPath.NATIVE, Mover.WATCH),
    ] * times
    for away, back in zip(done.moves[::2], done.moves[1::2], strict=True):
        assert "unreadable messages" in away.why
        assert back.at_ns - away.at_ns >= CLEAN_S * 1e9
    assert done.watched.wrong == []
    assert done.watched.executable > 20
    by_ccxt = {name: "watch_order_book" if name == venue else feed for name, feed in NATIVE.items()}
    assert done.watched.decided[tuple(NATIVE.values())] > 100
    assert done.watched.decided[tuple(by_ccxt.values())] > 100
    assert set(done.watched.decided) == {tuple(NATIVE.values()), tuple(by_ccxt.values())}
    for each in done.opened:
        assert {seen.state for seen in each.plan.books} == {BookState.LIVE}
    assert done.cycles == len(done.opened) == len(done.closed) > 5
    assert {each.end for each in done.closed} <= {CycleEnd.FLAT, CycleEnd.HEDGED, CycleEnd.REPORTED}
    assert done.summary.left_open == 0
    shown = {each.venue: (each.native, each.path) for each in done.summary.scan.venues}
    assert shown[venue] == (True, "native")


@pytest.mark.prove
@pytest.mark.parametrize("venue", NATIVE)
def test_a_person_moves_a_venue_to_and_fro_under_load_and_nothing_is_left_behind(venue: str, tmp_path: Path) -> None:
    done = ran(venue, "unchecked", SEED, tmp_path, bursts=0, turns=20)
    assert [(each.after, each.by) for each in done.moves] == [
        (DataPath.CCXT, Mover.PERSON),
        (DataPath.NATIVE, Mover.PERSON),
    ] * 10
    assert done.watched.wrong == []
    assert sum(bool(done.flying(each.at_ns, venue)) for each in done.moves) > 10, "few cycles were in flight"
    assert done.cycles == len(done.closed) > 10
    assert done.summary.left_open == 0
    few = 6  # connections for orders come and go; a path that left one thing behind would leave ten
    assert done.files[-1] <= done.files[0] + few, f"open files after each return: {done.files}"
    assert done.tasks[-1] <= done.tasks[0] + few, f"tasks after each return: {done.tasks}"
