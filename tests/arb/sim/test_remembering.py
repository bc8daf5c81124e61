"""A simulation that runs for days forgets its oldest history; what is open stays, and sums stay right."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from arb.sim import FaultPlan
from arb.sim.faults import Injector
from arb.sim.ledger import Fill, Ledger, OrderFacts, to_atoms
from arb.sim.market.truth import PlantedGap, TruthLog
from arb.sim.orders import Tif
from tests.arb.sim.test_matching import VENUES, World

MOST = 10


def test_changes_that_are_forgotten_still_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.sim.ledger.MOST", MOST)
    ledger = Ledger({"USDT": "100", "BTC": "1"})
    for number in range(1, 95):
        ledger.change(number, "USDT" if number % 3 else "BTC", "match", -to_atoms("0.01"), to_atoms("0.005"), "o")
        assert len(ledger.entries) <= MOST
        ledger.check()
    assert [entry.number for entry in ledger.entries] == list(range(95 - len(ledger.entries), 95))
    assert ledger.changes_of("USDT") == 63
    assert ledger.total("USDT") == Decimal(100) - 63 * Decimal("0.005")
    ledger._free["USDT"] += 1
    with pytest.raises(AssertionError, match="do not add up"):
        ledger.check()


def test_of_orders_and_fills_the_oldest_go_and_what_is_open_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.sim.ledger.MOST", MOST)
    ledger, none = Ledger({"USDT": "1"}), Decimal(0)
    for number in range(50):
        status = "open" if number == 3 else "filled"
        ledger.note_order(OrderFacts(str(number), "", "A/B", True, none, none, none, none, "", status))
        ledger.note_fill(Fill(number, "A/B", str(number), "", "t", True, none, none, none, none, "", False, False))
    assert len(ledger.orders) <= MOST
    assert len(ledger.fills) <= MOST
    assert "3" in ledger.orders
    assert "49" in ledger.orders
    assert ledger.fills[-1].at_ns == 49


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_forgets_old_orders_gives_no_id_twice_and_keeps_what_is_open(
    venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arb.sim.matching.MOST", MOST)
    w = World(venue)
    resting = w.engine.place(w.ticket(buy=True, ticks=w.book.best_bid - 500, lots=10))
    seen = {resting.id}
    for _ in range(40):
        ticket = w.ticket(buy=True, ticks=w.book.best_bid - 500, lots=10, tif=Tif.IOC)
        order = w.engine.place(ticket._replace(client_id=f"t-{len(seen)}"))
        assert order.id not in seen
        seen.add(order.id)
        assert len(w.engine.orders) <= MOST
    assert w.engine.orders[resting.id] is resting
    assert w.engine.newest("t-40") is order
    assert w.engine.newest("t-1", open_only=True) is resting
    assert w.engine.newest("t-2") is None
    assert w.engine.accepted == 41


def test_the_file_has_every_gap_and_memory_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.sim.market.truth.MOST", MOST)
    log = TruthLog(tmp_path / "truth")
    for _ in range(35):
        number = log.added + 1
        log.add(PlantedGap(number, "gap", "A/B", "a", "b", "1", "2", 1, 1, "1", 0, 1, 0, 1, 0, 1))
    log.close()
    assert len(log.gaps) <= MOST
    assert log.gaps[-1].id == 35
    assert len((tmp_path / "truth").read_text().splitlines()) == 35


def test_of_faults_the_newest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.sim.faults.MOST_INJECTED", MOST)
    injector = Injector(FaultPlan(()), ("mexc",), Counter(), lambda: 0)
    for number in range(35):
        injector._note("drop", "mexc", str(number), "")
    assert len(injector.injected) <= MOST
    assert injector.injected[-1].symbol == "34"


def test_listen_keys_that_have_run_out_are_forgotten() -> None:
    w = World("mexc")
    users = w.venue.users
    for _ in range(5):
        users._make({})
        w.clock.advance(2 * int(w.venue.timers["listen_key_s"] * 1e9))
    assert len(users._keys) == 1
