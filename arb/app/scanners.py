"""Makes the scanner of a run from the settings and the static facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arb.books import Books
from arb.config import Settings
from arb.cursor import Cursor
from arb.domain import Coin, Market, Opportunity, VenueId
from arb.interfaces import Clock, Statics
from arb.scanner import Scanner, ScanSettings

MS = 1_000_000
_LEAST_DOZE_NS = 500 * MS  # a loop that is merely busy has not slept


def scan_settings(settings: Settings, rejected: bool) -> ScanSettings:
    scan = settings.scan
    return ScanSettings(
        sizes={Coin(coin): size for coin, size in settings.size.items()},
        min_edge_bps=scan.min_edge_bps,
        min_update_bps=scan.min_update_bps,
        levels=int(scan.depth),
        max_age_ns=scan.max_age_ms * MS,
        max_skew_ns=scan.max_skew_ms * MS,
        min_trust=scan.min_trust,
        max_price_ratio=scan.max_price_ratio,
        quarantine_ns=round(scan.quarantine_s * 1e9),
        may_be_unknown=frozenset(settings.policy.may_be_unknown),
        same=_pins(settings.identity.same),
        different=_pins(settings.identity.different),
        show_rejected=rejected,
    )


def doze_ns(settings: Settings) -> int:
    """Standing still for so long is as long as a book may be old: then what waited meanwhile may be older than that."""
    return max(_LEAST_DOZE_NS, min(settings.scan.max_age_ms, settings.risk.max_book_age_ms) * MS)


def make_scanner(
    settings: Settings,
    statics: Mapping[VenueId, Statics],
    markets: Mapping[VenueId, Sequence[Market]],
    books: Books,
    clock: Clock,
    rejected: bool,
) -> Scanner:
    """rejected: gaps that do not survive fees or minimums are episodes too."""
    keys = [(venue, market.symbol) for venue, chosen in markets.items() for market in chosen]
    return Scanner(keys, statics.values(), books.get, scan_settings(settings, rejected), clock)


def _pins(pins: tuple[str, ...]) -> frozenset[str]:
    """ "ABC@v1,v2,v3" -> every pair of those venues, as the scanner writes them; "ABC" stays."""
    made: set[str] = set()
    for pin in pins:
        coin, found, venues = pin.partition("@")
        names = venues.split(",")
        if not found:
            made.add(coin)
        made.update(f"{coin}:{a}:{b}" for i, a in enumerate(names) for b in names[i + 1 :])
    return frozenset(made)


class NoScan:
    """A scanner that decides nothing: books alone are kept."""

    def on_dirty(self, books: Sequence[Cursor], now_ns: int) -> list[Opportunity]:  # noqa: ARG002  the contract's signature
        return []

    def on_timer(self, now_ns: int) -> list[Opportunity]:  # noqa: ARG002  the contract's signature
        return []

    def finish(self, now_ns: int) -> list[Opportunity]:  # noqa: ARG002  the contract's signature
        return []
