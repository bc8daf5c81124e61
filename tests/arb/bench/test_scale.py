"""The benchmark's worlds decide on every frame, whatever their size; and its budget compares the two sizes it names."""

from __future__ import annotations

import gc

import pytest

from arb.bench import scale
from arb.bench.scale import Lane, World, deepest, scale_lines
from arb.bench.traffic import symbol
from arb.domain import BookState, VenueId
from fastpath import gateio, mexc


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(scale, "FEW", 2)
    monkeypatch.setattr(scale, "MANY", 3)
    monkeypatch.setattr(scale, "_BOOKS", 2)
    monkeypatch.setattr(scale, "_UPDATES", 5)


def test_one_run_prints_every_axis(small):
    report = scale.run(2, modules=[mexc, gateio], frames=12, symbols=(2, 3), venues=(2, 3), reads=(1, 4))
    sizes = {(p.venue, p.axis, p.size) for p in report.points}
    pairs = {
        (v, a, n) for v in ("mexc", "gateio") for a, ns in (("symbols", (2, 3)), ("frames a read", (1, 4))) for n in ns
    }
    assert sizes == pairs | {("events", "venues", 2), ("events", "venues", 3)}
    for point in report.points:
        assert 0 < point.range_us[0] <= point.us <= point.range_us[1]
        assert (point.book_bytes > 0) is (point.axis == "symbols")
    assert set(report.ratios) == {"scale-symbols mexc", "scale-symbols gateio", "scale-memory"}
    deep = report.deep_bytes
    assert report.ratios["scale-memory"] == round(max(deep["mexc"], deep["gateio"]) / deep["ccxt"], 3)
    text = "\n".join(scale_lines(report))
    assert "CPython" in text
    assert text.count("frames a read") == 4
    assert gc.get_freeze_count() == 0


def test_without_ccxt_its_row_says_so(small, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(scale, "import_module", missing)
    report = scale.run(1, modules=[mexc], frames=6, symbols=(2, 3), venues=(2,), reads=(1,))
    assert "scale-memory" not in report.ratios
    assert "ccxt: not installed" in list(scale_lines(report))


def test_every_frame_of_both_venues_is_decided_on():
    modules = (mexc, gateio)
    world = World({VenueId(m.SPEC.name): deepest(m) for m in modules}, [symbol(i) for i in range(3)])
    lanes = [Lane(module, world, 3, 100, seed=2) for module in modules]
    decided = world.engine.decisions
    for lane in lanes:
        lane.play(30)
    assert world.engine.decisions - decided == 60
    assert {book.state for book in world._books} == {BookState.LIVE}
    assert {book.updates for book in world._books} == {11}  # the seed, and every third frame
    for lane in lanes:
        lane.play(30, read=6)  # each read changes three books twice
    assert world.engine.decisions - decided == 60 + 30
