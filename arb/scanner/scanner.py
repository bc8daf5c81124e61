"""Looks at every pair that a changed book touches, once, and says what became of its gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from math import inf
from typing import TYPE_CHECKING

from msgspec.structs import replace

from arb import look
from arb.cursor import Cursor
from arb.domain import BookKey, BookState, Market, Opportunity, Reason, Symbol, VenueId
from arb.errors import BookUnusable
from arb.interfaces import Clock, Statics
from arb.scanner.answers import Facts, answer
from arb.scanner.episodes import Episodes
from arb.scanner.funnel import Funnel
from arb.scanner.pairs import Couple, PureCouple, Route, Verdict, couples
from arb.scanner.settings import ScanSettings
from arb.scanner.tracked import Ladder, TrackedBook
from arb.walk import Walk, walk_books

_BARE = {reason: Verdict(reason) for reason in Reason}  # verdicts that nobody will ask for evidence
_LIVE = BookState.LIVE
_NO_GAP = _BARE[Reason.NO_GROSS_EDGE]  # most pairs, most of the time: not looked up, since an enum's hash is slow
_NO_NET, _NO_FEE = _BARE[Reason.NO_NET_EDGE], _BARE[Reason.NO_FEE]

if TYPE_CHECKING:
    _Base = look.Sieve
else:
    _Base = object


class Judge(_Base):
    """On whichever sieve it is mixed with: what falls through it is judged.

    keys: the books followed; those without a market in `statics` are left out.

    books: gives a book once it exists; it stays the same object from then on.   Events come in the order of the keys
    handed in, so give them in an order that a replay repeats. Decides at once and never waits.
    """

    _couple: type[Couple]

    def __init__(
        self,
        keys: Iterable[BookKey],
        statics: Iterable[Statics],
        books: Callable[[BookKey], TrackedBook | None],
        settings: ScanSettings,
        clock: Clock,
    ) -> None:
        super().__init__(settings.max_age_ns, settings.max_skew_ns, settings.min_trust, settings.max_price_ratio)
        self._books = books
        self._settings = settings
        self._max_age_ns = settings.max_age_ns
        self._max_skew_ns = settings.max_skew_ns
        self._min_trust = settings.min_trust
        self._max_ratio = settings.max_price_ratio
        self._quarantine_ns = settings.quarantine_ns
        self._levels = settings.levels
        self._episodes = Episodes(settings, clock)
        self._by_key: dict[BookKey, list[Couple]] = {}
        self._funnel = Funnel()
        facts = Facts(statics)
        self._couples = couples((key for key in keys if key in facts.markets), self._couple)
        for couple in self._couples:
            first, second = facts.markets[couple.first_key], facts.markets[couple.second_key]
            couple.routes = (
                Route(couple, first, second, answer(first, second, facts, settings)),
                Route(couple, second, first, answer(second, first, facts, settings)),
            )
            for route in couple.routes:
                route.reason = route.judge()
                route.furthest = self._funnel.enter(route.reason)
            for key in (couple.first_key, couple.second_key):
                self._by_key.setdefault(key, []).append(couple)
        self._sweep = cycle(self._couples)

    def on_dirty(self, books: Iterable[Cursor], now_ns: int) -> list[Opportunity]:
        """These books changed: decide on every pair they are part of."""
        return self.judge(self.sift(books, now_ns), now_ns)

    def judge(self, passed: Iterable[look.Look], now_ns: int) -> list[Opportunity]:
        """Decide on what fell through the sieve."""
        found: list[Opportunity] = []
        for couple in passed:
            self._judge(couple, now_ns, found)  # type: ignore[arg-type]  # all of them were made here
        return found

    def on_timer(self, now_ns: int) -> list[Opportunity]:
        """Time passed: end episodes whose books are no longer fresh, and look again at the next few pairs.

        A book that falls silent or is confirmed by an audit changes what may be decided, but nothing calls `on_dirty`.
        """
        found: list[Opportunity] = []
        for route in self._episodes.routes():
            if route.episode is not None and self._refusal(route, now_ns):
                self._judge(route.couple, now_ns, found)
        for couple in islice(self._sweep, min(self._settings.sweep, len(self._couples))):
            if not (self.holds(couple, now_ns) or any(route.episode for route in couple.routes)):
                self._judge(couple, now_ns, found)
        return found

    def finish(self, now_ns: int) -> list[Opportunity]:
        """The scan is over: close every episode, its reason being the last one."""
        return self._episodes.finish(now_ns)

    def refresh(self, statics: Iterable[Statics]) -> None:
        """Static facts changed. Pairs stay; a market that is gone is closed. Told with the next look at each pair."""
        self._catch_up()
        facts = Facts(statics)
        for couple in self._couples:
            for route in couple.routes:
                route.buy = _current(route.buy, facts)
                route.sell = _current(route.sell, facts)
                answers = answer(route.buy, route.sell, facts, self._settings)
                if answers != route.answers:
                    couple.doubt()
                    route.answers = answers
                    route.verdict = Verdict(route.verdict.reason)  # none of the shared ones: the next look settles it

    def open(self) -> list[Opportunity]:
        """The last event of every open episode, oldest first."""
        return self._episodes.told()

    @property
    def funnel(self) -> Funnel:
        """As of now."""
        self._catch_up()
        return self._funnel

    def rejections(self) -> Iterator[tuple[Symbol, VenueId, VenueId, Reason]]:
        """Every pair that is refused now: symbol, where it would be bought and sold, why not."""
        self._catch_up()
        for couple in self._couples:
            for route in couple.routes:
                if route.reason > Reason.UNKNOWN:
                    yield route.buy.symbol, route.buy.venue, route.sell.venue, route.reason

    def _compared(self, book: Cursor) -> tuple[Couple, ...]:
        return tuple(self._by_key.get(book.key, ()))  # type: ignore[attr-defined]  # all cursors that are kept are books

    def _judge(self, couple: Couple, now_ns: int, found: list[Opportunity]) -> None:
        """Decide on both directions between two books."""
        if couple.stirred:
            self._catch_up()
        couple.doubt()
        first, second = couple.first, couple.second
        if first is None or second is None:
            first, second = self._books(couple.first_key), self._books(couple.second_key)
            couple.bind(first, second)
            if first is None or second is None:
                return self._refuse(couple, now_ns, found)
        max_age_ns, min_trust = self._max_age_ns, self._min_trust
        if (
            first.state is not _LIVE
            or second.state is not _LIVE
            or not -self._max_skew_ns <= first.recv_ns - second.recv_ns <= self._max_skew_ns
            or first.feed.trust < min_trust
            or second.feed.trust < min_trust
        ):
            return self._refuse(couple, now_ns, found)
        try:
            one, other = first.live(now_ns, max_age_ns), second.live(now_ns, max_age_ns)
        except BookUnusable:  # too old: rarer than to ask before
            return self._refuse(couple, now_ns, found)
        bid, ask, other_bid, other_ask = one.best_bid, one.best_ask, other.best_bid, other.best_ask
        # Touches rather than mids: a wide book is no evidence, and an empty side (0, inf) is none either.
        far = other_bid > ask * self._max_ratio or bid > other_ask * self._max_ratio
        moved = (far or couple.apart) and couple.separate(far, now_ns, self._quarantine_ns)
        there, back = couple.routes
        self._price(there, one, other, ask, other_bid, moved, now_ns, found)
        self._price(back, other, one, other_ask, bid, moved, now_ns, found)
        if _is_plain(there) and _is_plain(back) and not couple.apart:
            couple.priced(
                there.verdict is not _NO_GAP, back.verdict is not _NO_GAP, self._hurdle(there), self._hurdle(back)
            )
        return None

    def _refuse(self, couple: Couple, now_ns: int, found: list[Opportunity]) -> None:
        couple.back_ns = None  # prices that cannot be trusted do not count as being back inside
        reasons = [self._refusal(route, now_ns) for route in couple.routes]
        for route, reason in zip(couple.routes, reasons, strict=True):
            self._settle(route, _BARE[reason], False, now_ns, found)
        if couple.first is not None and couple.second is not None and Reason.LOW_TRUST not in reasons:
            couple.refused(skewed=reasons[0] is Reason.SKEW)

    def _price(
        self,
        route: Route,
        buy: Ladder,
        sell: Ladder,
        ask: float,
        bid: float,
        moved: bool,
        now_ns: int,
        found: list[Opportunity],
    ) -> None:
        """What buying at `ask` and on, selling at `bid` and on, is worth."""
        if bid <= ask and route.episode is None:
            return self._settle(route, _NO_GAP, moved, now_ns, found)
        answers = route.answers
        outcome: Walk | Reason
        if bid <= ask:
            outcome = Reason.NO_GROSS_EDGE
        elif answers.rules is None:
            outcome = Reason.NO_FEE
        elif not answers.rules.crossed_net(ask, bid):
            outcome = Reason.NO_NET_EDGE
        else:
            outcome = walk_books(buy.asks, sell.bids, self._levels, answers.rules, answers.size)
        if isinstance(outcome, Walk):
            low = outcome.net_bps < self._settings.min_edge_bps
            verdict = Verdict(Reason.BELOW_MIN_EDGE if low else Reason.OK, outcome, ask, bid)
        elif route.episode is None and not self._settings.show_rejected:
            verdict = _BARE[outcome]
        else:
            verdict = Verdict(outcome, None, ask, bid)
        return self._settle(route, verdict, moved, now_ns, found)

    def _settle(self, route: Route, verdict: Verdict, moved: bool, now_ns: int, found: list[Opportunity]) -> None:
        """Take a verdict to the funnel and the episodes. moved: the price ratio's answer changed."""
        if verdict is route.verdict and not moved:
            return  # nothing happens to most pairs most of the time
        self._count(route, verdict)
        event = self._episodes.step(route, now_ns)
        if event is not None:
            found.append(event)

    def _count(self, route: Route, verdict: Verdict) -> None:
        route.verdict = verdict
        reason = route.judge()
        if reason is not route.reason:
            route.furthest = self._funnel.move(route.reason, reason, route.furthest)
            route.reason = reason

    def _catch_up(self) -> None:
        """Count what the sieve held back: best prices that crossed or came apart. No episode began or ended with it."""
        for couple in self.take_stirred():
            for route, (had_gap, has_gap) in zip(couple.routes, couple.caught_up(), strict=True):
                unpaid = _NO_FEE if route.answers.rules is None else _NO_NET
                for verdict in (unpaid if had_gap else route.verdict, unpaid if has_gap else _NO_GAP):
                    if verdict is not route.verdict:
                        self._count(route, verdict)

    def _hurdle(self, route: Route) -> float:
        """The ratio of bid to ask at which a gap is worth judging."""
        if self._settings.show_rejected:
            return 0.0
        rules = route.answers.rules
        return inf if rules is None else rules.hurdle

    def _refusal(self, route: Route, now_ns: int) -> Reason:
        return route.refusal(now_ns, self._max_age_ns, self._max_skew_ns, self._min_trust)


class PureScanner(Judge, look.Sieve):
    """The reference."""

    _couple = PureCouple


if TYPE_CHECKING or look.compiled is None:
    Scanner = PureScanner
else:

    class CompiledScanner(Judge, look.compiled.Sieve):
        """The same with the compiled sieve."""

        _couple = Couple

    Scanner = CompiledScanner


def _is_plain(route: Route) -> bool:
    """Whether it was found to have no gap, or none that pays, and nobody asked for evidence."""
    verdict = route.verdict
    return verdict is _NO_GAP or verdict is _NO_NET or verdict is _NO_FEE


def _current(market: Market, facts: Facts) -> Market:
    """The market as it is now."""
    listed = facts.markets.get((market.venue, market.symbol))
    return listed or replace(market, buyable=False, sellable=False, why="no longer listed")
