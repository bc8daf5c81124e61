"""The table's own rules: a row that promises nothing, or breaks a promise, does not hold."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.chaos.rows import Row, table

GOOD = Row(
    fault="drop", where="network", injected=3, detected_ms=20.0, detect_limit_ms=100.0, recovered_ms=80.0,
    recover_limit_ms=500.0, false_opportunities=0, ledger="0",
)  # fmt: skip


def test_a_row_within_its_limits_holds() -> None:
    assert GOOD.holds
    assert "DOES NOT HOLD" not in list(table([GOOD]))[1]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"injected": 0}, id="nothing was injected"),
        pytest.param({"detected_ms": 101.0}, id="detected too late"),
        pytest.param({"detected_ms": None}, id="never detected"),
        pytest.param({"recovered_ms": 501.0}, id="recovered too late"),
        pytest.param({"recovered_ms": None}, id="never recovered"),
        pytest.param({"false_opportunities": 1}, id="a false opportunity"),
        pytest.param({"ledger": "0.01 USDT"}, id="money moved that nobody accounts for"),
    ],
)
def test_a_broken_promise_shows(change: dict[str, object]) -> None:
    broken = replace(GOOD, **change)
    assert not broken.holds
    assert "DOES NOT HOLD" in list(table([broken]))[1]
