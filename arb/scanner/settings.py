"""What the user asks of a scan and lets pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arb.domain import Coin, Trust


class ScanSettings(msgspec.Struct, frozen=True, kw_only=True):
    """sizes: by quote coin the most quote spent on a buy, fee included.   levels: of each book, walked at most.

    max_age_ns: since a book was last known to be current.   max_skew_ns: between the two books' such moments.
    max_price_ratio: of one venue's bid to the other's ask; beyond it the pair is not taken for one coin until it has
    been back inside for `quarantine_ns`.
    may_be_unknown: checks ("identity", "transfer") that may stay without an answer; the pair is then UNKNOWN, not OK.
    same, different: coins that the user vouches for or bars: "COIN", or "COIN:venue:venue" (either order).
    show_rejected: gaps that do not survive the fees or the minimums are episodes too.
    min_update_bps: an UPDATE needs another reason or a net edge that moved this far; 0: any other figure.
    sweep: pairs looked at again at every timer call although nothing was heard of them.
    """

    sizes: Mapping[Coin, Decimal]
    min_edge_bps: Decimal = Decimal(0)
    levels: int = 20
    max_age_ns: int = 2_000_000_000
    max_skew_ns: int = 1_000_000_000
    min_trust: Trust = Trust.POLLED
    max_price_ratio: float = 1.5
    quarantine_ns: int = 60_000_000_000
    may_be_unknown: frozenset[str] = frozenset({"identity", "transfer"})
    same: frozenset[str] = frozenset()
    different: frozenset[str] = frozenset()
    show_rejected: bool = False
    min_update_bps: Decimal = Decimal(0)
    sweep: int = 64
