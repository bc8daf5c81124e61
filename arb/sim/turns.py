"""What turns at a venue while clients are connected: its rules, its clock, its counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from arb.interfaces import Clock
from arb.sim.market import Listing
from arb.sim.plan import FaultRule

if TYPE_CHECKING:
    from arb.sim.venue import SimVenue

_RESTARTED_AT = 1000
_LISTED = ("delisting", "fee_change", "precision_change")


class VenueClock:
    """A venue's own clock: the machine's, and whatever it is off by. A jump moves its wall time only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.off_ns = 0

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def wall_ns(self) -> int:
        return self._clock.wall_ns() + self.off_ns


class Turns:
    """Of one venue; `tick` makes it what the plan says it is now."""

    def __init__(self, venue: SimVenue, clock: VenueClock) -> None:
        self._venue = venue
        self._clock = clock
        self._listings = {symbol: book.listing for symbol, book in venue.books.items()}

    def tick(self, begun: list[FaultRule]) -> None:
        """begun: the rules that have begun since the last call."""
        venue, injector = self._venue, self._venue.world.injector
        assert injector is not None
        jump = injector.lasting("clock_jump", venue.name)
        self._clock.off_ns = round(jump.shift_ms * 1e6) if jump is not None else 0
        for rule in begun:
            if rule.kind == "sequence_reset":
                self._restart(rule)
            elif rule.kind == "maintenance":
                for conn in list(venue.conns):
                    conn.close(1001, "maintenance")
        for symbol, listing in self._listings.items():
            for kind in _LISTED:
                rule_now = injector.lasting(kind, venue.name, symbol)  # type: ignore[arg-type]
                if rule_now is not None:
                    listing = _turned(listing, rule_now, venue)
            if listing != venue.books[symbol].listing:
                venue.books[symbol].listing = listing

    def _restart(self, rule: FaultRule) -> None:
        for symbol, book in self._venue.books.items():
            if rule.fits(self._venue.name, symbol, ""):
                book.version = book.touch_version = _RESTARTED_AT
        for stream in self._venue.streams.values():
            if rule.fits(self._venue.name, stream.label.symbol, stream.label.topic):
                stream.restarted()


def _turned(listing: Listing, rule: FaultRule, venue: SimVenue) -> Listing:
    if rule.kind == "delisting":
        return replace(listing, quirk=venue.shut)
    if rule.kind == "fee_change":
        return replace(listing, taker=rule.fee, own_taker=rule.fee)
    return replace(listing, coarser=rule.decimals)
