"""When an episode opens, speaks up, stays quiet and closes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.domain import OppEvent, Reason
from tests.arb.scanner.world import MS, A, B, World

pytestmark = pytest.mark.usefixtures("form")


def names(world):
    return [(e.id, e.event.name) for e in world.events]


def test_an_episode_opens_changes_and_closes_under_one_id():
    world = World()
    world.gap(bid=103.0)
    world.wait(30)
    world.gap(bid=104.0)
    world.wait(20)
    world.gap(bid=100.0)
    assert names(world) == [("x000001", "OPEN"), ("x000001", "UPDATE"), ("x000001", "CLOSE")]
    assert [e.life_ns for e in world.events] == [0, 30 * MS, 50 * MS]


def test_the_next_one_gets_the_next_id():
    world = World()
    for bid in (103.0, 100.0, 103.0):
        world.gap(bid=bid)
    assert names(world) == [("x000001", "OPEN"), ("x000001", "CLOSE"), ("x000002", "OPEN")]


def test_a_close_carries_the_last_figures_and_why():
    world = World()
    world.gap(bid=103.0)
    (updated,) = world.gap(bid=104.0)
    (closed,) = world.gap(bid=100.0)
    assert closed.reason is Reason.NO_GROSS_EDGE
    assert (closed.size, closed.net_bps, closed.profit) == (updated.size, updated.net_bps, updated.profit)
    assert (closed.buy.limit, closed.sell.limit) == (Decimal(100), Decimal(104))


@pytest.mark.parametrize(
    ("change", "spoken"),
    [
        pytest.param(lambda w: w.gap(), 0, id="the same books again: quiet"),
        pytest.param(lambda w: w.gap(bid=103.0, qty=1.0), 0, id="newer, but alike: quiet"),
        pytest.param(lambda w: w.hear(B, 103.0, 200.0), 0, id="the far side of a book moved: quiet"),
        pytest.param(lambda w: w.hear(B, 103.01, 104.0), 1, id="a price moved"),
        pytest.param(lambda w: w.hear(B, 103.0, 104.0, qty=0.5), 1, id="there is less of it"),
        pytest.param(lambda w: w.hear(B, 103.0, 104.0, more=1), 0, id="a level behind that does not pay: still no end"),
    ],
)
def test_only_material_changes_are_told(change, spoken):
    world = World()
    world.gap(bid=103.0, ask=100.0)
    world.wait(10)
    change(world)
    world.decide()
    assert len(world.events) == 1 + spoken


def test_what_was_told_last_is_what_a_change_is_measured_against():
    world = World()
    for bid in (103.0, 104.0, 104.0):
        world.gap(bid=bid)
    assert names(world) == [("x000001", "OPEN"), ("x000001", "UPDATE")]


@pytest.mark.parametrize(
    ("bid", "spoken"),
    [
        pytest.param(103.05, 0, id="less than the smallest change asked for"),
        pytest.param(103.2, 1, id="more than it"),
        pytest.param(102.8, 1, id="in either direction"),
    ],
)
def test_small_moves_can_be_silenced(bid, spoken):
    world = World(min_update_bps=Decimal(10))
    world.gap(bid=103.0)
    world.gap(bid=bid)
    assert len(world.events) == 1 + spoken


def test_silenced_moves_add_up():
    world = World(min_update_bps=Decimal(10))
    for bid in (103.0, 103.06, 103.12):
        world.gap(bid=bid)
    assert names(world) == [("x000001", "OPEN"), ("x000001", "UPDATE")]


def test_a_silenced_reason_is_told_all_the_same():
    world = World(min_update_bps=Decimal(1000), max_price_ratio=1.05)
    world.gap(bid=103.0)
    (event,) = world.gap(bid=107.0)
    assert event.reason is Reason.PRICE_RATIO


def test_times_are_those_of_the_decision_and_of_the_newer_book():
    world = World()
    world.hear(A, 99.0, 100.0)
    world.wait(40)
    world.hear(B, 103.0, 104.0)
    heard_ns = world.now_ns
    world.wait(2)
    (found,) = world.decide()
    assert (found.recv_ns, found.decided_ns, found.wall_ns) == (heard_ns, heard_ns + 2 * MS, 7_000_042 * MS)
    assert (found.buy.age_ns, found.sell.age_ns) == (42 * MS, 2 * MS)
    assert (found.buy.seq, found.sell.seq) == (1, 2)


def test_rejected_gaps_are_shown_on_request():
    world = World(show_rejected=True)
    (shown,) = world.gap(bid=100.1)
    assert (shown.event, shown.reason) == (OppEvent.OPEN, Reason.NO_NET_EDGE)
    assert (shown.size, shown.net_bps, shown.profit, shown.buy.limit, shown.sell.vwap) == (None,) * 5
    (better,) = world.gap(bid=103.0)
    assert (better.event, better.reason) == (OppEvent.UPDATE, Reason.OK)
    assert better.size == Decimal(1)
    (gone,) = world.gap(bid=100.0)
    assert (gone.event, gone.reason) == (OppEvent.CLOSE, Reason.NO_GROSS_EDGE)


def test_a_rejected_gap_below_the_edge_asked_for_shows_its_figures():
    (shown,) = World(show_rejected=True, min_edge_bps=Decimal(1000)).gap()
    assert shown.reason is Reason.BELOW_MIN_EDGE
    assert shown.net_bps == Decimal("279.4206")


def test_rejected_pairs_without_a_gap_are_not_shown():
    assert World(show_rejected=True).gap(bid=100.0) == []
