"""The server side of Gate.io's spot API: JSON sockets and REST."""

from arb.sim.gateio.server import TRAITS, Venue

__all__ = ["TRAITS", "Venue"]
