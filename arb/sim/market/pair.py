"""One symbol on every venue that lists it: a shared fair price, a book per venue, and the events that move them."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, sqrt
from random import Random
from typing import NamedTuple

from arb.sim.market.book import SimBook, Trade
from arb.sim.market.listing import Instrument, VenueTraits

LEVELS = 250  # a side, about
FEWEST, MOST = 215, 290
_SPAN = 0.03  # what the levels of one side cover, as a fraction of the price
_PULL = 0.002  # how fast the walk is drawn back, per second
_NOISE = 0.8e-4  # sigma of a venue's own error


class OpenGap(NamedTuple):
    """How to undo a planted gap.

    moved: the venue whose book was moved.   removed: its levels that stood in the way, (key, lots).   planted: key of
    the level put there.   other: the venue whose best level may have been enlarged.   bumped: that level before.
    """

    moved: str
    removed: tuple[tuple[int, int], ...]
    planted: int
    other: str
    bumped: tuple[int, int]


class Pair:
    """Books of one symbol. All randomness comes from its own generator: other symbols do not disturb it."""

    __slots__ = ("_noise", "_scale", "_spacing", "_usd", "_x", "_x_ns", "books", "gap", "instrument", "rng", "units")

    def __init__(
        self, seed: int, instrument: Instrument, venues: Mapping[str, VenueTraits], usd_per_quote: float
    ) -> None:
        self.instrument = instrument
        self.rng = rng = Random(f"{seed}:{instrument.symbol}")
        self.gap: OpenGap | None = None
        self._x = 0.0
        self._x_ns = 0
        self._usd = usd_per_quote
        self._noise = dict.fromkeys(instrument.listings, 0.0)
        decimals = max(v.price_decimals for v in instrument.listings.values())
        # price in ticks times this: price in units common to all venues
        self.units = {name: 10 ** (decimals - v.price_decimals) for name, v in instrument.listings.items()}
        self.books: dict[str, SimBook] = {}
        self._spacing: dict[str, float] = {}
        self._scale: dict[str, float] = {}
        for name, listing in instrument.listings.items():
            book = SimBook(listing, venues[name].first_version + rng.randrange(10**9))
            self.books[name] = book
            ticks = instrument.price * instrument.factor[name] * 10**listing.price_decimals
            self._spacing[name] = ticks * _SPAN / LEVELS
            coin_usd = instrument.price * usd_per_quote
            self._scale[name] = 6000.0 / coin_usd * 10**listing.qty_decimals
            self._fill(name, book)

    def _fill(self, name: str, book: SimBook) -> None:
        """First state: version and touch are what they were, and there is a history of trades."""
        rng, spacing = self.rng, self._spacing[name]
        bid, ask, _ = self._quotes(name)
        for start in (ask, -bid):
            key = start
            for depth in range(LEVELS):
                book.lots[key] = self._some(name, depth)
                (book.asks if key > 0 else book.bids).append(key)
                key += 1 + int(spacing * 2 * rng.random())
                if start < 0 <= key:  # the bids have reached zero
                    break
        book.last = book.day_open = bid
        book.day_high, book.day_low = int(bid * 1.021) + 1, max(1, int(bid * 0.983))
        book.day_lots = int(self._scale[name] * 3000)
        for number in range(20):
            book.trades.append(Trade(rng.choice((bid, ask)), self._some(name, 0), rng.random() < 0.5, 0, number + 1))

    def _some(self, name: str, depth: int) -> int:
        """A plausible amount in lots; deeper levels are thicker."""
        return 1 + int(self._scale[name] * (0.02 + self.rng.random() ** 3) * (1.0 if depth < 3 else 1.8))

    def _quotes(self, name: str) -> tuple[int, int, int]:
        """Where the best bid and ask belong now, and by how much they may be off without being moved; ticks."""
        fair = self.instrument.price * exp(self._x)
        mid = (
            fair
            * self.instrument.factor[name]
            * (1.0 + self._noise[name])
            * 10 ** self.books[name].listing.price_decimals
        )
        wide = max(1, round(mid * self.instrument.spread))
        bid = max(1, round(mid - wide / 2))
        return bid, bid + wide, (wide - 1) // 4

    def _walk(self, now_ns: int) -> None:
        dt = (now_ns - self._x_ns) / 1e9
        self._x_ns = now_ns
        if dt > 0:
            self._x += -self._x * min(1.0, _PULL * dt) + self.instrument.vol * sqrt(dt) * self.rng.gauss(0.0, 1.0)

    def resume(self, now_ns: int) -> None:
        """The walk stood still while a gap was open."""
        self._x_ns = now_ns

    def happen(self, name: str, now_ns: int) -> None:
        """One event in one venue's book."""
        rng = self.rng
        book = self.books[name]
        book.now_ns = now_ns
        if self.gap is not None:  # both touches stand still; life goes on behind them
            self._tweak(name, book, 10)
            return
        self._walk(now_ns)
        noise = self._noise[name]
        self._noise[name] = noise * 0.9 + _NOISE * 0.4 * rng.gauss(0.0, 1.0)
        dice = rng.random()
        if dice < 0.15:
            book.trade(self._some(name, 0) // 2 + 1, buy=rng.random() < 0.5)
        self._requote(name, book)
        if dice > 0.1:
            self._tweak(name, book, 0)
            if dice > 0.6:
                self._tweak(name, book, 0)
        self.tidy(name)

    def _requote(self, name: str, book: SimBook) -> None:
        bid, ask, slack = self._quotes(name)
        self._retreat(book, book.asks, ask - slack, bid)
        self._retreat(book, book.bids, -bid - slack, -ask)
        best_ask, best_bid = book.market_best(book.asks), book.market_best(book.bids)
        if best_ask is None or best_ask > ask + slack:
            book.put(ask, self._some(name, 0))
        if best_bid is None or best_bid > -bid + slack:
            book.put(-bid, self._some(name, 0))

    @staticmethod
    def _retreat(book: SimBook, side: list[int], first: int, through: int) -> None:
        """The market leaves the levels before key `first`; up to key `through` it trades with who still waits there."""
        place = 0
        while place < len(side) and side[place] < first:
            key = side[place]
            if key <= through:
                book.sweep(key)
            else:
                book.put(key, 0)
                place += key in book.lots  # an account still waits there

    def _tweak(self, name: str, book: SimBook, first: int) -> None:
        """Change, add or remove one level not above place `first`, mostly near the top."""
        rng = self.rng
        side = book.asks if rng.random() < 0.5 else book.bids
        place = first + int(rng.random() ** 3 * (len(side) - first - 1))
        key = side[place]
        dice = rng.random()
        if dice < 0.7 or place == 0:
            book.put(key, self._some(name, place))
        elif dice < 0.87:
            new = key + 1 + int(self._spacing[name] * rng.random())
            if key > 0 or new < 0:
                book.put(new, self._some(name, place))
        elif len(side) > FEWEST:
            book.put(key, 0)

    def tidy(self, name: str) -> None:
        """Keep the number of levels within bounds by adding and dropping far ones."""
        book = self.books[name]
        for side in (book.asks, book.bids):
            while len(side) > MOST + len(book.queues):
                book.put(self._last(book, side), 0)
            while len(side) < FEWEST:
                last = self._last(book, side)
                key = last + 1 + int(self._spacing[name] * 2 * self.rng.random())
                if key >= 0 > last:
                    break
                book.put(key, self._some(name, LEVELS))

    @staticmethod
    def _last(book: SimBook, side: list[int]) -> int:
        """The last level at which the market itself has something; a waiting order may be anywhere."""
        if not book.queues:
            return side[-1]
        return next((k for k in reversed(side) if book.market_lots(k)), side[-1])
