"""The top N levels of a book, and how they change: levels that leave are deleted, levels that enter are told."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from arb.sim.market import SimBook, text

_NO_EDGE = 1 << 62  # fewer levels than the window: everything is inside


class Delta(NamedTuple):
    """(key, lots) of each level whose amount inside the window changed, in the order of the changes; 0 lots: gone."""

    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Window:
    """Watches one book for one stream."""

    __slots__ = ("_ask_edge", "_bid_edge", "book", "levels", "tap")

    def __init__(self, book: SimBook, levels: int) -> None:
        self.book = book
        self.levels = levels
        self.tap = book.tap()
        self._bid_edge = self._edge(book.bids)
        self._ask_edge = self._edge(book.asks)

    def close(self) -> None:
        self.book.untap(self.tap)

    def _edge(self, keys: list[int]) -> int:
        """The last key inside."""
        return keys[self.levels - 1] if len(keys) > self.levels else _NO_EDGE

    def delta(self) -> Delta:
        """What changed since the last call."""
        book = self.book
        asks = [k for k in self.tap if k > 0]
        bids = [k for k in self.tap if k < 0]
        self.tap.clear()
        ask_edge, bid_edge = self._edge(book.asks), self._edge(book.bids)
        made = Delta(
            self._side(book.bids, bids, self._bid_edge, bid_edge), self._side(book.asks, asks, self._ask_edge, ask_edge)
        )
        self._ask_edge, self._bid_edge = ask_edge, bid_edge
        return made

    def _side(self, keys: list[int], touched: list[int], old: int, new: int) -> list[tuple[int, int]]:
        lots = self.book.lots
        out: dict[int, int] = {}
        for key in touched:
            if key <= new:
                now = lots.get(key, 0)
                if now or key <= old:
                    out[key] = now
            elif key <= old:
                out[key] = 0
        if new > old:
            for key in keys[bisect_right(keys, old) : self.levels]:
                out[key] = lots[key]
        elif new < old:
            for key in keys[bisect_right(keys, new) : bisect_right(keys, old)]:
                out[key] = 0
        return list(out.items())

    def whole(self) -> Delta:
        """Everything inside, best first."""
        book, n = self.book, self.levels
        return Delta([(k, book.lots[k]) for k in book.bids[:n]], [(k, book.lots[k]) for k in book.asks[:n]])


def levels_json(book: SimBook, levels: list[tuple[int, int]]) -> str:
    """[["price","amount"],...]"""
    prices, amounts = book.listing.price_decimals, book.listing.qty_decimals
    return "[" + ",".join([f'["{text(abs(k), prices)}","{text(n, amounts)}"]' for k, n in levels]) + "]"
