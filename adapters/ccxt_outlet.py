"""From what ccxt hands out to our events: one numbered connection for each symbol, as far as anybody can see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from arb.domain import (
    BookSnapshot,
    Connected,
    ConnId,
    Disconnected,
    Levels,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    VenueId,
)
from arb.interfaces import Clock, Sink

MS = 1_000_000


class Outlet:
    """levels: how many of each side are passed on, best first; 0: all.

    ccxt puts many symbols on one socket, but each is followed and lost by itself: so each has a connection number of
    its own, and a new one after every loss.
    """

    def __init__(self, venue: VenueId, levels: int, clock: Clock, sink: Sink) -> None:
        self._venue = venue
        self._levels = levels
        self._clock = clock
        self._sink = sink
        self._numbers = map(ConnId, count(1))
        self._conns: dict[Symbol, ConnId] = {}
        self._nonces: dict[Symbol, int] = {}

    def book(self, symbol: Symbol, raw: Mapping[str, Any]) -> BookSnapshot:
        """A book as ccxt holds it at this moment. It goes on changing that object, so everything is copied."""
        now_ns = self._clock.mono_ns()
        conn = self._conns.get(symbol)
        if conn is None:
            conn = self._conns[symbol] = next(self._numbers)
            self._nonces[symbol] = 0
            self._sink.on_event(Connected(self._venue, conn, now_ns))
            self._sink.on_event(Subscribed(self._venue, (symbol,), now_ns, conn))
        snapshot = to_snapshot(self._venue, symbol, raw, self._levels, now_ns, conn)
        if snapshot.seq > self._nonces[symbol]:
            self._nonces[symbol] = snapshot.seq
        else:  # some exchanges of ccxt leave the nonce as it is while the book changes: then it counts nothing
            snapshot = to_snapshot(self._venue, symbol, {**raw, "nonce": None}, self._levels, now_ns, conn)
        self._sink.on_event(snapshot)
        self._sink.on_idle(now_ns)
        return snapshot

    def lost(self, symbol: Symbol, reason: str) -> bool:
        """Told once for each loss. False, and no event, where no book had come yet."""
        conn = self._conns.pop(symbol, None)
        if conn is None:
            return False
        now_ns = self._clock.mono_ns()
        self._sink.on_event(Disconnected(self._venue, conn, (symbol,), reason, now_ns))
        self._sink.on_idle(now_ns)
        return True

    def refused(self, symbol: Symbol, reason: str) -> None:
        now_ns = self._clock.mono_ns()
        conn = self._conns.pop(symbol, ConnId(0))
        self._sink.on_event(SubscriptionRefused(self._venue, (symbol,), reason, now_ns, conn))
        self._sink.on_idle(now_ns)


def to_snapshot(
    venue: VenueId, symbol: Symbol, raw: Mapping[str, Any], levels: int, recv_ns: int, conn: int = 0
) -> BookSnapshot:
    """ccxt's unified book. levels: 0 takes all."""
    nonce, stamp_ms = raw.get("nonce"), raw.get("timestamp")
    return BookSnapshot(
        venue=venue,
        symbol=symbol,
        bids=_levels(raw["bids"], levels),
        asks=_levels(raw["asks"], levels),
        seq=nonce if isinstance(nonce, int) and nonce > 0 else 0,
        exch_ns=int(stamp_ms * MS) if isinstance(stamp_ms, int | float) else 0,
        recv_ns=recv_ns,
        conn=conn,
    )


def _levels(side: Sequence[Sequence[Any]], most: int) -> Levels:
    """(price, quantity) pairs; orders of one price, as some exchanges list them one by one, make one level."""
    taken: list[tuple[float, float]] = []
    for level in side:
        price, qty = float(level[0]), float(level[1])
        if taken and taken[-1][0] == price:
            taken[-1] = (price, taken[-1][1] + qty)
        elif most and len(taken) == most:
            break
        else:
            taken.append((price, qty))
    return tuple(taken)
