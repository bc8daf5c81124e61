"""Somebody who follows the books of one column, keeps everything he is told, and notices what falters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from arb.books import Books
from arb.domain import BookState, Coin, Depth, Disconnected, Event, Market, NativeSymbol, Symbol
from arb.interfaces import MarketData, VenueFactory
from arb.sync import BookSync
from tests.contract.venues import GRID_MS, World

T = TypeVar("T")
AGE_NS = 3600 * 10**9


class Following:
    """A Sink with books. events: all of them, in order.   faltered: books that were LIVE and at some time were not.

    after_loss: what a lost connection had made of its books when that event had been told.
    """

    def __init__(self, world: World, data: MarketData, symbols: Sequence[Symbol]) -> None:
        self.data = data
        self.symbols = tuple(symbols)
        self.events: list[Event] = []
        self.idles: list[int] = []
        self.faltered: set[Symbol] = set()
        self.after_loss: list[BookState] = []
        self.books = Books()
        self._world = world
        self._was_live: set[Symbol] = set()
        self.books.add_venue(data.venue, data.resync)
        for symbol in self.symbols:
            self.books.add(data.venue, symbol, data.feed, world.clock.mono_ns())

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self.books.on_event(event)
        if isinstance(event, Disconnected):
            self.after_loss += [self.book(symbol).state for symbol in event.symbols]

    def on_idle(self, recv_ns: int) -> None:
        self.idles.append(recv_ns)
        for book in self.books:
            if book.state is BookState.LIVE:
                self._was_live.add(book.symbol)
            elif book.symbol in self._was_live:
                self.faltered.add(book.symbol)

    def book(self, symbol: Symbol) -> BookSync:
        book = self.books.get((self.data.venue, symbol))
        assert book is not None
        return book

    def of(self, kind: type[T], since: int = 0) -> list[T]:
        """The events of one kind, from the one of that number on."""
        return [event for event in self.events[since:] if isinstance(event, kind)]

    def live(self, *symbols: Symbol) -> bool:
        """All of these, or of what is followed, are LIVE."""
        return all(self.book(symbol).state is BookState.LIVE for symbol in symbols or self.symbols)

    def agrees(self, count: int, *symbols: Symbol) -> bool:
        """Best levels as the market has them, of these or of everything that is followed."""
        now_ns = self._world.clock.mono_ns()
        for symbol in symbols or self.symbols:
            if not self.live(symbol):
                return False
            held = self.book(symbol).live(now_ns, AGE_NS)
            if [held.bids(count), held.asks(count)] != self._world.levels(symbol, count):
                return False
        return True

    async def converge(self, count: int = 1, *symbols: Symbol) -> None:
        """Wait until all are LIVE, then hold every level against the market, which stands still for that."""
        wanted = symbols or self.symbols
        agreed = False
        while not agreed:  # a book may be lost once more on the way
            await self._world.until(lambda: self.live(*wanted), self.told)
            await self._world.turn(GRID_MS)
            agreed = await self._world.still(lambda: self.agrees(count, *wanted))
            if not agreed and self.live(*wanted):
                break
        now_ns = self._world.clock.mono_ns()
        for symbol in wanted:
            held = self.book(symbol).live(now_ns, AGE_NS)
            assert [held.bids(count), held.asks(count)] == self._world.levels(symbol, count), symbol

    def told(self) -> str:
        """For whoever has waited in vain."""
        states = {book.symbol: (book.state.name, book.gaps, book.resyncs) for book in self.books}
        return f"LIVE: {states} {dict(self.data.counters)}"


def unlisted(world: World) -> Market:
    """A market that the venue does not have, named as it names its own."""
    known = next(market for market in world.markets if market.quote == "USDT")
    native = NativeSymbol(known.native.replace(known.base, "NOPE", 1))
    return msgspec.structs.replace(known, symbol=Symbol("NOPE/USDT"), native=native, base=Coin("NOPE"))


@asynccontextmanager
async def following(
    world: World, depth: Depth = Depth.TOP, *also: Market, count: int = 4, factory: VenueFactory | None = None
) -> AsyncIterator[Following]:
    """The first `count` markets of the venue and some more, followed until the end of the block."""
    markets = (*world.markets[:count], *also)
    data = (factory or world.factory).market_data(markets, depth)
    made = Following(world, data, [market.symbol for market in markets])
    task = asyncio.create_task(data.run(made.symbols, made))
    try:
        yield made
        assert not task.done(), "it ended by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            task.result()
