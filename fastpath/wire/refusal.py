"""What a refusal means: by the venue's own code where a table knows it, else by its HTTP status."""

from __future__ import annotations

from arb.errors import AuthFailed, Cause, OutcomeUnknown, ProtocolError, Rejected, Transient, VenueError

_MAX_TEXT = 200
_BAN_S = 120.0  # 418 is an IP ban: two minutes for the first, up to three days (MEXC, general info, 2026-04)

_AUTH = frozenset({Cause.KEY, Cause.PERMISSION})
_LATER = frozenset({Cause.RATE_LIMIT, Cause.CLOCK, Cause.BUSY, Cause.LOGIN})


def error(
    venue: str, status: int, cause: Cause, text: str, code: str, *, changes: bool = False, retry_after_s: float = 0.0
) -> VenueError:
    """The error of a readable refusal. cause: what the venue's table says of `code`; OTHER: nothing.

    changes: the request would have changed an order. Then a 5xx is an unknown outcome whatever its body says, and so
    is a code that nobody documents: a query costs less than a naked leg.
    """
    if cause is Cause.OTHER or status == 418 or (status >= 500 and (changes or cause not in _AUTH | _LATER)):
        return by_status(venue, status, text, code, changes=changes)
    if cause in _AUTH:
        return AuthFailed(venue, text, code, cause)
    if cause in _LATER or status == 429:
        return Transient(venue, text, retry_after_s, code, cause)
    if cause is Cause.UNSURE:
        return OutcomeUnknown(venue, text, code, cause) if changes else Transient(venue, text, 0.0, code, cause)
    return Rejected(venue, text, code, cause)


def by_status(venue: str, status: int, message: str, code: str = "", *, changes: bool = False) -> VenueError:
    """The error of an HTTP status. 403 without a venue's own code is a firewall's: it passes, so it is Transient.

    changes: the request would have changed an order. Then nothing happened only where the status itself says that
    the request was turned away at the door.
    """
    text = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    if status in (418, 429):
        return Transient(venue, text, _BAN_S if status == 418 else 0.0, code, Cause.RATE_LIMIT)
    if status == 403 and not code:
        return Transient(venue, text, 0.0, code, Cause.BUSY)
    if status == 401:
        return AuthFailed(venue, text, code, Cause.KEY)
    if changes:
        return OutcomeUnknown(venue, text, code, Cause.UNSURE)
    if status == 408 or status >= 500:
        return Transient(venue, text, 0.0, code, Cause.UNSURE)
    return Rejected(venue, text, code or str(status))


def words(body: bytes) -> str:
    """The first words of a body that may be anything: HTML, empty, binary."""
    return " ".join(body[:_MAX_TEXT].decode(errors="replace").split())


def unread(venue: str, exc: Exception, data: bytes, *, changes: bool = False) -> VenueError:
    """The error of bytes that nobody can read. changes: they were the answer to what would have changed an order."""
    error = ProtocolError(venue, f"{type(exc).__name__} {str(exc)[:_MAX_TEXT]}", data[:_MAX_TEXT])
    return OutcomeUnknown(venue, error.message, cause=Cause.UNSURE) if changes else error
