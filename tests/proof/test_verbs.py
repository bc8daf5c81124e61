"""`arb cancel-all` and `arb flatten` at a running engine: ours only, and all of it."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from arb.clock import SystemClock
from arb.control import FLATTEN, HALT
from arb.domain import (
    ClientId,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Order,
    OrderSent,
    OrderType,
    Purpose,
    RiskState,
    Side,
    Symbol,
    VenueId,
)
from arb.journal import Records, SqliteJournal
from arb.sim import FaultPlan, FaultRule
from arb.sim.market import text
from arb.status import EngineStatus
from tests.arb.sim.trading import mexc
from tests.plans import a_plan
from tests.proof.live.account import account
from tests.proof.live.books import check_books, sent_while_halted
from tests.proof.live.stage import Stage, staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
CYCLE = CycleId("00000000aa1")
OURS, THEIRS = ClientId(f"arb-{CYCLE}-1"), "a-persons-own"
GATE_REFUSES = FaultPlan(
    (FaultRule(kind="rate_limit", venue="gateio", topic="order_place", probability=0.5, retry_after_s=1),)
)
SMALL, STUCK = Decimal(5), Decimal(20)  # USDT: Gate takes no order below 3


async def test_cancel_all_cancels_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    async with staged(tmp_path, seed=SEED) as stage, account(stage.sim) as person:
        stage.passed()
        book = stage.sim.market.books("mexc")["XRP/USDT"]
        price = text(-book.bids[0] * 9 // 10, book.listing.price_decimals)  # a bid below all others
        for name in (OURS, THEIRS):
            status, told = await mexc(
                person, "POST", "order", symbol="XRPUSDT", side="BUY", type="LIMIT", quantity="10", price=price,
                newClientOrderId=name,
            )  # fmt: skip
            assert status == 200, told
        _left_by_an_earlier_run(stage.journal, Decimal(price))
        assert _standing(stage) == {OURS: "open", THEIRS: "open"}

        engine = await stage.run("--symbols", "*/USDT")
        await stage.status(engine, lambda status: status.cycles_open)
        done = await stage.arb("cancel-all")
        assert done.code == 0, done
        assert OURS in done.out
        assert THEIRS not in done.out
        await stage.traded(engine, 2)
        again = await stage.arb("cancel-all")
        assert again.code == 0, again
        standing = _standing(stage)
        assert (standing[OURS], standing[THEIRS]) == ("cancelled", "open")
        assert (await engine.interrupted()).code == 130
        with closing(Records(stage.journal)) as records:
            ended = records.closed(CYCLE)
            assert ended is not None
            assert (ended.end, ended.deltas) == (CycleEnd.FLAT, ())


def _left_by_an_earlier_run(path: Path, price: Decimal) -> None:
    clock = SystemClock()
    order = Order(VenueId("mexc"), Symbol("XRP/USDT"), Side.BUY, OrderType.LIMIT, Decimal(10), price, OURS)
    journal = SqliteJournal(path, clock, mode="live", run="earlier")
    journal.ahead(CycleOpened(CYCLE, a_plan("XRP/USDT"), (order,), clock.mono_ns(), clock.wall_ns()))
    journal.close()


def _standing(stage: Stage) -> dict[str, str]:
    return {facts.client_id: facts.status for facts in stage.sim.ledger("mexc").orders.values()}


async def test_flatten_takes_back_what_cycles_have_left_while_halted_too(tmp_path: Path) -> None:
    async with staged(tmp_path, seed=SEED, faults=GATE_REFUSES, unwind="[]") as stage:
        stage.passed()
        engine = await stage.run()
        await stage.status(engine, lambda status: naked(status) > STUCK)
        assert (await stage.ask(HALT, why="legs stand alone")).after is RiskState.HALTED
        await stage.status(engine, lambda status: not status.cycles_open)
        done = await stage.arb("flatten")
        assert done.code == 0, done
        for _ in range(20):  # half of what goes to Gate is refused
            status = await stage.status(engine, lambda status: not status.cycles_open)
            if naked(status) < SMALL:
                break
            await stage.ask(FLATTEN)
        assert naked(status) < SMALL
        assert (await engine.interrupted()).code == 8, "cycles were reported in this run"
        with closing(Records(stage.journal)) as records:
            assert CycleEnd.REPORTED in {closed.end for closed in records.facts(CycleClosed)}
            assert {sent.purpose for sent in records.facts(OrderSent)} == {Purpose.FLATTEN}
        assert sent_while_halted(stage.journal) == []
        check_books(stage.journal, stage.sim, stage.arrivals)


def naked(status: EngineStatus) -> Decimal:
    """What the largest net exposure to one coin is worth, USDT."""
    by_coin: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in status.exposure:
        if row.value is not None and row.coin != "USDT":
            by_coin[row.coin] += row.value
    return max(map(abs, by_coin.values()), default=Decimal(0))
