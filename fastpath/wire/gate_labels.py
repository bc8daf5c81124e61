"""Gate's error labels: one table for everything, public and private (API v4, error labels, 2025)."""

from __future__ import annotations

from arb.errors import Cause, VenueError
from fastpath.wire import gate_messages as wire
from fastpath.wire import refusal

VENUE = "gateio"

CAUSES: dict[str, Cause] = {
    "TOO_MANY_REQUESTS": Cause.RATE_LIMIT,
    "TOO_FAST": Cause.RATE_LIMIT,
    "TOO_BUSY": Cause.UNSURE,
    "INTERNAL": Cause.UNSURE,
    "SERVER_ERROR": Cause.UNSURE,
    "REQUEST_EXPIRED": Cause.CLOCK,
    "INVALID_SIGNATURE": Cause.KEY,
    "INVALID_KEY": Cause.KEY,
    "INVALID_CREDENTIALS": Cause.KEY,
    "MISSING_REQUIRED_HEADER": Cause.KEY,
    "AUTHENTICATION_FAILED": Cause.KEY,
    "IP_FORBIDDEN": Cause.PERMISSION,
    "READ_ONLY": Cause.PERMISSION,
    "FORBIDDEN": Cause.PERMISSION,
    "ACCOUNT_LOCKED": Cause.PERMISSION,
    "SUB_ACCOUNT_LOCKED": Cause.PERMISSION,
    "BALANCE_NOT_ENOUGH": Cause.BALANCE,
    "MARGIN_BALANCE_NOT_ENOUGH": Cause.BALANCE,
    "INSUFFICIENT_AVAILABLE": Cause.BALANCE,
    "FUTURES_BALANCE_NOT_ENOUGH": Cause.BALANCE,
    "TRADE_RESTRICTED": Cause.BALANCE,
    "QUANTITY_NOT_ENOUGH": Cause.QUANTITY,
    "AMOUNT_TOO_LITTLE": Cause.TOO_SMALL,
    "SIZE_TOO_SMALL": Cause.TOO_SMALL,
    "AMOUNT_TOO_MUCH": Cause.TOO_LARGE,
    "SIZE_TOO_LARGE": Cause.TOO_LARGE,
    "INVALID_PARAM_VALUE": Cause.REQUEST,  # an order below the minimum too: only its text says so
    "INVALID_PRECISION": Cause.PRECISION,
    "INVALID_PROTOCOL": Cause.REQUEST,
    "INVALID_ARGUMENT": Cause.REQUEST,
    "INVALID_REQUEST_BODY": Cause.REQUEST,
    "MISSING_REQUIRED_PARAM": Cause.REQUEST,
    "BAD_REQUEST": Cause.REQUEST,
    "INVALID_CONTENT_TYPE": Cause.REQUEST,
    "NOT_ACCEPTABLE": Cause.REQUEST,
    "METHOD_NOT_ALLOWED": Cause.REQUEST,
    "NOT_FOUND": Cause.REQUEST,  # the URL, not an order
    "INVALID_CURRENCY": Cause.MARKET,
    "INVALID_CURRENCY_PAIR": Cause.MARKET,
    "CONTRACT_NOT_FOUND": Cause.MARKET,
    "ORDER_NOT_FOUND": Cause.NOT_FOUND,
    "CLIENT_ID_NOT_FOUND": Cause.NOT_FOUND,
    "ORDER_NOT_OWNED": Cause.NOT_FOUND,
    "ORDER_CLOSED": Cause.CLOSED,
    "ORDER_CANCELLED": Cause.CLOSED,
    "ORDER_FINISHED": Cause.CLOSED,
    "CANCEL_FAIL": Cause.UNSURE,
    "POC_FILL_IMMEDIATELY": Cause.WOULD_TAKE,
    "ORDER_POC_IMMEDIATE": Cause.WOULD_TAKE,
    "FOK_NOT_FILL": Cause.NOT_FILLED,
    "ORDER_FOK": Cause.NOT_FILLED,
    "PRICE_THRESHOLD_EXCEEDED": Cause.PRICE,
    "PRICE_TOO_DEVIATED": Cause.PRICE,
    "ORDER_BOOK_NOT_FOUND": Cause.LIQUIDITY,
    "CONTRACT_NO_COUNTER": Cause.LIQUIDITY,
    "TOO_MANY_ORDERS": Cause.LIMIT,
    "TOO_MANY_CURRENCY_PAIRS": Cause.REQUEST,
    "MIXED_ACCOUNT_TYPE": Cause.REQUEST,
    "NO_CHANGE": Cause.NO_CHANGE,
    "REPEATED_CREATION": Cause.DUPLICATE,
    "DUPLICATE_REQUEST": Cause.DUPLICATE,
    "ORDER_EXISTS": Cause.DUPLICATE,
    "REPEAT_REQUEST": Cause.DUPLICATE,
    "INVALID_CLIENT_ORDER_ID": Cause.REQUEST,
    "CONTRACT_IN_DELISTING": Cause.MARKET,
    "POSITION_IN_LIQUIDATION": Cause.ELSEWHERE,
    "POSITION_IN_CLOSE": Cause.ELSEWHERE,
    "LIQUIDATE_IMMEDIATELY": Cause.ELSEWHERE,
    "RISK_LIMIT_EXCEEDED": Cause.ELSEWHERE,
    "INCREASE_POSITION": Cause.ELSEWHERE,
    "REDUCE_EXCEEDED": Cause.ELSEWHERE,
    "PRICE_OVER_LIQUIDATION": Cause.ELSEWHERE,
    "PRICE_OVER_BANKRUPT": Cause.ELSEWHERE,
    "USER_NOT_FOUND": Cause.ELSEWHERE,
}
_NOT_LOGGED_IN = "Not login"  # under a label that means a bad key elsewhere (recorded 2024-06)


def error_of(label: str, text: str, status: int, *, changes: bool = False, retry_after_s: float = 0.0) -> VenueError:
    """A label as one of our errors. status: HTTP's, or what the header of a socket's answer says in its place.

    changes: the request would have changed an order.
    """
    cause = Cause.LOGIN if text == _NOT_LOGGED_IN else CAUSES.get(label, Cause.OTHER)
    words = f"{label} {text}".strip()
    return refusal.error(VENUE, status, cause, words, label, changes=changes, retry_after_s=retry_after_s)


def decode_error(status: int, body: bytes, *, changes: bool = False) -> VenueError:
    """A refused HTTP answer as one of our errors."""
    try:
        answer = wire.rest_error.decode(body)
    except (ValueError, RecursionError):
        return refusal.by_status(VENUE, status, refusal.words(body), changes=changes)
    return error_of(answer.label, answer.message or answer.detail or "", status, changes=changes)
