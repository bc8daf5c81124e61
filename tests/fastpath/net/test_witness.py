"""fastpath.net.witness: of every accepted order the stream must tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arb.domain import ClientId
from fastpath.net.witness import PATIENCE_S, Witness

ONE, TWO = ClientId("arb-1"), ClientId("arb-2")
LATE_NS = 7 + round(PATIENCE_S * 1e9)


def yes(w: Witness) -> None:
    w.answered(ONE, accepted=True, now_ns=7)


def no(w: Witness) -> None:
    w.answered(ONE, accepted=False, now_ns=7)


def told(w: Witness) -> None:
    w.told(ONE)


@pytest.mark.parametrize(
    ("steps", "overdue"),
    [
        pytest.param([], None, id="no answer yet"),
        pytest.param([yes], ONE, id="accepted, never told"),
        pytest.param([yes, told], None, id="accepted, then told"),
        pytest.param([told, yes], None, id="told before the answer"),
        pytest.param([no], None, id="refused"),
        pytest.param([yes, Witness.forget], None, id="the stream was lost meanwhile"),
    ],
)
def test_an_order(steps: list[Callable[[Witness], None]], overdue: ClientId | None) -> None:
    witness = Witness()
    witness.sent(ONE)
    witness.sent(TWO)
    for step in steps:
        step(witness)
    assert witness.overdue(LATE_NS) == overdue
    assert witness.overdue(LATE_NS - 1) is None


def test_an_answer_to_an_order_of_before_the_loss_is_nothing_to_wait_for() -> None:
    witness = Witness()
    witness.sent(ONE)
    witness.forget()
    yes(witness)
    assert witness.overdue(LATE_NS) is None
