"""The truth about a scan: books in Decimal from the frames themselves, and what every gap between them is worth.

Fed with what was received, in the order in which it was received. Nothing of the project decides anything here: frames
are read by `wire`, books are kept by `book`, the worth is `exact`'s and the rules of trading are `served`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tests.proof.book import Book
from tests.proof.exact import Figures, best
from tests.proof.served import Listing, Served
from tests.proof.wire import Carried, Message, Unreadable, read_seed


@dataclass(frozen=True, slots=True)
class Route:
    """Buy at one venue, sell at the other."""

    symbol: str
    buy: str
    sell: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user asked for. sizes: most spent, by quote.   levels: of each book.   Times in ns."""

    sizes: dict[str, Decimal]
    levels: int
    max_age_ns: int
    max_skew_ns: int
    min_edge_bps: Decimal = Decimal(0)
    max_ratio: Decimal = Decimal("1.5")
    quarantine_ns: int = 60 * 10**9


class Pace:
    """How long one book may be silent: eight times as long as between two of its messages, and half a second at least.

    By the slower of the last two spans of five seconds; where one had fewer than twenty messages, nobody can tell.
    """

    def __init__(self) -> None:
        self._span_ns = 0
        self._start: tuple[int, int] | None = None
        self._means: list[int | None] = [None, None]

    def limit_ns(self, book: Book, now_ns: int) -> int:
        if now_ns - self._span_ns >= 5 * 10**9:
            self._span_ns = now_ns
            if book.heard:
                start, self._start = self._start, (book.heard, book.recv_ns)
                self._means = [self._means[1], None]
                if start is not None and book.heard - start[0] >= 20:
                    self._means[1] = (book.recv_ns - start[1]) // (book.heard - start[0])
        slower = [mean for mean in self._means if mean is not None]
        return max(5 * 10**8, 8 * max(slower)) if len(slower) == 2 else 1 << 62


class Oracle:
    """sources: where the fees that apply come from, by (venue, symbol); told from outside, since a run learns them."""

    def __init__(self, served: Served, terms: Terms, symbols: Iterable[str], venues: tuple[str, str]) -> None:
        self.terms = terms
        self.sources: dict[tuple[str, str], str] = {}
        self._served = served
        self._venues = venues
        self.books = {(venue, symbol): Book() for symbol in symbols for venue in venues}
        self._symbols = {(v, served.listings[v, s].native): s for v, s in self.books}
        self._worth: dict[Route, tuple[object, Figures | None]] = {}
        self._status: dict[Route, tuple[str, str]] = {}
        self._paces = {key: Pace() for key in self.books}
        self._apart: dict[str, int | None] = {}  # symbol -> since when the prices are back; None: they are not

    # ------------------------------------------------------------------------------------------- what was received

    def take(self, venue: str, conn: int, said: Message, now_ns: int) -> str | None:
        """The symbol whose book changed, if one did. Raises Unreadable for one that nobody asked for."""
        if isinstance(said, Carried):
            for native in said.natives:
                book = self.books[venue, self._symbol(venue, native)]
                if said.on:
                    book.joined(conn)
                else:
                    book.lost(conn)
            return None
        symbol = self._symbol(venue, said.native)
        return symbol if self.books[venue, symbol].take(said, conn, now_ns) else None

    def reply(self, venue: str, symbol: str, body: bytes, now_ns: int) -> str | None:
        return symbol if self.books[venue, symbol].seed(read_seed(venue, body), now_ns) else None

    def lost(self, venue: str, conn: int, symbols: Iterable[str]) -> list[str]:
        """The symbols whose book went with a connection."""
        return [symbol for symbol in symbols if self.books[venue, symbol].lost(conn)]

    def _symbol(self, venue: str, native: str) -> str:
        try:
            return self._symbols[venue, native]
        except KeyError:
            raise Unreadable(f"nobody asked {venue} for {native}") from None

    # ------------------------------------------------------------------------------------------- what it is worth

    def routes(self, symbol: str) -> Iterator[Route]:
        one, other = self._venues
        yield Route(symbol, one, other)
        yield Route(symbol, other, one)

    def usable(self, symbol: str, now_ns: int) -> bool:
        """Whether both books may be used at this moment, and together."""
        one, other = (self.books[venue, symbol] for venue in self._venues)
        return (
            one.live
            and other.live
            and not one.silent
            and not other.silent
            and now_ns - one.recv_ns <= self.terms.max_age_ns
            and now_ns - other.recv_ns <= self.terms.max_age_ns
            and abs(one.recv_ns - other.recv_ns) <= self.terms.max_skew_ns
        )

    def tick(self, now_ns: int) -> None:
        """Time is looked at: who is silent now?"""
        for key, book in self.books.items():
            limit_ns = min(self.terms.max_age_ns, self._paces[key].limit_ns(book, now_ns))
            if book.live and now_ns - book.recv_ns > limit_ns:
                book.silent_ns = book.recv_ns

    def look(self, symbol: str, now_ns: int) -> None:
        """Take note of prices too far apart for one coin; call it once for every decision on the symbol."""
        if not self.usable(symbol, now_ns):
            if symbol in self._apart:
                self._apart[symbol] = None
            return
        one, other = (self.books[venue, symbol] for venue in self._venues)
        if _crossed(one, other, self.terms.max_ratio) or _crossed(other, one, self.terms.max_ratio):
            self._apart[symbol] = None
        elif symbol in self._apart:
            since = self._apart[symbol]
            if since is None:
                self._apart[symbol] = now_ns
            elif now_ns - since >= self.terms.quarantine_ns:
                del self._apart[symbol]

    def worth(self, route: Route, now_ns: int) -> Figures | None:
        """The figures of an opportunity that is there at this moment; None where there is none."""
        buy, sell = (route.buy, route.symbol), (route.sell, route.symbol)
        bought, sold = self.books[buy], self.books[sell]
        if not _crossed(bought, sold) or not self.usable(route.symbol, now_ns):
            return None
        known = (bought.changes, sold.changes, self.sources[buy], self.sources[sell])
        before, figures = self._worth.get(route, (None, None))
        if before != known:
            figures = self._walked(route)
            self._worth[route] = known, figures
        return figures

    def _walked(self, route: Route) -> Figures | None:
        here, there = self._listings(route)
        buying = here.limits(True, self.sources[route.buy, route.symbol])
        selling = there.limits(False, self.sources[route.sell, route.symbol])
        _, asks = self.books[route.buy, route.symbol].ladder(self.terms.levels)
        bids, _ = self.books[route.sell, route.symbol].ladder(self.terms.levels)
        ask, bid = asks[0][0], bids[0][0]
        if bid * (1 - buying.fee) * (1 - selling.fee) <= ask and bid * (1 - selling.fee) <= ask * (1 + buying.fee):
            return None  # not even at the best prices
        found = best(asks, bids, buying, selling, self.terms.sizes[here.quote])
        return found if found is not None and found.net_bps >= self.terms.min_edge_bps else None

    def fee(self, venue: str, symbol: str) -> Decimal:
        return self._served.listings[venue, symbol].fees[self.sources[venue, symbol]]

    def status(self, route: Route) -> str:
        """What to call an opportunity that is there: may it be taken?"""
        if route not in self._status:
            self._status[route] = self._asked(route)
        early, late = self._status[route]
        return early or ("PRICE_RATIO" if route.symbol in self._apart else late)

    def _asked(self, route: Route) -> tuple[str, str]:
        """What speaks against it whatever the prices are, before and after the question of the price ratio."""
        here, there = self._listings(route)
        same = self._served.same_coin(here, there)
        if not here.buyable or not there.sellable:
            return "NOT_TRADABLE", ""
        if same is False:
            return "IDENTITY_MISMATCH", ""
        movable = self._served.movable(here, there)
        if movable is False:
            return "", "NO_COMMON_NETWORK"
        return "", "UNKNOWN" if same is None or movable is None else "OK"

    def _listings(self, route: Route) -> tuple[Listing, Listing]:
        return self._served.listings[route.buy, route.symbol], self._served.listings[route.sell, route.symbol]


def _crossed(buy: Book, sell: Book, ratio: Decimal = Decimal(1)) -> bool:
    """Whether the bid of the one is above the ask of the other, by more than this factor."""
    asks, bids = buy.asks.prices, sell.bids.prices
    return bool(asks) and bool(bids) and bids[-1] > asks[0] and bids[-1] > asks[0] * ratio
