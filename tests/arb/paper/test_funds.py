from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal as D

from arb.domain import Symbol
from arb.paper.funds import Funds, Price
from tests.arb.paper.world import market


def prices(**table: str) -> Price:
    named: Mapping[str, D] = {pair.replace("_", "/"): D(price) for pair, price in table.items()}

    def price(symbol: Symbol) -> D | None:
        return named.get(symbol)

    return price


def test_what_is_only_ever_paid_with_is_there_at_once() -> None:
    funds = Funds([market("BTC/USDT"), market("ETH/EUR")])
    assert funds.start == {"USDT": D(10_000), "EUR": D(10_000)}
    assert not funds.complete


def test_everything_else_is_granted_once_at_its_first_price_in_whole_steps() -> None:
    funds = Funds([market("BTC/USDT", step=D("0.001")), market("DOGE/USDT", step=D(1))])
    assert funds.grants(prices(BTC_USDT="30000")) == [("BTC", D("0.333"))]
    assert funds.grants(prices(BTC_USDT="15000")) == []
    assert not funds.complete
    assert funds.grants(prices(BTC_USDT="15000", DOGE_USDT="0.3")) == [("DOGE", D(33_333))]
    assert funds.complete


def test_a_coin_bought_with_another_waits_for_that_and_is_worth_as_much() -> None:
    funds = Funds([market("ETH/BTC", step=D("0.01")), market("BTC/USDT", step=D("0.01"))])
    assert funds.grants(prices(ETH_BTC="0.05")) == []
    assert funds.grants(prices(ETH_BTC="0.05", BTC_USDT="50000")) == [("BTC", D("0.2"))]
    assert funds.grants(prices(ETH_BTC="0.05", BTC_USDT="50000")) == [("ETH", D(4))]


def test_where_every_quote_can_be_bought_the_commonest_begins() -> None:
    funds = Funds([market("A/B"), market("B/A"), market("C/B")])
    assert funds.start == {"B": D(10_000)}


def test_a_venue_without_markets_has_nothing() -> None:
    funds = Funds([])
    assert (funds.start, funds.complete) == ({}, True)
