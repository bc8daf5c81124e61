"""ccxt's exceptions as ours: one table, applied once, at the border. Nothing secret passes it.

The table is about reads: whoever asks again does no harm, so a lost answer is `Transient`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from arb.errors import ArbError, AuthFailed, ProtocolError, Rejected, SequenceGap, Transient, VenueError

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


def translate(venue: str, exc: Exception, redact: Redactor, retry_after_s: float = 0.0) -> ArbError:
    """`exc` as one of ours; one of ours comes back as it is. retry_after_s: what the venue asked for, if it did."""
    if isinstance(exc, ArbError):
        return exc
    kind = next(TABLE[base.__name__] for base in type(exc).__mro__ if base.__name__ in TABLE)
    message = redact(f"{type(exc).__name__}: {exc}")
    return Transient(venue, message, retry_after_s) if kind is Transient else kind(venue, message)


@contextmanager
def translated(venue: str, redact: Redactor, retry_after_s: Callable[[], float] = lambda: 0.0) -> Iterator[None]:
    """Whatever ccxt raises inside comes out as ours."""
    try:
        yield
    except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
        raise translate(venue, exc, redact, retry_after_s()) from None  # the cause would show the signed URL
