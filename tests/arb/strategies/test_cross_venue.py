"""Which opportunities become intents, and with what quantities and caps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arb.domain import FeeCoin, Intent, OppEvent, Reason
from arb.strategies.cross_venue import CrossVenue
from tests.arb.scanner.world import SYMBOL, A, B, World, fee, statics


def found(**changes):
    known = replace(statics(), fees=(fee(A, buy_coin=FeeCoin.BASE, taker=Decimal("0.01")), fee(B)))
    (opportunity,) = World(known).gap(bid=110.0, ask=100.0, qty=2.0)
    return replace(opportunity, **changes)


def test_both_legs_are_capped_and_the_sale_is_of_what_arrives():
    opportunity = found()
    assert list(CrossVenue().on_opportunity(opportunity)) == [
        Intent(
            strategy="cross_venue",
            opportunity_id="x000001",
            symbol=SYMBOL,
            buy_venue=A,
            sell_venue=B,
            buy_qty=Decimal("2.0"),
            sell_qty=Decimal("1.9"),  # of 1.98
            buy_limit=Decimal("100"),
            sell_limit=Decimal("110"),
            expected_profit=opportunity.profit,
        )
    ]


@pytest.mark.parametrize(
    ("changes", "accept_unknown", "intents"),
    [
        pytest.param({"event": OppEvent.UPDATE}, False, 1, id="a change is acted on like an opening"),
        pytest.param({"event": OppEvent.CLOSE}, False, 0, id="what is over is not"),
        pytest.param({"reason": Reason.UNKNOWN}, False, 0, id="what is unknown is not"),
        pytest.param({"reason": Reason.UNKNOWN}, True, 1, id="unless that is accepted"),
        pytest.param({"reason": Reason.IDENTITY_MISMATCH}, True, 0, id="what is refused never is"),
        pytest.param({"kind": "triangle"}, False, 0, id="another kind is another strategy's"),
        pytest.param({"size": None, "profit": None}, False, 0, id="nothing without figures"),
    ],
)
def test_what_is_acted_on(changes, accept_unknown, intents):
    strategy = CrossVenue(accept_unknown=accept_unknown)
    assert len(list(strategy.on_opportunity(found(**changes)))) == intents
