"""A second opinion at a low rate: the venue's REST book held against ours.

At equal sequence the two must be equal, level by level. At different sequences nothing can be said at once: a level of
ours that REST does not have may simply have come or gone meanwhile. One that stays in our book, untouched, while
several answers in a row, each at least as new as the book was when it was asked for, do not have it, is a ghost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from arb.book import Book
from arb.books import Books
from arb.domain import BookAudit, BookKey, BookSnapshot, Side, Symbol, VenueId
from arb.errors import VenueError
from arb.interfaces import Clock
from arb.sync import BookSync

LEVELS = 10  # of each side that are compared
LEAST_S = 0.2  # between two audits of one venue, however many books it has
AGAIN_S = 1.0  # until a suspected book is asked about again
ROUNDS = 3  # answers in a row that must miss a level before it is a ghost

Fetch = Callable[[Symbol, int], Awaitable[BookSnapshot]]
_Ours = frozenset[tuple[Side, float, float]]


class Verdict(msgspec.Struct, frozen=True):
    """agrees: None where the two are not of the same moment. ghosts: levels of ours that REST does not have."""

    agrees: bool | None
    ghosts: _Ours
    detail: str


class Auditor:
    """every_s: how often each book is looked at.   publish: told of every audit.

    confirmed, condemned: told before the book is, so that a tape holds what a replay cannot find out.
    """

    def __init__(
        self,
        books: Books,
        fetch: Mapping[VenueId, Fetch],
        clock: Clock,
        every_s: float,
        sleep: Callable[[float], Awaitable[None]],
        publish: Callable[[BookAudit], None],
        confirmed: Callable[[BookSync, int], None] = lambda _book, _now_ns: None,
        condemned: Callable[[BookSync, int], None] = lambda _book, _now_ns: None,
    ) -> None:
        self._books = books
        self._fetch = fetch
        self._clock = clock
        self._every_s = every_s
        self._sleep = sleep
        self._publish = publish
        self._confirmed = confirmed
        self._condemned = condemned
        self._suspects: dict[BookKey, tuple[_Ours, int]] = {}

    async def run(self) -> None:
        """Until cancelled: every venue at its own pace."""
        async with asyncio.TaskGroup() as group:
            for venue in self._fetch:
                group.create_task(self._round(venue), name=f"audit of {venue}")

    async def _round(self, venue: VenueId) -> None:
        """One book after the other, spread evenly; a suspected one is asked again soon."""
        while True:
            books = [book for book in self._books if book.venue == venue]
            if not books:
                await self._sleep(self._every_s)
            for book in books:
                await self._sleep(max(self._every_s / len(books), LEAST_S))
                await self.look(book)
                for _ in range(ROUNDS - 1):
                    if (book.venue, book.symbol) not in self._suspects:
                        break
                    await self._sleep(AGAIN_S)
                    await self.look(book)

    async def look(self, book: BookSync) -> None:
        """One audit of one book, if it has levels: silence alone does not make them wrong."""
        held = book.held()
        if held is None:
            self._suspects.pop((book.venue, book.symbol), None)
            return
        asked_at = book.seq
        before = _ours(held)
        try:
            answer = await self._fetch[book.venue](book.symbol, LEVELS * 2)
        except VenueError as exc:
            now = self._clock.mono_ns()
            self._publish(BookAudit(book.venue, book.symbol, None, f"no answer: {exc}", now))
            return
        self.judge(book, answer, asked_at, before)

    def judge(self, book: BookSync, answer: BookSnapshot, asked_at: int, before: _Ours) -> None:
        """Hold an answer against a book that may have moved on since `asked_at`, when its top was `before`."""
        key = (book.venue, book.symbol)
        now = self._clock.mono_ns()
        held = book.held()
        if held is None:
            self._suspects.pop(key, None)
            return
        book.audits += 1
        verdict = compare(held, book.seq, answer, asked_at, before)
        if verdict.agrees:
            self._suspects.pop(key, None)
            self._confirmed(book, now)
            self._books.confirm(key, answer.seq, now)
        elif verdict.agrees is False:
            self._condemn(book, now)
        else:
            known, rounds = self._suspects.get(key, (verdict.ghosts, 0))
            ghosts = known & verdict.ghosts
            if not ghosts:
                self._suspects.pop(key, None)
            elif rounds + 1 >= ROUNDS:
                verdict = Verdict(False, ghosts, f"{len(ghosts)} levels that the venue does not have")
                self._condemn(book, now)
            else:
                self._suspects[key] = (ghosts, rounds + 1)
        self._publish(BookAudit(book.venue, book.symbol, verdict.agrees, verdict.detail, now))

    def _condemn(self, book: BookSync, now_ns: int) -> None:
        key = (book.venue, book.symbol)
        self._suspects.pop(key, None)
        self._condemned(book, now_ns)
        self._books.distrust(key, now_ns)


def compare(book: Book, seq: int, answer: BookSnapshot, asked_at: int, before: _Ours) -> Verdict:
    """What an answer says about a book. Quantities and prices as floats; both sides, the best `LEVELS`."""
    if answer.seq and answer.seq == seq:
        ours = (tuple(book.bids(LEVELS)), tuple(book.asks(LEVELS)))
        n_bids, n_asks = (min(len(side), LEVELS) for side in ours)
        theirs = (
            tuple(sorted(answer.bids, reverse=True)[:n_bids]),
            tuple(sorted(answer.asks)[:n_asks]),
        )
        same = ours == theirs
        return Verdict(same, frozenset(), f"{'equal' if same else 'different'} at sequence {seq}")
    if answer.seq and answer.seq < asked_at:
        return Verdict(None, frozenset(), f"the answer ({answer.seq}) is older than the book ({asked_at})")
    bids, asks = dict(answer.bids), dict(answer.asks)
    low, high = min(bids, default=0.0), max(asks, default=0.0)
    ghosts = frozenset(
        (side, price, qty)
        for side, price, qty in _ours(book) & before
        if (side is Side.BUY and price >= low and price not in bids)
        or (side is Side.SELL and price <= high and price not in asks)
    )
    return Verdict(None, ghosts, f"{len(ghosts)} levels of ours missing in the answer")


def _ours(book: Book) -> _Ours:
    bids = ((Side.BUY, price, qty) for price, qty in book.bids(LEVELS))
    asks = ((Side.SELL, price, qty) for price, qty in book.asks(LEVELS))
    return frozenset((*bids, *asks))
