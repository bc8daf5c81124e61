"""The leash itself: what hangs and what grows is noticed, or every property here proves nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import strategies as st

from tests.hostile.fuzzing import Hang, fuzz, on_a_leash
from tests.hostile.mutation import altered, altered_json, altered_protobuf, damaged
from tests.protobuf_writer import chunk, number


def hang() -> None:
    while True:
        pass


def test_a_hang_is_noticed() -> None:
    with pytest.raises(Hang), on_a_leash(cpu_s=0.02):
        hang()


def test_a_hang_is_noticed_though_somebody_swallows_it() -> None:
    with pytest.raises(Hang, match="nobody was told"), on_a_leash(cpu_s=0.02), suppress(Exception):
        hang()


def test_growth_is_noticed() -> None:
    with pytest.raises(MemoryError), on_a_leash(more_bytes=64 << 20):
        bytearray(256 << 20)
    assert len(bytearray(256 << 20)) == 256 << 20  # and afterwards nothing is held back


def test_what_is_wrong_is_told() -> None:
    @fuzz(50, value=st.integers(0, 9))
    def prop(value: int) -> None:
        assert value != 7

    with pytest.raises(AssertionError):
        prop()


def test_every_kind_of_change_changes_something() -> None:
    json = b'{"a":[1,{"b":"x"}],"c":2}'
    push = chunk(1, "spot@x") + chunk(3, "BTC") + number(5, 7) + chunk(9, chunk(1, "1.5") + chunk(2, "3"))
    assert len({altered_json(json, [(kind, 1, 5)]) for kind in range(8)} - {json}) >= 6
    assert len({altered_protobuf(push, [(kind, 3, 5)]) for kind in range(8)} - {push}) >= 6
    assert len({damaged(json, [(kind, 3, 5)]) for kind in range(6)} - {json}) == 6
    assert altered([1], [(0, 0, 0)]) == 0
