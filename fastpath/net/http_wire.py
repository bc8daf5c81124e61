"""HTTP/1.1 as bytes: a request written in one piece, an answer read in any pieces (RFC 9112). No I/O."""

from __future__ import annotations

import re
from enum import IntEnum
from urllib.parse import urlsplit

import msgspec

from arb.interfaces import Request

MAX_HEAD = 64 << 10  # bytes of a status line with its headers
MAX_BODY = 64 << 20
_MAX_LINE = 1 << 10  # of a chunk's size or a trailer
_MAX_LENGTH_DIGITS = 18  # more than any length has, and far fewer than int() refuses to read
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: [^\r\n]*)?")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(?:;.*)?", re.DOTALL)
_UNSENDABLE = re.compile(r"[^!-~]")  # in a path; a space would end it, a line break would begin a header
_UNSENDABLE_VALUE = re.compile(r"[^ -~]")


class Origin(msgspec.Struct, frozen=True):
    """Where requests go. prefix: before every path.   authority: host and port as the Host header has them."""

    host: str
    port: int
    tls: bool
    prefix: str
    authority: str


def origin_of(url: str) -> Origin:
    """The origin of an http or https address. Raises ValueError for one without a host."""
    parts = urlsplit(url)
    if parts.hostname is None:
        raise ValueError(f"no host in {url!r}")
    tls = parts.scheme == "https"
    return Origin(
        parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"), parts.netloc.rpartition("@")[2]
    )


def written(origin: Origin, request: Request) -> bytes:
    """The bytes of a request. Raises ValueError for what would not be one request only."""
    if _UNSENDABLE.search(request.path):
        raise ValueError("a path with a space, a control character or one that is not ASCII")
    head = [
        f"{request.method} {origin.prefix}{request.path} HTTP/1.1",
        f"Host: {origin.authority}",
        "User-Agent: arb",
        "Accept: application/json",
        "Accept-Encoding: identity",  # unpacking an answer costs more than its bytes on the way
    ]
    names, values = "".join([name for name, _ in request.headers]), "".join([value for _, value in request.headers])
    if _UNSENDABLE.search(names) or _UNSENDABLE_VALUE.search(values):
        name = next(name for name, value in request.headers if not _is_sendable(name, value))
        raise ValueError(f"the header {name!r} has a value that cannot be sent")
    head += [f"{name}: {value}" for name, value in request.headers]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        head.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join((*head, "", "")).encode("ascii") + request.body


def _is_sendable(name: str, value: str) -> bool:
    return _UNSENDABLE.search(name) is None and _UNSENDABLE_VALUE.search(value) is None


class Response(msgspec.Struct, frozen=True):
    """An answer. headers: names in lower case, the last of a name.

    keep: another request may follow on the connection.
    idle_s: the server closes a connection that was idle for so long; 0: it did not say.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    keep: bool
    idle_s: float


class Unreadable(ValueError):
    """What came is no HTTP answer, or one beyond the bounds."""


class _Body(IntEnum):
    LENGTH = 1
    CHUNKED = 2
    UNTIL_END = 3  # of the connection


class AnswerReader:
    """One connection's answers, one after the other. max_body: bytes of a body, chunked or not."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._max_body = max_body
        self._data = bytearray()
        self._reset()

    @property
    def empty(self) -> bool:
        """Whether nothing has come since the last whole answer."""
        return not self._data and self._status == 0

    def feed(self, data: bytes) -> Response | None:
        """The answer, once it is whole. Raises Unreadable. What follows it stays unread: see `empty`."""
        self._data += data
        while self._status == 0:
            if not self._read_head():
                return None
        if self._kind is _Body.LENGTH:
            if len(self._data) < self._left:
                return None
            self._body += self._data[: self._left]
            del self._data[: self._left]
            return self._whole()
        if self._kind is _Body.CHUNKED:
            return self._whole() if self._read_chunks() else None
        self._body += self._data
        self._data.clear()
        self._check_size(len(self._body))
        return None

    def end(self) -> Response | None:
        """The connection has ended: the answer, if that was its end."""
        if self._status and self._kind is _Body.UNTIL_END:
            return self._whole()
        return None

    def _reset(self) -> None:
        self._status = 0  # 0: the head of the next answer is not read yet
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._kind = _Body.LENGTH
        self._left = 0  # of the body, or of the chunk at hand
        self._in_chunk = False
        self._trailing = False
        self._keep = True

    def _whole(self) -> Response:
        headers = self._headers
        response = Response(
            self._status, headers, bytes(self._body), self._keep, _idle_s(headers.get("keep-alive", ""))
        )
        self._reset()
        return response

    def _read_head(self) -> bool:
        """One head, if it is there; heads of 1xx are not of the answer and are skipped."""
        end = self._data.find(_END)
        if end < 0 or end > MAX_HEAD:
            if len(self._data) > MAX_HEAD:
                raise Unreadable(f"a head of more than {MAX_HEAD} bytes")
            return False
        lines = bytes(self._data[:end]).split(b"\r\n")
        del self._data[: end + len(_END)]
        found = _STATUS.fullmatch(lines[0])
        if found is None:
            raise Unreadable(f"no status line: {lines[0][:60]!r}")
        status = int(found[2])
        if 100 <= status < 200:
            if status == 101:
                raise Unreadable("a change of protocol that nobody asked for")
            return bool(self._data)
        self._headers = headers = _headers(lines[1:])
        self._status = status
        self._keep = _keeps(headers.get("connection", ""), http11=found[1] == b"1")
        self._frame(headers)
        return True

    def _frame(self, headers: dict[str, str]) -> None:
        """How the body ends."""
        coding, length = headers.get("transfer-encoding", ""), headers.get("content-length")
        if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise Unreadable("a compressed body, which was not asked for")
        if self._status in (204, 304):
            self._kind, self._left = _Body.LENGTH, 0
        elif coding:
            if coding.lower() != "chunked":
                raise Unreadable(f"transfer-encoding {coding[:60]!r}")
            self._kind = _Body.CHUNKED
            self._keep = self._keep and length is None  # both at once is how answers are smuggled
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
                raise Unreadable(f"content-length {length[:60]!r}")
            self._kind, self._left = _Body.LENGTH, int(length)
            self._check_size(self._left)
        else:
            self._kind, self._keep = _Body.UNTIL_END, False

    def _read_chunks(self) -> bool:
        """As far as it goes; True after the last chunk and its trailers."""
        data = self._data
        while True:
            if self._in_chunk:
                if len(data) < self._left + 2:
                    return False
                if data[self._left : self._left + 2] != b"\r\n":
                    raise Unreadable("a chunk that is longer than it said")
                self._body += data[: self._left]
                del data[: self._left + 2]
                self._in_chunk = False
                continue
            end = data.find(b"\r\n")
            if end < 0 or end > _MAX_LINE:
                if len(data) > _MAX_LINE:
                    raise Unreadable("an endless line between chunks")
                return False
            line = bytes(data[:end])
            del data[: end + 2]
            if self._trailing:
                if not line:
                    return True
                continue
            if not _SIZE.fullmatch(line):
                raise Unreadable(f"a chunk of size {line[:60]!r}")
            self._left = int(line.partition(b";")[0], 16)
            self._check_size(len(self._body) + self._left)
            self._in_chunk, self._trailing = self._left > 0, self._left == 0

    def _check_size(self, size: int) -> None:
        if size > self._max_body:
            raise Unreadable(f"an answer of more than {self._max_body} bytes")


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise Unreadable(f"no header: {line[:60]!r}")
        key, text = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        if key == "content-length" and headers.get(key, text) != text:
            raise Unreadable("two lengths for one body")
        headers[key] = text
    return headers


def _keeps(connection: str, *, http11: bool) -> bool:
    words = {word.strip() for word in connection.lower().split(",")}
    return "close" not in words and (http11 or "keep-alive" in words)


def _idle_s(keep_alive: str) -> float:
    """The timeout of a Keep-Alive header, seconds."""
    for part in keep_alive.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "timeout" and value.isascii() and value.isdigit() and len(value) < 7:
            return float(value)
    return 0.0
