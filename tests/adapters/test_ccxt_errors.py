"""Every exception of ccxt has its place in the table, and none of them carries a secret through."""

from __future__ import annotations

import inspect
import traceback

import aiohttp
import ccxt
import pytest
from ccxt.base import errors
from google.protobuf.message import DecodeError

from adapters.ccxt_errors import LONGEST, TABLE, Redactor, translate, translated
from arb.errors import (
    ArbError,
    AuthFailed,
    Cause,
    ConfigError,
    OutcomeUnknown,
    ProtocolError,
    Rejected,
    SequenceGap,
    Transient,
    VenueError,
)

PLAIN = Redactor()
KEY, SECRET, PASSWORD = "mx0vglKEY01", "s3cr+t/with=signs", "p w"
CCXT_ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        pytest.param(ccxt.AuthenticationError("x"), AuthFailed, id="a refused key"),
        pytest.param(ccxt.PermissionDenied("x"), AuthFailed, id="a key without the right"),
        pytest.param(ccxt.AccountSuspended("x"), AuthFailed, id="an account that is closed"),
        pytest.param(ccxt.BadSymbol("x"), Rejected, id="no such market"),
        pytest.param(ccxt.NotSupported("x"), Rejected, id="no such call"),
        pytest.param(ccxt.InsufficientFunds("x"), Rejected, id="no money"),
        pytest.param(ccxt.ExchangeError("x"), Rejected, id="any other refusal"),
        pytest.param(ccxt.RateLimitExceeded("x"), Transient, id="too fast"),
        pytest.param(ccxt.DDoSProtection("x"), Transient, id="a ban for a while"),
        pytest.param(ccxt.RequestTimeout("x"), Transient, id="no answer in time"),
        pytest.param(ccxt.OnMaintenance("x"), Transient, id="maintenance"),
        pytest.param(ccxt.ExchangeClosedByUser("x"), Transient, id="closed by ourselves"),
        pytest.param(ccxt.UnsubscribeError("x"), Transient, id="unsubscribed"),
        pytest.param(ccxt.ChecksumError("x"), SequenceGap, id="a book that does not add up"),
        pytest.param(ccxt.BadResponse("x"), ProtocolError, id="an answer that ccxt cannot read"),
        pytest.param(KeyError("x"), ProtocolError, id="ccxt stumbles over an answer"),
        pytest.param(DecodeError("x"), ProtocolError, id="a garbled binary frame"),
        pytest.param(aiohttp.ClientPayloadError("x"), Transient, id="a torn answer"),
        pytest.param(TimeoutError(), Transient, id="a timeout of ours"),
        pytest.param(ConnectionResetError("x"), Transient, id="a connection that is gone"),
    ],
)
def test_table(exc: Exception, kind: type[VenueError]) -> None:
    error = translate("v", exc, PLAIN)
    assert type(error) is kind
    assert isinstance(error, VenueError)
    assert error.venue == "v"
    assert error.message.startswith(type(exc).__name__)


@pytest.mark.parametrize("kind", CCXT_ERRORS, ids=lambda kind: kind.__name__)
def test_every_exception_of_ccxt_is_covered_by_an_ancestor_of_ccxts(kind: type[Exception]) -> None:
    ancestors = [base.__name__ for base in kind.__mro__ if base.__name__ in TABLE]
    assert ancestors[0] != "Exception"


def test_our_own_errors_pass_as_they_are() -> None:
    ours: ArbError = ConfigError("x")
    assert translate("v", ours, PLAIN) is ours
    with pytest.raises(ConfigError) as raised, translated("v", PLAIN):
        raise ours
    assert raised.value is ours


def test_the_venue_says_how_long_to_wait() -> None:
    with pytest.raises(Transient) as raised, translated("v", PLAIN, lambda: 7.5):
        raise ccxt.RateLimitExceeded("slow down")
    assert raised.value.retry_after_s == 7.5


def test_what_succeeds_is_not_touched() -> None:
    with translated("v", PLAIN):
        value = 1
    assert value == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"GET https://h/api?timestamp=1&apiKey={KEY}&signature=abcdef0123 failed", id="a signed URL"),
        pytest.param(f'{{"code":1,"apiKey":"{KEY}","sign":"abcdef0123"}}', id="a body"),
        pytest.param(f"X-MEXC-APIKEY: {KEY} Signature: abcdef0123", id="headers"),
        pytest.param(f"Invalid key {KEY}, hash abc", id="a bare key"),
        pytest.param("listenKey=abcdef0123 expired", id="a token that we never knew"),
        pytest.param("https://h/?sig=abcdef0123&key=abcdef0123", id="short names in a URL"),
        pytest.param(f"secret {SECRET} / s3cr%2Bt%2Fwith%3Dsigns", id="a secret, plain and quoted"),
        pytest.param(f"passphrase {PASSWORD}", id="a passphrase"),
    ],
)
def test_no_secret_is_left(text: str) -> None:
    redact = Redactor((KEY, SECRET, PASSWORD, "", None))
    shown = str(translate("v", ccxt.ExchangeError(text), redact))
    for secret in (KEY, SECRET, PASSWORD, "s3cr%2Bt", "abcdef0123"):
        assert secret not in shown
    assert "***" in shown
    assert KEY not in repr(redact)


@pytest.mark.parametrize(
    "text",
    [
        "mexc GET https://api.mexc.com/api/v3/depth?symbol=BTCUSDT&limit=20 429 Too Many Requests",
        "unexpected character, expected a string key: line 1 column 109",
        "the sign: minus",
    ],
)
def test_ordinary_words_are_left(text: str) -> None:
    assert Redactor(("x" * 20,))(text) == text


def test_the_cause_is_not_shown_in_a_traceback() -> None:
    redact = Redactor((KEY,))
    with pytest.raises(VenueError) as raised, translated("v", redact):
        raise ccxt.NetworkError(f"GET https://h/?apiKey={KEY}")
    assert KEY not in "".join(traceback.format_exception(raised.value)).replace(inspect.getsource(translate), "")


def test_messages_are_one_short_line() -> None:
    message = PLAIN("a\nb\t" + "x" * 1000)
    assert message.startswith("a b x")
    assert len(message) == LONGEST + 1


def _never_connected() -> Exception:
    error = ccxt.ExchangeNotAvailable("x")
    error.__cause__ = aiohttp.ClientConnectorDNSError(None, OSError())  # type: ignore[arg-type]
    return error


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        pytest.param(ccxt.RequestTimeout("x"), OutcomeUnknown, id="no answer in time"),
        pytest.param(ccxt.ExchangeNotAvailable("x"), OutcomeUnknown, id="a 5xx, or a connection that broke"),
        pytest.param(_never_connected(), Transient, id="a connection that never was"),
        pytest.param(ccxt.ExchangeClosedByUser("x"), OutcomeUnknown, id="a socket closed under it"),
        pytest.param(ccxt.BadResponse("x"), OutcomeUnknown, id="an answer that cannot be read"),
        pytest.param(KeyError("x"), OutcomeUnknown, id="an answer that ccxt stumbles over"),
        pytest.param(ccxt.ExchangeError("x"), OutcomeUnknown, id="a code that nobody documents"),
        pytest.param(TimeoutError("x"), OutcomeUnknown, id="our own patience"),
        pytest.param(ccxt.RateLimitExceeded("x"), Transient, id="too fast: turned away"),
        pytest.param(ccxt.OnMaintenance("x"), Transient, id="maintenance: turned away"),
        pytest.param(ccxt.InvalidNonce("x"), Transient, id="a time out of range: turned away"),
        pytest.param(ccxt.InvalidOrder("x"), Rejected, id="an order that is wrong"),
        pytest.param(ccxt.InsufficientFunds("x"), Rejected, id="no money"),
        pytest.param(ccxt.ArgumentsRequired("x"), Rejected, id="refused by ccxt itself"),
        pytest.param(ccxt.AuthenticationError("x"), AuthFailed, id="a refused key"),
    ],
)
def test_of_an_order_only_a_proof_says_that_nothing_happened(exc: Exception, kind: type[VenueError]) -> None:
    assert type(translate("v", exc, PLAIN, changes=True)) is kind


@pytest.mark.parametrize(
    ("exc", "cause"),
    [
        pytest.param(ccxt.OrderNotFound("x"), Cause.NOT_FOUND, id="no such order"),
        pytest.param(ccxt.InsufficientFunds("x"), Cause.BALANCE, id="no money"),
        pytest.param(ccxt.OrderImmediatelyFillable("x"), Cause.WOULD_TAKE, id="post-only"),
        pytest.param(ccxt.RateLimitExceeded("x"), Cause.RATE_LIMIT, id="too fast"),
        pytest.param(ccxt.AccountSuspended("x"), Cause.KEY, id="an ancestor's, where it has none of its own"),
        pytest.param(ccxt.ExchangeError("x"), Cause.OTHER, id="no reason given"),
    ],
)
def test_the_cause_is_in_words_that_all_venues_share(exc: Exception, cause: Cause) -> None:
    error = translate("v", exc, PLAIN)
    assert isinstance(error, VenueError)
    assert error.cause is cause
