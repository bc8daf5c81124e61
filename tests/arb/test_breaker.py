"""arb.breaker as a table: what is said, when, and what the breaker answers."""

from __future__ import annotations

import pytest

from arb.breaker import Breaker
from arb.domain import BreakerState

BAD, GOOD, YES, NO = "bad", "good", "yes", "no"


def played(*steps: tuple[int, str]) -> Breaker:
    """Two failures open it for 10, doubled up to 40. YES and NO ask, BAD and GOOD record."""
    breaker = Breaker(threshold=2, rest_ns=10, cap_ns=40)
    for at, step in steps:
        if step in (YES, NO):
            assert breaker.allows(at) is (step == YES), f"at {at}"
        else:
            breaker.record(step == GOOD, at)
    return breaker


OPENED = [(0, BAD), (0, BAD)]


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param([(0, YES), (0, BAD), (0, YES)], BreakerState.CLOSED, id="one failure is weather"),
        pytest.param([*OPENED, (0, NO), (9, NO)], BreakerState.OPEN, id="failures in a row open it"),
        pytest.param(
            [(0, BAD), (1, GOOD), (2, BAD), (3, YES)], BreakerState.CLOSED, id="a success starts the count anew"
        ),
        pytest.param([*OPENED, (10, YES)], BreakerState.HALF_OPEN, id="after the rest one may try"),
        pytest.param([*OPENED, (10, YES), (11, NO), (19, NO)], BreakerState.HALF_OPEN, id="and only one"),
        pytest.param(
            [*OPENED, (10, YES), (11, GOOD), (11, YES), (11, YES)], BreakerState.CLOSED, id="its success closes"
        ),
        pytest.param(
            [*OPENED, (10, YES), (12, BAD), (31, NO), (32, YES)], BreakerState.HALF_OPEN, id="its failure doubles"
        ),
        pytest.param([*OPENED, (10, YES), (20, YES)], BreakerState.HALF_OPEN, id="a trial without outcome is given up"),
        pytest.param(
            [*OPENED, (5, BAD), (10, YES)], BreakerState.HALF_OPEN, id="late failures do not prolong the rest"
        ),
        pytest.param([*OPENED, (5, GOOD), (5, YES)], BreakerState.CLOSED, id="a late success closes"),
        pytest.param(
            [*OPENED, (10, YES), (10, BAD), (30, YES), (30, BAD), (70, YES), (70, BAD), (109, NO), (110, YES)],
            BreakerState.HALF_OPEN,
            id="the rest grows no further than its cap",
        ),
        pytest.param(
            [*OPENED, (10, YES), (10, BAD), (30, YES), (30, GOOD), (40, BAD), (40, BAD), (49, NO), (50, YES)],
            BreakerState.HALF_OPEN,
            id="after a success the next rest is short again",
        ),
    ],
)
def test_breaker(steps: list[tuple[int, str]], state: BreakerState) -> None:
    assert played(*steps).state is state


def test_it_says_how_long_it_rests() -> None:
    breaker = played(*OPENED)
    assert [breaker.wait_ns(at) for at in (0, 4, 10, 12)] == [10, 6, 0, 0]
    assert Breaker().wait_ns(0) == 0
