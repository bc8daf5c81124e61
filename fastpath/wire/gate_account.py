"""What Gate tells of a key.

`GET /account/main_keys` (API v4, 2025) lists the main account's keys with their permissions, to a key that may read
the account; `GET /account/detail` has the address list and the markets of the key in use, but no permissions.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from arb.interfaces import KeyRights

PATHS = ("/account/main_keys", "/account/detail")

_UNIFIED = 2


class _Mode(msgspec.Struct):
    mode: int = 0


class _Detail(msgspec.Struct):
    user_id: int
    ip_whitelist: list[str] | None = None
    currency_pairs: list[str] | None = None
    key: _Mode | None = None


class _Permission(msgspec.Struct):
    name: str
    read_only: bool = False


class _Key(msgspec.Struct):
    key: str
    perms: list[_Permission] = []
    ip_whitelist: list[str] | None = None
    state: int = 1


_answer = msgspec.json.Decoder(msgspec.Raw)
_keys = msgspec.json.Decoder(list[_Key])
_detail = msgspec.json.Decoder(_Detail)


def rights(body: bytes, key: str) -> KeyRights:
    """Either answer. key: ours, to find it among the account's. Raises ValueError."""
    text = bytes(_answer.decode(body)).lstrip()
    if text.startswith(b"["):
        return _of_keys(_keys.decode(text), key)
    return _of_detail(_detail.decode(text))


def _of_keys(keys: Sequence[_Key], ours: str) -> KeyRights:
    """A sub-account's key is not listed: nothing is told of it then."""
    found = next((key for key in keys if key.key == ours), None)
    if found is None:
        return KeyRights()
    may_write = {permission.name for permission in found.perms if not permission.read_only}
    withdraw: bool | None = False
    if "withdraw" in may_write:
        withdraw = True
    elif "wallet" in may_write:  # what that covers is not told in full
        withdraw = None
    notes = () if found.state == 1 else ("the key is locked or frozen",)
    return KeyRights("spot" in may_write, withdraw, _locked(found.ip_whitelist), 0, notes)


def _of_detail(detail: _Detail) -> KeyRights:
    notes = []
    if detail.currency_pairs:
        notes.append(f"the key is for {len(detail.currency_pairs)} markets only")
    if detail.key is not None and detail.key.mode == _UNIFIED:
        notes.append("a unified account: /spot/accounts may not show all it holds")
    return KeyRights(ip_locked=_locked(detail.ip_whitelist), notes=tuple(notes))


def _locked(addresses: Sequence[str] | None) -> bool | None:
    return None if addresses is None else bool(addresses)
