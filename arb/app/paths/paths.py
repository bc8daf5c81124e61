"""The paths of all venues of a run, and what a person may ask of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from arb.app.factories import Factories
from arb.app.paths.venue import Shown, VenuePaths
from arb.app.paths.verification import Verification, verification
from arb.books import Books
from arb.config import Settings
from arb.control import MOST_VERIFY_S, VerifyReply
from arb.domain import BookState, DataPath, Market, PathMoved, VenueId
from arb.errors import ConfigError, ControlError
from arb.interfaces import Clock, MarketData, Statics
from arb.pathstatus import PathReport, PathRow


class Paths:
    """`Switched` of the control socket. publish: told of every move.   statics: what the run knows of its venues.

    fixed: why no path can change in this run; "": they can, where a venue has two.
    """

    def __init__(
        self,
        factories: Factories,
        settings: Settings,
        books: Books,
        clock: Clock,
        statics: Mapping[VenueId, Statics],
        publish: Callable[[PathMoved], None],
        fixed: str = "",
    ) -> None:
        self._factories = factories
        self._settings = settings
        self._books = books
        self._clock = clock
        self._statics = dict(statics)
        self._publish = publish
        self._fixed = fixed
        self._venues: dict[VenueId, VenuePaths | None] = {}
        self._verifying: dict[VenueId, Verification] = {}

    def open(self, venue: VenueId, markets: Sequence[Market]) -> MarketData | None:
        """The public side of a venue that can change its path; None where it cannot."""
        native = self._factories[venue].native
        if self._fixed or self._lacks(venue):
            self._venues[venue] = None
            return None
        settings = self._settings
        make = {path: partial(self._make, venue, path, markets) for path in (DataPath.NATIVE, DataPath.CCXT)}
        made = self._venues[venue] = VenuePaths(
            venue, make, DataPath.NATIVE if native else DataPath.CCXT, self._books, settings.fastpath, self._clock,
            settings.scan.max_age_ms * 1_000_000, self._publish,
        )  # fmt: skip
        return made

    def show(self, venue: VenueId, shown: Shown) -> None:
        """shown: who shows the path of this venue."""
        paths = self._venues.get(venue)
        if paths is not None:
            paths.shown = shown

    def refresh(self, venue: VenueId, statics: Statics) -> None:
        """What is known of a venue has changed."""
        self._statics[venue] = statics

    def label(self, venue: VenueId) -> str:
        """How the path of a venue's market data is shown."""
        paths = self._venues.get(venue)
        if paths is not None:
            return paths.label
        return "native" if self._factories[venue].native else "ccxt"

    # ------------------------------------------------------------------------------------------- verbs

    def rows(self) -> tuple[PathRow, ...]:
        return tuple(self._row(venue) for venue in self._venues)

    def turn(self, name: str, path: DataPath, why: str) -> PathRow:
        venue, paths = self._of(name)
        if paths is None:
            raise ControlError(self.why_fixed(venue))
        return paths.turn(path, why)

    def verify(self, name: str, seconds: float) -> VerifyReply:
        """Begin to compare; `verified` tells what came of it."""
        venue, paths = self._of(name)
        if paths is None:
            raise ControlError(self.why_fixed(venue))
        if not 0 < seconds <= MOST_VERIFY_S:
            raise ControlError(f"{seconds:g} s is no time to compare for; above 0, and {MOST_VERIFY_S:g} at most")
        under_way = self._verifying.get(venue)
        if under_way is not None and not under_way.task.done():
            raise ControlError(f"{venue} is being compared already; it takes {under_way.left_s():.0f} s more")
        self._verifying[venue] = made = self._verification(venue, paths, seconds)
        return made.reply()

    def verified(self, name: str) -> VerifyReply:
        venue, _paths = self._of(name)
        if venue not in self._verifying:
            raise ControlError(f"nobody has asked to compare the paths of {venue}")
        return self._verifying[venue].reply()

    async def compared(self, venue: VenueId, seconds: float) -> PathReport:
        """Both paths of a venue side by side. Raises ControlError."""
        paths = self._venues[venue]
        if paths is None:
            raise ControlError(self.why_fixed(venue))
        self._verifying[venue] = made = self._verification(venue, paths, seconds)
        return await made.task

    # ------------------------------------------------------------------------------------------- inside

    def _verification(self, venue: VenueId, paths: VenuePaths, seconds: float) -> Verification:
        other = self._factories.by_path(venue, DataPath.CCXT)
        return verification(paths, self._statics[venue], other.metadata().load, self._clock, seconds)

    async def close(self) -> None:
        """End what compares."""
        tasks = [each.task for each in self._verifying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _make(self, venue: VenueId, path: DataPath, markets: Sequence[Market]) -> MarketData:
        return self._factories.by_path(venue, path).market_data(markets, self._settings.scan.depth, None)

    def _lacks(self, venue: VenueId) -> str:
        """Which path the venue does not have, in words; "": it has both."""
        try:
            for path in (DataPath.NATIVE, DataPath.CCXT):
                self._factories.by_path(venue, path)
        except ConfigError as exc:
            return str(exc)
        return ""

    def _of(self, name: str) -> tuple[VenueId, VenuePaths | None]:
        venue = VenueId(name)
        if venue not in self._venues:
            raise ControlError(f"{name} is none of this run's exchanges ({', '.join(self._venues)})")
        return venue, self._venues[venue]

    def why_fixed(self, venue: VenueId) -> str:
        """Why this venue cannot change its path; "": it can."""
        return self._fixed or self._lacks(venue)

    def _row(self, venue: VenueId) -> PathRow:
        paths = self._venues[venue]
        if paths is not None:
            return paths.row()
        native = self._factories[venue].native
        books = [book for book in self._books if book.venue == venue]
        return PathRow(
            venue,
            DataPath.NATIVE if native else DataPath.CCXT,
            "native" if native else "ccxt",
            native=native,
            fixed=self.why_fixed(venue),
            trust=books[0].feed.trust.name.lower() if books else "",
            books=len(books),
            books_live=sum(book.state is BookState.LIVE for book in books),
        )
