"""Gate.io spot v4: frames <-> events. All frames are JSON.

Sources, unless a line names another: Gate API v4 pages of 2025 (spot WebSocket, spot REST, error labels) and frames
recorded between 2021 and 2026. `exch_ns` is a push's `t`, the matching side's clock: `time_ms` adds the gateway.
"""

from __future__ import annotations

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
    FeeCoin,
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
from fastpath.wire import fields, gate_labels
from fastpath.wire import gate_messages as wire
from fastpath.wire.gate_private import PrivateCodec as PrivateCodec

VENUE = VenueId("gateio")

_WHOLE = SyncRule(seed=Seed.NONE)
_PUSHED = SyncRule(seed=Seed.PUSHED)


def _joined(window: int) -> SyncRule:
    """Deltas that keep a window, and a REST snapshot of exactly that window: levels below it would rot."""
    return SyncRule(seed=Seed.REST, overlap=True, dump_guard=True, window=window)


SPEC = VenueSpec(
    name="gateio",
    rest_url="https://api.gateio.ws/api/v4",
    ws_url="wss://api.gateio.ws/ws/v4/",
    ccxt_id="gate",
    aliases=("gate",),
    feeds=(
        Feed("spot.book_ticker", Depth.TOP, 1, 10, _WHOLE, Trust.WHOLE),
        Feed("spot.order_book@5", Depth.FIVE, 5, 100, _WHOLE, Trust.WHOLE),
        Feed("spot.obu@50", Depth.TWENTY, 50, 20, _PUSHED, Trust.CHAINED),
        Feed("spot.order_book_update@20ms", Depth.TWENTY, 20, 20, _joined(20), Trust.CHAINED),
        Feed("spot.order_book@20", Depth.TWENTY, 20, 100, _WHOLE, Trust.WHOLE),
        Feed("spot.obu@400", Depth.FULL, 400, 100, _PUSHED, Trust.CHAINED),
        Feed("spot.order_book_update@100ms", Depth.FULL, 100, 100, _joined(100), Trust.CHAINED),
    ),
    ping_s=3.0,
    dead_s=8.0,  # two pings unanswered
    max_topics=100,  # no limit is documented; so many pairs share the fate of one socket
    message_hz=50.0,
    snapshot_hz=10.0,  # 200 requests in 10 s
    snapshot_burst=30.0,
    buy_fee_coin=FeeCoin.BASE,
    sell_fee_coin=FeeCoin.QUOTE,
)

_MAX_LEVELS = 100  # deeper answers come from a cache that may be 30 s old (Gate staff): the chain would never join
_OBU, _UPDATE = wire.Obu, wire.Update
_ADVANCED, _REFUSED = Step.ADVANCED, Step.REFUSED
_compiled = compiled("fastpath.wire._gate")
_ALREADY = "Alert sub "  # ... ob.BTC_USDT.50: subscribed before, and still so
_OBU_LEVELS = frozenset(feed.name.partition("@")[2] for feed in SPEC.feeds if feed.name.startswith(wire.OBU + "@"))
_BOOK_CHANNELS = frozenset({wire.OBU, wire.UPDATE, wire.SNAPSHOT, wire.TICKER})
_PAIR_CHANNELS = _BOOK_CHANNELS | wire.TRADES | {"spot.tickers"}  # whose requests name pairs


class _Streams(dict[str, Symbol]):
    """Our symbol for a stream of obu: "ob.BTC_USDT.50". Filled as they are met."""

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None:
        super().__init__()
        self._natives = natives

    def __missing__(self, stream: str) -> Symbol:
        prefix, _, rest = stream.partition(".")
        native, _, level = rest.rpartition(".")
        if prefix != "ob" or level not in _OBU_LEVELS:  # else a venue could fill this table with made-up ones
            raise KeyError(stream)
        symbol = self[stream] = self._natives[NativeSymbol(native)]
        return symbol


class Codec:
    """Gate spot frames <-> events. Holds the symbol table and nothing else."""

    def __init__(self, natives: Mapping[NativeSymbol, Symbol]) -> None:
        self._symbols = natives
        self._streams = _Streams(natives)
        self._natives = {symbol: native for native, symbol in natives.items()}

    # ------------------------------------------------------------------------------------------- to the venue

    def encode_subscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:
        return self._requests("subscribe", feed, symbols, wall_ns)

    def encode_unsubscribe(self, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:
        return self._requests("unsubscribe", feed, symbols, wall_ns)

    def encode_ping(self, wall_ns: int) -> bytes:
        return msgspec.json.encode({"time": wall_ns // 10**9, "channel": "spot.ping"})

    def encode_snapshot(self, symbol: Symbol, levels: int) -> Request:
        native = quote(self._native(symbol), safe="")
        depth = min(levels or _MAX_LEVELS, _MAX_LEVELS)
        return Request("GET", f"/spot/order_book?currency_pair={native}&limit={depth}&with_id=true")

    def snapshot_symbol(self, url: str) -> Symbol | None:
        parts = urlsplit(url)
        native = parse_qs(parts.query).get("currency_pair", [""])[0]
        if not parts.path.endswith("/spot/order_book") or not native:
            return None
        try:
            return self._symbols[NativeSymbol(native)]
        except KeyError:
            return None

    def _requests(self, event: str, feed: Feed, symbols: Sequence[Symbol], wall_ns: int) -> tuple[bytes, ...]:
        """One pair a request: one unknown pair fails the whole request, and the order book channels take no more."""
        channel, _, parameter = feed.name.partition("@")
        return tuple(
            msgspec.json.encode(
                {
                    "time": wall_ns // 10**9,
                    "id": number,
                    "channel": channel,
                    "event": event,
                    "payload": _payload(channel, parameter, self._native(symbol)),
                }
            )
            for number, symbol in enumerate(symbols, start=1)
        )

    def _native(self, symbol: Symbol) -> NativeSymbol:
        try:
            return self._natives[symbol]
        except KeyError:
            raise Rejected(VENUE, f"no market {symbol}") from None

    # ------------------------------------------------------------------------------------------- from the venue

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event, ...]:
        try:
            push = wire.book.decode(frame)
            return (self._book(push, recv_ns, conn),)
        except msgspec.ValidationError as exc:  # no book push: the envelope tells what it is
            unfit = exc
        except (KeyError, ValueError, RecursionError) as exc:
            raise _unread(exc, frame) from exc
        try:
            return self._decode_any(wire.envelope.decode(frame), unfit, recv_ns, conn)
        except (KeyError, TypeError, ValueError, RecursionError) as exc:
            raise _unread(exc, frame) from exc

    def reader(self, shelf: Shelf) -> Read:
        if _compiled is not None:
            read: Read = _compiled.Reader(shelf, self._symbols, self._streams, self.decode).read
            return read
        return self._plain_reader(shelf)

    def _plain_reader(self, shelf: Shelf) -> Read:
        parse, decode, symbols, streams = wire.book.decode, self.decode, self._symbols, self._streams
        names, settle = shelf.names, shelf.settle

        def read(frame: bytes, recv_ns: int, conn: int) -> tuple[Event, ...]:
            try:
                push = parse(frame)
                kind = type(push)
                if kind is _OBU:
                    book = push.result
                    cursor = names.get(book.s)
                    if cursor is None:
                        cursor = shelf.name(book.s, streams[book.s])
                    if not book.full:
                        step = cursor.advance(book.b, book.a, book.U, book.u, book.t * 1_000_000, recv_ns, conn)
                        if step is not _REFUSED:
                            if step is not _ADVANCED or not cursor.dirty or shelf.changed is not None:
                                settle(cursor, step, recv_ns)
                            return ()
                    done = False
                elif kind is _UPDATE:
                    book = push.result
                    done = not book.full and shelf.advance(
                        symbols[book.s], book.b, book.a, book.U, book.u, book.t * 1_000_000, recv_ns, conn
                    )
                elif kind is wire.Snapshot:
                    top = push.result
                    exch_ns = top.t * 1_000_000
                    done = shelf.succeed(symbols[top.s], top.bids, top.asks, top.lastUpdateId, exch_ns, recv_ns, conn)
                else:
                    done = False
            except (msgspec.MsgspecError, KeyError, ValueError, RecursionError):
                done = False  # `decode` tells what is wrong with it, or what it is
            return () if done else decode(frame, recv_ns, conn)

        return read

    def _book(
        self, push: wire.Obu | wire.Update | wire.Snapshot | wire.Ticker, recv_ns: int, conn: int
    ) -> BookDelta | BookSnapshot | Quote:
        kind = type(push)
        if kind is _OBU or kind is _UPDATE:  # nearly all that comes
            book: wire.Levels = push.result  # type: ignore[assignment]  # the two kinds just tested
            symbol = self._streams[book.s] if kind is _OBU else self._symbols[book.s]
            if book.full:
                return BookSnapshot(VENUE, symbol, book.b, book.a, book.u, book.t * 1_000_000, recv_ns, conn)
            if not 0 < book.U <= book.u:
                raise ValueError(f"ids {book.U} to {book.u}")
            return BookDelta(VENUE, symbol, book.b, book.a, book.U, book.u, book.t * 1_000_000, recv_ns, conn)
        if isinstance(push, wire.Ticker):
            touch = push.result
            return Quote(
                VENUE, self._symbols[touch.s],
                touch.b, touch.B, touch.a, touch.A, touch.u, touch.t * 1_000_000, recv_ns, conn,
            )  # fmt: skip
        top: wire.TopLevels = push.result  # type: ignore[assignment]  # the one kind left
        symbol = self._symbols[top.s]
        return BookSnapshot(VENUE, symbol, top.bids, top.asks, top.lastUpdateId, top.t * 1_000_000, recv_ns, conn)

    def _decode_any(
        self, frame: wire.Envelope, unfit: msgspec.ValidationError, recv_ns: int, conn: int
    ) -> tuple[Event, ...]:
        """Everything but an ordinary book push. `unfit`: why it is none."""
        channel, event = frame.channel, frame.event
        if channel == "spot.pong":
            return (Pong(VENUE, recv_ns, conn),)
        if channel == "spot.system" or event == "upgrade":  # the venue's own client tests for the second
            notice = wire.system.decode(frame.result) if channel == "spot.system" else wire.System("upgrade")
            closing = notice.type == "upgrade" or event == "upgrade"
            return (Notice(VENUE, notice.msg or notice.type or channel, closing, recv_ns, conn),)
        if event in ("subscribe", "unsubscribe") or (frame.error is not None and not channel):
            return self._answer(frame, recv_ns, conn)
        if channel in wire.TRADES and event == "update":
            found = wire.deals.decode(frame.result)
            return tuple(self._trade(deal, recv_ns) for deal in (found if isinstance(found, list) else (found,)))
        if channel == wire.TICKER and event == "update":
            return (self._half_touch(wire.half_touch.decode(frame.result), recv_ns, conn),)
        if channel in _BOOK_CHANNELS:
            raise unfit
        if not channel and frame.header is None:
            raise ValueError("neither a channel nor a header")
        return ()

    def _answer(self, frame: wire.Envelope, recv_ns: int, conn: int) -> tuple[Event, ...]:
        """An answer to one of our requests. Errors fail the whole request, whatever pair they name."""
        if frame.channel and frame.channel not in _PAIR_CHANNELS:
            return ()
        pairs = msgspec.convert(frame.payload or [], list[str])  # 2021's answers do not repeat it
        if frame.channel in (wire.UPDATE, wire.SNAPSHOT):
            del pairs[1:]  # an interval, a depth
        streams = frame.channel == wire.OBU
        symbols = tuple(self._streams[pair] if streams else self._symbols[NativeSymbol(pair)] for pair in pairs)
        if frame.event == "unsubscribe":
            # Refused too: what it refuses to end, it did not carry.
            return (Unsubscribed(VENUE, symbols, recv_ns, conn),)
        error = frame.error
        if error is not None and not error.message.startswith(_ALREADY):
            reason = f"{error.code} {error.message}".strip()
            return (SubscriptionRefused(VENUE, symbols, reason, recv_ns, conn),)
        # "Alert sub" is a success: the stream is subscribed already, and the first subscription goes on.
        return (Subscribed(VENUE, symbols, recv_ns, conn),)

    def _trade(self, deal: wire.Deal, recv_ns: int) -> Trade:
        symbol = self._symbols[deal.currency_pair]
        side = Side.BUY if deal.side == "buy" else Side.SELL
        exch_ns = round(deal.create_time_ms * 1000) * 1000  # what a float holds of it: microseconds
        return Trade(VENUE, symbol, deal.price, deal.amount, side, str(deal.id), exch_ns, recv_ns)

    def _half_touch(self, touch: wire.HalfTouch, recv_ns: int, conn: int) -> Quote:
        symbol = self._symbols[touch.s]
        bid, bid_qty = (touch.b, touch.B or 0.0) if touch.b else (0.0, 0.0)
        ask, ask_qty = (touch.a, touch.A or 0.0) if touch.a else (0.0, 0.0)
        return Quote(VENUE, symbol, bid, bid_qty, ask, ask_qty, touch.u, touch.t * 1_000_000, recv_ns, conn)

    def decode_snapshot(self, symbol: Symbol, body: bytes, recv_ns: int) -> BookSnapshot:
        try:
            book = wire.rest_book.decode(body)
        except (ValueError, RecursionError) as exc:
            raise _unread(exc, body) from exc
        return BookSnapshot(VENUE, symbol, book.bids, book.asks, book.id, book.update * 1_000_000, recv_ns)

    def decode_error(self, status: int, body: bytes) -> VenueError:
        """A refused HTTP answer as one of our errors.

        A 5xx is Transient because nothing is lost by asking again for data; who sent an order knows that it may have
        happened and must not take it for that.
        """
        return gate_labels.decode_error(status, body)


def _payload(channel: str, parameter: str, native: str) -> list[str]:
    if channel == wire.OBU:
        return [f"ob.{native}.{parameter}"]
    if channel == wire.SNAPSHOT:
        return [native, parameter, "100ms"]
    return [native, parameter] if parameter else [native]


def _unread(exc: Exception, data: bytes) -> ProtocolError:
    return ProtocolError(VENUE, f"{type(exc).__name__} {str(exc)[:200]}", data[:200])


def refine(market: Market, info: Mapping[str, Any], wall_ns: int) -> Market:
    """What GET /spot/currency_pairs says of one pair: exact steps and limits, and which sides are open.

    Never raises: a record that cannot be read closes its market. `st_tag` is a risk warning and closes nothing.
    """
    try:
        quantity_step = fields.step(info["amount_precision"])
        rules = msgspec.structs.replace(
            market,
            tick=fields.step(info["precision"]),
            step=quantity_step,
            min_qty=fields.limit(info.get("min_base_amount")) or quantity_step,
            max_qty=fields.limit(info.get("max_base_amount")),
            min_notional=fields.limit(info.get("min_quote_amount")),
            max_notional=fields.limit(info.get("max_quote_amount")),
        )
        buyable, sellable, why = _open_sides(info, wall_ns // 10**9)
    except (KeyError, ValueError, TypeError, ArithmeticError) as exc:
        why = f"its record cannot be read: {exc!r}"
        return msgspec.structs.replace(market, buyable=False, sellable=False, why=why)
    return msgspec.structs.replace(rules, buyable=buyable, sellable=sellable, why=why)


def _open_sides(info: Mapping[str, Any], now_s: int) -> tuple[bool, bool, str]:
    """(buyable, sellable, why not). A pair that will be delisted is sold until then and no longer bought."""
    status, kind = str(info.get("trade_status")), str(info.get("type") or "normal")
    buy_start, sell_start = int(info.get("buy_start") or 0), int(info.get("sell_start") or 0)
    delisting = int(info.get("delisting_time") or 0)
    rules = (  # why, and whether that closes buying and selling
        (f"trade_status {status}", status not in ("tradable", "buyable"), status not in ("tradable", "sellable")),
        (f"type {kind}", kind != "normal", kind != "normal"),
        (f"buying opens at {buy_start}", buy_start > now_s, False),
        (f"selling opens at {sell_start}", False, sell_start > now_s),
        (f"delisting at {delisting}", delisting > 0, 0 < delisting <= now_s),
    )
    why = "; ".join(word for word, no_buy, no_sell in rules if no_buy or no_sell)
    return not any(rule[1] for rule in rules), not any(rule[2] for rule in rules), why
