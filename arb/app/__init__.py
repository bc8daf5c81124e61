"""Puts it together: the only place that knows concrete venues, and what the command line calls."""

from arb.app.doctor import doctor
from arb.app.drill import risk_drill
from arb.app.factories import check_venue
from arb.app.gate import check_live
from arb.app.listing import exchanges, markets
from arb.app.replaying import replay, replay_books
from arb.app.scanning import scan
from arb.app.simulating import simulate, simulated
from arb.app.trading import trade
from arb.app.venues import canonical
from arb.app.verifying import verify
from arb.app.watching import record, watch

__all__ = [
    "canonical",
    "check_venue",
    "doctor",
    "exchanges",
    "markets",
    "record",
    "replay",
    "replay_books",
    "check_live",
    "risk_drill",
    "scan",
    "simulate",
    "simulated",
    "trade",
    "verify",
    "watch",
]
