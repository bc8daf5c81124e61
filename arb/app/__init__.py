"""Puts it together: the only place that knows concrete venues, and what the command line calls."""

from arb.app.factories import check_venue
from arb.app.listing import exchanges, markets
from arb.app.replaying import replay, replay_books
from arb.app.scanning import scan
from arb.app.simulating import simulate, simulated
from arb.app.venues import canonical
from arb.app.watching import record, watch

__all__ = [
    "canonical",
    "check_venue",
    "exchanges",
    "markets",
    "record",
    "replay",
    "replay_books",
    "scan",
    "simulate",
    "simulated",
    "watch",
]
