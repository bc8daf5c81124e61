"""Gate's control frames: subscribe, unsubscribe, ping; one bad pair fails a whole request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from arb.sim.conn import Conn
from arb.sim.gateio.replies import Refused
from arb.sim.gateio.signing import check_channel
from arb.sim.gateio.streams import BookTicker, BookUpdate, Obu, OrderBook, Push, Silent, Tickers, Trades, Windowed
from arb.sim.gateio.userstream import CHANNELS, UserStream
from arb.sim.gateio.wsapi import Api
from arb.sim.market import SimBook
from arb.sim.venue import MS, Label

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

# level of spot.obu -> its interval in ms; the others of the list are accepted and stay silent
_OBU = {"50": 20, "100": 100, "400": 100}
_OBU_SILENT = {"1", "5", "10", "200"}
_UPDATE = {"20ms": 20, "100ms": 100}  # interval -> levels happens to be the same number
_SNAPSHOT_LEVELS = {"1", "5", "10", "20", "50", "100"}
_SNAPSHOT = {"100ms": 100, "1000ms": 1000}
_PER_PAIR: dict[str, tuple[type[Push], int]] = {
    "spot.book_ticker": (BookTicker, 10),
    "spot.tickers": (Tickers, 1000),
    "spot.trades": (Trades, 10),
    "spot.trades_v2": (Trades, 10),
}


class _Auth(msgspec.Struct):
    method: str = ""
    KEY: str = ""
    SIGN: str = ""


class _Call(msgspec.Struct):
    channel: str = ""
    event: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    time: int | float = 0
    auth: _Auth | None = None


class _Refused(Exception):
    """code, message of the error frame."""


_decoder = msgspec.json.Decoder(_Call)
_pairs = msgspec.json.Decoder(list[str] | None)


class Dialogue:
    """Answers one venue's clients."""

    def __init__(self, venue: Venue, api: Api) -> None:
        self._venue = venue
        self._api = api

    def text(self, conn: Conn, data: str) -> None:
        conn.heard_ns = self._venue.now_ns
        try:
            call = _decoder.decode(data)
            if call.event == "api":
                self._api.call(conn, call.channel, bytes(call.payload))
                return
            payload = _pairs.decode(call.payload or b"null")
        except msgspec.MsgspecError:
            self._answer(conn, _Call(), None, (1, "invalid request body format"))
            return
        if call.channel == "spot.ping":
            self._pong(conn, call)
            return
        try:
            if call.channel in CHANNELS:
                self._private(conn, call, payload or [])
            else:
                self._act(conn, call, payload or [])
        except _Refused as exc:
            self._answer(conn, call, payload, exc.args)
        else:
            self._answer(conn, call, payload, None)

    def _private(self, conn: Conn, call: _Call, payload: list[str]) -> None:
        """Every subscription is signed on its own; a login does not stand for it."""
        venue, auth = self._venue, call.auth or _Auth()
        try:
            check_channel(venue, call.channel, call.event, call.time, auth.KEY, auth.SIGN)
        except Refused as exc:
            raise _Refused(4, msgspec.json.encode(exc.errs).decode() + "\n") from exc
        for pair in payload:
            if pair != "!all" and pair not in venue.by_native:
                raise _Refused(2, f"unknown currency pair: {pair}")
        topics = UserStream.topics(call.channel, payload)
        if not topics:
            raise _Refused(2, "invalid argument: no currency pair")
        injector = venue.world.injector
        for topic in topics:
            if call.event == "unsubscribe":
                venue.leave(conn, topic)
            elif call.event != "subscribe":
                raise _Refused(2, f"unknown event: {call.event}")
            elif injector is not None and injector.refuses(venue.name, "", topic):
                raise _Refused(3, "server side error")
            else:
                venue.private.join(conn, topic)

    def _act(self, conn: Conn, call: _Call, payload: list[str]) -> None:
        streams = self._streams(call.channel, payload)
        topics = [stream.label.topic for stream in streams]
        if call.event == "subscribe":
            try:
                self._check(conn, call.channel, streams)
            except _Refused:
                for stream in streams:
                    stream.close()
                raise
            for stream in streams:
                if stream.label.topic in conn.topics:
                    stream.close()  # subscribing again is harmless
                else:
                    self._venue.join(conn, stream)
            return
        for stream in streams:
            stream.close()
        if call.event != "unsubscribe":
            raise _Refused(2, f"unknown event: {call.event}")
        for topic in topics:
            self._venue.leave(conn, topic)

    def _check(self, conn: Conn, channel: str, streams: list[Push]) -> None:
        injector = self._venue.world.injector
        for stream in streams:
            symbol, topic = stream.label
            if channel == "spot.obu" and topic in conn.topics:
                raise _Refused(2, f"Alert sub {topic.partition('@')[2]}")
            if injector is not None and injector.refuses(self._venue.name, symbol, topic):
                raise _Refused(2, f"unknown currency pair: {symbol.replace('/', '_')}")

    def _streams(self, channel: str, payload: list[str]) -> list[Push]:
        """The streams that a payload asks for; every argument is looked at before any is made."""
        if channel in _PER_PAIR:
            made, ms = _PER_PAIR[channel]
            books = [self._book(pair) for pair in payload]
            return [
                made(b, Label(b.listing.symbol, f"{channel}@{p}"), ms * MS, self._venue.wall_ms)
                for b, p in zip(books, payload, strict=True)
            ]
        if channel == "spot.obu":
            parsed = [self._obu_arguments(name) for name in payload]
            return [self._obu(book, name, level) for name, (book, level) in zip(payload, parsed, strict=True)]
        if channel == "spot.order_book_update":
            pair, interval = self._arguments(payload, 2)
            book = self._book(pair)
            if interval not in _UPDATE:
                raise _Refused(2, f"invalid interval: {interval}")
            label = Label(book.listing.symbol, f"{channel}@{pair}@{interval}")
            ms = _UPDATE[interval]
            return [self._windowed(BookUpdate(book, label, ms * MS, self._venue.wall_ms, ms))]
        if channel == "spot.order_book":
            pair, level, interval = self._arguments(payload, 3)
            book = self._book(pair)
            if level not in _SNAPSHOT_LEVELS:
                raise _Refused(2, f"invalid level: {level}")
            if interval not in _SNAPSHOT:
                raise _Refused(2, f"invalid interval: {interval}")
            label = Label(book.listing.symbol, f"{channel}@{pair}@{level}@{interval}")
            return [OrderBook(book, label, _SNAPSHOT[interval] * MS, self._venue.wall_ms, int(level))]
        raise _Refused(2, f"unknown channel: {channel}")

    @staticmethod
    def _arguments(payload: list[str], count: int) -> list[str]:
        if len(payload) != count:
            raise _Refused(2, f"invalid argument: {count} values expected")
        return payload

    def _book(self, pair: str) -> SimBook:
        book = self._venue.by_native.get(pair)
        if book is None:
            raise _Refused(2, f"unknown currency pair: {pair}")
        return book

    def _obu_arguments(self, name: str) -> tuple[SimBook, str]:
        prefix, _, rest = name.partition(".")
        pair, _, level = rest.rpartition(".")
        if prefix != "ob" or (level not in _OBU and level not in _OBU_SILENT):
            raise _Refused(2, f"invalid argument: {name}")
        return self._book(pair), level

    def _obu(self, book: SimBook, name: str, level: str) -> Push:
        label = Label(book.listing.symbol, f"spot.obu@{name}")
        if level in _OBU_SILENT:
            return Silent(book, label, 1000 * MS, self._venue.wall_ms)
        return self._windowed(Obu(book, label, _OBU[level] * MS, self._venue.wall_ms, int(level)))

    def _windowed(self, stream: Windowed) -> Push:
        venue, injector = self._venue, self._venue.world.injector
        if injector is not None and injector.has_full:
            stream.wants_full = lambda label: injector.wants_full(venue.name, label)
        return stream

    def _pong(self, conn: Conn, call: _Call) -> None:
        wall_ms = self._venue.world.clock.wall_ns() // MS
        answer: dict[str, object] = {"time": wall_ms // 1000, "time_ms": wall_ms}
        if call.id is not None:
            answer["id"] = call.id
        answer |= {"channel": "spot.pong", "event": "", "error": None, "result": None}
        conn.reply(msgspec.json.encode(answer), self._venue.now_ns)

    def _answer(self, conn: Conn, call: _Call, payload: list[str] | None, error: tuple[object, ...] | None) -> None:
        venue = self._venue
        wall_ms = venue.world.clock.wall_ns() // MS
        trace = f"{venue.rng.getrandbits(128):032x}"
        answer: dict[str, object] = {"time": wall_ms // 1000, "time_ms": wall_ms}
        if call.id is not None:
            answer["id"] = call.id
        answer |= {
            "conn_id": f"{conn.marks['conn_id']:016x}",
            "trace_id": trace,
            "channel": call.channel,
            "event": call.event,
        }
        if payload is not None:
            answer["payload"] = payload
        if error is not None:
            answer["error"] = {"code": error[0], "message": error[1]}
        if error is not None and error[0] == 4:
            answer["result"] = None
        else:
            answer["result"] = {"status": "success" if error is None else "fail"}
        answer["requestId"] = trace
        conn.reply(msgspec.json.encode(answer), venue.now_ns)
