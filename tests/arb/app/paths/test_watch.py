"""When native is no longer believed, and when again: a table of moments, and nothing that flaps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.app.paths.watch import FORGIVEN, MOST_DOUBLINGS, Watch, Wrong
from arb.config import FastpathConfig

S = 1_000_000_000
CONFIG = FastpathConfig(window_s=10, max_errors=2, max_gaps=3, max_mismatches=1, clean_s=5)
ERROR, GAP, MISMATCH, DISAGREED, NOTHING = (
    Wrong(errors=1), Wrong(gaps=1, repeated=1), Wrong(mismatches=1), Wrong(disagreed=1), Wrong(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "why"),
    [
        pytest.param([], "", id="nothing happens"),
        pytest.param([(0, NOTHING), (5, NOTHING)], "", id="nothing is wrong"),
        pytest.param([(0, ERROR), (1, ERROR)], "", id="as many unreadable messages as are let pass"),
        pytest.param(
            [(0, ERROR), (1, ERROR), (2, ERROR)], "3 unreadable messages within 10 s", id="one unreadable more"
        ),
        pytest.param([(0, Wrong(errors=3))], "3 unreadable messages within 10 s", id="all of them at once"),
        pytest.param([(0, ERROR), (1, ERROR), (10, ERROR)], "", id="the first has left the window"),
        pytest.param([(0, ERROR), (1, ERROR), (9.9, ERROR)], "3 unreadable messages within 10 s", id="not quite yet"),
        pytest.param([(0, Wrong(gaps=500))], "", id="one gap in every book"),
        pytest.param([(0, Wrong(gaps=4, repeated=3))], "", id="as many repeated gaps as are let pass"),
        pytest.param(
            [(0, Wrong(gaps=4, repeated=3)), (1, GAP)], "5 gaps, 4 of them repeated within 10 s", id="one gap more"
        ),
        pytest.param([(0, MISMATCH)], "", id="one audit may be wrong"),
        pytest.param(
            [(0, MISMATCH), (9, MISMATCH)], "2 books that an audit found wrong within 10 s", id="two may not"
        ),
        pytest.param(
            [(0, Wrong(2, 3, 1, repeated=3))], "", id="kinds are not added up",
        ),
        pytest.param(
            [(0, Wrong(2, 3, 1, repeated=3)), (1, GAP)],
            "2 unreadable messages, 4 gaps, 4 of them repeated, 1 books that an audit found wrong within 10 s",
            id="all that was wrong is told",
        ),
    ],
)  # fmt: skip
def test_native_decides_until(told, why):
    watch = Watch(CONFIG)
    assert [watch.deciding(wrong, round(at * S)) for at, wrong in told][-1:] == ([why] if told else [])


@pytest.mark.parametrize(
    ("told", "back"),
    [
        pytest.param([(0, NOTHING, True), (4.9, NOTHING, True)], False, id="not yet"),
        pytest.param([(0, NOTHING, True), (5, NOTHING, True)], True, id="a clean period"),
        pytest.param([(0, NOTHING, False), (5, NOTHING, True)], False, id="it counts from when every book was there"),
        pytest.param([(0, NOTHING, True), (4, ERROR, True), (6, NOTHING, True)], False, id="one error starts it anew"),
        pytest.param([(0, NOTHING, True), (4, GAP, True), (6, NOTHING, True)], False, id="so does a gap"),
        pytest.param([(0, NOTHING, True), (4, DISAGREED, True), (6, NOTHING, True)], False, id="and a disagreement"),
        pytest.param([(0, NOTHING, True), (4, NOTHING, False), (6, NOTHING, True)], False, id="and a lost connection"),
        pytest.param(
            [(0, NOTHING, True), (4, ERROR, True), (6, NOTHING, True), (11, NOTHING, True)], True, id="after that"
        ),
    ],
)
def test_native_comes_back_after(told, back):
    watch = Watch(CONFIG)
    watch.demoted(0)
    assert [watch.shadowing(wrong, complete, round(at * S)) for at, wrong, complete in told][-1] is back


def test_what_was_wrong_before_a_demotion_does_not_count_after_the_return():
    watch = Watch(CONFIG)
    assert watch.deciding(Wrong(errors=3), 0)
    watch.demoted(0)
    watch.returned(6 * S)
    assert watch.deciding(Wrong(errors=2), 6 * S) == ""


def test_each_demotion_soon_after_a_return_doubles_the_clean_period():
    watch, now, asked = Watch(CONFIG), 0, []
    for _ in range(MOST_DOUBLINGS + 3):
        watch.demoted(now)
        asked.append(watch.needed_ns // S)
        watch.returned(now + watch.needed_ns)
        now += watch.needed_ns + S
    assert asked == [5, 10, 20, 40, 80, 160, 160, 160]


@pytest.mark.parametrize(
    ("stood", "asked"),
    [
        pytest.param(FORGIVEN * 5 - 1, 10, id="soon: it counts"),
        pytest.param(FORGIVEN * 5, 5, id="long after: it is the first again"),
    ],
)
def test_a_return_that_has_stood_is_forgiven(stood, asked):
    watch = Watch(CONFIG)
    watch.demoted(0)
    watch.returned(5 * S)
    watch.demoted((5 + stood) * S)
    assert watch.needed_ns == asked * S


def test_a_person_starts_everything_anew():
    watch = Watch(CONFIG)
    for _ in range(3):
        watch.demoted(0)
    watch.deciding(Wrong(errors=2), 0)
    watch.forgive()
    assert watch.deciding(Wrong(errors=2), S) == ""
    watch.demoted(2 * S)
    assert watch.needed_ns == 5 * S


@given(st.lists(st.tuples(st.integers(1, 3 * S), st.integers(0, 3)), min_size=20, max_size=120))
def test_however_wrong_it_is_the_path_changes_seldom(steps):
    """A venue that is wrong at random: between two demotions lies a clean period, ever longer."""
    watch, now, native = Watch(CONFIG), 0, True
    demoted: list[tuple[int, int]] = []
    for step, errors in steps:
        now += step
        wrong = Wrong(errors=errors)
        if native and watch.deciding(wrong, now):
            watch.demoted(now)
            demoted.append((now, watch.needed_ns))
            native = False
        elif not native and watch.shadowing(wrong, True, now):
            watch.returned(now)
            native = True
    for (at, needed), (then, _) in pairwise(demoted):
        assert then - at >= needed
