"""A venue without a wire: it has the books it is given, plays what it is told, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import NoReturn

import msgspec

from arb.domain import (
    BookSnapshot,
    Connected,
    ConnId,
    Depth,
    Disconnected,
    Event,
    FeeSchedule,
    Market,
    Seed,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Trust,
    VenueId,
)
from arb.errors import ConfigError, Rejected, Transient
from arb.interfaces import Clock, Feed, Sink, Statics, SyncRule, Tap

BookOf = Callable[[Symbol], BookSnapshot | None]


def no_book(symbol: Symbol) -> None:
    """For venues that list nothing."""


class FakeMarketData:
    """A MarketData. book: what the venue holds of a symbol now; None: it has no such market.

    script: played once, when the first books are out.   resyncs: what was asked for afresh.
    """

    def __init__(self, venue: VenueId, feed: Feed, clock: Clock, book: BookOf, script: Sequence[Event] = ()) -> None:
        self.venue = venue
        self.feed = feed
        self.resyncs: list[Symbol] = []
        self._clock = clock
        self._book = book
        self._script = tuple(script)
        self._conns = map(ConnId, count(1))
        self._conn = ConnId(0)  # 0: not connected
        self._symbols: tuple[Symbol, ...] = ()
        self._sink: Sink | None = None
        self._counters: Counter[str] = Counter()

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        self._symbols, self._sink = tuple(dict.fromkeys(symbols)), sink
        try:
            self.gain()
            self.tell(*self._script)
            await asyncio.get_running_loop().create_future()
        finally:
            self.lose("stopped")
            self._sink = None

    def resync(self, symbol: Symbol) -> None:
        if self._sink is not None:
            self.resyncs.append(symbol)
            asyncio.get_running_loop().call_soon(self._show, symbol)  # never before the question has been asked

    def restart(self, why: str) -> None:
        self.lose(why)
        self.gain()

    async def fetch_book(self, symbol: Symbol, levels: int) -> BookSnapshot:
        held = self._book(symbol)
        if held is None:
            raise Rejected(self.venue, f"no market {symbol}")
        return self._stamped(held, levels, ConnId(0))

    # ------------------------------------------------------------------------------------------- what happens to it

    def tell(self, *events: Event) -> None:
        """As if the venue had said all of it at once."""
        if self._sink is not None and events:
            self._counters["frames"] += len(events)
            for event in events:
                self._sink.on_event(event)
            self._sink.on_idle(getattr(events[-1], "recv_ns", 0))

    def show(self) -> None:
        """The books as they are now."""
        for symbol in self._symbols:
            self._show(symbol)

    def gain(self) -> None:
        """A connection stands, with everything that is known here subscribed."""
        if self._sink is None or self._conn:
            return
        self._conn = next(self._conns)
        now_ns = self._clock.mono_ns()
        known = tuple(symbol for symbol in self._symbols if self._book(symbol) is not None)
        events: list[Event] = [Connected(self.venue, self._conn, now_ns)]
        if known:
            events.append(Subscribed(self.venue, known, now_ns, self._conn))
        for symbol in self._symbols:
            if symbol not in known:
                events.append(SubscriptionRefused(self.venue, (symbol,), "unknown", now_ns, self._conn))
        self.tell(*events)
        self.show()

    def lose(self, reason: str) -> None:
        """The connection is gone, until `gain`."""
        if self._conn:
            gone, self._conn = self._conn, ConnId(0)
            self._counters["losses"] += 1
            self.tell(Disconnected(self.venue, gone, self._symbols, reason, self._clock.mono_ns()))

    def _show(self, symbol: Symbol) -> None:
        held = self._book(symbol)
        if held is not None and self._conn:
            self.tell(self._stamped(held, self.feed.levels, self._conn))

    def _stamped(self, held: BookSnapshot, levels: int, conn: ConnId) -> BookSnapshot:
        most = levels or None
        now_ns = self._clock.mono_ns()
        return msgspec.structs.replace(held, bids=held.bids[:most], asks=held.asks[:most], recv_ns=now_ns, conn=conn)


class FakeMetadata:
    """A Metadata. statics, fees: what it answers, public and the account's; None: the venue cannot be reached.

    asked: the symbols of every question for fees; loads: how often all was asked for.
    """

    def __init__(self, venue: VenueId, statics: Statics | None, fees: Sequence[FeeSchedule] = ()) -> None:
        self.source = f"fake {venue}"
        self.asked: list[tuple[Symbol, ...]] = []
        self.loads = 0
        self._venue = venue
        self._statics = statics
        self._fees = tuple(fees)

    async def load(self) -> Statics:
        self.loads += 1
        if self._statics is None:
            raise Transient(self._venue, "cannot be reached")
        return self._statics

    async def account_fees(self, symbols: Sequence[Symbol]) -> tuple[FeeSchedule, ...]:
        self.asked.append(tuple(symbols))
        return tuple(fee for fee in self._fees if fee.symbol in symbols)


class FakeFactory:
    """A VenueFactory. made: the public sides that it has made.   closed: how often it was closed."""

    native = False

    def __init__(
        self,
        venue: str,
        *,
        clock: Clock,
        statics: Statics | None = Statics(),  # noqa: B008  frozen
        fees: Sequence[FeeSchedule] = (),
        book: BookOf = no_book,
        script: Sequence[Event] = (),
    ) -> None:
        self.venue = VenueId(venue)
        self.made: list[FakeMarketData] = []
        self.closed = 0
        self._clock = clock
        self._metadata = FakeMetadata(self.venue, statics, fees)
        self._book = book
        self._script = tuple(script)

    def feed(self, depth: Depth) -> Feed:
        return Feed("fake", depth, 0 if depth is Depth.FULL else int(depth), 0, SyncRule(Seed.NONE), Trust.WHOLE)

    def metadata(self) -> FakeMetadata:
        return self._metadata

    def market_data(self, markets: Sequence[Market], depth: Depth, tap: Tap | None = None) -> FakeMarketData:
        made = FakeMarketData(self.venue, self.feed(depth), self._clock, self._book, self._script)
        self.made.append(made)
        return made

    def trading(self, markets: Sequence[Market]) -> NoReturn:
        raise ConfigError(f"{self.venue}: nothing can be traded on a venue that is not there")

    async def close(self) -> None:
        self.closed += 1

    # ------------------------------------------------------------------------------------------- what happens to it

    def show(self) -> None:
        """Every book as it is now."""
        for made in self.made:
            made.show()

    def shut(self) -> None:
        """The venue cannot be reached, until `open`."""
        for made in self.made:
            made.lose("cut")

    async def open(self) -> None:
        for made in self.made:
            made.gain()

    def cut(self) -> None:
        """Every connection is lost and made anew."""
        for made in self.made:
            made.lose("cut")
            made.gain()
