"""One venue's book of one symbol, in whole ticks and whole lots, best level first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import NamedTuple

from arb.sim.market.listing import Listing


class Trade(NamedTuple):
    """price: ticks.   lots: base.   buy: the taker bought.   at_ns: sim time.   number: counts up within the market."""

    price: int
    lots: int
    buy: bool
    at_ns: int
    number: int


class Change(NamedTuple):
    """What a level was before a change: enough to walk the book back."""

    at_ns: int
    version: int
    key: int
    before: int


class SimBook:
    """Levels by key: an ask's key is its price in ticks, a bid's is minus that, so that both sides sort best first.

    Every change of a level raises `version` by one. A tap is a dict of the keys changed since its owner emptied it.
    """

    __slots__ = (
        "asks",
        "bids",
        "changed_ns",
        "day_high",
        "day_lots",
        "day_low",
        "day_open",
        "history",
        "last",
        "listing",
        "lots",
        "now_ns",
        "taps",
        "touch_ns",
        "touch_version",
        "trade_taps",
        "trades",
        "version",
    )

    def __init__(self, listing: Listing, version: int) -> None:
        self.listing = listing
        self.asks: list[int] = []
        self.bids: list[int] = []
        self.lots: dict[int, int] = {}
        self.version = version
        self.now_ns = 0  # set by the market before it changes anything
        self.changed_ns = 0
        self.touch_version = version
        self.touch_ns = 0
        self.taps: list[dict[int, None]] = []
        self.history: deque[Change] | None = None
        self.trades: deque[Trade] = deque(maxlen=200)
        self.trade_taps: list[list[Trade]] = []
        self.last = self.day_open = self.day_high = self.day_low = 0
        self.day_lots = 0

    def put(self, key: int, lots: int) -> None:
        """Set one level, absolutely; 0 lots removes it. Setting what is already so is no change."""
        before = self.lots.get(key, 0)
        if before == lots:
            return
        side = self.asks if key > 0 else self.bids
        if not lots:
            place = bisect_left(side, key)
            touch = place == 0
            del side[place]
            del self.lots[key]
        else:
            if not before:
                insort(side, key)
            self.lots[key] = lots
            touch = side[0] == key
        self.version += 1
        self.changed_ns = self.now_ns
        if touch:
            self.touch_version = self.version
            self.touch_ns = self.now_ns
        for tap in self.taps:
            tap[key] = None
        if self.history is not None:
            self.history.append(Change(self.now_ns, self.version, key, before))

    def trade(self, lots: int, *, buy: bool) -> None:
        """A taker takes up to `lots` from the best level."""
        side = self.asks if buy else self.bids
        key = side[0]
        there = self.lots[key]
        done = min(lots, there)
        self.last = abs(key)
        self.day_high = max(self.day_high, self.last)
        self.day_low = min(self.day_low, self.last)
        self.day_lots += done
        trade = Trade(self.last, done, buy, self.now_ns, self.trades[-1].number + 1 if self.trades else 1)
        self.trades.append(trade)
        for tap in self.trade_taps:
            tap.append(trade)
        self.put(key, there - done)

    @property
    def best_bid(self) -> int:
        """Ticks."""
        return -self.bids[0]

    @property
    def best_ask(self) -> int:
        """Ticks."""
        return self.asks[0]

    def tap(self) -> dict[int, None]:
        """A new record of changed keys."""
        made: dict[int, None] = {}
        self.taps.append(made)
        return made

    def untap(self, tap: dict[int, None]) -> None:
        self.taps = [t for t in self.taps if t is not tap]

    def remember(self, changes: int = 20_000) -> None:
        """Keep enough history to answer `as_of`."""
        if self.history is None:
            self.history = deque(maxlen=changes)

    def as_of(self, at_ns: int) -> SimBook:
        """The book as it was at `at_ns`, as far back as the history reaches; a copy."""
        old = SimBook(self.listing, self.version)
        old.changed_ns = self.changed_ns
        old.lots = dict(self.lots)
        for change in reversed(self.history or ()):
            if change.at_ns <= at_ns:
                old.version, old.changed_ns = change.version, change.at_ns
                break
            old.version = change.version - 1
            if change.before:
                old.lots[change.key] = change.before
            else:
                old.lots.pop(change.key, None)
        old.asks = sorted(k for k in old.lots if k > 0)
        old.bids = sorted(k for k in old.lots if k < 0)
        return old


def text(units: int, decimals: int) -> str:
    """Whole units as decimal text without padding: 8427000 with 2 decimals is "84270"."""
    if not decimals:
        return str(units)
    digits = str(units)
    if len(digits) <= decimals:
        digits = digits.zfill(decimals + 1)
    fraction = digits[-decimals:].rstrip("0")
    return f"{digits[:-decimals]}.{fraction}" if fraction else digits[:-decimals]


def padded(units: int, decimals: int, to: int = -1) -> str:
    """As `text`, filled with zeros to `to` decimals (default: all of `decimals`)."""
    places = max(decimals, to)
    if not places:
        return str(units)
    digits = str(units * 10 ** (places - decimals)).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"
