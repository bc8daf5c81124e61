"""What a refused HTTP answer means where its body does not say."""

from __future__ import annotations

from arb.errors import AuthFailed, Rejected, Transient, VenueError

_MAX_TEXT = 200
_BAN_S = 120.0  # 418 is an IP ban: two minutes for the first, up to three days (MEXC, general info, 2026-04)


def by_status(venue: str, status: int, message: str, code: str = "") -> VenueError:
    """The error of an HTTP status. 403 without a venue's own code is a firewall's: it passes, so it is Transient."""
    text = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    if status in (408, 418, 429) or status >= 500 or (status == 403 and not code):
        return Transient(venue, text, _BAN_S if status == 418 else 0.0)
    if status == 401:
        return AuthFailed(venue, text)
    return Rejected(venue, text, code or str(status))


def words(body: bytes) -> str:
    """The first words of a body that may be anything: HTML, empty, binary."""
    return " ".join(body[:_MAX_TEXT].decode(errors="replace").split())
