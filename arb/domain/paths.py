"""By which path a venue's market data comes, and what changes that."""

from __future__ import annotations

from enum import IntEnum

from arb.domain.codes import VenueId
from arb.domain.fact import Fact


class DataPath(IntEnum):
    NATIVE = 1  # our codec
    CCXT = 2


class Mover(IntEnum):
    """Who decided on the path that is in use."""

    CONFIG = 1  # the configuration, at the start
    PERSON = 2  # `arb fastpath on|off`: the watch does not undo an `off`
    WATCH = 3  # native misread the venue; or it has behaved since


class PathMoved(Fact, frozen=True, gc=False):
    """All books of a venue went on by the other path, at this moment and together."""

    venue: VenueId
    before: DataPath
    after: DataPath
    by: Mover
    why: str
    at_ns: int
    wall_ns: int
