"""The same for orders: whatever a venue answers, our journal is the exchanges' ledgers, to the last unit of a coin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.money import MONEY
from tests.chaos.rows import Row
from tests.proof.money.reckoning import wrong
from tests.proof.money.running import Ran, ran

FEW, MANY = 10, 60
SEED = 20_261_127
CASES = [pytest.param(n, FEW, id=f"{n}, {FEW} cycles") for n, fault in MONEY.items() if fault.short] + [
    pytest.param(n, MANY, id=f"{n}, {MANY} cycles", marks=pytest.mark.prove) for n in MONEY
]


@pytest.mark.parametrize(("name", "cycles"), CASES)
def test_no_money_moves_that_nobody_accounts_for(
    name: str, cycles: int, tmp_path: Path, told: Callable[[Row], None]
) -> None:
    planned = MONEY[name]
    done = ran(SEED, planned.fault, cycles, tmp_path)
    differences = wrong(done.reckoned)
    print(differences, done.ends, done.legs, done.injected, done.refused)
    assert len(done.reckoned.written.closed) >= cycles
    assert done.unwritten == ()
    if not planned.fault.blurred:
        assert done.too_much == ()
    told(
        Row(
            fault=name,
            where=planned.where,
            injected=min(done.injected.get(kind, 0) for kind in planned.fault.kinds),
            detected_ms=None,
            detect_limit_ms=None,
            recovered_ms=None,
            recover_limit_ms=None,
            false_opportunities=0,
            ledger="0" if not differences else differences[0],
            note=f"{len(done.reckoned.written.closed)} cycles, {_ends(done)}; {planned.does}",
        )
    )


def _ends(done: Ran) -> str:
    return ", ".join(f"{count} {end.name.lower()}" for end, count in sorted(done.ends.items()))
