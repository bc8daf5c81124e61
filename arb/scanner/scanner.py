"""Looks at every pair that a changed book touches, once, and says what became of its gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice

from msgspec.structs import replace

from arb.domain import BookKey, BookState, Market, Opportunity, Reason, Symbol, VenueId
from arb.errors import BookUnusable
from arb.interfaces import Clock, Statics
from arb.scanner.answers import Facts, answer
from arb.scanner.episodes import Episodes
from arb.scanner.funnel import Funnel
from arb.scanner.pairs import Couple, Route, Verdict, couples
from arb.scanner.settings import ScanSettings
from arb.scanner.tracked import Ladder, TrackedBook
from arb.walk import Walk, walk_books

_BARE = {reason: Verdict(reason) for reason in Reason}  # verdicts that nobody will ask for evidence
_LIVE = BookState.LIVE
_NO_GAP = _BARE[Reason.NO_GROSS_EDGE]  # most pairs, most of the time: not looked up, since an enum's hash is slow


class Scanner:
    """keys: the books followed; those without a market in `statics` are left out.

    books: gives a book once it exists; it stays the same object from then on.   Events come in the order of the keys
    handed in, so give them in an order that a replay repeats. Decides at once and never waits.
    """

    def __init__(
        self,
        keys: Iterable[BookKey],
        statics: Iterable[Statics],
        books: Callable[[BookKey], TrackedBook | None],
        settings: ScanSettings,
        clock: Clock,
    ) -> None:
        self._books = books
        self._settings = settings
        self._max_age_ns = settings.max_age_ns
        self._max_skew_ns = settings.max_skew_ns
        self._min_trust = settings.min_trust
        self._max_ratio = settings.max_price_ratio
        self._quarantine_ns = settings.quarantine_ns
        self._levels = settings.levels
        self._episodes = Episodes(settings, clock)
        self._round = 0
        self._by_key: dict[BookKey, list[Couple]] = {}
        self.funnel = Funnel()
        facts = Facts(statics)
        self._couples = couples(key for key in keys if key in facts.markets)
        for couple in self._couples:
            first, second = facts.markets[couple.first_key], facts.markets[couple.second_key]
            couple.routes = (
                Route(couple, first, second, answer(first, second, facts, settings)),
                Route(couple, second, first, answer(second, first, facts, settings)),
            )
            for route in couple.routes:
                route.reason = route.judge()
                route.furthest = self.funnel.enter(route.reason)
            for key in (couple.first_key, couple.second_key):
                self._by_key.setdefault(key, []).append(couple)
        self._sweep = cycle(self._couples)

    def on_dirty(self, keys: Iterable[BookKey], now_ns: int) -> list[Opportunity]:
        """These books changed: decide on every pair they are part of."""
        found: list[Opportunity] = []
        self._round += 1
        for key in keys:
            for couple in self._by_key.get(key, ()):
                if couple.round != self._round:
                    couple.round = self._round
                    self._look(couple, now_ns, found)
        return found

    def on_timer(self, now_ns: int) -> list[Opportunity]:
        """Time passed: end episodes whose books are no longer fresh, and look again at the next few pairs.

        A book that falls silent or is confirmed by an audit changes what may be decided, but nothing calls `on_dirty`.
        """
        found: list[Opportunity] = []
        for route in self._episodes.routes():
            if route.episode is not None and self._refusal(route, now_ns):
                self._look(route.couple, now_ns, found)
        for couple in islice(self._sweep, min(self._settings.sweep, len(self._couples))):
            if not any(route.episode for route in couple.routes):
                self._look(couple, now_ns, found)
        return found

    def finish(self, now_ns: int) -> list[Opportunity]:
        """The scan is over: close every episode, its reason being the last one."""
        return self._episodes.finish(now_ns)

    def refresh(self, statics: Iterable[Statics]) -> None:
        """Static facts changed. Pairs stay; a market that is gone is closed. Told with the next look at each pair."""
        facts = Facts(statics)
        for couple in self._couples:
            for route in couple.routes:
                route.buy = _current(route.buy, facts)
                route.sell = _current(route.sell, facts)
                answers = answer(route.buy, route.sell, facts, self._settings)
                if answers != route.answers:
                    couple.quiet = False
                    route.answers = answers
                    route.verdict = Verdict(route.verdict.reason)  # none of the shared ones: the next look settles it

    def open(self) -> list[Opportunity]:
        """The last event of every open episode, oldest first."""
        return self._episodes.told()

    def rejections(self) -> Iterator[tuple[Symbol, VenueId, VenueId, Reason]]:
        """Every pair that is refused now: symbol, where it would be bought and sold, why not."""
        for couple in self._couples:
            for route in couple.routes:
                if route.reason > Reason.UNKNOWN:
                    yield route.buy.symbol, route.buy.venue, route.sell.venue, route.reason

    def _look(self, couple: Couple, now_ns: int, found: list[Opportunity]) -> None:
        """Decide on both directions between two books."""
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
        calm = other_bid <= ask and bid <= other_ask
        if calm and couple.quiet:
            return None
        # Touches rather than mids: a wide book is no evidence, and an empty side (0, inf) is none either.
        far = other_bid > ask * self._max_ratio or bid > other_ask * self._max_ratio
        moved = (far or couple.apart) and couple.separate(far, now_ns, self._quarantine_ns)
        there, back = couple.routes
        self._price(there, one, other, ask, other_bid, moved, now_ns, found)
        self._price(back, other, one, other_ask, bid, moved, now_ns, found)
        couple.quiet = calm and not couple.apart and there.verdict is _NO_GAP and back.verdict is _NO_GAP
        return None

    def _refuse(self, couple: Couple, now_ns: int, found: list[Opportunity]) -> None:
        couple.quiet = False
        couple.back_ns = None  # prices that cannot be trusted do not count as being back inside
        for route in couple.routes:
            self._settle(route, _BARE[self._refusal(route, now_ns)], False, now_ns, found)

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
        route.verdict = verdict
        reason = route.judge()
        if reason is not route.reason:
            route.furthest = self.funnel.move(route.reason, reason, route.furthest)
            route.reason = reason
        event = self._episodes.step(route, now_ns)
        if event is not None:
            found.append(event)

    def _refusal(self, route: Route, now_ns: int) -> Reason:
        return route.refusal(now_ns, self._max_age_ns, self._max_skew_ns, self._min_trust)


def _current(market: Market, facts: Facts) -> Market:
    """The market as it is now."""
    listed = facts.markets.get((market.venue, market.symbol))
    return listed or replace(market, buyable=False, sellable=False, why="no longer listed")
