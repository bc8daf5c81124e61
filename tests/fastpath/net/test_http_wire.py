"""fastpath.net.http_wire: one request in one piece, one answer out of any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.interfaces import Request
from fastpath.net.http_wire import MAX_HEAD, AnswerReader, Origin, Response, Unreadable, origin_of, written

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.mexc.com", Origin("api.mexc.com", 443, True, "", "api.mexc.com")),
        ("https://api.gateio.ws/api/v4/", Origin("api.gateio.ws", 443, True, "/api/v4", "api.gateio.ws")),
        ("http://127.0.0.1:8080", Origin("127.0.0.1", 8080, False, "", "127.0.0.1:8080")),
        ("http://joe:pw@host:81/x", Origin("host", 81, False, "/x", "host:81")),
        ("http://[::1]:9/", Origin("::1", 9, False, "", "[::1]:9")),
    ],
)
def test_an_address_says_where_to_connect(url: str, expected: Origin) -> None:
    assert origin_of(url) == expected


def test_an_address_without_a_host_is_none() -> None:
    with pytest.raises(ValueError, match="no host"):
        origin_of("https:///path")


def test_a_request_is_written_as_the_codec_made_it() -> None:
    origin = origin_of("https://host/api")
    request = Request("POST", "/order?a=%2F+&sig=0f", (("X-Key", "k k"),), b'{"a":1}')
    head, _, body = written(origin, request).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/order?a=%2F+&sig=0f HTTP/1.1"
    assert {b"Host: host", b"X-Key: k k", b"Content-Length: 7", b"Accept-Encoding: identity"} <= set(lines)
    assert body == b'{"a":1}'


@pytest.mark.parametrize(("method", "length"), [("POST", True), ("PUT", True), ("GET", False), ("DELETE", False)])
def test_only_a_method_with_a_body_says_that_it_is_empty(method: str, length: bool) -> None:
    assert (b"Content-Length: 0" in written(origin_of("http://h"), Request(method, "/"))) is length


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request("GET", "/a b"), id="a space in the path"),
        pytest.param(Request("GET", "/a\r\nX: y"), id="a line break in the path"),
        pytest.param(Request("GET", "/ä"), id="a letter that is not ASCII"),
        pytest.param(Request("GET", "/", (("X", "a\r\nY: b"),)), id="a line break in a header"),
        pytest.param(Request("GET", "/", (("X: y", "a"),)), id="a space in a header's name"),
    ],
)
def test_what_would_be_more_than_one_request_is_not_written(request_: Request) -> None:
    with pytest.raises(ValueError):
        written(origin_of("http://h"), request_)


ANSWERS = [
    pytest.param(OK + b"Content-Length: 2\r\n\r\nhi", 200, b"hi", True, id="by length"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, id="without a body"),
    pytest.param(b"HTTP/1.1 400\r\ncontent-LENGTH: 0\r\n\r\n", 400, b"", True, id="without a reason"),
    pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, b"hi", True, id="in a chunk"),
    pytest.param(
        OK + b"Transfer-Encoding: Chunked\r\n\r\n1;x=y\r\nh\r\nA\r\ni123456789\r\n0\r\nX-T: 1\r\n\r\n",
        200, b"hi123456789", True, id="in chunks with extensions and trailers",
    ),
    pytest.param(
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n", 200, b"", False, id="both",
    ),
    pytest.param(OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False, id="the last one"),
    pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False, id="of an old server"),
    pytest.param(
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True,
        id="of an old server that keeps",
    ),
    pytest.param(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx",
        200, b"x", True, id="after others that are none",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "status", "body", "keep"), ANSWERS)
@pytest.mark.parametrize("size", [1, 3, 10_000], ids=["byte by byte", "in threes", "at once"])
def test_an_answer_is_read(data: bytes, status: int, body: bytes, keep: bool, size: int) -> None:
    reader = AnswerReader()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    heard = [reader.feed(piece) for piece in pieces]
    assert heard[:-1] == [None] * (len(pieces) - 1)
    last = heard[-1]
    assert last is not None
    assert (last.status, last.body, last.keep) == (status, body, keep)
    assert reader.empty


def test_headers_are_told_in_lower_case() -> None:
    reader = AnswerReader()
    heard = reader.feed(
        OK + b"X-Gate-RateLimit-Limit:  10 \r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 0\r\n\r\n"
    )
    assert heard is not None
    assert heard.headers["x-gate-ratelimit-limit"] == "10"
    assert heard.idle_s == 5.0


def test_an_answer_may_end_with_its_connection() -> None:
    reader = AnswerReader()
    assert reader.feed(OK + b"\r\nsome") is None
    assert reader.feed(b"thing") is None
    assert reader.end() == Response(200, {}, b"something", False, 0.0)


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 200", OK + b"Content-Length: 5\r\n\r\nhi", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhi"],
    ids=["nothing", "half a head", "half a body", "half a chunk"],
)
def test_half_an_answer_is_none(data: bytes) -> None:
    reader = AnswerReader()
    assert reader.feed(data) is None
    assert reader.end() is None


def test_what_follows_an_answer_is_noticed() -> None:
    reader = AnswerReader()
    assert reader.feed(OK + b"Content-Length: 1\r\n\r\nxHTTP") is not None
    assert not reader.empty


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"SMTP ready\r\n\r\n", "no status line", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 Switching\r\n\r\n", "change of protocol", id="an upgrade"),
        pytest.param(OK + b"no colon\r\n\r\n", "no header", id="a line that is no header"),
        pytest.param(OK + b" folded: x\r\n\r\n", "no header", id="a folded line"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\n", "content-length", id="a negative length"),
        pytest.param(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths", id="two lengths"),
        pytest.param(OK + b"Content-Length: 101\r\n\r\n", "more than 100 bytes", id="too long"),
        pytest.param(OK + b"\r\n" + b"x" * 101, "more than 100 bytes", id="too long, without saying so"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n60\r\n" + b"x" * 96 + b"\r\n5\r\n", "more than 100 bytes",
            id="too long in chunks",
        ),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "a chunk of size", id="a chunk without size"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n", "longer than", id="a chunk that lied"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, "endless", id="an endless size"),
        pytest.param(OK + b"Transfer-Encoding: gzip\r\n\r\n", "transfer-encoding", id="an unknown coding"),
        pytest.param(OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", "compressed", id="compressed"),
        pytest.param(OK + b"X: " + b"x" * MAX_HEAD, "a head of more", id="an endless head"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(data: bytes, text: str) -> None:
    with pytest.raises(Unreadable, match=text):
        AnswerReader(max_body=100).feed(data)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_garbage_raises_nothing_else(data: bytes, size: int) -> None:
    reader = AnswerReader(max_body=100)
    try:
        for i in range(0, len(data), size):
            reader.feed(data[i : i + size])
        reader.end()
    except Unreadable:
        return
