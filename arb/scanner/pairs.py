"""Who is compared with whom: two books of one symbol, and the two directions between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from arb import look
from arb.domain import BookKey, Market, Opportunity, Reason, Symbol, Trust
from arb.scanner.answers import Answers
from arb.scanner.funnel import Stage
from arb.scanner.tracked import TrackedBook
from arb.walk import Walk


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What the books say of one direction.

    reason: a book's refusal or the economics'.   ask, bid: the touches; 0 where they were not read or nobody asks.
    """

    reason: Reason
    walk: Walk | None = None
    ask: float = 0.0
    bid: float = 0.0


class Basis(msgspec.Struct, frozen=True):
    """What an event rests on: while this is equal, there is nothing new to tell but ages."""

    walk: Walk | None
    reason: Reason
    economics: Reason
    answers: Answers


class Episode(msgspec.Struct):
    """A gap's life so far. walk: the last figures.   basis: what was last told rests on.   told: the last event."""

    id: str
    opened_ns: int
    walk: Walk | None
    basis: Basis
    told: Opportunity | None = None


class Route:
    """Buy at one venue, sell at the other. reason: its present answer in the funnel; OK and UNKNOWN are executable."""

    __slots__ = (
        "answers", "buy", "buy_book", "couple", "episode", "furthest", "reason", "sell", "sell_book", "verdict",
    )  # fmt: skip

    def __init__(self, couple: Couple, buy: Market, sell: Market, answers: Answers) -> None:
        self.couple = couple
        self.buy = buy
        self.sell = sell
        self.buy_book: TrackedBook | None = None
        self.sell_book: TrackedBook | None = None
        self.answers = answers
        self.verdict = Verdict(Reason.BOOK_SYNCING)
        self.reason = Reason.BOOK_SYNCING
        self.furthest = Stage.LISTED
        self.episode: Episode | None = None

    def judge(self) -> Reason:
        """The first thing wrong in the order of the funnel; else UNKNOWN or OK."""
        answers, reason = self.answers, self.verdict.reason
        if answers.early:
            return answers.early
        if self.couple.apart and answers.by_ratio:
            return Reason.PRICE_RATIO
        if answers.late:
            return answers.late
        if reason > Reason.NO_FEE and not answers.fee.ok:
            return Reason.NO_FEE
        return reason or (Reason.UNKNOWN if answers.unknown else Reason.OK)

    def refusal(self, now_ns: int, max_age_ns: int, max_skew_ns: int, min_trust: Trust) -> Reason:
        """Why its books may not be used together: states and trust, buyer's first, then age, then skew."""
        buy, sell = self.buy_book, self.sell_book
        if buy is None or sell is None:
            return Reason.BOOK_SYNCING
        stale = False
        for book in (buy, sell):
            reason = book.refusal(now_ns, max_age_ns)
            if reason is Reason.BOOK_STALE:
                stale = True
            elif reason:
                return reason
            if book.feed.trust < min_trust:
                return Reason.LOW_TRUST
        if stale:
            return Reason.BOOK_STALE
        return Reason.SKEW if abs(buy.recv_ns - sell.recv_ns) > max_skew_ns else Reason.OK


if TYPE_CHECKING:
    _Base = look.Look
else:
    _Base = object


class Pair(_Base):
    """Two books of one symbol at two venues, on whichever look it is mixed with.

    apart: quarantined, because their prices were too far from each other for one coin.   back_ns: since when they no
    longer are; None: they still are, or nobody can tell.
    """

    if not TYPE_CHECKING:
        __slots__ = ()  # those of `_SLOTS` have their place beside the look's

    first: TrackedBook | None
    second: TrackedBook | None

    def __init__(self, first_key: BookKey, second_key: BookKey) -> None:
        super().__init__()
        self.first_key = first_key
        self.second_key = second_key
        self.routes: tuple[Route, ...] = ()
        self.apart = False
        self.back_ns: int | None = None

    def bind(self, first: TrackedBook | None, second: TrackedBook | None) -> None:
        """Give both directions their books."""
        super().bind(first, second)
        there, back = self.routes
        there.buy_book = back.sell_book = first
        there.sell_book = back.buy_book = second

    def separate(self, far: bool, now_ns: int, quarantine_ns: int) -> bool:
        """Take note of whether the prices are too far apart now. Returns whether `apart` changed."""
        before = self.apart
        if far:
            self.apart, self.back_ns = True, None
        elif before:
            if self.back_ns is None:
                self.back_ns = now_ns
            self.apart = now_ns - self.back_ns < quarantine_ns
        return self.apart is not before


_SLOTS = ("apart", "back_ns", "first_key", "routes", "second_key")


class PureCouple(Pair, look.Look):
    """The reference."""

    __slots__ = _SLOTS


if TYPE_CHECKING or look.compiled is None:
    Couple = PureCouple
else:

    class CompiledCouple(Pair, look.compiled.Look):
        """The same on the compiled look."""

        __slots__ = _SLOTS

    Couple = CompiledCouple


def couples(keys: Iterable[BookKey], couple: Callable[[BookKey, BookKey], Couple]) -> list[Couple]:
    """Every two venues that have a symbol in common, in the order given."""
    by_symbol: dict[Symbol, list[BookKey]] = {}
    for key in keys:
        by_symbol.setdefault(key[1], []).append(key)
    return [couple(one, other) for same in by_symbol.values() for one, other in combinations(same, 2)]
