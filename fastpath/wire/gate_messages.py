"""Gate's spot frames as msgspec types: one decoder for book pushes, one envelope for all else.

Numbers are texts on the wire; decoded with `strict=False` they become floats and ints in C, in range or not at all.
`channel` is the tag that picks the type. Source: Gate API v4, spot WebSocket pages of 2025 and recorded frames.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from arb.domain import NativeSymbol
from fastpath.wire.fields import Millis, Price, Qty, Side, UpdateId

OBU, UPDATE, SNAPSHOT, TICKER = "spot.obu", "spot.order_book_update", "spot.order_book", "spot.book_ticker"
TRADES = frozenset({"spot.trades", "spot.trades_v2"})

_Event = Literal["update"]


class Levels(msgspec.Struct, gc=False):
    """obu, order_book_update. s: the pair, or obu's name of a stream.   U, u: first and last id; a full book has no U.

    A side that did not change may be absent (obu).
    """

    t: Millis
    s: NativeSymbol
    u: UpdateId
    U: UpdateId = 0
    full: bool = False
    b: Side = ()
    a: Side = ()


class TopLevels(msgspec.Struct, gc=False):
    """order_book: the whole top, under names of its own."""

    t: Millis
    s: NativeSymbol
    lastUpdateId: UpdateId
    bids: Side
    asks: Side


class Touch(msgspec.Struct, gc=False):
    """book_ticker with both sides there. A capital letter is the amount."""

    t: Millis
    s: NativeSymbol
    u: UpdateId
    b: Price
    B: Qty
    a: Price
    A: Qty


class HalfTouch(msgspec.Struct, gc=False):
    """book_ticker as it may be: an empty side has the price "" (or "0") and the amount "" or "0"."""

    t: Millis
    s: NativeSymbol
    u: UpdateId
    b: Qty | Literal[""]
    B: Qty | Literal[""]
    a: Qty | Literal[""]
    A: Qty | Literal[""]


class Obu(msgspec.Struct, tag_field="channel", tag=OBU, gc=False):
    result: Levels
    event: _Event = "update"


class Update(msgspec.Struct, tag_field="channel", tag=UPDATE, gc=False):
    result: Levels
    event: _Event


class Snapshot(msgspec.Struct, tag_field="channel", tag=SNAPSHOT, gc=False):
    result: TopLevels
    event: _Event


class Ticker(msgspec.Struct, tag_field="channel", tag=TICKER, gc=False):
    result: Touch
    event: _Event


class Deal(msgspec.Struct, gc=False):
    """A public trade. create_time_ms has decimals, to a tenth of a microsecond."""

    id: UpdateId
    create_time_ms: Annotated[float, Meta(ge=0, le=9e12)]
    side: Literal["buy", "sell"]
    currency_pair: NativeSymbol
    amount: Price
    price: Price


class Failure(msgspec.Struct, gc=False):
    code: int
    message: str = ""


class System(msgspec.Struct, gc=False):
    type: str = ""
    msg: str = ""


class Envelope(msgspec.Struct, gc=False):
    """Any frame. What the fields hold depends on the channel; WS API answers have a header and no channel."""

    channel: str = ""
    event: str | None = None
    payload: Any = None
    error: Failure | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    header: Any = None


class RestBook(msgspec.Struct, gc=False):
    """GET /spot/order_book?with_id=true. update: the last change of the book; 2021's answers lack it."""

    id: UpdateId
    bids: Side
    asks: Side
    update: Millis = 0


class RestError(msgspec.Struct, gc=False):
    label: str
    message: str | None = None
    detail: str | None = None


book = msgspec.json.Decoder(Obu | Update | Snapshot | Ticker, strict=False)
envelope = msgspec.json.Decoder(Envelope, strict=False)
half_touch = msgspec.json.Decoder(HalfTouch, strict=False)
deals = msgspec.json.Decoder(Deal | list[Deal], strict=False)
system = msgspec.json.Decoder(System, strict=False)
rest_book = msgspec.json.Decoder(RestBook, strict=False)
rest_error = msgspec.json.Decoder(RestError, strict=False)
