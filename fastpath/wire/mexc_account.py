"""What MEXC tells of a key: less than one would like.

`GET /api/v3/account` (spot v3 pages of 2026-04) has the account's own flags; no call tells the rights of a key, its
addresses or its end. A key without bound addresses ends after 90 days.
"""

from __future__ import annotations

import msgspec

from arb.interfaces import KeyRights


class _Account(msgspec.Struct):
    canTrade: bool | None = None
    canWithdraw: bool | None = None
    permissions: list[str] | None = None


_account = msgspec.json.Decoder(_Account)


def rights(body: bytes) -> KeyRights:
    """What the account may not do no key of it may; what it may do is no word about this key. Raises ValueError."""
    account = _account.decode(body)
    notes = ["MEXC ends a key without bound addresses after 90 days, and tells neither"]
    if account.permissions is not None and "SPOT" not in account.permissions:
        notes.append(f"the account trades {', '.join(account.permissions) or 'nothing'}, not SPOT")
    return KeyRights(
        trade=False if account.canTrade is False else None,
        withdraw=False if account.canWithdraw is False else None,
        notes=tuple(notes),
    )
