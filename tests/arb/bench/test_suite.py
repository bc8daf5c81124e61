"""All benches in one run: what is collected, judged, shown, and what a failing bench costs."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
import pytest

from arb import core
from arb.bench import suite
from arb.bench.budgets import Budget, Verdict
from arb.bench.page import WIDTH, budgets_svg, page
from arb.bench.suite import Options, suite_lines
from arb.errors import ArbError

FAST, SLOW = Budget("fast", "ours to theirs", "one", 0.5, None, ()), Budget("slow", "the same", "two", 0.5, None, ())
BUDGETS = (FAST, SLOW)
NOTHING = Options(modules=())


class Said(msgspec.Struct):
    ratios: dict[str, float]


def bench(ratios: dict[str, float], lines: Iterable[str] = ()):
    async def run(_options: Options) -> suite.Told:
        return Said(ratios), lines

    return run


@pytest.fixture
def benches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(core, "NAME", "pure")

    def use(**given):
        monkeypatch.setattr(suite, "BENCHES", given)

    return use


async def test_ratios_of_all_benches_are_judged_together(benches) -> None:
    benches(one=bench({"fast": 0.4}, ["one says <this>"]), two=bench({"slow": 0.6}))
    made = await suite.run(NOTHING, BUDGETS)
    assert [(v.key, v.word) for v in made.verdicts] == [("fast", "MET"), ("slow", "MISSED")]
    assert not made.met
    text = "\n".join(suite_lines(made))
    assert "one says <this>" in text
    assert "1 of 2 budgets met" in text


async def test_a_bench_that_fails_is_told_and_the_others_go_on(benches) -> None:
    async def failing(_options: Options) -> suite.Told:
        raise ArbError("no such luck")

    benches(one=failing, two=bench({"slow": 0.1}))
    made = await suite.run(NOTHING, [SLOW])
    assert [outcome.failed for outcome in made.outcomes] == ["ArbError: no such luck", ""]
    assert made.verdicts[0].met
    assert not made.met
    assert "failed: ArbError: no such luck" in "\n".join(suite_lines(made))


async def test_all_met_is_met(benches) -> None:
    benches(one=bench({"fast": 0.5}))
    made = await suite.run(NOTHING, [FAST])
    assert made.met


async def test_both_forms_are_held_to_what_each_promises(benches, monkeypatch: pytest.MonkeyPatch) -> None:
    class Both(msgspec.Struct):
        ratios: dict[str, float]
        pure: dict[str, float]

    async def both(_options: Options) -> suite.Told:
        return Both({"fast": 0.1, "same": 0.5}, {"fast": 0.6, "same": 9.0}), ()

    benches(one=both)
    monkeypatch.setattr(core, "NAME", "compiled")
    promised = Budget("fast", "ours to theirs", "one", 0.5, 0.2, ())
    made = await suite.run(NOTHING, [promised, Budget("same", "of no form", "one", 0.5, 0.5, (), formless=True)])
    assert [(v.core, v.key, v.ratio, v.word) for v in made.verdicts] == [
        ("compiled", "fast", 0.1, "MET"),
        ("compiled", "same", 0.5, "MET"),
        ("pure", "fast", 0.6, "MISSED"),
    ]


async def test_a_report_without_ratios_is_shown_all_the_same(benches) -> None:
    class Bare(msgspec.Struct):
        figure: int = 1

    async def bare(_options: Options) -> suite.Told:
        return Bare(), ["a figure"]

    benches(one=bare)
    outcome = await suite.one("one", NOTHING)
    assert (outcome.lines, dict(outcome.ratios)) == (("a figure",), {})


async def test_the_page_is_whole_in_itself_and_escapes_what_it_shows(benches) -> None:
    benches(one=bench({"fast": 0.25}, ["a < b"]))
    text = page(await suite.run(NOTHING, BUDGETS))
    assert text.count("<rect") == 1
    assert "MET 0.25 of 0.5" in text
    assert "MISSED: not measured" in text
    assert "a &lt; b" in text
    assert "http" not in text
    assert "<script" not in text


def test_a_bar_ends_where_the_scale_does() -> None:
    drawn = budgets_svg([Verdict("pure", "far", "", "one", 0.01, 1000.0)])
    bar = re.search(r'<rect x="([0-9.]+)" y="[0-9]+" width="([0-9.]+)"', drawn)
    assert bar is not None
    assert WIDTH / 2 < float(bar[1]) + float(bar[2]) < WIDTH
