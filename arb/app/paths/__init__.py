"""Native and ccxt of one venue: who of them decides, who runs beside it, and how one takes over from the other."""

from arb.app.paths.paths import Paths

__all__ = ["Paths"]
