"""Prices, books and planted gaps of the simulated venues."""

from arb.sim.market.book import Resting, SimBook, Taken, Trade, padded, text
from arb.sim.market.listing import Instrument, Listing, Network, VenueTraits
from arb.sim.market.truth import PlantedGap, TruthLog
from arb.sim.market.world import Market

__all__ = [
    "Market",
    "SimBook",
    "Resting",
    "Taken",
    "Trade",
    "Instrument",
    "Listing",
    "Network",
    "VenueTraits",
    "PlantedGap",
    "TruthLog",
    "padded",
    "text",
]
