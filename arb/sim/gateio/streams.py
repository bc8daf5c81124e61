"""Gate's public pushes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from zlib import crc32

from arb.sim.conn import Conn
from arb.sim.gateio.tickers import ticker
from arb.sim.gateio.window import Window, levels_json
from arb.sim.market import SimBook, Trade, text
from arb.sim.venue import MS, Label, Stream


def native(book: SimBook) -> str:
    return f"{book.listing.base}_{book.listing.quote}"


class Push(Stream):
    """What all pushes share: the envelope. wall_ms: sim ns -> ms since epoch."""

    __slots__ = ("_channel", "_pair", "_wall_ms")

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns)
        self._channel = label.topic.partition("@")[0]
        self._pair = native(book)
        self._wall_ms = wall_ms

    def _send(self, result: str, at_ns: int, wall_ms: int) -> None:
        frame = (
            f'{{"time":{wall_ms // 1000},"time_ms":{wall_ms},"channel":"{self._channel}","event":"update",'
            f'"result":{result}}}'
        ).encode()
        for conn in list(self.conns):
            conn.push(self.label, frame, at_ns)


class Windowed(Push):
    """Deltas of a window, and a first frame of its own for each new subscriber."""

    __slots__ = ("_fresh", "_last", "_window", "wants_full")

    def __init__(
        self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int], levels: int
    ) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._window = Window(book, levels)
        self._last = book.version  # the last id that went out
        self._fresh: dict[Conn, None] = {}
        self.wants_full: Callable[[Label], bool] | None = None

    def join(self, conn: Conn) -> None:
        self._fresh[conn] = None
        super().join(conn)

    def close(self) -> None:
        self._window.close()

    def restarted(self) -> None:
        self._last = self.book.version

    def flush(self, at_ns: int, wall_ms: int) -> None:
        fresh, self._fresh = self._fresh, {}
        if self._window.tap or self.wants_full is not None:
            self._flush_old(fresh, at_ns, wall_ms)
        if fresh:
            frame = self._first(wall_ms)
            if frame:
                for conn in fresh:
                    if conn in self.conns:
                        conn.push(self.label, frame, at_ns)

    def _flush_old(self, fresh: dict[Conn, None], at_ns: int, wall_ms: int) -> None:
        frame = b""
        delta = self._window.delta()
        if self.wants_full is not None and len(self.conns) > len(fresh) and self.wants_full(self.label):
            self._last = self.book.version
            frame = self._full(wall_ms)
        elif self.book.version > self._last and (delta.bids or delta.asks or self._tells_nothing()):
            first, self._last = self._last + 1, self.book.version
            frame = self._delta(delta.bids, delta.asks, first, wall_ms)
        if frame:
            for conn in list(self.conns):
                if conn not in fresh:
                    conn.push(self.label, frame, at_ns)

    def _tells_nothing(self) -> bool:
        """Whether ids that changed nothing inside the window get a frame of their own."""
        return False

    def _first(self, wall_ms: int) -> bytes:
        return self._full(wall_ms)

    @abstractmethod
    def _full(self, wall_ms: int) -> bytes: ...

    @abstractmethod
    def _delta(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], first: int, wall_ms: int) -> bytes: ...


class Obu(Windowed):
    """spot.obu: full first, then deltas; no root `time`, empty sides left out, levels in no order."""

    __slots__ = ()

    def _frame(self, result: str, wall_ms: int) -> bytes:
        return f'{{"channel":"spot.obu","result":{result},"time_ms":{wall_ms},"event":"update"}}'.encode()

    def _stream(self) -> str:
        return self.label.topic.partition("@")[2]

    def _full(self, wall_ms: int) -> bytes:
        book = self.book
        whole = self._window.whole()
        return self._frame(
            f'{{"t":{self._wall_ms(book.changed_ns)},"full":true,"s":"{self._stream()}","u":{self._last},'
            f'"b":{levels_json(book, whole.bids)},"a":{levels_json(book, whole.asks)}}}',
            wall_ms,
        )

    def _delta(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], first: int, wall_ms: int) -> bytes:
        book = self.book
        sides = (f',"b":{levels_json(book, bids)}' if bids else "") + (
            f',"a":{levels_json(book, asks)}' if asks else ""
        )
        return self._frame(
            f'{{"t":{self._wall_ms(book.changed_ns)},"s":"{self._stream()}","u":{self._last},"U":{first}{sides}}}',
            wall_ms,
        )


class BookUpdate(Windowed):
    """spot.order_book_update: deltas whose beginning is a REST snapshot.

    Seven pairs of ten start with the whole window in a frame that does not say so.
    """

    __slots__ = ()

    def _result(
        self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], first: int, wall_ms: int, full: str = ""
    ) -> bytes:
        book = self.book
        book_ms, n = self._wall_ms(book.changed_ns), self._window.levels
        sides = f'"b":{levels_json(book, sorted(bids))},"a":{levels_json(book, sorted(asks))}'
        return (
            f'{{"time":{wall_ms // 1000},"time_ms":{wall_ms},"channel":"{self._channel}","event":"update","result":'
            f'{{"t":{book_ms},{full}"l":"{n}","e":"depthUpdate","E":{book_ms // 1000},"s":"{self._pair}",'
            f'"U":{first},"u":{self._last},{sides}}}}}'
        ).encode()

    def _tells_nothing(self) -> bool:
        return self.book.version % 2 == 0

    def _first(self, wall_ms: int) -> bytes:
        if crc32(self._pair.encode()) % 10 >= 7:
            return b""
        whole = self._window.whole()
        return self._result(whole.bids, whole.asks, self._last, wall_ms)

    def _full(self, wall_ms: int) -> bytes:
        whole = self._window.whole()
        return self._result(whole.bids, whole.asks, self._last, wall_ms, '"full":true,')

    def _delta(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], first: int, wall_ms: int) -> bytes:
        return self._result(bids, asks, first, wall_ms)


class BookTicker(Push):
    """spot.book_ticker: best bid and ask, when they change."""

    __slots__ = ("_version",)

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._version = book.touch_version

    def flush(self, at_ns: int, wall_ms: int) -> None:
        book = self.book
        if book.touch_version == self._version:
            return
        self._version = book.touch_version
        prices, amounts = book.listing.price_decimals, book.listing.qty_decimals
        bid = ask = bid_qty = ask_qty = ""
        if book.bids:
            bid, bid_qty = text(book.best_bid, prices), text(book.lots[book.bids[0]], amounts)
        if book.asks:
            ask, ask_qty = text(book.best_ask, prices), text(book.lots[book.asks[0]], amounts)
        self._send(
            f'{{"t":{self._wall_ms(book.touch_ns)},"u":{book.touch_version},"s":"{self._pair}",'
            f'"b":"{bid}","B":"{bid_qty}","a":"{ask}","A":"{ask_qty}"}}',
            at_ns,
            wall_ms,
        )


class OrderBook(Push):
    """spot.order_book: the top N, whole, when something changed."""

    __slots__ = ("_levels", "_version")

    def __init__(
        self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int], levels: int
    ) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._levels = levels
        self._version = -1

    def join(self, conn: Conn) -> None:
        self._version = -1
        super().join(conn)

    def flush(self, at_ns: int, wall_ms: int) -> None:
        book, n = self.book, self._levels
        if book.version == self._version:
            return
        self._version = book.version
        bids, asks = ([(k, book.lots[k]) for k in side[:n]] for side in (book.bids, book.asks))
        self._send(
            f'{{"t":{self._wall_ms(book.changed_ns)},"lastUpdateId":{book.version},"s":"{self._pair}","l":"{n}",'
            f'"bids":{levels_json(book, bids)},"asks":{levels_json(book, asks)}}}',
            at_ns,
            wall_ms,
        )


class Tickers(Push):
    """spot.tickers: the day's figures, once a second."""

    __slots__ = ()

    def flush(self, at_ns: int, wall_ms: int) -> None:
        figures = ",".join(f'"{k}":"{v}"' for k, v in ticker(self.book).items())
        self._send(f"{{{figures}}}", at_ns, wall_ms)


class Trades(Push):
    """spot.trades: one frame a trade."""

    __slots__ = ("_tap",)

    def __init__(self, book: SimBook, label: Label, interval_ns: int, wall_ms: Callable[[int], int]) -> None:
        super().__init__(book, label, interval_ns, wall_ms)
        self._tap: list[Trade] = []
        book.trade_taps.append(self._tap)

    def close(self) -> None:
        self.book.trade_taps = [t for t in self.book.trade_taps if t is not self._tap]

    def flush(self, at_ns: int, wall_ms: int) -> None:
        listing = self.book.listing
        for trade in self._tap:
            ms = self._wall_ms(trade.at_ns)
            part = trade.at_ns % MS // 100
            self._send(
                f'{{"id":{trade.number},"id_market":{trade.number},"create_time":{ms // 1000},'
                f'"create_time_ms":"{ms}.{part:04d}","side":"{"buy" if trade.buy else "sell"}",'
                f'"currency_pair":"{self._pair}","amount":"{text(trade.lots, listing.qty_decimals)}",'
                f'"price":"{text(trade.price, listing.price_decimals)}","range":"{trade.number}-{trade.number}"}}',
                at_ns,
                wall_ms,
            )
        self._tap.clear()


class Silent(Push):
    """A stream that is acknowledged and never says anything, as some depths of spot.obu."""

    __slots__ = ()

    def flush(self, at_ns: int, wall_ms: int) -> None:
        pass
