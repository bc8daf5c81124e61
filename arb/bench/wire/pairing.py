"""A second venue to decide against: the same markets, its books as the first venue's stand halfway through a play."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from arb.app.venues import native_venue
from arb.bench.frames import Recording
from arb.books import Books
from arb.domain import (
    BookSnapshot,
    BookState,
    Coin,
    Depth,
    Event,
    FeeSchedule,
    FeeSource,
    Market,
    NativeSymbol,
    Seed,
    Subscribed,
    Symbol,
    Trust,
    VenueId,
)
from arb.errors import ArbError
from arb.interfaces import Clock, Feed, Statics, SyncRule
from arb.scanner import Scanner, ScanSettings

OTHER = VenueId("mirror")
LEVELS = 20
HALF = 2  # prices wander: against books of the middle, pairs cross both ways
_FEED = Feed("whole", Depth.TWENTY, LEVELS, 100, SyncRule(Seed.NONE), Trust.WHOLE)
_FEE = Decimal("0.0005")
_STEP = Decimal("0.00000001")


def mirrored(recording: Recording, books: Books, frames: int, now_ns: int) -> Iterator[Event]:
    """Adds the other venue's books and tells what makes them LIVE. frames: of the play."""
    symbols = tuple(recording.seeds)
    books.add_venue(OTHER, lambda _symbol: None)
    for symbol in symbols:
        books.add(OTHER, symbol, _FEED, 0)
    yield Subscribed(OTHER, symbols, 0, 1)
    halfway = played(recording, frames // HALF)
    for symbol in symbols:
        book = halfway.get((VenueId(recording.venue), symbol))
        if book is None:
            raise ArbError(f"no book of {symbol}")
        now = book.live(1, 1)
        bids, asks = tuple(now.bids(LEVELS)), tuple(now.asks(LEVELS))
        yield BookSnapshot(OTHER, symbol, bids, asks, 1, 0, now_ns, 1)


def scanner_of(recording: Recording, books: Books, age_ns: int, clock: Clock) -> Scanner:
    """Decides on every market of the recording against the other venue, at usual fees and sizes."""
    venue = VenueId(recording.venue)
    statics = [_statics(each, tuple(recording.seeds)) for each in (venue, OTHER)]
    keys = [(market.venue, market.symbol) for each in statics for market in each.markets]
    settings = ScanSettings(sizes={Coin("USDT"): Decimal(500)}, max_age_ns=age_ns, max_skew_ns=age_ns)
    return Scanner(keys, statics, books.get, settings, clock)


def _statics(venue: VenueId, symbols: tuple[Symbol, ...]) -> Statics:
    markets, fees = [], []
    for symbol in symbols:
        base, _, quote = symbol.partition("/")
        native = NativeSymbol(base + quote)
        markets.append(Market(venue, symbol, native, Coin(base), Coin(quote), _STEP, _STEP, contract=base))
        fees.append(FeeSchedule(venue, symbol, _FEE, _FEE, FeeSource.MARKET))
    return Statics(tuple(markets), tuple(fees))


def played(recording: Recording, frames: int) -> Books:
    """All books of the recording after so many frames, or as many more as it takes until each is LIVE."""
    module = native_venue(recording.venue)
    if module is None:
        raise ArbError(f"{recording.venue} has no codec")
    venue, codec, books = VenueId(recording.venue), module.Codec(recording.natives), Books()
    books.add_venue(venue, lambda _symbol: None)
    for symbol in recording.seeds:
        books.add(venue, symbol, recording.feed, 0)
    books.on_event(Subscribed(venue, tuple(recording.seeds), 0, 1))
    if recording.feed.rule.seed is Seed.REST:
        for symbol, body in recording.seeds.items():
            books.on_event(codec.decode_snapshot(symbol, body, 0))
    waiting = set(books)
    for number, frame in enumerate(recording.frames):
        if number >= frames:
            waiting = {book for book in waiting if book.state is not BookState.LIVE}
            if not waiting:
                break
        for event in codec.decode(frame, 1, 1):
            books.on_event(event)
    return books
