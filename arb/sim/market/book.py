"""One venue's book of one symbol, in whole ticks and whole lots, best level first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
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


class Resting:
    """Lots of an account that wait at one level. ahead: lots of the market's own that are served before them.

    met: told of each execution (ticks, lots, number of the trade), after the book has changed; must not change it.
    """

    __slots__ = ("ahead", "key", "lots", "met")

    def __init__(self, key: int, lots: int, met: Callable[[int, int, int], None]) -> None:
        self.key = key
        self.lots = lots
        self.ahead = 0
        self.met = met


class Taken(NamedTuple):
    """What one taker got at one level. resting: who gave it; None: the market."""

    ticks: int
    lots: int
    number: int
    resting: Resting | None


class SimBook:
    """Levels by key: an ask's key is its price in ticks, a bid's is minus that, so that both sides sort best first.

    Every change of a level raises `version` by one. A tap is a dict of the keys changed since its owner emptied it.
    `lots` is what everybody sees: the market's own and `queues`, the waiting lots of accounts by level, oldest first.
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
        "queues",
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
        self.queues: dict[int, list[Resting]] = {}
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
        """Set what the market itself has at one level, absolutely. Setting what is already so is no change.

        Waiting lots of accounts stay, and those that the level would cross are executed against it.
        """
        self._set(key, self._among_waiting(key, lots) if self.queues else lots)

    def _among_waiting(self, key: int, lots: int) -> int:
        """What everybody will see of a level of which the market has `lots`."""
        if lots:
            for crossed in sorted(k for k in self.queues if (k > 0) != (key > 0) and k <= -key):
                for resting in tuple(self.queues[crossed]):
                    done = min(lots, resting.lots)
                    if done:
                        self._meet(resting, done, buy=key < 0)
                        lots -= done
        waiting = self.queues.get(key, ())
        for resting in waiting:
            resting.ahead = min(resting.ahead, lots)  # who leaves the queue was behind us
        return lots + sum(r.lots for r in waiting)

    def _set(self, key: int, lots: int) -> None:
        """Set one level as everybody sees it; 0 lots removes it."""
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
        """A taker of the market takes up to `lots` from the best level."""
        side = self.asks if buy else self.bids
        key = side[0]
        self.take(key, min(lots, self.lots[key]), buy=buy)

    def take(self, key: int, lots: int, *, buy: bool) -> list[Taken]:
        """A taker takes `lots`, all of them there, from one level: first come, first served. In order of execution."""
        waiting = self.queues.get(key)
        if waiting is None:
            return [self._give(key, lots, buy=buy)]
        taken: list[Taken] = []
        given = 0
        for resting in tuple(waiting):
            front = min(lots, max(0, resting.ahead - given))
            if front:
                taken.append(self._give(key, front, buy=buy))
                given += front
                lots -= front
            done = min(lots, resting.lots)
            if done:
                taken.append(self._meet(resting, done, buy=buy))
                lots -= done
        if lots:
            taken.append(self._give(key, lots, buy=buy))
            given += lots
        for resting in waiting:
            resting.ahead = max(0, resting.ahead - given)
        return taken

    def sweep(self, key: int) -> None:
        """The market moves through a level: whatever waits there is executed, and the level is gone."""
        if key in self.queues:
            self.take(key, self.lots[key], buy=key > 0)
        else:
            self._set(key, 0)

    def _give(self, key: int, lots: int, *, buy: bool) -> Taken:
        """The market's own lots of a level are taken."""
        number = self._print(abs(key), lots, buy=buy)
        self._set(key, self.lots[key] - lots)
        return Taken(abs(key), lots, number, None)

    def _meet(self, resting: Resting, lots: int, *, buy: bool) -> Taken:
        """Waiting lots are taken."""
        key = resting.key
        number = self._print(abs(key), lots, buy=buy)
        resting.lots -= lots
        if not resting.lots:
            self._forget(resting)
        self._set(key, self.lots[key] - lots)
        resting.met(abs(key), lots, number)
        return Taken(abs(key), lots, number, resting)

    def _print(self, ticks: int, lots: int, *, buy: bool) -> int:
        """A trade on the tape. Returns its number."""
        self.last = ticks
        self.day_high = max(self.day_high, self.last)
        self.day_low = min(self.day_low, self.last)
        self.day_lots += lots
        trade = Trade(self.last, lots, buy, self.now_ns, self.trades[-1].number + 1 if self.trades else 1)
        self.trades.append(trade)
        for tap in self.trade_taps:
            tap.append(trade)
        return trade.number

    def wait(self, resting: Resting) -> None:
        """Join the end of a level's queue."""
        key = resting.key
        resting.ahead = self.market_lots(key)
        self.queues.setdefault(key, []).append(resting)
        self._set(key, self.lots.get(key, 0) + resting.lots)

    def shrink(self, resting: Resting, lots: int) -> None:
        """Waiting lots become fewer and keep their place; 0: they leave."""
        key, fewer = resting.key, resting.lots - lots
        resting.lots = lots
        if not lots:
            self._forget(resting)
        self._set(key, self.lots[key] - fewer)

    def hit(self, resting: Resting, lots: int) -> None:
        """Somebody finds exactly these waiting lots, whatever is ahead of them."""
        self._meet(resting, lots, buy=resting.key > 0)

    def _forget(self, resting: Resting) -> None:
        waiting = self.queues[resting.key]
        waiting.remove(resting)
        if not waiting:
            del self.queues[resting.key]

    def market_lots(self, key: int) -> int:
        """What the market itself has at a level."""
        return self.lots.get(key, 0) - sum(r.lots for r in self.queues.get(key, ()))

    def market_best(self, side: list[int]) -> int | None:
        """The first level of a side at which the market itself has something."""
        if not self.queues:
            return side[0] if side else None
        return next((k for k in side if self.market_lots(k)), None)

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
