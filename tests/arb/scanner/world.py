"""A scanner over real books of made-up venues, with everything known and open unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from arb.books import Books
from arb.clock import ManualClock
from arb.domain import (
    BookKey,
    BookSnapshot,
    Coin,
    CoinNetwork,
    Depth,
    Disconnected,
    FeeSchedule,
    FeeSource,
    Market,
    NativeSymbol,
    Opportunity,
    Seed,
    Subscribed,
    Symbol,
    Trust,
    VenueId,
)
from arb.interfaces import Feed, Statics, SyncRule
from arb.scanner import Scanner, ScanSettings

MS = 1_000_000
A, B, C = VenueId("a"), VenueId("b"), VenueId("c")
SYMBOL = Symbol("AAA/USDT")
FEED = Feed("whole", Depth.TWENTY, 20, 100, SyncRule(Seed.NONE), Trust.WHOLE)
SETTINGS = ScanSettings(
    sizes={Coin("USDT"): Decimal(500)}, max_age_ns=1000 * MS, max_skew_ns=400 * MS, quarantine_ns=5000 * MS
)


def market(venue: VenueId, symbol: Symbol = SYMBOL, **changes: Any) -> Market:
    base, quote = symbol.split("/")
    made = Market(
        venue, symbol, NativeSymbol(base + quote), Coin(base), Coin(quote), Decimal("0.01"), Decimal("0.1"),
        contract="0xAAA",
    )  # fmt: skip
    return replace(made, **changes)


def fee(venue: VenueId, symbol: Symbol = SYMBOL, **changes: Any) -> FeeSchedule:
    return replace(FeeSchedule(venue, symbol, Decimal("0.001"), Decimal(0), FeeSource.MARKET), **changes)


def network(venue: VenueId, name: str = "ERC20", **changes: Any) -> CoinNetwork:
    return replace(CoinNetwork(venue, Coin("AAA"), name, "0xAAA", True, True), **changes)


def statics(venues: Sequence[VenueId] = (A, B), symbols: Sequence[Symbol] = (SYMBOL,)) -> Statics:
    """The same markets, fees and networks at every venue."""
    keys = [(venue, symbol) for venue in venues for symbol in symbols]
    networks = tuple(replace(network(venue), coin=Coin(symbol.split("/")[0])) for venue, symbol in keys)
    return Statics(tuple(market(*key) for key in keys), tuple(fee(*key) for key in keys), networks)


class World:
    """The clock stands at 1 s at first. events: all that the scanner has said."""

    def __init__(
        self,
        known: Statics | None = None,
        *,
        venues: Sequence[VenueId] = (A, B),
        symbols: Sequence[Symbol] = (SYMBOL,),
        feeds: dict[VenueId, Feed] | None = None,
        scanner: type[Scanner] | None = None,
        **changes: Any,
    ) -> None:
        self.clock = ManualClock(1000 * MS, 7_000_000 * MS)
        self.books = Books()
        self.keys: list[BookKey] = [(venue, symbol) for venue in venues for symbol in symbols]
        for venue in venues:
            self.books.add_venue(venue, lambda symbol: None)
        self._feeds = feeds or {}
        self.settings = replace(SETTINGS, **changes)
        known = known or statics(venues, symbols)
        self.scanner = (scanner or Scanner)(self.keys, [known], self.books.get, self.settings, self.clock)
        self.seq = 0
        self.events: list[Opportunity] = []

    @property
    def now_ns(self) -> int:
        return self.clock.mono_ns()

    def wait(self, ms: int) -> None:
        self.clock.advance(ms * MS)

    def hear(
        self, venue: VenueId, bid: float, ask: float, qty: float = 1.0, symbol: Symbol = SYMBOL, more: int = 0
    ) -> None:
        """A whole book arrives. more: further levels behind the touch, 1 apart."""
        if self.books.get((venue, symbol)) is None:
            self.books.add(venue, symbol, self._feeds.get(venue, FEED), self.now_ns)
            self.books.on_event(Subscribed(venue, (symbol,), self.now_ns, 1))
        self.seq += 1
        bids = tuple((bid - i, qty) for i in range(more + 1)) if bid else ()
        asks = tuple((ask + i, qty) for i in range(more + 1)) if ask else ()
        self.books.on_event(BookSnapshot(venue, symbol, bids, asks, self.seq, 0, self.now_ns, 1))

    def lose(self, venue: VenueId, symbol: Symbol = SYMBOL) -> None:
        self.books.on_event(Disconnected(venue, 1, (symbol,), "gone", self.now_ns))

    def decide(self) -> list[Opportunity]:
        """On all that changed since the last time."""
        return self._keep(self.scanner.on_dirty(self.books.take_dirty(), self.now_ns))

    def timer(self) -> list[Opportunity]:
        return self._keep(self.scanner.on_timer(self.now_ns))

    def gap(self, bid: float = 103.0, ask: float = 100.0, qty: float = 1.0) -> list[Opportunity]:
        """Buy at a for `ask`, sell at b for `bid`."""
        self.hear(A, ask - 1, ask, qty)
        self.hear(B, bid, bid + 1, qty)
        return self.decide()

    def reason(self, buy: VenueId = A, sell: VenueId = B, symbol: Symbol = SYMBOL) -> str:
        """Why a pair is refused; "" where it is not."""
        return next(
            (reason.name for s, b, v, reason in self.scanner.rejections() if (s, b, v) == (symbol, buy, sell)), ""
        )

    def _keep(self, events: Iterable[Opportunity]) -> list[Opportunity]:
        kept = list(events)
        self.events += kept
        return kept
