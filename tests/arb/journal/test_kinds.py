"""Every fact of an order's life can be journalled and comes back as it was, to the last digit."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from arb.domain import Fact, execution, private
from arb.errors import JournalError
from arb.journal import Records, SqliteJournal
from arb.journal.kinds import KINDS, body_of, fact_of, name_of_kind
from tests.arb.journal.facts import one_of_each

FACTS = tuple(one_of_each())


def test_every_fact_of_execution_and_of_the_private_side_is_kept() -> None:
    defined = {
        kind
        for module in (execution, private)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Fact) and kind.__module__ == module.__name__
    }
    assert defined
    assert defined <= set(KINDS)


def test_the_table_of_facts_misses_no_kind() -> None:
    assert {type(fact) for fact in FACTS} == set(KINDS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_comes_back_exactly(fact: Fact) -> None:
    back = fact_of(name_of_kind(type(fact)), body_of(fact), "here")
    assert back == fact
    assert repr(back) == repr(fact)  # equal Decimals may differ in their digits: 0.10 and 0.1


def test_all_of_them_through_the_file(journal: SqliteJournal, records: Callable[[], Records]) -> None:
    for fact in FACTS:
        journal.note(fact)
    journal.flush()
    back = [record.fact for record in records().records(KINDS)]
    assert list(map(repr, back)) == list(map(repr, FACTS))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("Fill", "{", id="no JSON"),
        pytest.param("Fill", '{"venue": "mexc"}', id="fields are missing"),
        pytest.param("Wish", "{}", id="a kind nobody knows"),
    ],
)
def test_a_damaged_row_is_named(kind: str, body: str) -> None:
    with pytest.raises(JournalError, match=rf"j.sqlite: record 7 cannot be read as {kind}: ") as caught:
        fact_of(kind, body, "j.sqlite: record 7")
    assert "\n" not in str(caught.value)
