"""Signatures of private requests. A key is prepared once; each text costs a copy of that state, not a new key.

Text forms never show a key or a secret.
"""

from __future__ import annotations

import hashlib
import re
from importlib import import_module
from typing import Any
from urllib.parse import quote

_AS_IT_IS = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch  # nearly all values, and asking costs less than quoting
_NO_BODY = hashlib.sha512(b"").hexdigest()


def _hash_of(algorithm: str) -> Any:
    """Python's own where there is one: OpenSSL's is faster when it is hot, but orders are few, and its code is long."""
    for module in (f"_{algorithm}", "_sha2"):
        try:
            return getattr(import_module(module), algorithm)
        except (ImportError, AttributeError):
            continue
    return getattr(hashlib, algorithm)


class Hmac:
    """A keyed hash (RFC 2104): lower-case hex of any text. algorithm: "sha256" or "sha512"."""

    __slots__ = ("_algorithm", "_inner", "_outer")

    def __init__(self, secret: str, algorithm: str) -> None:
        self._algorithm = algorithm
        made, key = _hash_of(algorithm), secret.encode()
        block = made().block_size
        key = (made(key).digest() if len(key) > block else key).ljust(block, b"\0")
        self._inner = made(bytes(byte ^ 0x36 for byte in key))
        self._outer = made(bytes(byte ^ 0x5C for byte in key))

    def sign(self, text: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        signature: str = outer.hexdigest()
        return signature

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._algorithm}, ********)"


class MexcSigner(Hmac):
    """MEXC spot v3: the query string as it is sent, then the body without a separator (General info, 2026-04)."""

    __slots__ = ()

    def __init__(self, secret: str) -> None:
        super().__init__(secret, "sha256")

    def query(self, parameters: str) -> str:
        """Encoded parameters with their signature behind them."""
        return f"{parameters}&signature={self.sign(parameters.encode())}"


class GateSigner(Hmac):
    """Gate API v4: one hash, three texts (Authentication; Spot WebSocket; Spot WebSocket API, 2025)."""

    __slots__ = ()

    def __init__(self, secret: str) -> None:
        super().__init__(secret, "sha512")

    def rest(self, method: str, path: str, query: str, body: bytes, timestamp: str) -> str:
        """path: from "/api/v4" on.   query: without "?" and not percent-encoded.   timestamp: seconds."""
        digest = hashlib.sha512(body).hexdigest() if body else _NO_BODY
        return self.sign(f"{method}\n{path}\n{query}\n{digest}\n{timestamp}".encode())

    def channel(self, channel: str, event: str, time: int) -> str:
        """For the `auth` of a private stream's subscribe or unsubscribe. time: seconds, as in the request."""
        return self.sign(f"channel={channel}&event={event}&time={time}".encode())

    def api(self, channel: str, parameters: bytes, timestamp: str) -> str:
        """For a login, or for a request where nobody logged in. parameters: `req_param` as sent; empty without one."""
        return self.sign(b"api\n%b\n%b\n%b" % (channel.encode(), parameters, timestamp.encode()))


def parameters(pairs: list[tuple[str, str]]) -> str:
    """A query string. Everything that is not a letter, a digit or one of "-_.~" is escaped, in upper case."""
    if _AS_IT_IS("".join([value for _, value in pairs])):
        return "&".join([f"{name}={value}" for name, value in pairs])
    return "&".join([f"{name}={quote(value, safe='')}" for name, value in pairs])
