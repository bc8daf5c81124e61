"""MEXC's public pushes. Number texts are padded here and there, as on the live venue: compare numbers, not texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from arb.sim.market import SimBook, Trade, padded, text
from arb.sim.mexc import proto
from arb.sim.venue import MS, Label, Stream

TRADE_IDS = 731_901_896_985_399_296  # of the taker; the maker's is one more
_ENGINE_MS = 7  # from the matching engine to the gateway


def native(book: SimBook) -> str:
    return book.listing.base + book.listing.quote


def price_text(book: SimBook, key: int, *, full: bool) -> str:
    decimals = book.listing.price_decimals
    return padded(abs(key), decimals) if full else text(abs(key), decimals)


def qty_text(book: SimBook, lots: int, *, full: bool) -> str:
    """full: to 8 decimals, where that stays within 15 digits."""
    decimals = book.listing.qty_decimals
    return _long(lots, decimals) if full else text(lots, decimals)


def _long(lots: int, decimals: int) -> str:
    return padded(lots, decimals, 8 if len(str(lots)) + 8 - decimals <= 15 else -1)


@lru_cache(maxsize=1 << 14)  # of forty levels, all but one or two are those of the push before
def _level(tag: bytes, price: int, lots: int, price_decimals: int, qty_decimals: int) -> bytes:
    return proto.level(tag, padded(price, price_decimals).encode(), _long(lots, qty_decimals).encode())


class Push(Stream):
    """What all pushes share: the head of the wrapper and the engine's clock."""

    __slots__ = ("_event", "_head", "_wall_ms")

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns)
        self._head = proto.wrapper_head(label.topic, native(book))
        self._wall_ms = wall_ms
        self._event = label.topic.partition(f"@{native(book)}")[0].encode()

    def _order_ms(self, at_ns: int) -> int:
        return self._wall_ms(at_ns) - _ENGINE_MS

    def _send(self, number: int, content: bytes, at_ns: int, wall_ms: int) -> None:
        frame = self._head + proto.varint(wall_ms) + proto.body(number, content)
        for conn in list(self.conns):
            conn.push(self.label, frame, at_ns)


class Depth(Push):
    """aggre.depth: every change since the last push, chained by versions; nothing when nothing changed."""

    __slots__ = ("_full_asks", "_full_bids", "_last", "_tap")

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._tap = book.tap()
        self._last = book.version
        self._full_bids = book.version % 3 == 0
        self._full_asks = book.version % 5 == 0

    def close(self) -> None:
        self.book.untap(self._tap)

    def restarted(self) -> None:
        self._last = self.book.version

    def flush(self, at_ns: int, wall_ms: int) -> None:
        tap = self._tap
        if not tap or self.book.version == self._last:
            return
        book = self.book
        asks, bids = [], []
        lots = book.lots
        for key in tap:
            full = self._full_asks if key > 0 else self._full_bids
            price = price_text(book, key, full=full).encode()
            amount = lots.get(key, 0)
            quantity = qty_text(book, amount, full=full).encode() if amount or full else b"0"
            if key > 0:
                asks.append(proto.level(proto.ASKS, price, quantity))
            else:
                bids.append(proto.level(proto.BIDS, price, quantity))
        tap.clear()
        first, self._last = self._last + 1, book.version
        levels = b"".join(asks) + b"".join(bids)
        content = proto.aggre_depths(levels, self._event, first, book.version, self._order_ms(book.changed_ns))
        self._send(proto.AGGRE_DEPTHS, content, at_ns, wall_ms)


class BookTicker(Push):
    """aggre.bookTicker. At 10 ms the last state is sent over and over; at 100 ms when it changed, and once a second."""

    __slots__ = ("_body", "_flood", "_sent_ns", "_version")

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._version = -1
        self._body = b""
        self._flood = interval_ns == 10 * MS
        self._sent_ns = -(10**18)

    def flush(self, at_ns: int, wall_ms: int) -> None:
        book = self.book
        if book.touch_version != self._version:
            self._version = book.touch_version
            self._body = self._encode()
        elif not self._flood and at_ns - self._sent_ns < 1000 * MS:
            return
        self._sent_ns = at_ns
        frame = self._head + _send_time(wall_ms) + self._body
        label = self.label
        for conn in list(self.conns):
            conn.push(label, frame, at_ns)

    def _encode(self) -> bytes:
        book = self.book
        texts = [b"", b"", b"", b""]
        for place, side in ((0, book.bids), (2, book.asks)):
            if side:
                texts[place] = price_text(book, side[0], full=False).encode()
                texts[place + 1] = qty_text(book, book.lots[side[0]], full=False).encode()
        bid, bid_qty, ask, ask_qty = texts
        order_ms = self._order_ms(book.touch_ns)
        return proto.body(
            proto.AGGRE_BOOK_TICKER, proto.book_ticker(bid, bid_qty, ask, ask_qty, book.touch_version, order_ms)
        )


_last_time = (0, b"")


def _send_time(wall_ms: int) -> bytes:
    """The varint of sendTime; the same for hundreds of frames in a row."""
    global _last_time
    if _last_time[0] != wall_ms:
        _last_time = (wall_ms, proto.varint(wall_ms))
    return _last_time[1]


class LimitDepth(Push):
    """limit.depth: the top N, whole, whenever the book has changed; texts padded, as seen live."""

    __slots__ = ("_levels", "_sent", "_version")

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._levels = int(label.topic.rpartition("@")[2])
        self._version = -1
        self._sent = b""

    def flush(self, at_ns: int, wall_ms: int) -> None:
        book = self.book
        if book.version == self._version:
            return
        self._version = book.version
        lots, prices, amounts = book.lots, book.listing.price_decimals, book.listing.qty_decimals
        items = [
            _level(tag, abs(key), lots[key], prices, amounts)
            for tag, side in ((proto.ASKS, book.asks), (proto.BIDS, book.bids))
            for key in side[: self._levels]
        ]
        levels = b"".join(items)
        if levels == self._sent:
            return
        self._sent = levels
        content = proto.limit_depths(levels, self._event, book.version, self._order_ms(book.changed_ns))
        self._send(proto.LIMIT_DEPTHS, content, at_ns, wall_ms)


class Deals(Push):
    """aggre.deals: the trades of an interval."""

    __slots__ = ("_tap",)

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._tap: list[Trade] = []
        book.trade_taps.append(self._tap)

    def close(self) -> None:
        self.book.trade_taps = [t for t in self.book.trade_taps if t is not self._tap]

    def flush(self, at_ns: int, wall_ms: int) -> None:
        if not self._tap:
            return
        book = self.book
        items = [
            (
                price_text(book, t.price, full=False).encode(),
                qty_text(book, t.lots, full=False).encode(),
                1 if t.buy else 2,
                self._order_ms(t.at_ns),
                b"%dX0_%dX0" % (TRADE_IDS + 2 * t.number, TRADE_IDS + 2 * t.number + 1),
            )
            for t in self._tap
        ]
        self._tap.clear()
        self._send(proto.AGGRE_DEALS, proto.deals(items, self._event), at_ns, wall_ms)
