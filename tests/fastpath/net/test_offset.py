"""fastpath.net.offset: how well a venue's time is known."""

from __future__ import annotations

import pytest

from fastpath.net.offset import DRIFT_PPM, KEPT, Offset

MS = 1_000_000
S = 1_000 * MS
WALL = 1_767_225_600 * S


def told(offset: Offset, at_ms: int, rtt_ms: int, ahead_ms: int = 0) -> None:
    """A sample at `at_ms` on our clock of a venue that is `ahead_ms` ahead of WALL + our clock, told half-way."""
    sent, recv = at_ms * MS, (at_ms + rtt_ms) * MS
    offset.add(sent, recv, WALL + (sent + recv) // 2 + ahead_ms * MS)


def test_nothing_is_known_before_it_is_measured() -> None:
    assert (Offset().venue_ns(1), Offset().error_ns(1)) == (None, None)


@pytest.mark.parametrize("rtt_ms", [0, 1, 10, 400])
def test_the_truth_lies_within_the_error(rtt_ms: int) -> None:
    """Wherever between the two the venue looked at its clock."""
    for share in (0.0, 0.25, 1.0):
        offset = Offset()
        looked = 100 * MS + round(share * rtt_ms * MS)
        offset.add(100 * MS, (100 + rtt_ms) * MS, (WALL + looked) // MS * MS)  # whole milliseconds
        now = (100 + rtt_ms) * MS
        venue, error = offset.venue_ns(now), offset.error_ns(now)
        assert venue is not None
        assert error is not None
        assert abs(venue - (WALL + now)) <= error
        assert error == rtt_ms * MS // 2 + MS // 2


def test_the_quickest_answer_is_the_best() -> None:
    offset = Offset()
    for at_ms, rtt_ms in ((0, 100), (200, 10), (400, 300)):
        told(offset, at_ms, rtt_ms)
    assert offset.error_ns(210 * MS) == 5 * MS + MS // 2


def test_what_is_known_grows_old() -> None:
    offset = Offset()
    told(offset, 0, 10)
    fresh = offset.error_ns(10 * MS)
    assert fresh is not None
    assert offset.error_ns(10 * MS + 100 * S) == fresh + 100 * S * DRIFT_PPM // 1_000_000


def test_an_old_good_sample_gives_way_to_a_fresh_one_in_the_end() -> None:
    offset = Offset()
    told(offset, 0, 2)
    told(offset, 600_000, 40)
    error = offset.error_ns(600_040 * MS)
    assert error == 20 * MS + MS // 2


def test_only_the_last_ones_are_kept() -> None:
    offset = Offset()
    told(offset, 0, 1)
    for n in range(KEPT):
        told(offset, 10 + n * 100, 50)
    assert offset.error_ns((10 + (KEPT - 1) * 100 + 50) * MS) == 25 * MS + MS // 2


def test_a_clock_that_was_set_is_believed() -> None:
    offset = Offset()
    told(offset, 0, 2)
    told(offset, 1_000, 20, ahead_ms=5_000)
    now = 1_020 * MS
    venue, error = offset.venue_ns(now), offset.error_ns(now)
    assert venue is not None
    assert error is not None
    assert abs(venue - (WALL + now + 5 * S)) <= error == 10 * MS + MS // 2


def test_what_the_venue_found_wrong_is_forgotten() -> None:
    offset = Offset()
    told(offset, 0, 2)
    offset.forget()
    assert offset.venue_ns(3 * MS) is None
