"""When a shadow may take over: what it must carry, and how long that is waited for."""

from __future__ import annotations

import pytest

from arb.app.paths.readiness import EASE_S, LATE_S, complete, missing, ready
from arb.books import Books
from arb.domain import BookState, Symbol
from tests.arb.app.paths.world import NATIVE, V

LIVE, STALE, DOWN, SYNCING = BookState.LIVE, BookState.STALE, BookState.DOWN, BookState.SYNCING


def books(*states: BookState) -> Books:
    made = Books()
    for number, state in enumerate(states):
        made.add(V, Symbol(f"C{number}/USDT"), NATIVE, 0).state = state
    return made


@pytest.mark.parametrize(
    ("ours", "theirs", "at_once", "eased", "late", "forced"),
    [
        pytest.param([LIVE, LIVE], [LIVE, LIVE], True, True, True, True, id="as good"),
        pytest.param([STALE, LIVE], [LIVE, LIVE], True, True, True, True, id="better"),
        pytest.param([DOWN, DOWN], [LIVE, LIVE], True, True, True, True, id="much better"),
        pytest.param([LIVE, LIVE], [LIVE, STALE], False, True, True, True, id="a quiet market"),
        pytest.param([LIVE, STALE], [LIVE, STALE], True, True, True, True, id="quiet on both"),
        pytest.param([LIVE, DOWN], [LIVE, DOWN], False, True, True, True, id="carried by neither"),
        pytest.param([LIVE, LIVE], [LIVE, DOWN], False, False, False, False, id="one would be lost"),
        pytest.param([LIVE, STALE], [LIVE, DOWN], False, False, False, True, id="a silent one would be lost"),
        pytest.param([DOWN, LIVE], [LIVE, DOWN], False, False, False, True, id="one lost, another gained"),
        pytest.param([DOWN, DOWN], [DOWN, DOWN], False, False, False, False, id="nothing to be had"),
        pytest.param([LIVE, LIVE], [SYNCING, SYNCING], False, False, False, False, id="not there yet"),
    ],
)
def test_ready(ours, theirs, at_once, eased, late, forced):
    deciding, shadow = list(books(*ours)), books(*theirs)
    assert ready(deciding, shadow, 0.0, forced=True) is at_once
    assert ready(deciding, shadow, EASE_S, forced=True) is eased
    assert ready(deciding, shadow, LATE_S, forced=False) is late
    assert ready(deciding, shadow, LATE_S, forced=True) is forced


@pytest.mark.parametrize(
    ("ours", "theirs", "whole", "lacking"),
    [
        pytest.param([LIVE, STALE], [STALE, LIVE], True, [], id="every book"),
        pytest.param([LIVE, DOWN], [LIVE, DOWN], True, ["C1/USDT DOWN"], id="but for what nobody carries"),
        pytest.param([LIVE, STALE], [LIVE, SYNCING], False, ["C1/USDT SYNCING"], id="one is missing"),
    ],
)
def test_complete(ours, theirs, whole, lacking):
    deciding, shadow = list(books(*ours)), books(*theirs)
    assert complete(deciding, shadow) is whole
    assert missing(deciding, shadow) == lacking
