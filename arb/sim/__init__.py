"""Simulated exchanges: real HTTP and WebSocket servers on loopback that speak the venues' own wire.

exchanges    start, step, stop; the clock drives everything
market/      prices, books, planted gaps and the truth about them: no wire, no I/O
mexc/ gateio/    one venue's server side each: frames, control dialogue, REST, signatures
venue, conn, faults    what venues share, without I/O
site         the only I/O
"""

from arb.sim.exchanges import SimExchanges, SimUrls
from arb.sim.faults import FaultPlan, FaultRule, Injected
from arb.sim.market import PlantedGap
from arb.sim.venue import SimSettings

__all__ = ["SimExchanges", "SimUrls", "SimSettings", "FaultPlan", "FaultRule", "Injected", "PlantedGap"]
