"""The truth about a scan: books in Decimal from the frames themselves, and what every gap between them is worth.

Fed with what was received, in the order in which it was received. Nothing of the project decides anything here: the
sequence rules are the venues', the worth is `exact`'s, the rules of trading are `served`'s.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tests.proof.exact import Figures, Level, best
from tests.proof.served import Listing, Served
from tests.proof.wire import Carried, Delta, Full, Message, Seed, Unreadable, Whole, read_seed


class Side:
    """Levels of one side by price."""

    __slots__ = ("prices", "qty")

    def __init__(self, levels: Iterable[Level] = ()) -> None:
        self.qty = {price: qty for price, qty in levels if qty}
        self.prices = sorted(self.qty)  # ascending

    def set(self, price: Decimal, qty: Decimal) -> None:
        if price in self.qty:
            if not qty:
                del self.qty[price], self.prices[bisect_left(self.prices, price)]
                return
        elif qty:
            insort(self.prices, price)
        else:
            return
        self.qty[price] = qty

    def best(self, levels: int, highest: bool) -> list[Level]:
        prices = self.prices[: -levels - 1 : -1] if highest else self.prices[:levels]
        return [(price, self.qty[price]) for price in prices]


@dataclass(slots=True)
class Book:
    """One venue's book of one symbol. recv_ns: when the venue last said that it is like this.   conns: carrying it.

    first_ns: when it was known for the first time; 0: never.   changes: counts up with every one.
    """

    seq: int = 0
    live: bool = False
    recv_ns: int = 0
    bids: Side = field(default_factory=Side)
    asks: Side = field(default_factory=Side)
    conns: set[int] = field(default_factory=set)
    changes: int = 0
    first_ns: int = 0
    _from: int = 0  # the connection that brought the last update
    _heard: set[int] = field(default_factory=set)
    _waiting: list[Delta] = field(default_factory=list)
    _least: int = 0  # a seed older than this joins nothing

    def take(self, said: Whole | Full | Delta, conn: int, now_ns: int) -> bool:
        """Whether the book, or what may be thought of it, is another one now."""
        first_heard = conn not in self._heard
        self.conns.add(conn)
        self._heard.add(conn)
        if isinstance(said, Delta):
            return self._delta(said, conn, now_ns, first_heard)
        if self.live and isinstance(said, Whole) and said.seq <= self.seq:
            if said.seq == self.seq:
                self.recv_ns = now_ns
            return False
        if self.live and said.seq < self.seq and conn != self._from:
            return False
        self._replace(said, conn, now_ns)
        return True

    def seed(self, seed: Seed, now_ns: int) -> bool:
        """A REST book: only of use to a chain that waits for its beginning."""
        waiting = [delta for delta in self._waiting if delta.last > seed.seq]
        too_old = seed.seq < self._least or (waiting and waiting[0].first > seed.seq + 1)
        if self.live or not self.conns or too_old:
            return False
        self._replace(seed, 0, now_ns)
        for delta in waiting:
            if delta.first > self.seq + 1:
                self._forget()
                self._waiting = [d for d in waiting if d.first >= delta.first]
                return True
            self._apply(delta, 0, now_ns)
        self._from = 0
        return True

    def lost(self, conn: int) -> bool:
        self.conns.discard(conn)
        self._heard.discard(conn)
        if self.conns:
            return False
        was_live = self.live
        self._forget()
        return was_live

    def joined(self, conn: int) -> None:
        self.conns.add(conn)
        self._heard.discard(conn)

    def confirmed(self, seq: int, now_ns: int) -> bool:
        """The venue was asked, and `seq` was still its newest."""
        if self.live and seq == self.seq:
            self.recv_ns = now_ns
        return self.live and seq == self.seq

    def ladder(self, levels: int) -> tuple[list[Level], list[Level]]:
        """Best bids and best asks."""
        return self.bids.best(levels, highest=True), self.asks.best(levels, highest=False)

    @property
    def bid(self) -> Decimal | None:
        return self.bids.prices[-1] if self.bids.prices else None

    @property
    def ask(self) -> Decimal | None:
        return self.asks.prices[0] if self.asks.prices else None

    def _delta(self, delta: Delta, conn: int, now_ns: int, first_heard: bool) -> bool:
        if first_heard and _is_window(delta):
            newer = delta.last > self.seq and self._from in (0, conn)
            if self.live and newer:
                self._forget()
            if not self.live:
                self._least = max(self._least, delta.last)
            return newer
        if not self.live:
            self._waiting.append(delta)
            return False
        if delta.last <= self.seq:
            return False
        if delta.first > self.seq + 1:
            if self._from in self.conns and self._from != conn:
                return False  # the connection that is ahead may still bring what is missing
            self._forget()
            self._waiting.append(delta)
            return True
        self._apply(delta, conn, now_ns)
        return True

    def _replace(self, said: Whole | Full | Seed, conn: int, now_ns: int) -> None:
        self._waiting.clear()
        self.bids, self.asks = Side(said.bids), Side(said.asks)
        self.seq, self.recv_ns, self.live, self._from, self._least = said.seq, now_ns, True, conn, 0
        self.first_ns = self.first_ns or now_ns
        self.changes += 1
        self._uncross()

    def _apply(self, delta: Delta, conn: int, now_ns: int) -> None:
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            for price, qty in levels:
                side.set(price, qty)
        self.seq, self.recv_ns, self._from = delta.last, now_ns, conn
        self.changes += 1
        self._uncross()

    def _uncross(self) -> None:
        """No venue has a bid at or above its ask: something was lost that no sequence told of."""
        bid, ask = self.bid, self.ask
        if bid is not None and ask is not None and bid >= ask:
            self._forget()

    def _forget(self) -> None:
        self.live, self._from, self._least = False, 0, 0
        self.changes += 1
        self._waiting.clear()
        self.bids, self.asks = Side(), Side()


def _is_window(delta: Delta) -> bool:
    """Whether it is no delta at all, but everything the stream shows: more levels than ids, and nothing that goes.

    Every id changes one level; only where one goes does another, which did not change, come into sight.
    """
    levels = [*delta.bids, *delta.asks]
    return len(levels) > delta.last - delta.first + 1 and all(qty for _, qty in levels)


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


class Oracle:
    """sources: where the fees that apply come from, by (venue, symbol); told from outside, since it changes in a run.

    known: whether the run has a key, without which a venue's networks cannot be read.
    """

    def __init__(self, served: Served, terms: Terms, symbols: Iterable[str], venues: tuple[str, str]) -> None:
        self.terms = terms
        self.sources: dict[tuple[str, str], str] = {}
        self._served = served
        self._venues = venues
        self.books = {(venue, symbol): Book() for symbol in symbols for venue in venues}
        self._symbols = {(v, served.listings[v, s].native): s for v, s in self.books}
        self._worth: dict[Route, tuple[object, Figures | None]] = {}
        self._status: dict[Route, tuple[str, str]] = {}
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

    def lost(self, venue: str, conn: int) -> list[str]:
        """The symbols whose book went with a connection."""
        return [symbol for (name, symbol), book in self.books.items() if name == venue and book.lost(conn)]

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
            and now_ns - one.recv_ns <= self.terms.max_age_ns
            and now_ns - other.recv_ns <= self.terms.max_age_ns
            and abs(one.recv_ns - other.recv_ns) <= self.terms.max_skew_ns
        )

    def look(self, symbol: str, now_ns: int) -> None:
        """Take note of prices too far apart for one coin; call it once for every decision on the symbol."""
        if not self.usable(symbol, now_ns):
            if symbol in self._apart:
                self._apart[symbol] = None
            return
        one, other = (self.books[venue, symbol] for venue in self._venues)
        far = _far(one.ask, other.bid, self.terms.max_ratio) or _far(other.ask, one.bid, self.terms.max_ratio)
        if far:
            self._apart[symbol] = None
        elif symbol in self._apart:
            since = self._apart[symbol]
            if since is None:
                self._apart[symbol] = now_ns
            elif now_ns - since >= self.terms.quarantine_ns:
                del self._apart[symbol]

    def worth(self, route: Route, now_ns: int) -> Figures | None:
        """The figures of an opportunity that is there at this moment; None where there is none."""
        if not self.usable(route.symbol, now_ns):
            return None
        buy, sell = (route.buy, route.symbol), (route.sell, route.symbol)
        known = (self.books[buy].changes, self.books[sell].changes, self.sources[buy], self.sources[sell])
        before, figures = self._worth.get(route, (None, None))
        if before != known:
            figures = self._walked(route)
            self._worth[route] = known, figures
        return figures

    def _walked(self, route: Route) -> Figures | None:
        buy, sell = self.books[route.buy, route.symbol], self.books[route.sell, route.symbol]
        ask, bid = buy.ask, sell.bid
        if ask is None or bid is None or bid <= ask:
            return None
        here, there = self._listings(route)
        buying = here.limits(True, self.sources[route.buy, route.symbol])
        selling = there.limits(False, self.sources[route.sell, route.symbol])
        if bid * (1 - buying.fee) * (1 - selling.fee) <= ask and bid * (1 - selling.fee) <= ask * (1 + buying.fee):
            return None  # not even at the best prices
        _, asks = buy.ladder(self.terms.levels)
        bids, _ = sell.ladder(self.terms.levels)
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
        if not self._served.movable(here, there):
            return "", "NO_COMMON_NETWORK"
        return "", "UNKNOWN" if same is None else "OK"

    def _listings(self, route: Route) -> tuple[Listing, Listing]:
        return self._served.listings[route.buy, route.symbol], self._served.listings[route.sell, route.symbol]


def _far(ask: Decimal | None, bid: Decimal | None, ratio: Decimal) -> bool:
    return ask is not None and bid is not None and bid > ask * ratio
