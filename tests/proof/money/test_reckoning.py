"""The proof can fail: whatever is changed in a run that adds up, it is noticed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arb.domain import ClientId, CycleEnd, Fact, Fill, Mismatch, VenueId
from arb.inventory import Inventory
from arb.journal import Records, SqliteJournal
from tests.proof.money.reckoning import Reckoned, wrong
from tests.proof.money.running import Ran, ran

SEED, CYCLES = 5, 20
LEAST = Decimal("1e-18")  # what the ledgers count in
MEXC = VenueId("mexc")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(SEED, "none", CYCLES, tmp_path_factory.mktemp("journal"))


def test_an_undisturbed_run_adds_up(done: Ran) -> None:
    assert wrong(done.reckoned) == []
    assert done.unwritten == ()
    assert done.too_much == ()


def written(run: Reckoned, **changes: Any) -> Reckoned:
    return run._replace(written=run.written._replace(**changes))


def known(run: Reckoned, **changes: Any) -> Reckoned:
    return run._replace(known={**run.known, MEXC: run.known[MEXC]._replace(**changes)})


def changed(facts: tuple[Any, ...], **changes: Any) -> tuple[Any, ...]:
    """The first one differs."""
    return (msgspec.structs.replace(facts[0], **changes), *facts[1:])


def fills(run: Reckoned, **changes: Any) -> Reckoned:
    return written(run, fills=changed(run.written.fills, **changes))


def closed(run: Reckoned, **changes: Any) -> Reckoned:
    return written(run, closed=changed(run.written.closed, **changes))


def more(run: Reckoned) -> Reckoned:
    """A cycle says one unit more than its trades."""
    place, cycle = next((n, each) for n, each in enumerate(run.written.closed) if each.deltas)
    deltas = changed(cycle.deltas, qty=cycle.deltas[0].qty + LEAST)
    cycles = list(run.written.closed)
    cycles[place] = msgspec.structs.replace(cycle, deltas=deltas)
    return written(run, closed=tuple(cycles))


def flat(run: Reckoned) -> Reckoned:
    """A cycle that moved a coin from venue to venue calls itself flat."""
    cycles = tuple(
        msgspec.structs.replace(each, end=CycleEnd.FLAT) if each.end is CycleEnd.HEDGED else each
        for each in run.written.closed
    )
    return written(run, closed=cycles)


def twice(run: Reckoned) -> Reckoned:
    orders = run.known[MEXC].orders
    return known(run, orders=(*orders, orders[0]._replace(order_id="another")))


def unwritten(run: Reckoned) -> Reckoned:
    """A cycle that traded and that the journal does not know."""
    gone = next(each for each in run.written.closed if each.deltas)
    opened = tuple(each for each in run.written.opened if each.cycle != gone.cycle)
    return written(run, opened=opened, closed=tuple(each for each in run.written.closed if each is not gone))


def owed(run: Reckoned) -> Reckoned:
    (key, qty), *rest = run.exposure.items()
    return run._replace(exposure={key: qty + LEAST, **dict(rest)})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(
            lambda r: written(r, fills=r.written.fills[1:]), "the journal does not have", id="a fill is missing"
        ),
        pytest.param(
            lambda r: written(r, fills=(*r.written.fills, r.written.fills[0])), "only the journal", id="a fill too many"
        ),
        pytest.param(lambda r: fills(r, fee=r.written.fills[0].fee + LEAST), "only the journal", id="another fee"),
        pytest.param(lambda r: fills(r, fee_coin="MX"), "only the journal", id="the fee in another coin"),
        pytest.param(lambda r: fills(r, trade_id="x"), "only the journal", id="another trade"),
        pytest.param(lambda r: known(r, trades=r.known[MEXC].trades[1:]), "only the journal", id="a trade is missing"),
        pytest.param(more, "by cycles", id="a cycle says more than its trades"),
        pytest.param(owed, "by the exposure ledger", id="the exposure ledger says more"),
        pytest.param(lambda r: written(r, closed=r.written.closed[1:]), "has 0 ends", id="a cycle has no end"),
        pytest.param(
            lambda r: written(r, closed=(*r.written.closed, r.written.closed[0])), "has 2 ends", id="a cycle has two"
        ),
        pytest.param(
            lambda r: closed(r, pnl=r.written.closed[0].pnl + LEAST), "says it earned", id="a cycle earned more"
        ),
        pytest.param(
            lambda r: closed(r, residual=r.written.closed[0].residual + LEAST), "is left", id="a cycle left more"
        ),
        pytest.param(flat, "ended FLAT", id="a cycle that is not flat"),
        pytest.param(lambda r: closed(r, end=CycleEnd.REPORTED), "ended REPORTED", id="nothing to report"),
        pytest.param(
            lambda r: r._replace(sent={**r.sent, ClientId("arb-x"): 2}), "sent 2 times", id="an order left twice"
        ),
        pytest.param(twice, "has 2 orders", id="an order is there twice"),
        pytest.param(unwritten, "an order that the journal has not", id="an order was not written down"),
        pytest.param(lambda r: known(r, locked={"USDT": LEAST}), "are locked", id="something is locked"),
        pytest.param(
            lambda r: known(r, orders=(r.known[MEXC].orders[0]._replace(status="open"), *r.known[MEXC].orders[1:])),
            "is open", id="an order rests",
        ),
        pytest.param(
            lambda r: known(r, total={**r.known[MEXC].total, "USDT": r.known[MEXC].total["USDT"] + LEAST}),
            "by the venue", id="money from nowhere",
        ),
        pytest.param(
            lambda r: written(r, mismatches=(Mismatch(MEXC, "order", "a", "b", 0),)), "theirs b", id="a mismatch"
        ),
    ],
)  # fmt: skip
def test_it_notices(change: Callable[[Reckoned], Reckoned], word: str, done: Ran) -> None:
    assert word in "\n".join(wrong(change(done.reckoned)))


def test_it_notices_an_order_that_leaves_before_it_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ahead(self: SqliteJournal, *facts: Fact) -> None:
        for fact in facts:
            self.note(fact)

    monkeypatch.setattr(SqliteJournal, "ahead", ahead)
    assert ran(SEED, "none", CYCLES, tmp_path).unwritten


def test_it_notices_money_that_is_not_set_aside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Inventory, "reserve", lambda *_args: None)
    assert ran(SEED, "the answer is lost", CYCLES, tmp_path).too_much


def test_it_notices_a_journal_that_forgets_a_fill(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read = Records.fills

    def all_but_one(self: Records, **asked: Any) -> list[Fill]:
        return list(read(self, **asked))[:-1]

    monkeypatch.setattr(Records, "fills", all_but_one)
    assert "the journal does not have" in "\n".join(wrong(ran(SEED, "none", CYCLES, tmp_path).reckoned))
