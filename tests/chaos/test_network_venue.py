"""The network's and the venues' part of the matrix: each fault shows, is lived through, brings out nothing false."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.matrix import MATRIX, Nothing
from tests.chaos.rows import Row
from tests.chaos.running import row_of

CASES = [pytest.param(name, True, id=f"{name}, in a small world") for name, fault in MATRIX.items() if fault.short] + [
    pytest.param(name, False, id=name, marks=pytest.mark.prove) for name in MATRIX
]


@pytest.mark.parametrize(("name", "small"), CASES)
def test_a_fault_shows_in_time_and_is_lived_through(
    name: str, small: bool, tmp_path: Path, told: Callable[[Row], None]
) -> None:
    fault = MATRIX[name]
    row, why = row_of(name, fault, tmp_path, small=small)
    print(why)
    told(row)
    if isinstance(fault.sign, Nothing):
        assert row.detected_ms == 0.0
