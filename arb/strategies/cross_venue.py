"""Buy at one venue what another pays more for, both legs at once and each capped at the price that was walked to."""

from __future__ import annotations

from collections.abc import Iterable

from arb.config import Settings
from arb.domain import Intent, OppEvent, Opportunity, Reason


class CrossVenue:
    """A `Strategy`. accept_unknown: act also where only what nobody can tell keeps an opportunity from OK."""

    name = "cross_venue"

    def __init__(self, *, accept_unknown: bool = False) -> None:
        self._accepted = frozenset((Reason.OK, Reason.UNKNOWN) if accept_unknown else (Reason.OK,))

    def on_opportunity(self, opportunity: Opportunity) -> Iterable[Intent]:
        """One intent for each opening or change that may be acted on; whether to act twice is for the risk gate."""
        o = opportunity
        if o.kind != self.name or o.event is OppEvent.CLOSE or o.reason not in self._accepted:
            return ()
        if o.size is None or o.sell_size is None or o.profit is None or o.buy.limit is None or o.sell.limit is None:
            return ()  # a gap shown for its own sake: no size of it earns anything
        return (
            Intent(
                strategy=self.name,
                opportunity_id=o.id,
                symbol=o.symbol,
                buy_venue=o.buy.venue,
                sell_venue=o.sell.venue,
                buy_qty=o.size,
                sell_qty=o.sell_size,
                buy_limit=o.buy.limit,
                sell_limit=o.sell.limit,
                expected_profit=o.profit,
            ),
        )


def make(settings: Settings) -> CrossVenue:
    """What the risk gate lets pass unknown is worth an intent."""
    return CrossVenue(accept_unknown=bool(settings.risk.allow_unknown))
