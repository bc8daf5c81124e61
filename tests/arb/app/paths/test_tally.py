"""What native got wrong since the last look, from counters that only ever grow, or begin anew."""

from __future__ import annotations

import pytest

from arb.app.paths.tally import Tally
from arb.app.paths.watch import Wrong
from arb.sync import BookSync
from tests.arb.app.paths.world import NATIVE, A, B, V

WINDOW = 10


def looked(*steps):
    """Each step: the time, and the counters as they are then: unreadable messages, holes and conflicts of two books."""
    tally = Tally(WINDOW)
    books = [BookSync(V, symbol, NATIVE, 0) for symbol in (A, B)]
    found = []
    for number, (now, errors, holes, conflicts) in enumerate(steps):
        for book, gaps, wrong in zip(books, holes, conflicts, strict=True):
            book.gaps, book.conflicts = gaps, wrong
        if number:
            found.append(tally.look({"decode_errors": errors}, books, None, now))
        else:
            tally.begin({"decode_errors": errors}, books, None)
    return found, tally.total


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        pytest.param([(0, 3, (2, 2), (1, 0)), (1, 3, (2, 2), (1, 0))], Wrong(), id="what was before is the past"),
        pytest.param([(0, 3, (0, 0), (0, 0)), (1, 5, (0, 0), (0, 1))], Wrong(2, 0, 1), id="what came since"),
        pytest.param([(0, 0, (0, 0), (0, 0)), (1, 0, (1, 1), (0, 0))], Wrong(gaps=2), id="one hole in every book"),
        pytest.param([(0, 0, (0, 0), (0, 0)), (1, 0, (3, 0), (0, 0))], Wrong(gaps=3, repeated=2), id="three in one"),
        pytest.param(
            [(0, 0, (0, 0), (0, 0)), (1, 0, (1, 0), (0, 0)), (10, 0, (2, 1), (0, 0))], Wrong(gaps=2, repeated=1),
            id="one that had one a moment ago",
        ),
        pytest.param(
            [(0, 0, (0, 0), (0, 0)), (1, 0, (1, 0), (0, 0)), (11, 0, (2, 0), (0, 0))], Wrong(gaps=1),
            id="one that had one long ago",
        ),
        pytest.param([(0, 9, (5, 0), (3, 0)), (1, 2, (0, 0), (0, 0))], Wrong(), id="counters that began anew"),
        pytest.param(
            [(0, 9, (5, 0), (3, 0)), (1, 2, (0, 0), (0, 0)), (2, 3, (1, 0), (1, 0))], Wrong(1, 1, 1),
            id="and go on from there",
        ),
    ],
)  # fmt: skip
def test_looks(steps, last):
    found, total = looked(*steps)
    assert found[-1] == last
    summed = Wrong()
    for each in found:
        summed = summed.plus(each)
    assert total == summed
