"""What each exchange of ccxt tells of a key, by its own documented answer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from adapters.ccxt_rights import CALLS
from arb.interfaces import KeyRights

BYBIT = {"readOnly": 0, "ips": ["*"], "expiredAt": "2026-01-01T00:00:00Z", "permissions": {"Spot": ["SpotTrade"]}}


@pytest.mark.parametrize(
    ("exchange", "call", "told", "expected"),
    [
        pytest.param(
            "binance",
            0,
            {"ipRestrict": True, "enableWithdrawals": False, "enableSpotAndMarginTrading": True},
            KeyRights(True, False, True, 0),
            id="binance",
        ),
        pytest.param(
            "binance",
            0,
            {"enableWithdrawals": True, "tradingAuthorityExpirationTime": 1628985600000},
            KeyRights(None, True, None, 1628985600000 * 10**6),
            id="binance that may withdraw and ends",
        ),
        pytest.param(
            "okx", 0, {"data": [{"perm": "read_only,trade", "ip": "192.0.2.7"}]}, KeyRights(True, False, True), id="okx"
        ),
        pytest.param(
            "okx",
            0,
            {"data": [{"perm": "withdraw", "ip": ""}]},
            KeyRights(False, True, False),
            id="okx that may withdraw",
        ),
        pytest.param(
            "bybit", 0, {"result": BYBIT}, KeyRights(True, False, False, 1767225600 * 10**9), id="bybit from anywhere"
        ),
        pytest.param(
            "bybit",
            0,
            {"result": BYBIT | {"permissions": {"Wallet": ["Withdraw"]}, "ips": ["192.0.2.7"], "expiredAt": ""}},
            KeyRights(False, True, True),
            id="bybit that may withdraw",
        ),
        pytest.param(
            "bybit",
            0,
            {"result": BYBIT | {"readOnly": 1, "permissions": {"Wallet": ["Withdraw"]}}},
            KeyRights(False, False, False, 1767225600 * 10**9),
            id="bybit that may only read",
        ),
        pytest.param("mexc", 0, {"canTrade": True, "canWithdraw": True}, KeyRights(), id="mexc tells of the account"),
        pytest.param("mexc", 0, {"canWithdraw": False}, KeyRights(withdraw=False), id="mexc rules out"),
        pytest.param(
            "gate",
            0,
            [{"key": "ours", "perms": [{"name": "spot", "read_only": False}], "ip_whitelist": []}],
            KeyRights(True, False, False, 0),
            id="gate",
        ),
        pytest.param(
            "gate",
            0,
            [{"key": "ours", "perms": [{"name": "withdraw", "read_only": False}]}],
            KeyRights(False, True, None, 0),
            id="gate that may withdraw",
        ),
        pytest.param("gate", 0, [{"key": "another", "perms": []}], KeyRights(), id="gate of another key"),
        pytest.param("gate", 1, {"ip_whitelist": ["192.0.2.7"]}, KeyRights(ip_locked=True), id="gate's detail"),
    ],
)
def test_reading(exchange: str, call: int, told: Any, expected: KeyRights) -> None:
    _name, read = CALLS[exchange][call]
    assert read(told, "ours") == expected


def test_ccxt_has_every_call_that_is_named() -> None:
    for exchange, calls in CALLS.items():
        made = getattr(import_module(f"ccxt.async_support.{exchange}"), exchange)
        assert [name for name, _ in calls if not hasattr(made, name)] == []
