"""The life of a gap: it opens, changes and closes, and says so once each."""

from __future__ import annotations

from arb.domain import OppEvent, Opportunity
from arb.interfaces import Clock
from arb.scanner.pairs import Basis, Episode, Route
from arb.scanner.report import checks, leg
from arb.scanner.settings import ScanSettings
from arb.scanner.tracked import TrackedBook

KIND = "cross_venue"
_TENTH = 10  # a profit that changed by more than its tenth is news whatever the edge did


class Episodes:
    """Ids count up from "x000001" in the order of opening, so that two runs over one tape agree on them.

    An episode lasts while its books are fresh and the gap is there at the size and edge asked for, whatever the static
    answers: those decide its reason. With `show_rejected` it lasts while the best bid is above the best ask.
    """

    __slots__ = ("_clock", "_count", "_open", "_settings")

    def __init__(self, settings: ScanSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._count = 0
        self._open: dict[Route, Episode] = {}

    def routes(self) -> list[Route]:
        """Those with an open episode, oldest first."""
        return list(self._open)

    def told(self) -> list[Opportunity]:
        """The last event of every open episode, oldest first."""
        return [episode.told for episode in self._open.values() if episode.told is not None]

    def step(self, route: Route, now_ns: int) -> Opportunity | None:
        """Take note of a new verdict on a route. Returns the event it is; None where nothing material changed."""
        episode, verdict = route.episode, route.verdict
        if verdict.reason and not (self._settings.show_rejected and verdict.bid > verdict.ask):
            return None if episode is None else self.close(route, episode, now_ns)
        decided_ns = self._clock.mono_ns()
        basis = Basis(verdict.walk, route.reason, verdict.reason, route.answers)
        if episode is None:
            self._count += 1
            episode = route.episode = self._open[route] = Episode(f"x{self._count:06}", decided_ns, verdict.walk, basis)
            return self._tell(route, episode, OppEvent.OPEN, decided_ns, now_ns)
        episode.walk = verdict.walk
        if not self._material(episode.basis, basis):
            return None
        episode.basis = basis
        return self._tell(route, episode, OppEvent.UPDATE, decided_ns, now_ns)

    def close(self, route: Route, episode: Episode, now_ns: int) -> Opportunity:
        """The end of an episode, with its last figures and the reason as it is now."""
        del self._open[route]
        route.episode = None
        return self._tell(route, episode, OppEvent.CLOSE, self._clock.mono_ns(), now_ns)

    def finish(self, now_ns: int) -> list[Opportunity]:
        """Close all, oldest first."""
        return [self.close(route, episode, now_ns) for route, episode in list(self._open.items())]

    def _material(self, old: Basis, new: Basis) -> bool:
        least = self._settings.min_update_bps
        if old.walk is None or new.walk is None or not least:
            return old != new
        if (old.reason, old.economics, old.answers) != (new.reason, new.economics, new.answers):
            return True
        moved = abs(old.walk.net_bps - new.walk.net_bps) >= least
        return moved or abs(old.walk.profit - new.walk.profit) * _TENTH > old.walk.profit

    def _tell(self, route: Route, episode: Episode, event: OppEvent, decided_ns: int, now_ns: int) -> Opportunity:
        walk, answers = episode.walk, route.answers
        buy_book, sell_book = route.buy_book, route.sell_book
        buy_limit, buy_vwap = (walk.buy_limit, walk.buy_vwap) if walk else (None, None)
        sell_limit, sell_vwap = (walk.sell_limit, walk.sell_vwap) if walk else (None, None)
        told = Opportunity(
            id=episode.id,
            event=event,
            kind=KIND,
            symbol=route.buy.symbol,
            buy=leg(route.buy.venue, buy_book, answers.buy_fee, buy_limit, buy_vwap, now_ns),
            sell=leg(route.sell.venue, sell_book, answers.sell_fee, sell_limit, sell_vwap, now_ns),
            size=walk.size if walk else None,
            gross_bps=walk.gross_bps if walk else None,
            net_bps=walk.net_bps if walk else None,
            profit=walk.profit if walk else None,
            breakeven_size=walk.breakeven_size if walk else None,
            checks=checks(route, self._settings, now_ns),
            reason=route.reason,
            recv_ns=_heard_ns(buy_book, sell_book, now_ns),
            decided_ns=decided_ns,
            life_ns=decided_ns - episode.opened_ns,
            wall_ns=self._clock.wall_ns(),
            sell_size=walk.sell_qty if walk else None,
        )
        episode.told = told
        return told


def _heard_ns(buy: TrackedBook | None, sell: TrackedBook | None, now_ns: int) -> int:
    """When the later of the books there are was heard of."""
    if buy is None or sell is None:
        book = sell if buy is None else buy
        return now_ns if book is None else book.recv_ns
    return max(buy.recv_ns, sell.recv_ns)
