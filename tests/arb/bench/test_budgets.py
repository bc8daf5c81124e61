"""Budgets as data, and what counts as meeting one."""

from __future__ import annotations

import pytest

from arb.bench.budgets import BUDGETS, Budget, judge
from arb.bench.suite import BENCHES, verdict_line

ONE = Budget("speed", "ours to theirs", "wire", 1 / 5, None)
NONE_IN_PARTICULAR = Budget("warm", "warm to cold", "start", 0.5, 0.4, ())


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        pytest.param({"speed mexc": 0.2, "speed gateio": 0.1}, ["MET", "MET"], id="at the limit is met"),
        pytest.param({"speed mexc": 0.21, "speed gateio": 0.1}, ["MISSED", "MET"], id="each venue for itself"),
        pytest.param({"speed gateio": 0.1}, ["MISSED", "MET"], id="what was not measured is missed"),
    ],
)
def test_verdicts(ratios: dict[str, float], words: list[str]) -> None:
    assert [verdict.word for verdict in judge(ratios, "pure", [ONE])] == words


def test_a_budget_about_no_venue_has_one_verdict_at_the_limit_of_its_core() -> None:
    ratios = {"warm": 0.45}
    pure, compiled = (next(judge(ratios, core, [NONE_IN_PARTICULAR])) for core in ("pure", "compiled"))
    assert (pure.key, pure.limit, pure.met) == ("warm", 0.5, True)
    assert (compiled.limit, compiled.met) == (0.4, False)


def test_what_is_not_promised_for_a_core_is_not_judged() -> None:
    assert list(judge({}, "compiled", [ONE])) == []


def test_a_line_tells_the_word_the_ratio_and_the_limit() -> None:
    mexc, gateio = judge({"speed mexc": 0.123}, "pure", [ONE])
    assert verdict_line(mexc).split()[:6] == ["MET", "pure", "speed", "mexc", "0.123", "<="]
    assert "not measured" in verdict_line(gateio)


def test_every_budget_has_a_bench_and_a_key_of_its_own() -> None:
    keys = [key for budget in BUDGETS for key in budget.keys]
    assert len(set(keys)) == len(keys)
    assert {budget.bench for budget in BUDGETS} <= set(BENCHES)
