from __future__ import annotations

import pytest

from arb.errors import AuthFailed, Rejected, Transient
from fastpath.wire import refusal


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        pytest.param(429, "", Transient, id="too many requests"),
        pytest.param(429, "X", Transient, id="too many requests, in any words"),
        pytest.param(418, "", Transient, id="banned for a while"),
        pytest.param(408, "", Transient, id="the server did not wait"),
        pytest.param(500, "X", Transient, id="server error"),
        pytest.param(403, "", Transient, id="a firewall"),
        pytest.param(403, "X", Rejected, id="forbidden by the venue itself"),
        pytest.param(401, "X", AuthFailed, id="the key"),
        pytest.param(400, "X", Rejected, id="bad request"),
        pytest.param(302, "", Rejected, id="a redirect is no answer"),
    ],
)
def test_by_status(status, code, kind):
    error = refusal.by_status("v", status, "words", code)
    assert type(error) is kind
    assert error.venue == "v"
    assert error.message == f"HTTP {status}: words"
    if kind is Rejected:
        assert error.code == (code or str(status))


def test_only_a_ban_says_how_long():
    waits = {status: refusal.by_status("v", status, "").retry_after_s for status in (408, 418, 429, 500)}
    assert waits == {408: 0.0, 418: 120.0, 429: 0.0, 500: 0.0}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"<html>\n <h1>502</h1>\n</html>", "<html> <h1>502</h1> </html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 500, "x" * 200),
    ],
)
def test_words(body, words):
    assert refusal.words(body) == words
