"""`arb bench soak` from the command line: how much is asked for, lines, JSON and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arb.bench.machine import machine
from arb.bench.soak import run as soak
from arb.bench.soak.figures import Health, SoakReport, StageReport, Trend
from arb.bench.soak.fit import Slope
from arb.bench.soak.gauge import Counts
from arb.bench.soak.run import Amounts
from tests.arb.cli.fakes import Shell

COUNTS = Counts(90_000, 20, 8, 24, 3)


def report(*wrong: str) -> SoakReport:
    stage = StageReport(
        "frames", "frames", 1_000_000, 2_000_000, 80.0, Health(2_000_000, 0, 0, 0.9999, 0, 0, 0, 0), COUNTS, COUNTS,
        (Trend("rss_kib", Slope(12.25, 3.5), 256.0, True),), (), wrong,
    )  # fmt: skip
    return SoakReport(machine(), 1, (stage,), 81.0, not wrong)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Amounts]:
    """What was asked for; a soak that is not flat where it is of as few frames as can be."""
    seen: list[Amounts] = []

    async def run(amounts: Amounts, *, told: Callable[[StageReport], None], **_options: Any) -> SoakReport:
        seen.append(amounts)
        made = report("tasks 20 -> 21") if amounts.frames == 100 else report()
        told(made.stages[0])
        return made

    monkeypatch.setattr(soak, "run", run)
    return seen


def test_a_soak_is_full_where_nothing_is_said(tmp_path: Path, asked: list[Amounts]) -> None:
    shell = Shell(tmp_path)
    assert shell("bench", "soak") == 0
    assert asked == [Amounts(10_000_000, 10_000, 10_000, seeded=200, ccxt=100)]
    assert "2,000,000 in 80 s, 25,000/s" in shell.out
    assert "LIVE 99.99%; gaps 0" in shell.out
    assert "+12.2 ± 3.5 KiB per 1,000,000 frames (at most 256.0)" in shell.out
    assert "soaked for 81 s: flat" in shell.out


def test_what_is_not_flat_is_told_and_is_an_error(tmp_path: Path, asked: list[Amounts]) -> None:
    shell = Shell(tmp_path)
    assert shell("bench", "soak", "--frames", "100", "--reconnects", "20", "--cycles", "20", "--jsonl") == 1
    assert asked == [Amounts(100, 20, 20, seeded=0, ccxt=0)]
    line = json.loads(shell.out)
    assert (line["schema"], line["bench"], line["flat"]) == ("arb.bench/1", "soak", False)
    assert line["stages"][0]["wrong"] == ["tasks 20 -> 21"]


def test_connections_are_lost_in_a_soak_only(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell("bench", "decode", "--reconnects", "20") == 2
    assert "use it with 'soak'" in shell.err
