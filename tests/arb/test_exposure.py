"""The exposure ledger: what cycles leave behind adds up, to the last decimal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.domain import Coin, CycleId, ExposureMoved, VenueId
from arb.exposure import Exposure, Residuals

D = Decimal
A, B = VenueId("a"), VenueId("b")
BTC, USDT = Coin("BTC"), Coin("USDT")
ONE = CycleId("1")
WIDE = "12345678901234567890.12345678901234567891"


@pytest.mark.parametrize(
    ("moves", "held", "net"),
    [
        pytest.param([], {}, D(0), id="nothing is held at first"),
        pytest.param([(A, BTC, "0.1")], {(A, BTC): D("0.1")}, D("0.1"), id="one leg stands naked"),
        pytest.param(
            [(A, BTC, "0.1"), (B, BTC, "-0.1")], {(A, BTC): D("0.1"), (B, BTC): D("-0.1")}, D(0),
            id="bought here and sold there is covered, and still held",
        ),
        pytest.param([(A, BTC, "0.1"), (A, BTC, "-0.1")], {}, D(0), id="what nets to nothing is not there"),
        pytest.param([(A, BTC, "-0.3"), (A, BTC, "0.1")], {(A, BTC): D("-0.2")}, D("-0.2"), id="residuals net"),
        pytest.param([(A, BTC, WIDE), (A, BTC, "1E-20")], {(A, BTC): D(WIDE[:-1] + "2")}, D(WIDE[:-1] + "2"),
                     id="nothing is rounded"),
        pytest.param([(A, USDT, "-5")], {(A, USDT): D(-5)}, D(0), id="each coin is its own"),
    ],
)  # fmt: skip
def test_moves_add_up(moves, held, net):
    ledger = Exposure()
    for venue, coin, change in moves:
        ledger.move(ONE, venue, coin, D(change), 1)
    assert {(venue, coin): qty for venue, coin, qty in ledger} == held
    assert all(ledger.held(venue, coin) == qty for (venue, coin), qty in held.items())
    assert ledger.net(BTC) == net


def test_a_move_tells_what_is_held_after_it():
    ledger = Exposure()
    ledger.move(ONE, A, BTC, D("0.1"), 1)
    assert ledger.move(CycleId("2"), A, BTC, D("0.2"), 9) == ExposureMoved(CycleId("2"), A, BTC, D("0.2"), D("0.3"), 9)


def test_a_restart_takes_the_ledger_up_where_it_stood():
    before, after = Exposure(), Exposure()
    moves = [
        before.move(ONE, A, BTC, D("0.1"), 1),
        before.move(ONE, B, BTC, D("-0.3"), 1),
        before.move(ONE, A, BTC, D("-0.1"), 2),
        before.move(ONE, A, USDT, D("7"), 3),
    ]
    after.restore(moves)
    assert list(after) == list(before)
    assert (after.net(BTC), after.net(USDT)) == (D("-0.3"), D(7))


def test_a_ledger_can_be_moved_while_somebody_goes_through_it():
    ledger = Exposure()
    ledger.move(ONE, A, BTC, D(1), 1)
    ledger.move(ONE, B, BTC, D(1), 1)
    for venue, coin, qty in ledger:
        ledger.move(ONE, venue, coin, -qty, 2)
    assert not list(ledger)
    assert ledger.net(BTC) == 0


@pytest.mark.parametrize(
    ("moves", "residuals"),
    [
        pytest.param([(A, BTC, "1"), (B, BTC, "-1")], [], id="what another venue covers is at no risk"),
        pytest.param([(A, USDT, "70"), (B, USDT, "-50")], [], id="nor is the run's own money"),
        pytest.param([(A, BTC, "1"), (B, BTC, "-0.7")], [(A, BTC, "0.3")], id="only what is left uncovered"),
        pytest.param([(A, BTC, "-1"), (B, BTC, "0.7")], [(A, BTC, "-0.3")], id="or owed"),
        pytest.param(
            [(A, BTC, "0.2"), (B, BTC, "0.5"), (VenueId("c"), BTC, "-0.1")],
            [(B, BTC, "0.5"), (A, BTC, "0.1")],
            id="where most of it is held first",
        ),
    ],
)
def test_residuals(moves, residuals):
    ledger = Exposure()
    for venue, coin, change in moves:
        ledger.move(ONE, venue, coin, D(change), 1)
    assert list(Residuals(ledger, lambda: {USDT})) == [(venue, coin, D(qty)) for venue, coin, qty in residuals]
