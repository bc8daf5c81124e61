"""A run keeps the collector off what was loaded before it, and gives it all back."""

from __future__ import annotations

import gc

import pytest

from arb.app.memory import settled


def test_what_was_there_is_passed_over_until_the_end() -> None:
    mine = [object()]
    with settled():
        assert gc.get_freeze_count() > 0
        assert not any(each is mine for each in gc.get_objects())
    assert gc.get_freeze_count() == 0
    assert any(each is mine for each in gc.get_objects())


def test_a_run_that_fails_gives_it_back_too() -> None:
    with pytest.raises(ValueError, match="over"), settled():
        raise ValueError("over")
    assert gc.get_freeze_count() == 0
