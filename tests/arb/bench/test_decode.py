"""The benchmark measures both paths on one recording and refuses to compare paths that disagree."""

from __future__ import annotations

import sys

import pytest

from arb.bench import decode, lines
from arb.bench.decode import Native, _agree
from arb.bench.frames import record
from arb.domain import Depth
from arb.errors import ArbError
from fastpath import gateio, mexc

measured = sys.modules["arb.bench.decode"]  # the package's own name for it is the function


async def test_one_run_prints_both_paths_and_the_machine():
    report = await decode([mexc, gateio], frames=300, rounds=2)
    assert [(r.venue, r.feed, r.frames) for r in report.results] == [
        ("mexc", "aggre.depth@10ms", 300),
        ("gateio", "spot.obu@50", 300),
        ("gateio", "spot.obu@400", 300),
    ]
    for result in report.results:
        assert 0 < result.native.p50_us <= result.native.p99_us
        assert result.native.p50_range_us[0] <= result.native.p50_us <= result.native.p50_range_us[1]
        assert result.ratio == round(result.ccxt.p50_us / result.native.p50_us, 1)
        assert result.floor is not None
        assert 0 < result.floor.cpu_us < result.ccxt.cpu_us
        assert 0 < report.ratios[f"decode {result.venue}"] < 1
    text = "\n".join(lines(report))
    assert "CPython" in text
    assert text.count("ccxt takes") == 3


async def test_the_same_seed_records_the_same_frames():
    feed = next(f for f in mexc.SPEC.feeds if f.depth is Depth.FULL)
    one, other = [await record(mexc, feed, 200, seed=5) for _ in range(2)]
    assert one.frames == other.frames


async def test_a_parser_that_is_not_installed_is_no_floor(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(measured, "import_module", missing)
    report = await decode([mexc], frames=100, rounds=1)
    assert report.results[0].floor is None
    assert "mexc: no floor, its parser is not installed" in list(lines(report))


async def test_books_that_differ_are_no_comparison():
    feed = next(f for f in gateio.SPEC.feeds if f.depth is Depth.FULL)
    recording = await record(gateio, feed, 200, seed=1)
    ahead, behind = Native(gateio, recording), Native(gateio, recording)
    for frame in recording.frames:
        ahead.play(frame)
    for frame in recording.frames[:-80]:
        behind.play(frame)
    with pytest.raises(ArbError, match="different books"):
        _agree(ahead, behind, recording)
