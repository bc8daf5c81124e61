"""Prices, books and planted gaps of the simulated venues."""

from arb.sim.market.book import SimBook, Trade, padded, text
from arb.sim.market.listing import Instrument, Listing, Network, VenueTraits
from arb.sim.market.truth import PlantedGap, TruthLog
from arb.sim.market.world import Market

__all__ = [
    "Market",
    "SimBook",
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
