"""URLs as they may be shown, logged and kept: without what may be secret in them."""

from __future__ import annotations

import re


def mask_login(url: str) -> str:
    """Without user information: "wss://joe:pw@host/ws" -> "wss://****@host/ws"."""
    return re.sub(r"(?<=://)[^/\s@]*@", "****@", url)


def mask_url(url: str) -> str:
    """Without user information and without the values of its query."""
    masked = mask_login(url)
    return re.sub(r"(?<==)[^&#\s]+", "****", masked) if "?" in masked else masked
