"""The server side of MEXC's spot API: protobuf pushes, JSON control frames, REST."""

from arb.sim.mexc.server import TRAITS, Venue

__all__ = ["TRAITS", "Venue"]
