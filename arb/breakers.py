"""The breakers of all venues: made here, told of here, and to be seen by whoever decides or watches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from arb.breaker import Breaker
from arb.domain import BreakerMoved, BreakerState, Part, VenueId
from arb.status import BreakerRow

Listener = Callable[[BreakerMoved], None]


class Breakers:
    """One for each part of a venue that calls somebody. A part that nobody has asked for has none."""

    def __init__(self) -> None:
        self._made: dict[tuple[VenueId, Part], Breaker] = {}
        self._listeners: list[Listener] = []

    def of(self, venue: VenueId, part: Part) -> Breaker:
        """The same one each time."""
        key = (venue, part)
        if key not in self._made:
            self._made[key] = Breaker(moved=partial(self._moved, venue, part))
        return self._made[key]

    def listen(self, listener: Listener) -> None:
        """Be told of each change of state, in the callback that caused it. Must neither wait nor raise."""
        self._listeners.append(listener)

    def state(self, venue: VenueId, part: Part) -> BreakerState:
        """CLOSED where there is none: nothing keeps failing that is never called."""
        breaker = self._made.get((venue, part))
        return BreakerState.CLOSED if breaker is None else breaker.state

    def why_not(self, venue: VenueId, part: Part, now_ns: int) -> str:
        """Why this part should be left alone now. Empty: it works, as far as anybody knows."""
        breaker = self._made.get((venue, part))
        if breaker is None or breaker.state is BreakerState.CLOSED:
            return ""
        rest = f" for another {breaker.wait_ns(now_ns) / 1e9:.1f} s" if breaker.state is BreakerState.OPEN else ""
        last = f": {breaker.why}" if breaker.why else ""
        return f"the breaker of {venue} {part.name} is {breaker.state.name}{rest}{last}"

    def rows(self, venue: VenueId, now_ns: int) -> tuple[BreakerRow, ...]:
        return tuple(
            BreakerRow(part, breaker.state, breaker.wait_ns(now_ns) / 1e9, breaker.why)
            for (owner, part), breaker in sorted(self._made.items(), key=lambda item: item[0])
            if owner == venue
        )

    def _moved(
        self, venue: VenueId, part: Part, before: BreakerState, after: BreakerState, why: str, at_ns: int
    ) -> None:
        fact = BreakerMoved(venue, part, before, after, why, at_ns)
        for listener in self._listeners:
            listener(fact)
