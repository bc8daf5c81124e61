"""ccxt itself, bent: what it would send, and how it reads what venues answer."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import ccxt.pro
import pytest
from ccxt.base import errors

from adapters import ccxt_account_mends as mends
from adapters.ccxt_errors import Redactor, translate
from arb.domain import ClientId, OrderType
from fastpath.wire import gate_labels, mexc_codes

# Where ccxt's class says as much: no order of ours can meet these (other products, or what ccxt sends by itself).
OTHER_PRODUCTS = {"USER_NOT_FOUND", "TOO_MUCH_FUTURES_AVAILABLE", "POSITION_IN_LIQUIDATION", "POSITION_IN_CLOSE"} | {
    "RISK_LIMIT_EXCEEDED",
    "REDUCE_EXCEEDED",
    *("10103", "10200", "10216", "10219", "10259", "10265", "140002"),
}


def bent(name: str) -> Any:
    exchange = getattr(ccxt.pro, name)()
    mends.mend(exchange, lambda error: getattr(errors, error))
    return exchange


EXCHANGES = {name: bent(name) for name in ("mexc", "gate")}


def _documented() -> Iterator[Any]:
    """Every code in the native path's tables, with what it means there."""
    for number in mexc_codes.CAUSES:
        refusal = mexc_codes.Refusal(number, "")
        yield "mexc", str(number), mexc_codes.error_of(refusal, 400, changes=True)
    for label in gate_labels.CAUSES:
        yield "gate", label, gate_labels.error_of(label, "", 400, changes=True)


@pytest.mark.parametrize(
    ("name", "code", "native"),
    [pytest.param(*case, id=f"{case[0]} {case[1]}") for case in _documented() if case[1] not in OTHER_PRODUCTS],
)
def test_a_documented_refusal_means_the_same_on_both_paths(name: str, code: str, native: Exception) -> None:
    """For an order: whether nothing happened, and what to do next."""
    told = EXCHANGES[name].exceptions["exact"].get(code, errors.ExchangeError)
    assert type(translate("v", told("x"), Redactor(), changes=True)) is type(native)


@pytest.mark.parametrize("name", EXCHANGES)
def test_amounts_are_what_they_were(name: str) -> None:
    exchange = EXCHANGES[name]
    for rounded in (exchange.amount_to_precision, exchange.price_to_precision, exchange.cost_to_precision):
        assert rounded("BTC/USDT", "0.12345678901234567890") == "0.12345678901234567890"
    assert exchange.parse_number("0.10") == "0.10"


@pytest.mark.parametrize("name", EXCHANGES)
def test_nothing_is_sent_twice(name: str) -> None:
    assert EXCHANGES[name].handle_option("order", "maxRetriesOnFailure", 0) == 0
    assert EXCHANGES[name].options["maxRetriesOnFailure"] == 0


@pytest.mark.parametrize("name", EXCHANGES)
def test_a_market_that_nobody_told_of_is_no_accident(name: str) -> None:
    exchange = bent(name)
    exchange.set_markets([])
    assert exchange.market("NEW/USDT")["symbol"] == "NEW/USDT"


@pytest.mark.parametrize(
    ("ccxt_id", "ours", "sent", "found"),
    [
        pytest.param("gate", "a1", "a1", "t-a1", id="ccxt adds the mark"),
        pytest.param("gate", "t1", "t-t1", "t-t1", id="but not to what begins with its letter"),
        pytest.param("mexc", "t1", "t1", "t1", id="nobody else has one"),
    ],
)
def test_client_ids(ccxt_id: str, ours: str, sent: str, found: str) -> None:
    assert mends.venue_client_id(ccxt_id, ClientId(ours)) == sent
    assert mends.venue_order_id(ccxt_id, ClientId(ours)) == found
    assert mends.own_client_id(ccxt_id, found) == ours


@pytest.mark.parametrize(("named", "ours"), [("t-x", "x"), ("web", ""), ("apiv4", ""), ("", "")])
def test_gates_other_texts_are_nobodys(named: str, ours: str) -> None:
    assert mends.own_client_id("gate", named) == ours


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("name", EXCHANGES)
def test_every_type_can_be_sent_to_both(name: str, kind: OrderType) -> None:
    assert mends.supports(EXCHANGES[name], kind)


def test_what_ccxt_cannot_send_is_not_supported() -> None:
    flags = {"IOC": False, "FOK": True}
    exchange = SimpleNamespace(features={"spot": {"createOrder": {"timeInForce": flags}}})
    assert [mends.supports(exchange, kind) for kind in (OrderType.IOC, OrderType.FOK)] == [False, True]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param("spot@private.orders.v3.api.pb", [""], id="subscribed"),
        pytest.param("Not Subscribed successfully! Blocked!", ["Not Subscribed successfully! Blocked!"], id="refused"),
        pytest.param("PONG", [], id="no answer to a subscription"),
    ],
)
def test_acknowledged(words: str, told: list[str]) -> None:
    exchange, heard = bent("mexc"), list[str]()
    assert mends.Acknowledged(exchange, heard.append).counts
    exchange.handle_message(SimpleNamespace(lastPong=0), {"msg": words})
    assert heard == told
