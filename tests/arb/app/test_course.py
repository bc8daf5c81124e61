"""Somebody who is away hears of a journal that cannot be written."""

from __future__ import annotations

from types import SimpleNamespace

from arb.app.course import Course
from arb.clock import ManualClock
from arb.domain import Unwritten


def test_a_journal_in_trouble_is_told_once_for_each_time() -> None:
    told: list[object] = []
    journal = SimpleNamespace(trouble="")
    engine = SimpleNamespace(
        journal=journal,
        executor=SimpleNamespace(broken=None),
        trader=SimpleNamespace(enough=False),
        publisher=SimpleNamespace(publish=told.append),
    )
    course = Course(engine, None, ManualClock(7), None, duration_s=None, accept_balances=False)  # type: ignore[arg-type]
    for trouble in ("", "the disk is full", "the disk is full", "", "locked", "locked"):
        journal.trouble = trouble
        assert not course._enough()
    assert told == [Unwritten("the disk is full", 7), Unwritten("locked", 7)]
