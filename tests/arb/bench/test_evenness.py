"""The bench of evenness: what it shows, and that freezing is what makes a collection short."""

from __future__ import annotations

import gc

import pytest

from arb.bench import evenness
from arb.bench.evenness import Evenness, evenness_lines
from arb.bench.evenness_client import FROZEN, KINDS, UNTOUCHED, Pauses, live, pauses
from arb.bench.machine import Machine
from arb.bench.wire.figures import Once, row
from fastpath import mexc


def test_a_collection_among_frozen_objects_is_short() -> None:
    kept = live(100_000)
    paused = pauses()
    assert len(kept) == 100_000
    assert paused.frozen < paused.whole / 2
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("slow", "word"), [pytest.param(50.0, "yes", id="even"), pytest.param(5_000.0, "no", id="with a tail")]
)
def test_a_tail_is_held_against_its_median(slow: float, word: str) -> None:
    decided = (10.0,) * 99 + (slow,)
    played = [Once(1.0, 500.0, 100, 100, 0, 0, (), decided)]
    rows = tuple(row("mexc", kind, "500/s", 100, played) for kind in KINDS)
    text = "\n".join(evenness_lines(Evenness(Machine("", 1, "", "", ()), 1, False, rows, Pauses(18_000.0, 1.0))))
    assert text.count(f"; within 10: {word}") == 1
    assert "18,000 µs; once they are frozen: 1 µs" in text


@pytest.mark.prove
async def test_one_run_measures_both() -> None:
    report = await evenness.run(1, modules=[mexc], frames=300, pin=False)
    assert [(each.venue, each.client) for each in report.rows] == [("mexc", FROZEN), ("mexc", UNTOUCHED)]
    assert all(each.decided is not None and each.decided.p50 > 0 for each in report.rows)
    assert report.pauses.frozen < report.pauses.whole
