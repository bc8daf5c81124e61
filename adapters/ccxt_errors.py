"""ccxt's exceptions as ours: one table, applied once, at the border. Nothing secret passes it.

The table is about reads: whoever asks again does no harm, so a lost answer is `Transient`. Of a call that changes an
order the same failure leaves the outcome open, unless it is known to mean that nothing happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from arb.errors import (
    ArbError,
    AuthFailed,
    Cause,
    OutcomeUnknown,
    ProtocolError,
    Rejected,
    SequenceGap,
    Transient,
    VenueError,
)
from arb.exhausted import survive

# By name, since the classes would cost an import of ccxt; the nearest ancestor that stands here decides.
# Kept in the order of ccxt's own tree (ccxt/base/errors.py, 4.5.90).
TABLE: dict[str, type[VenueError]] = {
    "BaseError": ProtocolError,
    "ExchangeError": Rejected,
    "AuthenticationError": AuthFailed,  # with PermissionDenied, AccountNotEnabled, AccountSuspended
    "ExchangeClosedByUser": Transient,  # that was us, shutting down
    "OperationFailed": Transient,
    "NetworkError": Transient,  # with DDoSProtection, RateLimitExceeded, ExchangeNotAvailable, RequestTimeout
    "InvalidNonce": Transient,  # a clock that is off, or a request overtaken by another
    "ChecksumError": SequenceGap,  # ccxt's word for a book that does not add up
    "BadResponse": ProtocolError,  # with NullResponse
    "UnsubscribeError": Transient,
    # Not ccxt's: what comes through it.
    "ClientError": Transient,  # aiohttp
    "TimeoutError": Transient,
    "OSError": Transient,
    "Exception": ProtocolError,  # ccxt met an answer or a frame that it cannot read: KeyError, TypeError, DecodeError
}
CAUSES: dict[str, Cause] = {  # the nearest ancestor again
    "RateLimitExceeded": Cause.RATE_LIMIT,
    "DDoSProtection": Cause.RATE_LIMIT,
    "InvalidNonce": Cause.CLOCK,
    "OnMaintenance": Cause.BUSY,
    "PermissionDenied": Cause.PERMISSION,
    "AuthenticationError": Cause.KEY,
    "OrderNotFound": Cause.NOT_FOUND,
    "OrderNotCached": Cause.NOT_FOUND,
    "InsufficientFunds": Cause.BALANCE,
    "OrderImmediatelyFillable": Cause.WOULD_TAKE,
    "OrderNotFillable": Cause.NOT_FILLED,
    "DuplicateOrderId": Cause.DUPLICATE,
    "BadSymbol": Cause.MARKET,
    "MarketClosed": Cause.MARKET,
    "ArgumentsRequired": Cause.REQUEST,
    "BadRequest": Cause.REQUEST,
}
# A call that would have changed an order was turned away at the door, or never left this machine.
_TURNED_AWAY = frozenset({"RateLimitExceeded", "DDoSProtection", "InvalidNonce", "OnMaintenance"})
_NEVER_LEFT = frozenset({"ClientConnectorError", "ConnectionTimeoutError", "gaierror"})
_NO_REASON = "ExchangeError"  # itself: a code that ccxt does not know, or an answer that broke off
LONGEST = 300  # characters of a foreign message that we repeat

_NAMED = re.compile(  # in a URL, a body or a header; the short names are also words, so those need the full dress
    r"""(?ix) \b(
        (?: signature | hmac | \w*api_?key | access_?key(?:_?id)? | listen_?key | pass(?:word|phrase) | secret | token )
        ["']? \s* [=:] \s* ["']?
      | (?: sign | sig | key | pass ) (?: = | ["'] \s* : \s* ["'] )
    ) [^\s&"',;}\]]+"""
)


class Redactor:
    """Text without secrets: the known ones wherever they stand, and what a URL or a body calls a key or signature."""

    def __init__(self, secrets: Sequence[str | None] = ()) -> None:
        known = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        self._known = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """One line of at most `LONGEST` characters."""
        for secret in self._known:
            text = text.replace(secret, "***")
        line = " ".join(_NAMED.sub(r"\1***", text).split())
        return line if len(line) <= LONGEST else line[:LONGEST] + "…"

    def __repr__(self) -> str:
        return "Redactor(***)"


def translate(
    venue: str, exc: Exception, redact: Redactor, retry_after_s: float = 0.0, *, changes: bool = False
) -> ArbError:
    """`exc` as one of ours; one of ours comes back as it is. retry_after_s: what the venue asked for, if it did.

    changes: the call would have placed or cancelled an order.
    """
    survive(exc)
    if isinstance(exc, ArbError):
        return exc
    kind = next(TABLE[name] for name in _names(exc) if name in TABLE)
    cause = next((CAUSES[name] for name in _names(exc) if name in CAUSES), Cause.OTHER)
    message = redact(f"{type(exc).__name__}: {exc}")
    if changes and _open_outcome(exc, kind):
        return OutcomeUnknown(venue, message, cause=Cause.UNSURE)
    if kind is Transient:
        return Transient(venue, message, retry_after_s, cause=cause)
    error = kind(venue, message)
    error.cause = cause
    return error


@contextmanager
def translated(
    venue: str, redact: Redactor, retry_after_s: Callable[[], float] = lambda: 0.0, *, changes: bool = False
) -> Iterator[None]:
    """Whatever ccxt raises inside comes out as ours."""
    try:
        yield
    except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
        error = translate(venue, exc, redact, retry_after_s(), changes=changes)
        raise error from None  # the cause would show the signed URL


def _open_outcome(exc: Exception, kind: type[VenueError]) -> bool:
    """Whether an order may be different for all that this failure says."""
    if type(exc).__name__ == _NO_REASON or issubclass(kind, ProtocolError):
        return True
    left = not (exc.__cause__ is not None and _NEVER_LEFT.intersection(_names(exc.__cause__)))
    return kind is Transient and left and not _TURNED_AWAY.intersection(_names(exc))


def _names(exc: BaseException) -> list[str]:
    return [base.__name__ for base in type(exc).__mro__]
