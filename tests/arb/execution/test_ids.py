"""Names: unique over restarts, within what every venue takes, and an order tells its cycle."""

from __future__ import annotations

import re

import pytest

from arb.domain import CycleId
from arb.errors import ConfigError
from arb.execution import Ids, client_id, cycle_of, ours
from fastpath.wire import gate_private, mexc_private

WALL_NS = 1_795_000_000_123_000_000
SPECS = (mexc_private.PrivateCodec.spec, gate_private.PrivateCodec.spec)


def test_names_fit_every_venue_and_tell_their_cycle() -> None:
    ids = Ids(WALL_NS, "a7")
    cycle = [ids.cycle() for _ in range(100_000)][-1]
    for number in (1, 2, 35, 36, 46_655):
        name = client_id(cycle, number)
        assert cycle_of(name) == cycle
        assert ours(name)
        assert all(re.fullmatch(spec.client_id, name) for spec in SPECS)
        assert re.fullmatch("[A-Za-z0-9_-]{1,28}", name)


def test_no_two_are_the_same_whoever_makes_them() -> None:
    makers = [Ids(WALL_NS, "a7"), Ids(WALL_NS, "a8"), Ids(WALL_NS + 1_000_000, "a7")]
    names = [client_id(ids.cycle(), number) for ids in makers for _ in range(50) for number in (1, 2)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["", "arb-", "arb-1", "x-arb-0123456789a-1", "arb-0123456789a-", "ARB-0123456789a-1"])
def test_what_is_not_ours(name: str) -> None:
    assert not ours(name)
    assert cycle_of(name) is None


@pytest.mark.parametrize("instance", ["", "a", "abc", "A1", "-1"])
def test_an_instance_is_two_characters(instance: str) -> None:
    with pytest.raises(ConfigError, match="two characters"):
        Ids(WALL_NS, instance)


def test_numbers_count_in_base_36() -> None:
    assert client_id(CycleId("x"), 36) == "arb-x-10"
