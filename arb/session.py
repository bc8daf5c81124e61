"""Sessions recorded elsewhere (one JSON object a line) as the records of a tape.

A line is `{"t": seconds, "dir": "in"|"out"|"open"|"close", "conn": "ws1"|"http0", "url", "data" | "data_b64"}`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from arb.bounded import UNREADABLE, shown
from arb.domain import NativeSymbol, Symbol, VenueId
from arb.errors import TapeError
from arb.interfaces import Feed, VenueSpec
from arb.tape import Kind, Record

# Longest first where one ends in another; these are what pairs are quoted in on the venues we know.
QUOTES = (
    "FDUSD", "USDT", "USDC", "USDE", "USD1", "USDD", "TUSD", "BUSD", "BIDR", "PYUSD", "DAI", "USD", "EUR", "GBP", "TRY",
    "BRL", "JPY", "KRW", "AUD", "RUB", "UAH", "BTC", "ETH", "BNB", "SOL", "TRX", "MX", "GT", "KCS", "OKB", "BGB",
)  # fmt: skip

_CONN_DIGITS = 9


class Line(msgspec.Struct, frozen=True):
    t: Annotated[float, Meta(ge=0, le=9.2e9)]  # what fits int64 as nanoseconds
    dir: str
    conn: str
    url: str = ""
    data: str = ""
    data_b64: str = ""

    @property
    def payload(self) -> bytes:
        return b64decode(self.data_b64) if self.data_b64 else self.data.encode()


class SplitNatives(dict[NativeSymbol, Symbol]):
    """A symbol table without a market list: what it does not know it splits at a separator or a known quote.

    `native` gives the way back for everything asked for so far. Raises KeyError where no quote fits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.native: dict[Symbol, NativeSymbol] = {}

    def __missing__(self, native: NativeSymbol) -> Symbol:
        symbol = Symbol(split_native(native))
        self[native] = symbol
        self.native[symbol] = native
        return symbol


def split_native(native: str) -> str:
    """ "BTC_USDT", "BTC-USDT" or "BTCUSDT" -> "BTC/USDT". Raises KeyError."""
    for separator in "_-/":
        base, found, quote = native.partition(separator)
        if found:
            if base and quote.isalnum():
                return f"{base}/{quote}"
            raise KeyError(native)
    for quote in QUOTES:
        if native.endswith(quote) and len(native) > len(quote):
            return f"{native.removesuffix(quote)}/{quote}"
    raise KeyError(native)


def read_session(path: Path) -> tuple[Line, ...]:
    """Every line of a session; a last one that was cut off is left out. Raises TapeError naming one that is none."""
    decoder = msgspec.json.Decoder(Line)
    lines = []
    data = path.read_bytes()
    raws = data.splitlines()
    for number, raw in enumerate(raws, start=1):
        try:
            lines.append(_checked(decoder.decode(raw)))
        except UNREADABLE as exc:
            if number == len(raws) > 1 and not data.endswith(b"\n"):
                break
            raise TapeError(f"{path}: line {number} is no session line: {shown(exc)}") from exc
    if not lines:
        raise TapeError(f"{path} is empty")
    return tuple(lines)


def _checked(line: Line) -> Line:
    """Its payload can be had. Raises ValueError."""
    line.payload  # noqa: B018  a property that decodes
    return line


def guess_venue(lines: Sequence[Line], specs: Sequence[VenueSpec]) -> VenueSpec | None:
    """The venue whose hosts the session talked to."""
    hosts = {_host(line.url) for line in lines if line.url}
    return next((spec for spec in specs if {_host(spec.ws_url), _host(spec.rest_url)} & hosts), None)


def guess_feed(lines: Sequence[Line], spec: VenueSpec) -> Feed:
    """The deepest feed that the session subscribed to; without a trace of one the first of the deepest."""
    asked = [line.data for line in lines if line.dir == "out"]
    seen = [feed for feed in spec.feeds if any(all(word in text for word in feed.name.split("@")) for text in asked)]
    return max(seen or spec.feeds, key=lambda feed: (feed.levels, feed.depth))


def records(lines: Sequence[Line], venue: VenueId) -> Iterator[Record]:
    """The session as tape records, one for each line: what was sent and said, with times on one axis (wall)."""
    for line in lines:
        recv_ns = round(line.t * 1e9)
        conn = int("".join(c for c in line.conn if c in "0123456789")[-_CONN_DIGITS:] or 1)
        if line.conn.startswith("http"):
            kind = Kind.REPLY if line.dir == "in" else Kind.SENT
            yield Record(kind, recv_ns, venue, 0, line.url, line.payload)
        else:
            kind = {"in": Kind.FRAME, "out": Kind.SENT, "open": Kind.OPEN}.get(line.dir, Kind.CLOSED)
            yield Record(kind, recv_ns, venue, conn, line.url, line.payload)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
