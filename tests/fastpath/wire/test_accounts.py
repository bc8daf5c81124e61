"""What the venues tell of a key, and that nothing is read into what they do not tell."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arb.interfaces import KeyRights
from fastpath.wire import gate_account, mexc_account


def gate_key(*perms: tuple[str, bool], key: str = "ours", **more: Any) -> dict[str, Any]:
    return {"key": key, "state": 1, "perms": [{"name": name, "read_only": only} for name, only in perms]} | more


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            [gate_key(("spot", False), ip_whitelist=["192.0.2.7"])], KeyRights(True, False, True, 0), id="trade only"
        ),
        pytest.param([gate_key(("spot", True))], KeyRights(False, False, None, 0), id="reading is not trading"),
        pytest.param(
            [gate_key(("spot", False), ("withdraw", False), ip_whitelist=[])],
            KeyRights(True, True, False, 0),
            id="withdrawing",
        ),
        pytest.param(
            [gate_key(("spot", False), ("withdraw", True))], KeyRights(True, False, None, 0), id="reading withdrawals"
        ),
        pytest.param(
            [gate_key(("spot", False), ("wallet", False))],
            KeyRights(True, None, None, 0),
            id="a wallet that may be written is not cleared",
        ),
        pytest.param(
            [gate_key(("withdraw", False), key="another")], KeyRights(), id="another key says nothing of ours"
        ),
        pytest.param([], KeyRights(), id="a sub-account's key is not listed"),
        pytest.param(
            [gate_key(("spot", False), state=2)],
            KeyRights(True, False, None, 0, ("the key is locked or frozen",)),
            id="locked",
        ),
        pytest.param(
            {"user_id": 1, "ip_whitelist": ["192.0.2.7"], "currency_pairs": [], "key": {"mode": 1}, "tier": 2},
            KeyRights(ip_locked=True),
            id="the account's detail has addresses",
        ),
        pytest.param(
            {"user_id": 1, "ip_whitelist": [], "currency_pairs": ["BTC_USDT"], "key": {"mode": 2}},
            KeyRights(
                ip_locked=False,
                notes=(
                    "the key is for 1 markets only",
                    "a unified account: /spot/accounts may not show all it holds",
                ),
            ),
            id="the account's detail has notes",
        ),
    ],
)
def test_gate(told: Any, expected: KeyRights) -> None:
    assert gate_account.rights(msgspec.json.encode(told), "ours") == expected


@pytest.mark.parametrize(
    ("told", "trade", "withdraw"),
    [
        pytest.param(
            {"canTrade": True, "canWithdraw": True}, None, None, id="what the account may is not what the key may"
        ),
        pytest.param({"canTrade": True, "canWithdraw": False}, None, False, id="what the account may not no key may"),
        pytest.param({"canTrade": False, "canWithdraw": True}, False, None, id="nor trade"),
        pytest.param({}, None, None, id="nothing told"),
    ],
)
def test_mexc(told: dict[str, Any], trade: bool | None, withdraw: bool | None) -> None:
    rights = mexc_account.rights(msgspec.json.encode(told))
    assert (rights.trade, rights.withdraw, rights.ip_locked, rights.expires_ns) == (trade, withdraw, None, None)


def test_mexc_an_account_without_spot_is_noted() -> None:
    rights = mexc_account.rights(b'{"permissions":["MARGIN"]}')
    assert "the account trades MARGIN, not SPOT" in rights.notes


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'[{"perms":1}]', b"7", b'{"user_id":"x"}'])
def test_gate_garbage_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        gate_account.rights(body, "ours")


def test_rights_of_several_answers_are_joined_the_first_that_tells_counts() -> None:
    first, second = KeyRights(trade=True, notes=("a",)), KeyRights(False, False, True, 5, ("b",))
    assert first.joined(second) == KeyRights(True, False, True, 5, ("a", "b"))
