"""Recorded sessions replay to the exact book, held against a builder that shares nothing with ours."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from arb import app
from arb.config import Settings
from arb.domain import BookState
from arb.errors import TapeError
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


def test_a_connection_that_closes_ends_the_books_it_carried(shared, tmp_path):
    path = tmp_path / "s.jsonl"
    recorded = (shared / "data" / "books" / "GATEIO.jsonl").read_text()
    url = "wss://api.gateio.ws/ws/v4/"
    path.write_text(recorded + json.dumps({"t": 1619093563.9, "dir": "close", "conn": "ws1", "url": url}) + "\n")
    view = Shots()
    app.replay_books(Settings(), path, view=view, venue=None, levels=5)
    ended = [shot for shot in view.shots if shot.state is BookState.DOWN]
    assert len({shot.symbol for shot in ended}) == len(ended) == 5
    assert {shot.frame for shot in ended} == {len(recorded.splitlines())}
    assert {(shot.bids, shot.asks) for shot in ended} == {((), ())}


def test_counters_of_a_replay_are_those_of_its_frames(shared):
    view = Shots()
    path = shared / "data" / "books" / "MEXC_SYNTH.jsonl"
    summary = app.replay_books(Settings(), path, view=view, venue="mexc", levels=1)
    (venue,) = summary.status.venues
    assert (venue.messages, venue.gaps, venue.decode_errors) == (1854, 1, 0)


def test_another_venues_session_is_an_error(shared):
    with pytest.raises(TapeError, match="130 frames could not be read as mexc's"):
        app.replay_books(Settings(), shared / "data" / "books" / "GATEIO.jsonl", view=Shots(), venue="mexc", levels=1)
