"""Which exchange of ccxt tells what of a key. ccxt has no unified call for it: each one's own, by ccxt's name of it.

Sources: the pages of Binance (sapi account/apiRestrictions), OKX (v5 account/config), Bybit (v5 user/query-api), MEXC
(v3 account) and Gate (v4 account/main_keys, account/detail), 2025. An exchange that is not here does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from arb.interfaces import KeyRights

Reader = Callable[[Any, str], KeyRights]  # the answer, and the key in use

_MS = 1_000_000


def _binance(told: Any, _key: str) -> KeyRights:
    until = told.get("tradingAuthorityExpirationTime")
    return KeyRights(
        trade=_flag(told, "enableSpotAndMarginTrading"),
        withdraw=_flag(told, "enableWithdrawals"),
        ip_locked=_flag(told, "ipRestrict"),
        expires_ns=int(until) * _MS if until else 0,
    )


def _okx(told: Any, _key: str) -> KeyRights:
    account = told["data"][0]
    rights = {word.strip() for word in account["perm"].split(",")}
    locked = bool(account.get("ip"))
    notes = (
        () if locked or "trade" not in rights else ("OKX ends a trading key without addresses after 14 unused days",)
    )
    return KeyRights("trade" in rights, "withdraw" in rights, locked, None, notes)


def _bybit(told: Any, _key: str) -> KeyRights:
    key = told["result"]
    rights = key["permissions"]
    writes = str(key["readOnly"]) == "0"
    addresses = key.get("ips") or []
    until = key.get("expiredAt")
    return KeyRights(
        trade=writes and "SpotTrade" in rights.get("Spot", ()),
        withdraw=writes and "Withdraw" in rights.get("Wallet", ()),
        ip_locked=bool(addresses) and "*" not in addresses,
        expires_ns=int(datetime.fromisoformat(until.replace("Z", "+00:00")).timestamp()) * 10**9 if until else None,
    )


def _mexc(told: Any, _key: str) -> KeyRights:
    """The account's flags: what it may not do no key of it may."""
    return KeyRights(
        trade=False if _flag(told, "canTrade") is False else None,
        withdraw=False if _flag(told, "canWithdraw") is False else None,
    )


def _gate_keys(told: Any, key: str) -> KeyRights:
    found = next((item for item in told if isinstance(item, Mapping) and item.get("key") == key), None)
    if found is None:
        return KeyRights()
    writes = {right["name"] for right in found.get("perms", ()) if not _flag(right, "read_only")}
    withdraw = True if "withdraw" in writes else None if "wallet" in writes else False
    return KeyRights("spot" in writes, withdraw, _locked(found.get("ip_whitelist")), 0)


def _gate_detail(told: Any, _key: str) -> KeyRights:
    return KeyRights(ip_locked=_locked(told.get("ip_whitelist")))


CALLS: Mapping[str, Sequence[tuple[str, Reader]]] = {
    "binance": (("sapi_get_account_apirestrictions", _binance),),
    "okx": (("private_get_account_config", _okx),),
    "bybit": (("private_get_v5_user_query_api", _bybit),),
    "mexc": (("spot_private_get_account", _mexc),),
    "gate": (("private_account_get_main_keys", _gate_keys), ("private_account_get_detail", _gate_detail)),
}


def _flag(told: Mapping[str, Any], name: str) -> bool | None:
    value = told.get(name)
    return None if value is None else value is True or str(value).lower() == "true"


def _locked(addresses: Sequence[str] | None) -> bool | None:
    return None if addresses is None else bool(addresses)
