"""MEXC spot v3: frames <-> events. Pushes are protobuf in binary frames, control answers JSON in text frames.

Sources, unless a line names another: the venue's spot v3 API pages as of April 2026 (websocket-market-streams, market
data endpoints, error codes) and its websocket-proto definitions of June 2026.

`exch_ns` is `lastOrderCreateTime` where the push has it (since June 2026), else `sendTime`. The first is the matching
engine's clock, which is what Gate's `t` is too; the second adds the way to the gateway (6 to 12 ms). Of a best level
that stands still it is seconds old although the push is new: ages are `recv_ns`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from arb.core import compiled
from arb.cursor import Step
from arb.domain import (
    BookDelta,
    BookSnapshot,
    Depth,
    Event,
    Market,
    NativeSymbol,
    Notice,
    Pong,
    Quote,
    Seed,
    Side,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Trade,
    Trust,
    Unsubscribed,
    VenueId,
)
from arb.errors import ProtocolError, Rejected, VenueError
from arb.interfaces import Feed, Request, SyncRule, VenueSpec
from arb.shelf import Read, Shelf
from fastpath.wire import fields, mexc_codes, mexc_general, mexc_push
from fastpath.wire.mexc_private import PrivateCodec as PrivateCodec

VENUE = VenueId("mexc")

_WHOLE = SyncRule(seed=Seed.NONE)
_CHAIN = SyncRule(seed=Seed.REST)
SPEC = VenueSpec(
    name="mexc",
    rest_url="https://api.mexc.com",
    ws_url="wss://wbs-api.mexc.com/ws",
    ccxt_id="mexc",
    feeds=(
        Feed("aggre.bookTicker@10ms", Depth.TOP, 1, 10, _WHOLE, Trust.WHOLE),
        Feed("aggre.bookTicker@100ms", Depth.TOP, 1, 100, _WHOLE, Trust.WHOLE),
        Feed("limit.depth@5", Depth.FIVE, 5, 0, _WHOLE, Trust.WHOLE),  # "real time": no cadence is promised
        Feed("limit.depth@20", Depth.TWENTY, 20, 0, _WHOLE, Trust.WHOLE),
        Feed("aggre.depth@10ms", Depth.FULL, 5000, 10, _CHAIN, Trust.CHAINED),
        Feed("aggre.depth@100ms", Depth.FULL, 5000, 100, _CHAIN, Trust.CHAINED),
    ),
    ping_s=3.0,
    dead_s=8.0,  # two pings unanswered
    max_topics=30,  # more are acknowledged and stay silent (measured on the live venue, July 2025)
    max_frame=1024,
    life_s=23 * 3600.0,  # the venue closes every socket after 24 h
    message_hz=50.0,  # 100 are allowed; beyond them the socket is closed
    snapshot_hz=10.0,  # 500 weight in 10 s, a depth costs 3: 166
    snapshot_burst=30.0,
)

_MAX_LEVELS = 5000
_SUBSCRIBE_ID, _UNSUBSCRIBE_ID = 1, 2  # both are answered alike but for the id that we gave
_NOT_SUBSCRIBED = "Not Subscribed successfully!"
_compiled = compiled("fastpath.wire._mexc")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_INTERVAL = re.compile(r"\d+ms")
_BAD_LISTEN_KEY = b"Invalid listen key"

_DEPTHS = mexc_push.AGGRE_DEPTHS
_ADVANCED, _REFUSED = Step.ADVANCED, Step.REFUSED
_SIDES = {1: Side.BUY, 2: Side.SELL}


class _Control(msgspec.Struct):
    msg: str
    id: int | None = None
    code: int = 0


class _Depth(msgspec.Struct):
    lastUpdateId: fields.UpdateId
    bids: fields.Side
    asks: fields.Side
    timestamp: fields.Millis = 0


_control = msgspec.json.Decoder(_Control, strict=False)
_depth = msgspec.json.Decoder(_Depth, strict=False)


class _Symbols(dict[bytes, Symbol]):
    """Our symbol for the bytes of a native one; filled as they are met, from the table that the codec was given."""

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None:
        super().__init__()
        self._natives = natives

    def __missing__(self, raw: bytes) -> Symbol:
        symbol = self[raw] = self._natives[NativeSymbol(raw.decode())]
        return symbol


class Codec:
    """MEXC spot frames <-> events. Holds the symbol table and nothing else."""

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None:
        self._symbols = _Symbols(natives)
        self._natives = {symbol: native for native, symbol in natives.items()}

    # ------------------------------------------------- to the venue; its frames carry no time of ours

    def encode_subscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002
        return self._requests("SUBSCRIPTION", _SUBSCRIBE_ID, feed, symbols)

    def encode_unsubscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002
        return self._requests("UNSUBSCRIPTION", _UNSUBSCRIBE_ID, feed, symbols)

    def encode_ping(self, wall_ns: int) -> bytes:  # noqa: ARG002
        return b'{"method":"PING"}'

    def encode_snapshot(self, symbol: Symbol, levels: int) -> Request:
        native = quote(self._native(symbol), safe="")
        return Request("GET", f"/api/v3/depth?symbol={native}&limit={min(levels or _MAX_LEVELS, _MAX_LEVELS)}")

    def snapshot_symbol(self, url: str) -> Symbol | None:
        parts = urlsplit(url)
        native = parse_qs(parts.query).get("symbol", [""])[0]
        if not parts.path.endswith("/api/v3/depth") or not native:
            return None
        try:
            return self._symbols[native.encode()]
        except KeyError:
            return None

    def _requests(self, method: str, number: int, feed: Feed, symbols: Sequence[Symbol]) -> tuple[bytes, ...]:
        """As many topics a frame as its 1024 bytes hold."""
        head, tail = f'{{"method":"{method}","params":['.encode(), f'],"id":{number}}}'.encode()
        room = SPEC.max_frame - len(head) - len(tail)
        frames: list[list[bytes]] = []
        used = room
        for symbol in symbols:
            topic = msgspec.json.encode(_topic(feed, self._native(symbol)))
            used += 1 + len(topic)
            if used > room:
                frames.append([])
                used = len(topic)
            frames[-1].append(topic)
        return tuple(head + b",".join(topics) + tail for topics in frames)

    def _native(self, symbol: Symbol) -> NativeSymbol:
        try:
            return self._natives[symbol]
        except KeyError:
            raise Rejected(VENUE, f"no market {symbol}") from None

    # ------------------------------------------------------------------------------------------- from the venue

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event, ...]:
        try:
            native, sent_ms, body, pos = mexc_push.header(frame)
            values = mexc_push.READERS[body](frame, pos)
            symbol = self._symbols[native]
        except (IndexError, KeyError, ValueError):  # not the usual layout: the general reader tells what it is
            return self._decode_any(frame, recv_ns, conn)
        return _events(symbol, sent_ms, body, values, recv_ns, conn)

    def reader(self, shelf: Shelf) -> Read:
        if _compiled is not None:
            read: Read = _compiled.Reader(shelf, self._symbols, self.decode).read
            return read
        return self._plain_reader(shelf)

    def _plain_reader(self, shelf: Shelf) -> Read:
        opening, changes, top = mexc_push.opening, mexc_push.changes, mexc_push.limit_depth
        names, settle, symbols, decode = shelf.names, shelf.settle, self._symbols, self.decode

        def read(frame: bytes, recv_ns: int, conn: int) -> tuple[Event, ...]:
            try:
                sent = 5 + frame[1] + frame[3 + frame[1]]  # past the tag of sendTime
                cursor = names.get(frame[:sent])
                if cursor is None:
                    cursor = shelf.name(frame[:sent], symbols[mexc_push.header(frame)[0]])
                body, sent_ms, pos = opening(frame, sent)
                step = _REFUSED
                if body == _DEPTHS:
                    bids, asks, first, last, ms = changes(frame, pos)
                    step = cursor.advance(bids, asks, first, last, (ms or sent_ms) * 1_000_000, recv_ns, conn)
                elif body == mexc_push.LIMIT_DEPTHS:
                    all_bids, all_asks, version, ms = top(frame, pos)
                    step = cursor.succeed(all_bids, all_asks, version, (ms or sent_ms) * 1_000_000, recv_ns, conn)
                if step is not _REFUSED:
                    if step is not _ADVANCED or not cursor.dirty or shelf.changed is not None:
                        settle(cursor, step, recv_ns)
                    return ()
            except (IndexError, KeyError, ValueError):
                pass  # `decode` tells what is wrong with it, or what it is
            return decode(frame, recv_ns, conn)

        return read

    def _decode_any(self, frame: bytes, recv_ns: int, conn: int) -> tuple[Event, ...]:
        try:
            if frame.startswith(b"{"):
                return self._answer(_control.decode(frame), recv_ns, conn)
            if frame == _BAD_LISTEN_KEY:
                return (Notice(VENUE, frame.decode(), True, recv_ns, conn),)
            push = mexc_general.read_push(frame)
            if push is None:
                return ()
            native, sent_ms, body, values = push
            return _events(self._symbols[native], sent_ms, body, values, recv_ns, conn)
        except (KeyError, ValueError, RecursionError) as exc:
            raise _unread(exc, frame) from exc

    def _answer(self, control: _Control, recv_ns: int, conn: int) -> tuple[Event, ...]:
        """An answer to one of our requests. A refusal has code 0 too: its text tells (seen live, July 2025)."""
        text = control.msg
        if text == "PONG":
            return (Pong(VENUE, recv_ns, conn),)
        if _NOT_SUBSCRIBED in text:
            accepted, _, refused = text.partition(_NOT_SUBSCRIBED)
            reason = refused.rpartition("：")[2].strip() or text
            gone = SubscriptionRefused(VENUE, self._topics(_bracketed(refused)), reason, recv_ns, conn)
            kept = self._topics(_bracketed(accepted))
            return (Subscribed(VENUE, kept, recv_ns, conn), gone) if kept else (gone,)
        if control.code:
            return (SubscriptionRefused(VENUE, (), f"{control.code} {text}".strip(), recv_ns, conn),)
        if not text.startswith("spot@"):
            return (Notice(VENUE, text, False, recv_ns, conn),)
        symbols = self._topics(text)
        if not symbols:
            return ()
        if control.id == _UNSUBSCRIBE_ID:
            return (Unsubscribed(VENUE, symbols, recv_ns, conn),)
        return (Subscribed(VENUE, symbols, recv_ns, conn),)

    def _topics(self, text: str) -> tuple[Symbol, ...]:
        """The symbols of a list of topics, each once; private and market-wide topics have none."""
        natives = dict.fromkeys(filter(None, map(_topic_native, text.split(","))))
        return tuple(self._symbols[native.encode()] for native in natives)

    def decode_snapshot(self, symbol: Symbol, body: bytes, recv_ns: int) -> BookSnapshot:
        try:
            depth = _depth.decode(body)
        except (ValueError, RecursionError) as exc:
            raise _unread(exc, body) from exc
        exch_ns = depth.timestamp * 1_000_000
        return BookSnapshot(VENUE, symbol, depth.bids, depth.asks, depth.lastUpdateId, exch_ns, recv_ns)

    def decode_error(self, status: int, body: bytes) -> VenueError:
        """A refused HTTP answer as one of our errors.

        A 5xx is Transient because nothing is lost by asking again for data; who sent an order knows that it may have
        happened and must not take it for that.
        """
        return mexc_codes.decode_error(status, body)


def _events(
    symbol: Symbol, sent_ms: int, body: bytes, values: tuple[Any, ...], recv_ns: int, conn: int
) -> tuple[Event, ...]:
    """The events of a push. Raises KeyError for a trade of neither side."""
    if body == mexc_push.AGGRE_DEPTHS:
        bids, asks, first, last, ms = values
        exch_ns = (ms or sent_ms) * 1_000_000
        return (BookDelta(VENUE, symbol, bids, asks, first, last, exch_ns, recv_ns, conn),)
    if body == mexc_push.AGGRE_BOOK_TICKER:
        bid, bid_qty, ask, ask_qty, version, ms = values
        exch_ns = (ms or sent_ms) * 1_000_000
        return (Quote(VENUE, symbol, bid, bid_qty, ask, ask_qty, version, exch_ns, recv_ns, conn),)
    if body == mexc_push.LIMIT_DEPTHS:
        bids, asks, version, ms = values
        exch_ns = (ms or sent_ms) * 1_000_000
        return (BookSnapshot(VENUE, symbol, bids, asks, version, exch_ns, recv_ns, conn),)
    return tuple(
        Trade(VENUE, symbol, price, qty, _SIDES[taker], trade_id, ms * 1_000_000, recv_ns)
        for price, qty, taker, trade_id, ms in values
    )


def _topic(feed: Feed, native: str) -> str:
    """aggre.* channels put their interval before the symbol, limit.depth its level behind."""
    channel, _, parameter = feed.name.partition("@")
    parts = (parameter, native.upper()) if channel.startswith("aggre.") else (native.upper(), parameter)
    return f"spot@public.{channel}.v3.api.pb@{'@'.join(parts)}"


def _topic_native(topic: str) -> str | None:
    channel, *parts = topic.strip().split("@")[1:] or ("",)
    if not channel.startswith("public.") or channel.startswith("public.miniTickers"):
        return None
    return next((part for part in parts if not _INTERVAL.fullmatch(part)), None)


def _bracketed(text: str) -> str:
    found = _BRACKETS.search(text)
    return found[1] if found else ""


def _unread(exc: Exception, data: bytes) -> ProtocolError:
    return ProtocolError(VENUE, f"{type(exc).__name__} {str(exc)[:200]}", data[:200])


def refine(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market:  # noqa: ARG001
    """What exchangeInfo says of one symbol: exact steps and limits, and which sides the API may trade.

    The names mislead: `baseSizePrecision` and `quoteAmountPrecision` are minimums (of quantity and of a LIMIT order's
    notional), the digits of price and quantity are `quotePrecision` and `baseAssetPrecision`. Never raises: a record
    that cannot be read closes its market.
    """
    try:
        quantity_step = fields.step(info["baseAssetPrecision"])
        rules = msgspec.structs.replace(
            market,
            tick=fields.step(info["quotePrecision"] if "quotePrecision" in info else info["quoteAssetPrecision"]),
            step=quantity_step,
            min_qty=fields.limit(info.get("baseSizePrecision")) or quantity_step,
            max_qty=None,
            min_notional=fields.limit(info.get("quoteAmountPrecision")),
            max_notional=fields.limit(info.get("maxQuoteAmount")),
            contract=str(info.get("contractAddress") or ""),
        )
        buyable, sellable, why = _open_sides(info)
    except (KeyError, ValueError, TypeError, ArithmeticError) as exc:
        why = f"its record cannot be read: {exc!r}"
        return msgspec.structs.replace(market, buyable=False, sellable=False, why=why)
    return msgspec.structs.replace(rules, buyable=buyable, sellable=sellable, why=why)


def _open_sides(info: Mapping[str, Any]) -> tuple[bool, bool, str]:
    """(buyable, sellable, why not)."""
    status, side = str(info.get("status", "")), int(info.get("tradeSideType", 1))
    closed = [
        word
        for word, is_closed in (
            (f"status {status}", status not in ("1", "ENABLED")),
            ("not open to API orders", info.get("isSpotTradingAllowed") is not True),
            ("no SPOT permission", "SPOT" not in (info.get("permissions") or ())),
            ("assessment zone (st)", bool(info.get("st"))),
            ("trading closed", side not in (1, 2, 3)),
        )
        if is_closed
    ]
    if not closed and side != 1:
        return side == 2, side == 3, "buy only" if side == 2 else "sell only"
    return not closed, not closed, "; ".join(closed)
