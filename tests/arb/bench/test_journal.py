"""The benchmark times every path on real files and says where and how often."""

from __future__ import annotations

import json
from pathlib import Path

from arb.bench import journal, journal_lines
from tests.arb.cli.fakes import Shell


def test_one_run_prints_every_path_and_the_machine(tmp_path: Path) -> None:
    report = journal(tmp_path, cycles=80, rounds=2)
    names = [cost.name for cost in report.costs]
    assert names == [
        "the journal (synchronous=NORMAL)",
        "the same with synchronous=FULL",
        "a plain file, fsync for each",
        "during checkpoints",
    ]
    for cost in report.costs:
        assert 0 < cost.p50_us <= cost.p99_us <= cost.most_us
    assert report.note_us > 0
    assert report.folder == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
    text = "\n".join(journal_lines(report))
    assert "CPython" in text
    assert all(name in text for name in names)


def test_from_the_command_line(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell("bench", "journal", "--cycles", "20", "--rounds", "1", "--jsonl") == 0
    line = json.loads(shell.out)
    assert (line["schema"], line["cycles"], line["rounds"]) == ("arb.bench/1", 20, 1)
    assert shell("bench", "luck") == 2
    assert "'luck' cannot be measured; use all, decode, wire" in shell.err
