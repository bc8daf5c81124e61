"""MEXC's error codes: one table for everything, public and private (spot v3 error codes, 2026-04). And its budgets."""

from __future__ import annotations

import msgspec

from arb.errors import Cause, VenueError
from arb.interfaces import RatePool, Verb
from fastpath.wire import refusal

VENUE = "mexc"

CAUSES: dict[int, Cause] = {
    -2013: Cause.NOT_FOUND,
    -2011: Cause.NOT_FOUND,  # of a cancel: filled, cancelled or never there
    -1128: Cause.REQUEST,
    -1121: Cause.MARKET,
    26: Cause.PERMISSION,
    400: Cause.REQUEST,  # or "api key required"
    401: Cause.KEY,
    402: Cause.KEY,
    403: Cause.BUSY,  # its firewall
    406: Cause.PERMISSION,
    429: Cause.RATE_LIMIT,
    500: Cause.UNSURE,
    501: Cause.UNSURE,
    503: Cause.UNSURE,
    504: Cause.UNSURE,
    510: Cause.RATE_LIMIT,
    511: Cause.PERMISSION,
    513: Cause.CLOCK,
    602: Cause.KEY,
    603: Cause.DUPLICATE,
    604: Cause.BUSY,
    801: Cause.BUSY,
    10001: Cause.KEY,
    10007: Cause.MARKET,  # not open to the API, whatever the web does
    10015: Cause.KEY,
    10072: Cause.KEY,
    10073: Cause.CLOCK,
    10095: Cause.QUANTITY,
    10096: Cause.PRECISION,
    10097: Cause.QUANTITY,
    10098: Cause.ACCOUNT,
    10101: Cause.BALANCE,
    10102: Cause.QUANTITY,
    10203: Cause.UNSURE,
    11444: Cause.BUSY,
    20002: Cause.UNSURE,
    22222: Cause.NOT_FOUND,
    30000: Cause.MARKET,
    30001: Cause.MARKET,
    30002: Cause.TOO_SMALL,
    30003: Cause.TOO_LARGE,
    30004: Cause.BALANCE,
    30005: Cause.BALANCE,
    30010: Cause.PRICE,
    30014: Cause.MARKET,
    30016: Cause.MARKET,
    30018: Cause.ORDER_TYPE,
    30019: Cause.ORDER_TYPE,
    30020: Cause.MARKET,
    30021: Cause.MARKET,
    30025: Cause.LIQUIDITY,
    30026: Cause.NOT_FOUND,
    30027: Cause.MARKET,
    30028: Cause.MARKET,
    30029: Cause.LIMIT,
    30032: Cause.LIMIT,
    30041: Cause.ORDER_TYPE,
    30087: Cause.PRICE,
    33333: Cause.REQUEST,
    44444: Cause.REQUEST,
    60005: Cause.ACCOUNT,
    70011: Cause.PERMISSION,
    700001: Cause.KEY,
    700002: Cause.KEY,
    700003: Cause.CLOCK,
    700004: Cause.REQUEST,
    700005: Cause.REQUEST,
    700006: Cause.PERMISSION,
    700007: Cause.PERMISSION,
    700008: Cause.REQUEST,
    700013: Cause.REQUEST,
    10200: Cause.BUSY,  # the two of the wallet that may be asked again
    10219: Cause.BUSY,
    **dict.fromkeys(
        (10099, 10100, 10103, 10201, 10202, 10206, 10211, 10212, 10216, 10222, 10232, 10259, 10265, 10268, 140001,
         140002),
        Cause.ELSEWHERE,
    ),
}  # fmt: skip
_ELSEWHERE = (range(730000, 730708), range(88000, 89000))  # administration of sub-accounts and keys; margin
_SUCCESS = (0, 200)
_WEIGHTS = {Verb.QUERY: 2, Verb.OPEN_ORDERS: 3, Verb.FILLS: 10, Verb.BALANCES: 10, Verb.LISTEN_KEY: 1, Verb.TIME: 1}

# General info and Spot account/trade, 2026-04: all order calls share one budget, endpoints have one of weights each,
# reading the account has another one besides. No answer says what is left of any.
POOLS = (
    RatePool("orders", 12, 1.0, {Verb.PLACE: 1, Verb.CANCEL: 1}),
    RatePool("account", 2, 1.0, {Verb.BALANCES: 1}),
    RatePool("weights", 500, 10.0, _WEIGHTS, "verb"),
)


class Refusal(msgspec.Struct):
    """The body of a refusal; wallet endpoints write `message`."""

    code: int
    msg: str | None = None
    message: str | None = None


_refusal = msgspec.json.Decoder(Refusal, strict=False)


def cause_of(code: int, text: str = "") -> Cause:
    """OTHER for a code that nobody documents."""
    if code == 400 and "key" in text.lower():
        return Cause.KEY
    known = CAUSES.get(code)
    if known is not None:
        return known
    return Cause.ELSEWHERE if any(code in codes for codes in _ELSEWHERE) else Cause.OTHER


def refused(body: bytes) -> Refusal | None:
    """The refusal that a body holds, whatever its HTTP status; None for success and for what is neither."""
    try:
        answer = _refusal.decode(body)
    except (ValueError, RecursionError):
        return None
    return None if answer.code in _SUCCESS else answer


def error_of(answer: Refusal, status: int, *, changes: bool = False) -> VenueError:
    """A refusal as one of our errors. changes: the request would have changed an order."""
    text = answer.msg or answer.message or ""
    code = str(answer.code)
    return refusal.error(VENUE, status, cause_of(answer.code, text), f"{code} {text}".strip(), code, changes=changes)


def decode_error(status: int, body: bytes, *, changes: bool = False) -> VenueError:
    """A refused HTTP answer as one of our errors."""
    answer = refused(body)
    if answer is None:
        return refusal.by_status(VENUE, status, refusal.words(body), changes=changes)
    return error_of(answer, status, changes=changes)
