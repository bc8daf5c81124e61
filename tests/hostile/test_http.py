"""The reader of HTTP answers: whatever a server writes, in any pieces, is an answer or Unreadable, within bounds."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import note
from hypothesis import strategies as st

from fastpath.net.http_wire import MAX_HEAD, AnswerReader, Response, Unreadable, origin_of
from tests.hostile.fuzzing import fuzz, on_a_leash
from tests.hostile.mutation import damaged, steps

MAX_BODY = 1 << 16
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = (
    OK + b"Content-Length: 2\r\nKeep-Alive: timeout=5, max=100\r\n\r\n{}",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 3\r\nConnection: keep-alive\r\n\r\n[1]",
    b"HTTP/1.0 503 Busy\r\nRetry-After: 3\r\n\r\n<html>busy</html>",
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    OK + b"content-encoding: identity\r\nContent-Length: 4\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nnull",
)
HEADERS = (
    b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Connection", b"Keep-Alive", b"Retry-After", b"X",
    b"", b"Content-Length ", b" Content-Length", b"\xff",
)  # fmt: skip
VALUES = (
    b"0", b"2", b"-1", b"+2", b"2 ", b"2, 2", b"0x2", b"9" * 30, b"9" * 5_000, b"\xb2", b"1_0", b"chunked",
    b"gzip, chunked", b"gzip", b"br", b"identity", b"close", b"keep-alive, close", b"timeout=1", b"timeout=\xb2",
    b"timeout=" + b"9" * 400,
    b"", b"\x00", b"a" * 9_000, b"\r", b"\n",
)  # fmt: skip
SIZES = (b"0", b"2", b"ffffffff", b"FFFFFFFFF", b"-2", b"2;" + b"x" * 2_000, b" 2", b"0x2", b"2\n", b"", b"\xb2")

headers = st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(VALUES)), max_size=4)
built = st.builds(
    lambda status, lines, body: b"\r\n".join((status, *(name + b": " + value for name, value in lines), b"", body)),
    st.sampled_from([OK[:-2], b"HTTP/1.1 204 x", b"HTTP/1.1 101 x", b"HTTP/2 200", b"HTTP/1.1 99 x", b"HTTP/1.1 200"]),
    headers,
    st.lists(st.sampled_from(SIZES), max_size=3).map(lambda sizes: b"".join(s + b"\r\n{}\r\n" for s in sizes)),
)
spoiled = st.builds(damaged, st.sampled_from(GOOD), steps)


@fuzz(100, data=built | spoiled, more=st.sampled_from(GOOD), cuts=st.lists(st.integers(1, 200), max_size=6))
def test_an_answer_in_any_pieces_is_one_or_unreadable(data: bytes, more: bytes, cuts: list[int]) -> None:
    note(f"{(data + more)[:2_000]!r}")
    whole = read(data + more, [])
    assert read(data + more, cuts) == whole, "what is read hangs on how it was cut"


def read(data: bytes, cuts: list[int]) -> list[Response] | str:
    """The first answer, or what is wrong. `cuts`: the sizes of the first pieces."""
    reader = AnswerReader(MAX_BODY)
    pieces, place = [], 0
    for size in cuts:
        pieces.append(data[place : place + size])
        place += size
    for piece in (*pieces, data[place:]):
        try:
            answer = reader.feed(piece)
        except Unreadable as exc:
            return type(exc).__name__
        assert len(reader._data) + len(reader._body) <= MAX_HEAD + 2 * MAX_BODY + len(piece)
        if answer is not None:
            return [check(answer)]
    answer = reader.end()
    return [] if answer is None else [check(answer)]


def check(answer: Response) -> Response:
    assert 200 <= answer.status <= 999
    assert len(answer.body) <= MAX_BODY
    assert 0 <= answer.idle_s < 1e6
    return answer


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", id="a length of 5000 digits"),
        pytest.param(OK + b"Content-Length: 65537\r\n\r\n", id="a body beyond the bound, told in advance"),
        pytest.param(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1 << 20)), id="a bomb in gzip"),
        pytest.param(OK + b"X: " + b"x" * (1 << 17), id="a head without end"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"2\r\nxxxx\r\n", id="a chunk that lies"),
        pytest.param(OK + b"\r\n" + b"x" * 65_537, id="a body until the end, without one"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n2" + b";x" * 1_000, id="a chunk's line without end"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n" + b"FFFF\r\n",
            id="chunks beyond the bound in sum",
        ),
    ],
)
def test_what_is_too_much_is_refused_when_it_shows(data: bytes) -> None:
    with on_a_leash(cpu_s=1.0, more_bytes=64 << 20), pytest.raises(Unreadable):
        AnswerReader(MAX_BODY).feed(data)


@pytest.mark.parametrize(
    ("first", "again", "most"),
    [
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", MAX_HEAD, id="continue, continue"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", 2_000, id="trailers without end"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 2 * MAX_BODY, id="chunks of one byte"),
    ],
)
def test_what_never_ends_takes_no_memory(first: bytes, again: bytes, most: int) -> None:
    """The line's timeout ends it; until then it must not grow, nor cost more the longer it lasts."""
    reader = AnswerReader(MAX_BODY)
    with on_a_leash(cpu_s=4.0, more_bytes=64 << 20):
        reader.feed(first)
        for _ in range(30_000):
            assert reader.feed(again) is None
    assert len(reader._data) + len(reader._body) <= most


@fuzz(
    60, url=st.text(max_size=40) | st.sampled_from(["http://[::1", "https://h:99999", "http://h:x", "https://@", "//"])
)
def test_an_address_is_an_origin_or_a_value_error(url: str) -> None:
    try:
        origin = origin_of(url)
    except ValueError:
        return
    assert origin.host
    assert 0 < origin.port < 65_536
