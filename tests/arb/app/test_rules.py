"""Static facts by market."""

from __future__ import annotations

from decimal import Decimal

from arb.app.rules import Rules
from arb.domain import Coin, FeeSchedule, FeeSource, Market, NativeSymbol, Symbol, VenueId
from arb.interfaces import Statics

A, B = VenueId("a"), VenueId("b")
S = Symbol("X/USDT")


def statics(venue: VenueId, taker: str) -> Statics:
    market = Market(venue, S, NativeSymbol("XUSDT"), Coin("X"), Coin("USDT"), Decimal("0.1"), Decimal(1))
    return Statics((market,), (FeeSchedule(venue, S, Decimal(taker), Decimal(0), FeeSource.MARKET),))


def test_what_is_read_anew_replaces_all_that_was_known():
    rules = Rules([statics(A, "0.1"), statics(B, "0.2")])
    assert list(rules.venues_of(S)) == [A, B]
    rules.refresh([statics(B, "0.3")])
    assert rules.market((A, S)) is None
    assert rules.fee((A, S)) is None
    assert list(rules.venues_of(S)) == [B]
    fee, market = rules.fee((B, S)), rules.market((B, S))
    assert fee is not None
    assert fee.taker == Decimal("0.3")
    assert market is not None
    assert market.venue == B
    assert rules.venues_of(Symbol("Y/USDT")) == ()


def test_money_is_what_is_only_ever_paid_with():
    rules = Rules([statics(A, "0.1")])
    assert rules.money() == {"USDT"}
    crossed = Market(A, Symbol("USDT/Y"), NativeSymbol("USDTY"), Coin("USDT"), Coin("Y"), Decimal(1), Decimal(1))
    rules.refresh([Statics((*statics(A, "0.1").markets, crossed), ())])
    assert rules.money() == {"Y"}, "a coin that is traded itself may stand naked"
