"""The oracle of a path that shows books instead of frames: what it shows must be a book the venue has had.

The frames are read where ccxt receives them. Every book that follows from them is kept by its number; what is decided
on is the one with the number of the book that was handed to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from arb.domain import BookSnapshot
from tests.proof.book import Book, Side
from tests.proof.oracle import Oracle, Terms
from tests.proof.served import Served
from tests.proof.wire import read

_KEPT = 500  # books of each market; the engine is shown one of the last few


class ShownOracle(Oracle):
    """Books are kept for as long as the engine may be shown them."""

    def __init__(self, served: Served, terms: Terms, symbols: Iterable[str], venues: tuple[str, str]) -> None:
        symbols = list(symbols)
        super().__init__(served, terms, symbols, venues)
        self._wire = Oracle(served, terms, symbols, venues)
        self._past: dict[tuple[str, str], dict[int, tuple[Side, Side]]] = {key: {} for key in self.books}

    def hear(self, venue: str, socket: int, data: bytes, now_ns: int) -> None:
        said = read(venue, data)
        if said is not None and (symbol := self._wire.take(venue, socket, said, now_ns)) is not None:
            self._keep(venue, symbol)

    def hang_up(self, venue: str, socket: int) -> None:
        """What came on this socket goes on no further."""
        for (name, _), book in self._wire.books.items():
            if name == venue:
                book.lost(socket)

    def hear_reply(self, venue: str, symbol: str, body: bytes, now_ns: int) -> None:
        if (venue, symbol) in self.books and self._wire.reply(venue, symbol, body, now_ns) is not None:
            self._keep(venue, symbol)

    def shown(self, snapshot: BookSnapshot) -> bool:
        """The engine has been handed this book. Whether there was one of its number; of its levels, where it has none.

        ccxt hands out a book a second time where it is told what it knows; then its number counts nothing any more.
        """
        venue, symbol, seq, conn, now_ns = (
            snapshot.venue, snapshot.symbol, snapshot.seq, snapshot.conn, snapshot.recv_ns,
        )  # fmt: skip
        past = self._past[venue, symbol]
        known = past.get(seq) if seq else next((b for b in reversed(past.values()) if _alike(b, snapshot)), None)
        if known is None:
            self.books[venue, symbol].forget()
        else:
            self.books[venue, symbol].show(*known, seq, conn, now_ns)
        return known is not None

    def _keep(self, venue: str, symbol: str) -> None:
        book: Book = self._wire.books[venue, symbol]
        past = self._past[venue, symbol]
        if not book.live:
            return
        bids, asks = book.ladder(self.terms.levels)
        past[book.seq] = Side(bids), Side(asks)
        if len(past) > _KEPT:
            del past[next(iter(past))]


def _alike(book: tuple[Side, Side], snapshot: BookSnapshot) -> bool:
    return all(
        side.qty == {Decimal(repr(price)): Decimal(repr(qty)) for price, qty in levels}
        for side, levels in zip(book, (snapshot.bids, snapshot.asks), strict=True)
    )
