"""The breakers of all venues together: who is told what, and what is said of a part that keeps failing."""

from __future__ import annotations

import pytest

from arb.breakers import Breakers
from arb.domain import BreakerMoved, BreakerState, Part, VenueId

MEXC, GATE = VenueId("mexc"), VenueId("gateio")
S = 1_000_000_000


def failed(breakers: Breakers, venue: VenueId, part: Part, now_ns: int = 0, times: int = 5) -> None:
    for _ in range(times):
        breakers.of(venue, part).record(False, now_ns, "503")


def test_each_change_is_told_with_what_failed_last() -> None:
    breakers, told = Breakers(), []
    breakers.listen(told.append)
    failed(breakers, MEXC, Part.PRIVATE)
    breaker = breakers.of(MEXC, Part.PRIVATE)
    assert breaker.allows(2 * S)
    breaker.record(True, 3 * S)
    assert told == [
        BreakerMoved(MEXC, Part.PRIVATE, BreakerState.CLOSED, BreakerState.OPEN, "503", 0),
        BreakerMoved(MEXC, Part.PRIVATE, BreakerState.OPEN, BreakerState.HALF_OPEN, "503", 2 * S),
        BreakerMoved(MEXC, Part.PRIVATE, BreakerState.HALF_OPEN, BreakerState.CLOSED, "", 3 * S),
    ]


def test_what_changes_nothing_is_not_told() -> None:
    breakers, told = Breakers(), []
    breakers.listen(told.append)
    failed(breakers, MEXC, Part.PUBLIC, times=4)
    breakers.of(MEXC, Part.PUBLIC).record(True, 1)
    assert told == []


@pytest.mark.parametrize(
    ("venue", "part", "at_ns", "why"),
    [
        pytest.param(
            MEXC, Part.PRIVATE, 0, "the breaker of mexc PRIVATE is OPEN for another 2.0 s: 503", id="the failing one"
        ),
        pytest.param(MEXC, Part.STREAM, 0, "", id="another part of the same venue"),
        pytest.param(GATE, Part.PRIVATE, 0, "", id="the same part of another venue"),
    ],
)
def test_parts_fail_apart_from_each_other(venue: VenueId, part: Part, at_ns: int, why: str) -> None:
    breakers = Breakers()
    failed(breakers, MEXC, Part.PRIVATE)
    assert breakers.why_not(venue, part, at_ns) == why
    assert (breakers.state(venue, part) is BreakerState.CLOSED) is not bool(why)


def test_a_trial_under_way_is_no_reason_to_trust_it() -> None:
    breakers = Breakers()
    failed(breakers, MEXC, Part.PRIVATE)
    breakers.of(MEXC, Part.PRIVATE).allows(2 * S)
    assert breakers.why_not(MEXC, Part.PRIVATE, 2 * S) == "the breaker of mexc PRIVATE is HALF_OPEN: 503"


def test_rows_are_of_one_venue_in_the_order_of_its_parts() -> None:
    breakers = Breakers()
    for venue, part in ((MEXC, Part.PRIVATE), (GATE, Part.PUBLIC), (MEXC, Part.PUBLIC)):
        breakers.of(venue, part)
    failed(breakers, MEXC, Part.PRIVATE)
    rows = breakers.rows(MEXC, S)
    assert [(row.part, row.state, row.rest_s) for row in rows] == [
        (Part.PUBLIC, BreakerState.CLOSED, 0.0),
        (Part.PRIVATE, BreakerState.OPEN, 1.0),
    ]
