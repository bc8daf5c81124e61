"""Simulated exchanges: real HTTP and WebSocket servers on loopback that speak the venues' own wire.

exchanges    start, step, stop; the clock drives everything
market/      prices, books, planted gaps and the truth about them: no wire, no I/O
matching, orders, ledger    the account: orders meet the books, and every change of money has its cause
mexc/ gateio/    one venue's server side each: frames, control dialogue, REST, signatures, orders, private pushes
venue, conn, faults    what venues share, without I/O
site, distance    the only I/O
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
