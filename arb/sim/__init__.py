"""Simulated exchanges: real HTTP and WebSocket servers on loopback that speak the venues' own wire.

exchanges    start, step, stop; the clock drives everything
market/      prices, books, planted gaps and the truth about them: no wire, no I/O
matching, orders, ledger    the account: orders meet the books, and every change of money has its cause
mexc/ gateio/    one venue's server side each: frames, control dialogue, REST, signatures, orders, private pushes
venue, conn    what venues share, without I/O
plan, faults, turns, twisting    what shall go wrong, as data, and what carries it out
site, distance, relay, certificates    the only I/O; a relay stands before a site whose network is to misbehave
"""

from arb.sim.exchanges import SimExchanges, SimUrls
from arb.sim.ledger import Entry, Fill, Ledger, OrderFacts
from arb.sim.market import PlantedGap
from arb.sim.plan import FaultPlan, FaultRule, Injected
from arb.sim.venue import SimSettings

__all__ = [
    "SimExchanges",
    "SimUrls",
    "SimSettings",
    "FaultPlan",
    "FaultRule",
    "Injected",
    "PlantedGap",
    "Ledger",
    "Entry",
    "Fill",
    "OrderFacts",
]
