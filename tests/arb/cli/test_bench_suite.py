"""`arb bench all` and its single benches from the command line: lines, JSON, the page and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from arb import core
from arb.bench import budgets, suite
from arb.bench.budgets import Budget
from tests.arb.cli.fakes import Shell


class Said(msgspec.Struct):
    ratios: dict[str, float]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    async def wire(_options: suite.Options) -> suite.Told:
        return Said({"fast": 0.4}), ["the wire is fast"]

    monkeypatch.setattr(suite, "BENCHES", {"wire": wire})
    monkeypatch.setattr(core, "NAME", "pure")
    return Shell(tmp_path)


@pytest.mark.parametrize(
    ("limit", "code", "word"), [(0.5, 0, "MET"), (0.3, 1, "MISSED")], ids=["all are met", "one is missed"]
)
def test_the_exit_code_says_whether_all_are_met(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, limit: float, code: int, word: str
) -> None:
    monkeypatch.setattr(budgets, "BUDGETS", (Budget("fast", "ours to theirs", "wire", limit, None, ()),))
    assert shell("bench", "all") == code
    assert "the wire is fast" in shell.out
    assert f"{word:6} pure     fast" in shell.out


def test_json_has_a_line_a_bench_and_one_of_budgets(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BUDGETS", (Budget("fast", "ours to theirs", "wire", 0.5, None, ()),))
    assert shell("bench", "all", "--jsonl") == 0
    bench, last = map(json.loads, shell.out.splitlines())
    assert (bench["schema"], bench["bench"], bench["ratios"]) == ("arb.bench/1", "wire", {"fast": 0.4})
    assert last["budgets"] == [
        {
            "core": "pure",
            "key": "fast",
            "text": "ours to theirs",
            "bench": "wire",
            "limit": 0.5,
            "ratio": 0.4,
            "met": True,
        }
    ]


def test_the_page_goes_where_it_is_asked_for(shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "bench.html"
    shell("bench", "all", "--html", str(page))
    assert "the wire is fast" in page.read_text()
    assert shell("bench", "all", "--html", str(tmp_path / "nowhere" / "bench.html")) == 4
    assert "cannot be written" in shell.err


def test_one_bench_alone(shell: Shell) -> None:
    assert shell("bench", "wire", "--rounds", "1") == 0
    assert shell.out == "the wire is fast\n"


def test_a_page_is_made_of_everything_only(shell: Shell) -> None:
    assert shell("bench", "wire", "--html", "page.html") == 2
    assert "use it with 'all'" in shell.err
