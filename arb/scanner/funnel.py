"""How far each pair gets, counted as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from arb.domain import Reason


class Stage(IntEnum):
    """What a pair has passed. Pairs at EDGE but not at OK are UNKNOWN: executable but for what nobody can tell."""

    LISTED = 0
    TRADABLE = 1
    IDENTIFIED = 2
    TRANSFERABLE = 3
    FRESH = 4
    GROSS = 5
    NET = 6
    SIZED = 7
    EDGE = 8
    OK = 9


LABELS = {
    Stage.LISTED: "listed",
    Stage.TRADABLE: "tradable",
    Stage.IDENTIFIED: "identified",
    Stage.TRANSFERABLE: "transferable",
    Stage.FRESH: "fresh",
    Stage.GROSS: "gross > 0",
    Stage.NET: "net > 0",
    Stage.SIZED: "size ≥ minimum",
    Stage.EDGE: "edge ≥ asked",
    Stage.OK: "OK",
}

REACHED = {
    Reason.NOT_TRADABLE: Stage.LISTED,
    Reason.IDENTITY_MISMATCH: Stage.TRADABLE,
    Reason.PRICE_RATIO: Stage.TRADABLE,
    Reason.IDENTITY_UNKNOWN: Stage.TRADABLE,
    Reason.NO_COMMON_NETWORK: Stage.IDENTIFIED,
    Reason.TRANSFER_UNKNOWN: Stage.IDENTIFIED,
    Reason.BOOK_SYNCING: Stage.TRANSFERABLE,
    Reason.BOOK_GAP: Stage.TRANSFERABLE,
    Reason.BOOK_CROSSED: Stage.TRANSFERABLE,
    Reason.BOOK_DOWN: Stage.TRANSFERABLE,
    Reason.BOOK_STALE: Stage.TRANSFERABLE,
    Reason.LOW_TRUST: Stage.TRANSFERABLE,
    Reason.SKEW: Stage.TRANSFERABLE,
    Reason.NO_FEE: Stage.FRESH,
    Reason.NO_GROSS_EDGE: Stage.FRESH,
    Reason.NO_NET_EDGE: Stage.GROSS,
    Reason.NO_SIZE: Stage.NET,
    Reason.BELOW_MINIMUM: Stage.NET,
    Reason.BELOW_MIN_EDGE: Stage.SIZED,
    Reason.UNKNOWN: Stage.EDGE,
    Reason.OK: Stage.OK,
}


class Funnel:
    """Pairs by present reason, and by the furthest stage each ever got to."""

    __slots__ = ("_furthest", "_now")

    def __init__(self) -> None:
        self._now = dict.fromkeys(Reason, 0)
        self._furthest = dict.fromkeys(Stage, 0)

    def enter(self, reason: Reason) -> Stage:
        """A pair appears. Returns its stage."""
        stage = REACHED[reason]
        self._now[reason] += 1
        self._furthest[stage] += 1
        return stage

    def move(self, old: Reason, new: Reason, furthest: Stage) -> Stage:
        """A pair's reason changes. Returns the furthest stage it has been at."""
        self._now[old] -= 1
        self._now[new] += 1
        stage = REACHED[new]
        if stage <= furthest:
            return furthest
        self._furthest[furthest] -= 1
        self._furthest[stage] += 1
        return stage

    def rows(self) -> Sequence[tuple[str, int, int]]:
        """For every stage its label, the pairs at it or past it now, and those that ever were."""
        now = dict.fromkeys(Stage, 0)
        for reason, count in self._now.items():
            now[REACHED[reason]] += count
        return tuple(
            (
                LABELS[stage],
                sum(count for at, count in now.items() if at >= stage),
                sum(count for at, count in self._furthest.items() if at >= stage),
            )
            for stage in Stage
        )

    def reasons(self) -> Sequence[tuple[Reason, int]]:
        """Pairs by present reason, in funnel order; reasons without a pair are left out."""
        return tuple((reason, count) for reason, count in self._now.items() if count)
