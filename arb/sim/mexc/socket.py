"""MEXC's control frames: subscribe, unsubscribe, ping, and the limits of a socket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from arb.sim.conn import Conn
from arb.sim.mexc.streams import BookTicker, Deals, Depth, LimitDepth, Push
from arb.sim.mexc.userstream import TOPICS
from arb.sim.venue import MS, Label

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

MAX_TOPICS = 30
MAX_FRAME = 1024  # bytes of one client frame; beyond: closed
MAX_MESSAGES = 100  # a second
_SYMBOL = r"[A-Z0-9]+"
_AGGRE = re.compile(rf"spot@public\.aggre\.(depth|bookTicker|deals)\.v3\.api\.pb@(10|100)ms@({_SYMBOL})")
_LIMIT = re.compile(rf"spot@public\.limit\.depth\.v3\.api\.pb@({_SYMBOL})@(5|10|20)")
_AGGRE_PUSHES: dict[str, type[Push]] = {"depth": Depth, "bookTicker": BookTicker, "deals": Deals}


class _Call(msgspec.Struct):
    method: str = ""
    params: list[str] = []
    id: int | None = None


_decoder = msgspec.json.Decoder(_Call)


class Dialogue:
    """Answers one venue's clients."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def text(self, conn: Conn, data: str) -> None:
        venue = self._venue
        now_ns = venue.now_ns
        conn.heard_ns = now_ns
        if len(data.encode()) > MAX_FRAME:
            conn.close(1009)
            return
        if not self._within_rate(conn, now_ns):
            conn.close(1008)
            return
        try:
            call = _decoder.decode(data)
        except msgspec.MsgspecError:
            return  # no answer to what cannot be read
        match call.method.upper():
            case "PING":
                self._answer(conn, 0, "PONG")
            case "SUBSCRIPTION":
                self._subscribe(conn, call)
            case "UNSUBSCRIPTION":
                for topic in call.params:
                    venue.leave(conn, topic)
                self._answer(conn, call.id or 0, ",".join(call.params))

    def _answer(self, conn: Conn, number: int, message: str) -> None:
        conn.reply(msgspec.json.encode({"id": number, "code": 0, "msg": message}), self._venue.now_ns)

    def _subscribe(self, conn: Conn, call: _Call) -> None:
        accepted, blocked = [], []
        for topic in call.params:
            if topic in TOPICS and self._venue.users.may_listen(conn) and not self._refuses("", topic):
                accepted.append(topic)
                if len(conn.topics) < MAX_TOPICS:
                    self._venue.private.join(conn, topic)
                continue
            stream = self._stream(topic)
            if stream is None:
                blocked.append(topic)
                continue
            accepted.append(topic)
            if topic in conn.topics or len(conn.topics) >= MAX_TOPICS:
                stream.close()  # already there, or beyond the limit: acknowledged, and no data
            else:
                self._venue.join(conn, stream)
        if not blocked:
            message = ",".join(accepted)
        else:
            refused = f"Not Subscribed successfully! [{','.join(blocked)}].  Reason： Blocked! "
            message = f"Subscribed successful! [{','.join(accepted)}]. {refused}" if accepted else refused
        self._answer(conn, call.id or 0, message)

    def _stream(self, topic: str) -> Push | None:
        """The stream of a topic; None for what the venue blocks."""
        venue = self._venue
        if found := _AGGRE.fullmatch(topic):
            kind, interval, name = found.groups()
            made, interval_ns = _AGGRE_PUSHES[kind], int(interval) * MS
        elif found := _LIMIT.fullmatch(topic):
            name, made, interval_ns = found[1], LimitDepth, 10 * MS
        else:
            return None
        book = venue.by_native.get(name)
        if book is None:
            return None
        symbol = book.listing.symbol
        if self._refuses(symbol, topic):
            return None
        return made(book, Label(symbol, topic), interval_ns, venue.wall_ms)

    def _refuses(self, symbol: str, topic: str) -> bool:
        injector = self._venue.world.injector
        return injector is not None and injector.refuses(self._venue.name, symbol, topic)

    @staticmethod
    def _within_rate(conn: Conn, now_ns: int) -> bool:
        marks = conn.marks
        if now_ns - marks.get("second_ns", -(10**18)) >= 1000 * MS:
            marks["second_ns"], marks["messages"] = now_ns, 0
        marks["messages"] += 1
        return marks["messages"] <= MAX_MESSAGES
