"""ccxt's structures as exact facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import ccxt.pro
import pytest

from adapters.ccxt_markets import from_market, to_decimal, to_fee, to_market, to_networks, to_step, unified_network
from arb.domain import Coin, FeeCoin, FeeSchedule, FeeSource, Market, NativeSymbol, Symbol, VenueId

V = VenueId("v")
ALIASES = ccxt.pro.gate().networkAliases


def raw(**changes: Any) -> dict[str, Any]:
    market: dict[str, Any] = {
        "id": "A_USDT",
        "symbol": "A/USDT",
        "base": "A",
        "quote": "USDT",
        "active": True,
        "precision": {"price": 1e-05, "amount": 0.1},
        "limits": {"amount": {"min": 0.1, "max": None}, "cost": {"min": 3.0, "max": 5e6}},
        "info": {},
    }
    return market | changes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1e-08, "0.00000001", id="a tiny float without a digit of noise"),
        pytest.param(0.1, "0.1", id="what binary cannot hold"),
        pytest.param(123456.789012345, "123456.789012345", id="fifteen digits"),
        pytest.param(1, "1", id="an integer"),
        pytest.param("0.50", "0.50", id="text as it is"),
        pytest.param("nonsense", None, id="text that is no number"),
        pytest.param(float("inf"), None, id="no finite number"),
        pytest.param("NaN", None, id="no number in words"),
        pytest.param(True, None, id="a flag is no number"),
        pytest.param(None, None, id="nothing stays nothing"),
    ],
)
def test_decimal(value: object, expected: str | None) -> None:
    assert to_decimal(value) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("precision", "mode", "expected"),
    [
        pytest.param(0.01, ccxt.TICK_SIZE, "0.01", id="a tick is the step"),
        pytest.param(0.5, ccxt.TICK_SIZE, "0.5", id="also where it is no power of ten"),
        pytest.param(1e-15, ccxt.TICK_SIZE, "1E-15", id="also where it is very small"),
        pytest.param(0, ccxt.TICK_SIZE, None, id="a tick of zero is none"),
        pytest.param(8, ccxt.DECIMAL_PLACES, "1E-8", id="places become a power of ten"),
        pytest.param(0, ccxt.DECIMAL_PLACES, "1", id="no places: whole numbers"),
        pytest.param(-2, ccxt.DECIMAL_PLACES, "100", id="negative places: hundreds"),
        pytest.param(5, ccxt.SIGNIFICANT_DIGITS, None, id="significant digits are no step"),
        pytest.param(None, ccxt.TICK_SIZE, None, id="none is none"),
    ],
)
def test_step(precision: object, mode: int, expected: str | None) -> None:
    assert to_step(precision, mode) == (None if expected is None else Decimal(expected))


def test_market() -> None:
    assert to_market(V, raw(), ccxt.TICK_SIZE) == Market(
        venue=V,
        symbol=Symbol("A/USDT"),
        native=NativeSymbol("A_USDT"),
        base=Coin("A"),
        quote=Coin("USDT"),
        tick=Decimal("0.00001"),
        step=Decimal("0.1"),
        min_qty=Decimal("0.1"),
        max_qty=None,
        min_notional=Decimal(3),
        max_notional=Decimal(5_000_000),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"active": False}, {"buyable": False, "sellable": False, "why": "not active"}, id="inactive"),
        pytest.param({"active": None}, {"buyable": True, "sellable": True, "why": ""}, id="not said to be inactive"),
        pytest.param(
            {"precision": {"price": None, "amount": 1.0}},
            {"buyable": False, "sellable": False, "why": "no fixed price or quantity step is known"},
            id="without a tick it is closed, not guessed",
        ),
        pytest.param({"precision": None}, {"buyable": False, "sellable": False}, id="without any precision"),
        pytest.param({"limits": {"amount": {"min": 0.0}}}, {"min_qty": None, "max_qty": None}, id="zero is no limit"),
        pytest.param({"limits": None}, {"min_notional": None, "max_notional": None}, id="no limits"),
        pytest.param({"info": {"contractAddress": "0xAbC1"}}, {"contract": "0xabc1"}, id="an address in the record"),
        pytest.param({"info": {"contract": "spot"}}, {"contract": ""}, id="'contract' means other things in a market"),
        pytest.param({"info": None}, {"contract": ""}, id="no record"),
    ],
)
def test_market_details(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    market = to_market(V, raw(**changes), ccxt.TICK_SIZE)
    assert {name: getattr(market, name) for name in expected} == expected


def test_ccxt_takes_our_facts_for_its_own() -> None:
    exchange = ccxt.pro.gate()
    exchange.set_markets([from_market(to_market(V, raw(), ccxt.TICK_SIZE))])
    market = exchange.market("A/USDT")
    assert (market["id"], market["spot"], market["type"], market["contract"]) == ("A_USDT", True, "spot", False)
    assert exchange.safe_symbol("A_USDT", None, "_", "spot") == "A/USDT"


BASE, QUOTE = FeeCoin.BASE, FeeCoin.QUOTE


@pytest.mark.parametrize(
    ("side", "ours", "coins"),
    [
        pytest.param("get", None, (BASE, QUOTE), id="from what is received"),
        pytest.param("give", None, (QUOTE, BASE), id="from what is given"),
        pytest.param("base", None, (BASE, BASE), id="always in base"),
        pytest.param("quote", None, (QUOTE, QUOTE), id="always in quote"),
        pytest.param("other", None, (QUOTE, QUOTE), id="in a third coin: as worth in quote"),
        pytest.param(None, None, (QUOTE, QUOTE), id="not told: ccxt's own default"),
        pytest.param("get", (QUOTE, QUOTE), (QUOTE, QUOTE), id="our SPEC knows better"),
    ],
)
def test_fee_coins(side: object, ours: tuple[FeeCoin, FeeCoin] | None, coins: tuple[FeeCoin, FeeCoin]) -> None:
    fee = to_fee(V, "A/USDT", {"taker": 0.0005, "maker": -0.00002}, FeeSource.MARKET, ours, side)
    rates = Decimal("0.0005"), Decimal("-0.00002")
    assert fee == FeeSchedule(V, Symbol("A/USDT"), *rates, FeeSource.MARKET, *coins)


@pytest.mark.parametrize("raw_fee", [{}, {"taker": 0.1}, {"maker": 0.1}, {"taker": None, "maker": 0.1}])
def test_half_a_fee_is_none(raw_fee: dict[str, Any]) -> None:
    assert to_fee(V, "A/USDT", raw_fee, FeeSource.MARKET, None) is None


def test_a_free_market_has_a_fee_of_zero() -> None:
    fee = to_fee(V, "A/USDT", {"taker": 0.0, "maker": 0}, FeeSource.ACCOUNT, None)
    assert fee is not None
    assert (fee.taker, fee.maker, fee.source) == (0, 0, FeeSource.ACCOUNT)


def network(coin: str, code: str, **fields: Any) -> Any:
    (found,) = to_networks(V, {coin: {"networks": {code: {"network": code, **fields}}}}, ALIASES)
    return found


@pytest.mark.parametrize(
    ("coin", "code", "fields", "contract"),
    [
        pytest.param("USDT", "ERC20", {"info": {"contract": "0xDAC17F"}}, "0xdac17f", id="MEXC's key"),
        pytest.param("USDT", "ERC20", {"info": {"addr": "0xDAC17F"}}, "0xdac17f", id="Gate's key"),
        pytest.param("USDT", "ERC20", {"info": {"contractAddress": "0x1"}}, "0x1", id="the usual key"),
        pytest.param("USDT", "ERC20", {"info": {"Contract_Address": "0x1"}}, "0x1", id="whatever its case"),
        pytest.param("USDT", "ERC20", {"contract": "0x1"}, "0x1", id="ccxt's own field"),
        pytest.param("WIF", "SOL", {"info": {"addr": "EKpQGSJtjMFq"}}, "EKpQGSJtjMFq", id="base58 keeps its case"),
        pytest.param("USDT", "ERC20", {"info": {"addr": ""}}, None, id="a token without an address: not told"),
        pytest.param("USDT", "ERC20", {"info": {}}, None, id="a token without the key: not told"),
        pytest.param("USDT", "ERC20", {}, None, id="without a record: not told"),
        pytest.param("BTC", "BTC", {"info": {"addr": ""}}, "", id="a chain's own coin has none"),
        pytest.param("BTC", "BTC", {}, "", id="a chain's own coin needs none"),
        pytest.param("BTC", "BTC", {"id": "BTC", "info": {"addr": "BTC"}}, "", id="the chain's name is no address"),
        pytest.param("ETH", "ERC20", {"info": {"addr": ""}}, "", id="ether, whose chain ccxt calls ERC20"),
        pytest.param("ETH", "ERC20", {"info": {"addr": "0x" + "E" * 40}}, "", id="a placeholder is no address"),
        pytest.param("ETH", "ERC20", {"info": {"addr": "0x" + "0" * 40}}, "", id="zero is no address"),
        pytest.param("TRX", "TRC20", {"info": {"addr": ""}}, "", id="tron, whose chain ccxt calls TRC20"),
        pytest.param("BNB", "BEP20", {"info": {"addr": ""}}, "", id="BNB is the coin of BEP20"),
        pytest.param("BTC", "BEP20", {"info": {"addr": ""}}, None, id="bitcoin on another chain is a token"),
        pytest.param("ETH", "ARBONE", {}, "", id="ether is also the coin of Arbitrum"),
        pytest.param("ARB", "ARBONE", {}, None, id="ARB is a token on the chain of that name"),
        pytest.param("OP", "OP", {}, None, id="OP is a token on the chain of that name"),
    ],
)
def test_contract(coin: str, code: str, fields: dict[str, Any], contract: str | None) -> None:
    assert network(coin, code, **fields).contract == contract


@pytest.mark.parametrize(
    ("fields", "currency", "expected"),
    [
        pytest.param({"deposit": True, "withdraw": False}, {}, (True, False), id="the network's own flags"),
        pytest.param({}, {"deposit": True, "withdraw": False}, (True, False), id="the coin's where it has none"),
        pytest.param({"deposit": False}, {"deposit": True}, (False, None), id="the network's count more"),
        pytest.param({}, {}, (None, None), id="not told"),
    ],
)
def test_open_or_closed(fields: dict[str, Any], currency: dict[str, Any], expected: tuple[Any, Any]) -> None:
    (found,) = to_networks(V, {"A": {**currency, "networks": {"SOL": fields}}}, ALIASES)
    assert (found.deposit, found.withdraw) == expected


def test_withdrawal_fee() -> None:
    assert network("A", "SOL", fee=0.00001).withdraw_fee == Decimal("0.00001")
    assert network("A", "SOL", fee="0.000010000000000000").withdraw_fee == Decimal("0.00001")
    assert network("A", "SOL").withdraw_fee is None


def test_one_chain_under_two_names_is_one_network() -> None:
    networks = {"ETH": {"info": {"addr": "0x1"}}, "ERC20": {"info": {"addr": "0x2"}}, "SOL": {}}
    found = list(to_networks(V, {"A": {"networks": networks}, "B": {"networks": None}, "C": {}}, ALIASES))
    assert [(n.coin, n.network, n.contract) for n in found] == [("A", "ERC20", "0x1"), ("A", "SOL", None)]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        pytest.param(("mexc", "OP"), ("gate", "OPETH"), id="Optimism"),
        pytest.param(("mexc", "ARB"), ("gate", "ARBEVM"), id="Arbitrum"),
        pytest.param(("mexc", "ETH"), ("kucoin", "eth"), id="Ethereum"),
        pytest.param(("mexc", "AVAX_CCHAIN"), ("gate", "AVAX_C"), id="Avalanche"),
        pytest.param(("mexc", "BEP20(BSC)"), ("gate", "BSC"), id="MEXC's old label"),
    ],
)
def test_venues_agree_on_the_name_of_a_chain(here: tuple[str, str], there: tuple[str, str]) -> None:
    names = set()
    for venue, network_id in (here, there):
        exchange = getattr(ccxt.pro, venue)()
        names.add(unified_network(exchange.network_id_to_code(network_id, "USDT"), exchange.networkAliases))
    assert len(names) == 1
