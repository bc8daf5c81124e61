"""One venue's book of one symbol as its messages prove it, by the venues' sequence rules."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.proof.exact import Level
from tests.proof.wire import Delta, Full, Seed, Whole


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
    late: seeds that were older than what the stream had told.   beyond: that the stream's first word after them showed
    to be too old.
    """

    seq: int = 0
    live: bool = False
    recv_ns: int = 0
    bids: Side = field(default_factory=Side)
    asks: Side = field(default_factory=Side)
    conns: set[int] = field(default_factory=set)
    changes: int = 0
    late: int = 0
    beyond: int = 0
    first_ns: int = 0
    heard: int = 0  # messages that made it what it is; a seed and what joins it are one
    silent_ns: int = -1  # what was last said before it was found to be silent
    _from: int = 0  # the connection that brought the last update
    _heard: set[int] = field(default_factory=set)
    _waiting: list[Delta] = field(default_factory=list)
    _least: int = 0  # a seed older than this joins nothing
    _first: int = 0  # where the last update began
    _overtaken: bool = False  # the last whole frame was older than the one before

    def take(self, said: Whole | Full | Delta, conn: int, now_ns: int) -> bool:
        """Whether the book, or what may be thought of it, is another one now."""
        first_heard = conn not in self._heard
        self.conns.add(conn)
        self._heard.add(conn)
        if isinstance(said, Delta):
            return self._delta(said, conn, now_ns, first_heard)
        if self.live and said.seq < self.seq and conn != self._from:
            return False
        if self.live and isinstance(said, Whole) and said.seq <= self.seq:
            if said.seq == self.seq:
                self.recv_ns, self._overtaken = now_ns, False
                return False
            if not self._overtaken:
                self._overtaken = True
                return False
            # Two in a row that are older than what came before: its number was not the newest.
        self._replace(said, conn, now_ns)
        return True

    def seed(self, seed: Seed, now_ns: int) -> bool:
        """A REST book: only of use to a chain that waits for its beginning."""
        waiting = [delta for delta in self._waiting if delta.last > seed.seq]
        if self.live or not self.conns:
            return False
        if seed.seq < self._least or (waiting and waiting[0].first > seed.seq + 1):
            self.late += 1
            return False
        heard = self.heard
        self._replace(seed, 0, now_ns)
        for delta in waiting:
            if delta.first > self.seq + 1:
                self.forget()
                self._waiting = [d for d in waiting if d.first >= delta.first]
                self.heard = heard
                return True
            self._apply(delta, 0, now_ns)
        self._from = 0
        self.heard = heard + self.live
        return True

    def lost(self, conn: int) -> bool:
        self.conns.discard(conn)
        self._heard.discard(conn)
        if self.conns:
            return False
        was_live = self.live
        self.forget()
        return was_live

    def joined(self, conn: int) -> None:
        self.conns.add(conn)
        self._heard.discard(conn)

    def show(self, bids: Side, asks: Side, seq: int, conn: int, now_ns: int) -> None:
        """Be this book from now on."""
        self.conns.add(conn)
        self.bids, self.asks, self.seq, self.recv_ns, self.live = bids, asks, seq, now_ns, True
        self.first_ns = self.first_ns or now_ns
        self.changes += 1
        self.heard += 1

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

    @property
    def silent(self) -> bool:
        return self.silent_ns == self.recv_ns

    def _delta(self, delta: Delta, conn: int, now_ns: int, first_heard: bool) -> bool:
        if first_heard and _is_window(delta):
            newer = delta.last > self.seq and self._from in (0, conn)
            if self.live and newer:
                self.late += 1
                self.forget()
            if not self.live:
                self._least = max(self._least, delta.last)
            return newer
        if not self.live:
            self._waiting.append(delta)
            return False
        if delta.last <= self.seq:
            again = self._first <= delta.first <= delta.last < self.seq
            if conn != self._from or not (again or self.silent):
                return False
            # A connection tells its updates once: what claimed to hold this one did not; or it counts from anew.
            self.forget()
            self._waiting.append(delta)
            return True
        if delta.first > self.seq + 1:
            if self._from in self.conns and self._from != conn:
                return False  # the connection that is ahead may still bring what is missing
            self.beyond += self._from == 0
            self.forget()
            self._waiting.append(delta)
            return True
        self._apply(delta, conn, now_ns)
        return True

    def _replace(self, said: Whole | Full | Seed, conn: int, now_ns: int) -> None:
        self._waiting.clear()
        self.bids, self.asks = Side(said.bids), Side(said.asks)
        self.seq, self.recv_ns, self.live, self._from, self._least = said.seq, now_ns, True, conn, 0
        self._first, self._overtaken = said.seq + 1, False
        self.first_ns = self.first_ns or now_ns
        self.changes += 1
        self._uncross()

    def _apply(self, delta: Delta, conn: int, now_ns: int) -> None:
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            for price, qty in levels:
                side.set(price, qty)
        self._first, self.seq, self.recv_ns, self._from = delta.first, delta.last, now_ns, conn
        self.changes += 1
        self._uncross()

    def _uncross(self) -> None:
        """No venue has a bid at or above its ask: something was lost that no sequence told of."""
        bid, ask = self.bid, self.ask
        if bid is not None and ask is not None and bid >= ask:
            self.forget()
        else:
            self.heard += 1

    def forget(self) -> None:
        """Nothing is known until the venue says all of it again."""
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
