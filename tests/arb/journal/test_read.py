"""What can be asked of a journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arb.clock import ManualClock
from arb.domain import (
    CycleClosed,
    CycleMoved,
    CycleState,
    ExposureMoved,
    Fill,
    OrderSent,
    OrderStatus,
    PrivateUp,
    Purpose,
    RiskState,
)
from arb.errors import JournalError
from arb.journal import Records, SqliteJournal
from tests.arb.journal.facts import (
    GATE,
    MEXC,
    WALL_NS,
    D,
    baseline,
    closed,
    cycle_id,
    fill,
    legs,
    opened,
    order,
    read,
    risk_moved,
    update,
)

Read = Callable[[], Records]
BUY, SELL = legs(1)
HEDGE = order("arb-1-3", GATE)


def test_no_journal_yet_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"there is no journal .*none.sqlite yet: 'arb run' begins one"):
        Records(tmp_path / "none.sqlite")


def test_a_cycle_is_open_until_it_is_closed(journal: SqliteJournal, records: Read) -> None:
    for number in (1, 2, 3):
        journal.ahead(opened(number))
    journal.note(closed(2))
    journal.flush()
    assert records().open_cycles() == (opened(1), opened(3))
    assert (records().opened(cycle_id(2)), records().closed(cycle_id(2))) == (opened(2), closed(2))
    assert (records().opened(cycle_id(9)), records().closed(cycle_id(1))) == (None, None)


def test_the_story_of_a_cycle_is_its_facts_and_its_orders_and_nobody_elses(
    journal: SqliteJournal, records: Read
) -> None:
    other, _ = legs(2)
    moved = CycleMoved(cycle_id(1), CycleState.SENT, CycleState.UNWINDING, "one leg", 5)
    sent = OrderSent(cycle_id(1), HEDGE, Purpose.HEDGE, 1, 6, WALL_NS)
    mine = [
        update(BUY, OrderStatus.FILLED, "0.01", "1"),
        fill(BUY, "t1", "0.01", "100"),
        fill(SELL, "t2", "0.004", "101", named=False),
        moved,
        update(SELL, OrderStatus.PARTIAL, "0.004", "0.404"),
        sent,
        fill(HEDGE, "t3", "0.006", "99"),
    ]
    journal.ahead(opened(1))
    journal.ahead(opened(2))
    for fact in (*mine[:2], fill(other, "t9", "1", "1"), *mine[2:5], PrivateUp(MEXC, 1)):
        journal.note(fact)
    journal.ahead(sent)
    journal.note(mine[6])
    journal.note(closed(1))
    journal.flush()
    found = [r.fact for r in records().story(cycle_id(1)) if type(r.fact).__name__ != "Committed"]
    assert found == [opened(1), *mine, closed(1)]
    assert records().events(cycle_id(1)) == tuple(f for f in mine if f not in (moved, sent))
    assert [(s.order, s.purpose, s.step) for s in records().orders(cycle=cycle_id(1))] == [
        (BUY, Purpose.ENTRY, 0),
        (SELL, Purpose.ENTRY, 0),
        (HEDGE, Purpose.HEDGE, 1),
    ]


def test_an_order_leads_to_its_cycle_and_a_nameless_fill_to_its_order(journal: SqliteJournal, records: Read) -> None:
    journal.ahead(opened(1))
    journal.note(update(SELL, OrderStatus.OPEN))
    journal.flush()
    found = records()
    assert (found.cycle_of(BUY.client_id), found.cycle_of(HEDGE.client_id)) == (cycle_id(1), None)
    assert found.owner_of(fill(SELL, "t1", "1", "1", named=False)) == SELL.client_id
    assert found.owner_of(fill(BUY, "t1", "1", "1", named=False)) is None  # no update has told its venue id
    assert found.owner_of(fill(HEDGE, "t1", "1", "1")) == HEDGE.client_id
    assert found.answers(SELL) == (update(SELL, OrderStatus.OPEN),)


def test_a_fill_counts_once_however_often_it_is_told(journal: SqliteJournal, records: Read) -> None:
    for trade_id in ("t1", "t2", "t1"):
        journal.note(fill(BUY, trade_id, "1", "1"))
    journal.note(fill(SELL, "t1", "1", "1"))  # another venue's t1
    journal.flush()
    assert [(f.venue, f.trade_id) for f in records().fills()] == [(MEXC, "t1"), (MEXC, "t2"), (GATE, "t1")]


def test_since_is_wall_time_and_after_is_a_record(journal: SqliteJournal, records: Read, clock: ManualClock) -> None:
    for number in (1, 2, 3):
        journal.note(closed(number, wall_ns=WALL_NS + number))
        journal.note(fill(BUY, f"t{number}", "1", "1", at_ns=clock.mono_ns()))
        clock.advance(10)
    journal.flush()
    found = records()
    assert [c.cycle for c in found.facts(CycleClosed, since_ns=WALL_NS + 2)] == [cycle_id(2), cycle_id(3)]
    assert [f.trade_id for f in found.fills(after=2)] == ["t2", "t3"]
    assert [f.trade_id for f in found.fills(since_ns=clock.wall_ns() - 10)] == ["t3"]
    assert len(list(found.records((CycleClosed, Fill)))) == 6


def test_the_last_ones(journal: SqliteJournal, records: Read) -> None:
    assert (records().balances(), records().last_risk(), records().last_sent_ns()) == ({}, None, 0)
    facts = (
        read(MEXC, USDT="1"),
        read(GATE, USDT="2"),
        read(MEXC, USDT="3"),
        baseline(MEXC, USDT="1"),
        baseline(MEXC, USDT="4"),
        risk_moved(RiskState.HALTED, "halt", wall_ns=WALL_NS),
        risk_moved(RiskState.ACTIVE, "resume", wall_ns=WALL_NS + 5),
    )
    for fact in facts:
        journal.note(fact)
    journal.flush()
    found = records()
    assert {venue: r.fact for venue, r in found.balances().items()} == {MEXC: facts[2], GATE: facts[1]}
    assert {venue: r.fact for venue, r in found.baselines().items()} == {MEXC: facts[4]}
    last, before = found.last_risk(), found.last_risk(before_ns=WALL_NS + 5)
    assert last is not None
    assert before is not None
    assert (last.fact, before.fact) == (facts[6], facts[5])


def test_of_each_exposure_the_last_move_counts(journal: SqliteJournal, records: Read) -> None:
    btc, usdt = (balance.coin for balance in read(BTC="1", USDT="1").balances)
    moves = [
        ExposureMoved(cycle_id(n), venue, coin, D(n), D(n), n)
        for n, (venue, coin) in enumerate([(MEXC, btc), (MEXC, usdt), (GATE, btc), (MEXC, btc)])
    ]
    for move in moves:
        journal.note(move)
    journal.flush()
    assert records().exposures() == tuple(moves[1:])


def test_the_last_order_ahead(journal: SqliteJournal, records: Read) -> None:
    journal.ahead(opened(1, wall_ns=WALL_NS))
    journal.ahead(OrderSent(cycle_id(1), HEDGE, Purpose.HEDGE, 1, 6, WALL_NS + 5))
    assert records().last_sent_ns() == WALL_NS + 5


def test_cycles_by_the_beginning_of_their_names(journal: SqliteJournal, records: Read) -> None:
    for number in (1, 12, 2):
        journal.ahead(opened(number))
    assert records().cycle_ids("c1") == (cycle_id(1), cycle_id(12))
    assert records().cycle_ids("%") == ()
