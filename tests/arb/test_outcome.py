from __future__ import annotations

import pytest

from arb.domain import OrderStatus
from arb.errors import AuthFailed, OutcomeUnknown, ProtocolError, Rejected, Transient
from arb.interfaces import Call, Verb
from arb.outcome import failed, unplaced


@pytest.mark.parametrize(
    ("error", "status", "filled"),
    [
        pytest.param(Rejected("v", "no", "17"), OrderStatus.REJECTED, 0, id="refused"),
        pytest.param(Transient("v", "busy"), OrderStatus.REJECTED, 0, id="turned away"),
        pytest.param(AuthFailed("v", "key"), OrderStatus.REJECTED, 0, id="not let in"),
        pytest.param(OutcomeUnknown("v", "lost"), OrderStatus.UNKNOWN, None, id="no answer"),
        pytest.param(ProtocolError("v", "what?"), OrderStatus.UNKNOWN, None, id="no answer that we can read"),
    ],
)
def test_an_order_that_failed(error, status, filled):
    update = failed("v", "A/B", "id-1", error, 5)
    assert (update.status, update.filled_qty, update.filled_notional) == (status, filled, filled)
    assert (update.client_id, update.symbol, update.reason, update.recv_ns) == ("id-1", "A/B", error.message, 5)


@pytest.mark.parametrize("verb", list(Verb))
def test_only_a_call_that_placed_says_something_about_its_orders(verb):
    updates = unplaced("v", Call(verb, symbol="A/B", client_ids=("a", "b")), OutcomeUnknown("v", "lost"), 5)
    assert [update.client_id for update in updates] == (["a", "b"] if verb is Verb.PLACE else [])
