"""Scans of the simulated exchanges against an independent oracle: nothing false, nothing missed, figure by figure.

A run holds every OPEN and UPDATE against the oracle at that very place in the order of what was received (size, profit,
bps, limits, vwaps, break-even, fees, sequences, ages, status), every CLOSE against there being nothing any more, and
after each decision the open episodes against all gaps there are. On top of that the gaps that were planted are looked
for by the simulation's own word.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from arb.domain import BookState
from tests.proof.ran import Plan, Ran
from tests.proof.running import scanned

FAST_MS, SLOW_MS = 50, 250  # how long a gap must live on the 10 and 20 ms channels, and on slower ones
# A gap may be planted where nothing else happens for long: here a book may be as old as it likes.
AGELESS = {"max_age_ms": 600_000, "max_skew_ms": 600_000}
CCXT = {"fastpath": False}

MINUTE = Plan(depth="20", duration_s=60, scan=AGELESS, every=8)
SHORT = [
    pytest.param(Plan(depth="top", duration_s=8, every=4), FAST_MS, id="best prices only"),
    pytest.param(
        Plan(depth="top", duration_s=4, every=2, scan={"min_edge_bps": "5"}), FAST_MS, id="only edges of 5 bps"
    ),
    pytest.param(Plan(depth="5", duration_s=6, every=4), SLOW_MS, id="five levels"),
    pytest.param(Plan(depth="full", duration_s=8, every=8, scan=AGELESS), SLOW_MS, id="whole books"),
    pytest.param(Plan(duration_s=4, every=4, keys=False), FAST_MS, id="no keys: networks and account fees unknown"),
    pytest.param(
        Plan(duration_s=5, venues={"gateio": {"feed": "spot.order_book_update@20ms"}}, every=8),
        FAST_MS,
        id="Gate's deltas joined to REST books",
    ),
    pytest.param(
        Plan(duration_s=9, venues={"mexc": CCXT, "gateio": CCXT}, every=4), SLOW_MS, id="both venues through ccxt"
    ),
    pytest.param(Plan(duration_s=6, venues={"mexc": CCXT}, every=4), SLOW_MS, id="MEXC through ccxt, Gate native"),
]
LONG = [
    pytest.param(replace(MINUTE, depth="top", every=1, seed=2), FAST_MS, id="best prices only"),
    pytest.param(replace(MINUTE, every=1, seed=3), FAST_MS, id="twenty levels"),
    pytest.param(replace(MINUTE, depth="5", every=1, seed=4), SLOW_MS, id="five levels"),
    pytest.param(replace(MINUTE, depth="full", every=1, seed=5), SLOW_MS, id="whole books"),
    pytest.param(replace(MINUTE, scan={}, every=1, seed=6), FAST_MS, id="twenty levels at the usual ages"),
    pytest.param(
        replace(MINUTE, venues={"mexc": CCXT, "gateio": CCXT}, every=1, seed=7), SLOW_MS, id="both venues through ccxt"
    ),
    pytest.param(replace(MINUTE, symbols=200, every=8, seed=8), FAST_MS, id="200 symbols"),
]


def check(ran: Ran, least_ms: float) -> None:
    witness, told = ran.witness, ran.told()
    assert not witness.wrong, told
    assert not witness.missed, told
    assert not ran.undelivered(), told
    assert witness.counts["distrusted"] == 0, told
    late = sum(book.late for book in witness.oracle.books.values())  # seeds may be older than what the stream told
    venues = ran.summary.status.venues
    assert sum(status.decode_errors + status.rest_errors for status in venues) == 0, told
    beyond = sum(book.beyond for book in witness.oracle.books.values())
    assert sum(status.gaps for status in venues) == beyond, told  # nothing else was missing, to be noticed
    assert sum(status.resyncs for status in venues) == late + beyond, told
    assert {"OPEN", "CLOSE", "UPDATE"} <= witness.counts.keys(), told
    if ran.plan.scan is AGELESS:
        assert len(ran.gaps(least_ms)) > ran.plan.duration_s / 2, told
        assert not ran.unreported(least_ms), (told, ran.unreported(least_ms))


def test_a_minute_of_both_venues_holds_no_false_and_no_missing_opportunity(tmp_path: Path) -> None:
    ran = scanned(MINUTE, tmp_path)
    check(ran, FAST_MS)
    assert {book.state for book in ran.live.books} == {BookState.LIVE}, ran.told()
    statuses = Counter(seen.status for seen in ran.witness.seen)
    assert statuses.keys() >= {"OK", "NOT_TRADABLE", "IDENTITY_MISMATCH", "NO_COMMON_NETWORK"}, statuses
    assert statuses["OK"] > 500, statuses


@pytest.mark.parametrize(("plan", "least_ms"), SHORT)
def test_every_way_to_look_tells_the_truth(plan: Plan, least_ms: float, tmp_path: Path) -> None:
    ran = scanned(plan, tmp_path)
    check(ran, least_ms)
    if not plan.keys:
        assert {"OK"}.isdisjoint(seen.status for seen in ran.witness.seen), ran.told()


def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    plan = Plan(duration_s=3, symbols=12, gaps_hz=3)
    runs = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        runs.append(scanned(plan, tmp_path / name))
    one, other = ([(s.at_ns, s.route, s.ask, s.bid) for s in ran.witness.seen] for ran in runs)
    assert one == other
    assert one


@pytest.mark.prove
@pytest.mark.parametrize(("plan", "least_ms"), LONG)
def test_a_minute_of_every_way_to_look(plan: Plan, least_ms: float, tmp_path: Path) -> None:
    check(scanned(plan, tmp_path), least_ms)
