"""`arb risk drill`: what the app is asked, what is printed, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from arb.rows import DrillRow
from tests.arb.cli.fakes import Shell

GOOD = DrillRow("max_trade", "500", "too much", "refused by max_trade", "refused by max_trade", True)
BAD = DrillRow("max_coin", "1000", "too much", "refused by max_coin", "approved", False)


@pytest.fixture
def drilled(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The shell's app answers with this, and keeps what it was asked as its second."""
    given: list[Any] = [[GOOD], None]

    async def risk_drill(settings: Any, **asked: Any) -> Sequence[DrillRow]:
        given[1] = (settings, asked)
        return given[0]

    monkeypatch.setattr(shell.app, "risk_drill", risk_drill, raising=False)
    return given


def test_it_needs_no_file_and_prints_a_table(shell: Shell, drilled: list[Any]) -> None:
    assert shell("risk", "drill") == 0
    head, row = shell.out.splitlines()
    assert head.split("  ")[0] == "limit"
    assert row.split() == ["max_trade", "500", "too", "much", "refused", "by", "max_trade", "yes"]
    assert drilled[1][1]["seed"] == 1


def test_it_drills_the_limits_of_the_file(shell: Shell, drilled: list[Any]) -> None:
    file = shell.write("[risk]\nmax_trade = 12\n")
    assert shell("risk", "drill", "--config", str(file), "--seed", "7") == 0
    settings, asked = drilled[1]
    assert (settings.risk.max_trade, asked["seed"]) == (12, 7)


def test_a_limit_that_does_not_trip_is_told_and_is_exit_code_1(shell: Shell, drilled: list[Any]) -> None:
    drilled[0] = [GOOD, BAD]
    assert shell("risk", "drill") == 1
    assert shell.out.splitlines()[-1].endswith("approved              NO: refused by max_coin")


def test_json(shell: Shell, drilled: list[Any]) -> None:
    drilled[0] = [BAD]
    assert shell("risk", "drill", "--json") == 1
    told = json.loads(shell.out)
    assert (told["schema"], told["ok"]) == ("arb.drill/1", False)
    assert told["rows"] == [
        {
            "key": "max_coin", "setting": "1000", "scenario": "too much", "expected": "refused by max_coin",
            "got": "approved", "ok": False,
        }
    ]  # fmt: skip


def test_a_wrong_option_names_the_command(shell: Shell) -> None:
    assert shell("risk", "drill", "--loud") == 2
    assert "try 'arb risk drill --help'" in shell.err
