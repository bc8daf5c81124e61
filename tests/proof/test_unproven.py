"""An order that can never be asked for by name: the running engine reads off the account what became of it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from arb.domain import OrderStatus, OrderUpdate
from arb.journal import Records
from arb.sim import FaultPlan, FaultRule
from tests.proof.live.books import check_books
from tests.proof.live.stage import staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
SILENT = FaultPlan(
    (
        FaultRule(kind="expired", venue="gateio", topic="GET /api/v4/spot/orders/", probability=1.0),
        FaultRule(kind="expired", venue="gateio", topic="order_status", probability=1.0),
        FaultRule(kind="drop", venue="gateio", topic="spot.orders", probability=1.0),
        FaultRule(kind="drop", venue="gateio", topic="spot.usertrades", probability=1.0),
    )
)


@pytest.mark.prove
@pytest.mark.timeout(240)
async def test_what_no_question_by_name_answers_is_proven_by_the_account(tmp_path: Path) -> None:
    async with staged(tmp_path, seed=SEED, faults=SILENT) as stage:
        stage.passed()
        engine = await stage.run("--max-cycles", "1")
        ended = await engine.ended(120.0)
        assert ended.code == 0, ended
        with closing(Records(stage.journal)) as records:
            told = [update for update in records.facts(OrderUpdate) if update.reason == "by its fills"]
            assert [(update.venue, update.status) for update in told] == [("gateio", OrderStatus.FILLED)]
        check_books(stage.journal, stage.sim, stage.arrivals)
