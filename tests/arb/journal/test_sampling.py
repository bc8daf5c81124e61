"""Refusals are written now and then, and none is uncounted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arb.journal.sampling import SECOND_NS, Sampler
from tests.arb.journal.facts import refused


def test_the_first_is_written_at_once_and_the_rest_wait() -> None:
    sampler = Sampler(SECOND_NS)
    assert [sampler.take(refused("edge", at), at) for at in (0, 1, 2)] == [1, 0, 0]
    assert sampler.due(SECOND_NS - 1) == ()
    assert sampler.due(SECOND_NS) == ((refused("edge", 2), 2),)
    assert sampler.due(2 * SECOND_NS) == ()


def test_one_limit_does_not_hide_another() -> None:
    sampler = Sampler(SECOND_NS)
    assert [sampler.take(refused(limit), 0) for limit in ("edge", "balance", "edge")] == [1, 1, 0]


def test_the_next_one_after_the_wait_stands_for_those_held_back() -> None:
    sampler = Sampler(SECOND_NS)
    taken = [sampler.take(refused("edge"), at) for at in (0, 5, 6, SECOND_NS, SECOND_NS + 1)]
    assert taken == [1, 0, 0, 3, 0]
    assert [count for _, count in sampler.rest()] == [1]


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, SECOND_NS), st.booleans()), max_size=60))
def test_the_counts_add_up(steps: list[tuple[str, int, bool]]) -> None:
    sampler = Sampler(SECOND_NS)
    now_ns = written = 0
    for limit, later_ns, look in steps:
        now_ns += later_ns
        written += sampler.take(refused(limit, now_ns), now_ns)
        if look:
            written += sum(count for _, count in sampler.due(now_ns))
    assert written + sum(count for _, count in sampler.rest()) == len(steps)
