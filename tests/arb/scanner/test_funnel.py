"""Counting how far pairs get."""

from __future__ import annotations

from itertools import pairwise

import pytest

from arb.domain import Reason
from arb.scanner.funnel import REACHED, Funnel, Stage


def rows(funnel):
    return {label: (now, ever) for label, now, ever in funnel.rows()}


def test_every_reason_has_its_stage():
    assert set(REACHED) == set(Reason)


def test_stages_are_told_in_order():
    assert [label for label, _, _ in Funnel().rows()] == [
        "listed", "tradable", "identified", "transferable", "fresh", "gross > 0", "net > 0", "size ≥ minimum",
        "edge ≥ asked", "OK",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "fresh", "net", "edge", "ok"),
    [
        pytest.param([Reason.BOOK_SYNCING], (0, 0), (0, 0), (0, 0), (0, 0), id="books not there yet"),
        pytest.param([Reason.BOOK_SYNCING, Reason.OK], (1, 1), (1, 1), (1, 1), (1, 1), id="all the way"),
        pytest.param([Reason.OK, Reason.NO_NET_EDGE], (1, 1), (0, 1), (0, 1), (0, 1), id="fallen back: only ever"),
        pytest.param([Reason.NO_SIZE, Reason.BOOK_DOWN], (0, 1), (0, 1), (0, 0), (0, 0), id="never got to the end"),
        pytest.param([Reason.UNKNOWN], (1, 1), (1, 1), (1, 1), (0, 0), id="executable but unknown is not OK"),
        pytest.param([Reason.BELOW_MIN_EDGE], (1, 1), (1, 1), (0, 0), (0, 0), id="below the edge asked for"),
        pytest.param(
            [Reason.OK, Reason.BOOK_GAP, Reason.NO_GROSS_EDGE, Reason.OK],
            (1, 1),
            (1, 1),
            (1, 1),
            (1, 1),
            id="there again",
        ),
    ],
)
def test_path(path, fresh, net, edge, ok):
    funnel = Funnel()
    furthest = funnel.enter(path[0])
    for old, new in pairwise(path):
        furthest = funnel.move(old, new, furthest)
    assert [rows(funnel)[label] for label in ("fresh", "net > 0", "edge ≥ asked", "OK")] == [fresh, net, edge, ok]
    assert furthest == max(REACHED[reason] for reason in path)
    assert funnel.reasons() == ((path[-1], 1),)


def test_pairs_are_added_up():
    funnel = Funnel()
    assert funnel.enter(Reason.NOT_TRADABLE) is Stage.LISTED
    funnel.enter(Reason.OK)
    funnel.enter(Reason.OK)
    assert rows(funnel)["listed"] == (3, 3)
    assert rows(funnel)["tradable"] == (2, 2)
    assert funnel.reasons() == ((Reason.OK, 2), (Reason.NOT_TRADABLE, 1))
