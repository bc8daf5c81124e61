"""What a venue through ccxt may send at once. ccxt itself reads, and unpacks, whatever comes."""

from __future__ import annotations

import zlib
from typing import Any

import aiohttp

MOST_BODY = 64 << 20  # bytes of a REST answer, unpacked
MOST_MESSAGE = 16 << 20  # of a socket's message, unpacked; ccxt takes 10 MiB as they come


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of which no more than MOST_BODY bytes are read; ccxt tells the error as one of its own."""

    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_any():
                body += chunk
                if len(body) > MOST_BODY:
                    self.close()
                    raise aiohttp.ClientPayloadError(f"an answer of more than {MOST_BODY} bytes")
            self._body = bytes(body)
        return await super().read()


def bound_messages(client: Any) -> None:
    """client: ccxt's module of that name. Its two ways to unpack a message get an end; safe to call twice."""
    client.gunzip, client.inflate = gunzip, inflate


def gunzip(data: bytes) -> str:
    return _unpacked(data, zlib.MAX_WBITS | 16).decode()


def inflate(data: bytes) -> bytes:
    return _unpacked(data, -zlib.MAX_WBITS)


def _unpacked(data: bytes, wbits: int) -> bytes:
    """Raises ValueError, zlib.error: the socket ends with either."""
    unpacking = zlib.decompressobj(wbits)
    message = unpacking.decompress(data, MOST_MESSAGE)
    if unpacking.unconsumed_tail:
        raise ValueError(f"a message of more than {MOST_MESSAGE} bytes")
    return message
