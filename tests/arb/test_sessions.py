"""Recorded sessions replay to the exact book, held against a builder that shares nothing with ours."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb import app
from arb.config import Settings
from arb.domain import BookState
from tests.reference import build


class Shots:
    """A BookView that keeps everything."""

    def __init__(self):
        self.shots = []
        self.summary = None

    def book(self, shot):
        self.shots.append(shot)

    def finished(self, summary):
        self.summary = summary


@pytest.mark.parametrize(
    ("file", "venue", "gaps"),
    [
        pytest.param("GATEIO", "gateio", 0, id="gateio: recorded in 2021, five pairs"),
        pytest.param("MEXC_SYNTH", "mexc", 1, id="mexc: one push missing on purpose"),
    ],
)
def test_every_frame_gives_the_reference_book(shared, file, venue, gaps):
    path = shared / "data" / "books" / f"{file}.jsonl"
    expected = list(build(path, venue, 20))
    view = Shots()
    app.replay_books(Settings(), path, view=view, venue=venue, levels=20)
    assert len(expected) > 40
    assert [(s.frame, s.native, s.state is BookState.LIVE) for s in view.shots] == [
        (e.frame, e.native, e.live) for e in expected
    ]
    assert sum(not e.live for e in expected) == gaps
    for ours, theirs in zip(view.shots, expected, strict=True):
        if theirs.live:
            assert ours.seq == theirs.seq
        assert [(Decimal(repr(p)), Decimal(repr(q))) for p, q in ours.bids] == theirs.bids
        assert [(Decimal(repr(p)), Decimal(repr(q))) for p, q in ours.asks] == theirs.asks


@pytest.mark.parametrize(("file", "venue"), [("GATEIO", "gateio"), ("MEXC_SYNTH", "mexc")])
def test_venue_is_known_from_the_hosts_it_talked_to(shared, file, venue):
    view = Shots()
    app.replay_books(Settings(), shared / "data" / "books" / f"{file}.jsonl", view=view, venue=None, levels=1)
    assert {shot.venue for shot in view.shots} == {venue}
