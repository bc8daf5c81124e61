"""Both venues' error tables against the documented ones, row by row."""

from __future__ import annotations

import re

import msgspec
import pytest

from arb.errors import AuthFailed, Cause, OutcomeUnknown, Rejected, Transient
from fastpath.wire import gate_labels, mexc_codes

# The page's words for a class -> what we may make of it.
MEXC_CLASSES = {
    "bad symbol": {Cause.MARKET},
    "bad request": {Cause.REQUEST},
    "order not found": {Cause.NOT_FOUND},
    "not found": {Cause.NOT_FOUND},
    "permission": {Cause.PERMISSION},
    "auth": {Cause.KEY, Cause.PERMISSION, Cause.REQUEST},
    "blocked": {Cause.BUSY},
    "rate limit": {Cause.RATE_LIMIT},
    "unknown outcome": {Cause.UNSURE},
    "timestamp": {Cause.CLOCK},
    "duplicate": {Cause.DUPLICATE},
    "maintenance": {Cause.BUSY},
    "symbol not tradable by API": {Cause.MARKET},
    "symbol not tradable": {Cause.MARKET},
    "invalid quantity": {Cause.QUANTITY, Cause.PRECISION},
    "account": {Cause.ACCOUNT},
    "insufficient balance": {Cause.BALANCE},
    "below minimum notional": {Cause.TOO_SMALL},
    "above maximum": {Cause.TOO_LARGE},
    "invalid price": {Cause.PRICE},
    "order type / account": {Cause.ORDER_TYPE},
    "order type": {Cause.ORDER_TYPE},
    "no liquidity": {Cause.LIQUIDITY},
    "order limit": {Cause.LIMIT},
    "limit": {Cause.LIMIT},
    "-": {Cause.ELSEWHERE},
    "wallet": {Cause.ELSEWHERE, Cause.BUSY},
}
GATE_CLASSES = {
    "rate limit": {Cause.RATE_LIMIT},
    "exchange down": {Cause.UNSURE},
    "clock": {Cause.CLOCK},
    "auth": {Cause.KEY},
    "permission": {Cause.PERMISSION},
    "insufficient balance": {Cause.BALANCE},
    "order size": {Cause.QUANTITY},
    "order size, too small": {Cause.TOO_SMALL},
    "order size, too large": {Cause.TOO_LARGE},
    "parameter": {Cause.REQUEST},
    "bad precision": {Cause.PRECISION},
    "wrong URL": {Cause.REQUEST},
    "unknown symbol": {Cause.MARKET},
    "unknown order": {Cause.NOT_FOUND},
    "already done": {Cause.CLOSED},
    "cancel failed": {Cause.UNSURE},
    "post-only would take": {Cause.WOULD_TAKE},
    "FOK killed": {Cause.NOT_FILLED},
    "price band": {Cause.PRICE},
    "no liquidity": {Cause.LIQUIDITY},
    "batch shape; for futures too many open orders": {Cause.LIMIT, Cause.REQUEST},
    "amend without effect": {Cause.NO_CHANGE},
    "duplicate": {Cause.DUPLICATE},
    "bad client id": {Cause.REQUEST},
    "close only": {Cause.MARKET},
    "futures risk": {Cause.ELSEWHERE},
    "no futures account": {Cause.ELSEWHERE},
}
AUTH = {Cause.KEY, Cause.PERMISSION, Cause.LOGIN}


def rows(shared, venue, begin, end):
    section = (shared / f"protocols/{venue}.md").read_text().partition(begin)[2].partition(end)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 3 and not set(cells[0]) <= {"-"}:
            yield cells


def mexc_rows(shared):
    """(codes, class) of each row of section 10."""
    for cells in rows(shared, "mexc", "## 10. Error model (spot)", "## 11. "):
        if cells[0] == "code":
            continue
        codes = set()
        for part in cells[0].split(", "):
            if part == "88xxx":
                codes |= {88000, 88999}
            elif re.fullmatch(r"\d+-\d+", part):
                first, last = map(int, part.split("-"))
                codes |= set(range(first, last + 1))
            else:
                codes.add(int(part))
        yield codes, cells[2].replace("**", "").removesuffix(" (band)")


def gate_rows(shared):
    """(labels, class) of each row of section 9."""
    for cells in rows(shared, "gateio", "## 9. Error model", "## 10. "):
        if cells[0] != "Label":
            yield set(re.findall("`([A-Z_]+)`", cells[0])), cells[1]


def test_every_documented_code_of_mexc_means_what_the_page_says(shared):
    found = list(mexc_rows(shared))
    assert sum(len(codes) for codes, _ in found) >= 90
    for codes, kind in found:
        for code in codes:
            assert mexc_codes.cause_of(code) in MEXC_CLASSES[kind], (code, kind)


def test_every_documented_label_of_gate_means_what_the_page_says(shared):
    found = list(gate_rows(shared))
    assert sum(len(labels) for labels, _ in found) >= 65
    for labels, kind in found:
        for label in labels:
            assert gate_labels.CAUSES[label] in GATE_CLASSES[kind], (label, kind)


def test_no_table_holds_a_code_that_the_page_does_not(shared):
    assert set(mexc_codes.CAUSES) <= set().union(*(codes for codes, _ in mexc_rows(shared)))
    assert set(gate_labels.CAUSES) == set().union(*(labels for labels, _ in gate_rows(shared)))


def expected(cause, changes):
    if cause in (Cause.KEY, Cause.PERMISSION):
        return AuthFailed
    if cause in (Cause.RATE_LIMIT, Cause.CLOCK, Cause.BUSY):
        return Transient
    if cause is Cause.UNSURE:
        return OutcomeUnknown if changes else Transient
    return Rejected


@pytest.mark.parametrize("changes", [True, False], ids=["an order", "a read"])
def test_a_documented_refusal_is_what_its_cause_says(changes):
    for code, cause in mexc_codes.CAUSES.items():
        body = msgspec.json.encode({"code": code, "msg": "words"})
        error = mexc_codes.decode_error(400, body, changes=changes)
        assert type(error) is expected(cause, changes), code
        assert (error.code, error.cause, error.venue) == (str(code), cause, "mexc")
    for label, cause in gate_labels.CAUSES.items():
        body = msgspec.json.encode({"label": label, "message": "words"})
        error = gate_labels.decode_error(400, body, changes=changes)
        assert type(error) is expected(cause, changes), label
        assert (error.code, error.cause, error.venue) == (label, cause, "gateio")


DECODERS = pytest.mark.parametrize(
    ("decode", "known", "unknown"),
    [
        pytest.param(mexc_codes.decode_error, {"code": 30004, "msg": "x"}, {"code": 98765, "msg": "x"}, id="mexc"),
        pytest.param(
            gate_labels.decode_error, {"label": "BALANCE_NOT_ENOUGH"}, {"label": "SOMETHING_NEW"}, id="gateio"
        ),
    ],
)


@DECODERS
@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_5xx_is_an_unknown_outcome_for_an_order_whatever_it_says(decode, known, unknown, status):
    for body in (msgspec.json.encode(known), msgspec.json.encode(unknown), b"<html>oh</html>", b""):
        assert type(decode(status, body, changes=True)) is OutcomeUnknown
        assert type(decode(status, body)) is Transient


@DECODERS
def test_a_code_nobody_documents_is_an_unknown_outcome_for_an_order_and_a_refusal_for_a_read(decode, known, unknown):
    body = msgspec.json.encode(unknown)
    assert type(decode(400, body, changes=True)) is OutcomeUnknown
    assert type(decode(400, body)) is Rejected
    assert type(decode(400, msgspec.json.encode(known), changes=True)) is Rejected


@DECODERS
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(429, Transient, id="turned away: too many requests"),
        pytest.param(418, Transient, id="turned away: banned"),
        pytest.param(403, Transient, id="turned away by a firewall"),
        pytest.param(401, AuthFailed, id="turned away: the key"),
        pytest.param(400, OutcomeUnknown, id="a page instead of a refusal"),
        pytest.param(408, OutcomeUnknown, id="a timeout"),
        pytest.param(404, OutcomeUnknown, id="nobody's page"),
        pytest.param(302, OutcomeUnknown, id="a redirect"),
    ],
)
def test_an_unreadable_refusal_of_an_order_is_a_refusal_only_where_its_status_is_one(
    decode, known, unknown, status, kind
):
    assert type(decode(status, b"<html>", changes=True)) is kind


def test_a_ban_says_how_long_whatever_its_code():
    assert mexc_codes.decode_error(418, b'{"code":30004,"msg":"x"}', changes=True).retry_after_s == 120.0


def test_mexc_400_is_about_the_key_where_it_says_so():
    assert type(mexc_codes.decode_error(400, b'{"code":400,"msg":"api key required"}')) is AuthFailed
    assert type(mexc_codes.decode_error(400, b'{"code":400,"msg":"bad request"}')) is Rejected


def test_gate_wants_a_login_not_another_key():
    error = gate_labels.error_of("AUTHENTICATION_FAILED", "Not login", 400, changes=True)
    assert (type(error), error.cause) == (Transient, Cause.LOGIN)
