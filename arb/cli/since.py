"""`--since`: so long ago, or a day."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,6})([mhdw])")
_LAST_NS = 2**63 - 1  # April 2262: what a time of the journal can be
_SECOND_NS = 1_000_000_000


class Since(msgspec.Struct, frozen=True):
    """ago_ns: so long before now; else `at_ns`, a wall time (0: from the beginning)."""

    at_ns: int = 0
    ago_ns: int = 0

    def wall_ns(self, now_ns: int) -> int:
        return max(0, now_ns - self.ago_ns) if self.ago_ns else min(self.at_ns, _LAST_NS)


def parse_since(text: str) -> Since:
    """Raises ValueError. "" means all there is; a time without a zone is UTC."""
    if not text:
        return Since()
    if found := _AGO.fullmatch(text):
        return Since(ago_ns=int(found[1]) * _SECONDS[found[2]] * _SECOND_NS)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 7d, 12h, 30m, 2w or 2026-01-31") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return Since(at_ns=max(0, int(at.timestamp()) * _SECOND_NS))
