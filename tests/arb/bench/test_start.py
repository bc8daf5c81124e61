"""The benchmark of starts: real processes, timed from before they exist."""

from __future__ import annotations

import pytest

from arb.bench.start import _process, run, start_lines
from arb.errors import ArbError


async def test_a_cold_and_a_warm_start_and_the_help() -> None:
    report = await run(1, symbols=6)
    assert [row.name for row in report.rows] == ["cold", "warm"]
    for row in report.rows:
        assert 0 < row.imported_ms < row.live_ms <= row.decided_ms
        assert row.metadata_ms > 0
    assert report.help_ms > 0
    assert set(report.ratios) == {"start-warm", "start-metadata"}
    text = "\n".join(start_lines(report))
    assert "CPython" in text
    assert "arb --help" in text


async def test_a_start_that_fails_is_no_figure() -> None:
    with pytest.raises(ArbError, match="ended with 1"):
        await _process(("-c", "raise SystemExit(1)"), b"")
