"""What a run knows of its own health: how long books were LIVE, how late the loop is, what is not called just now."""

from __future__ import annotations

from arb.breakers import Breakers
from arb.latency import Latency
from arb.loop_lag import LoopLag
from arb.status import LoopStatus
from arb.uptime import Uptime

TICK_S = 0.05  # how often the loop shows that it turns


class Vitals:
    """One for each run. breakers: of its venues; none are known where none are given."""

    def __init__(self, breakers: Breakers | None = None) -> None:
        self.breakers = Breakers() if breakers is None else breakers
        self.uptime = Uptime()
        self.lag = LoopLag(round(TICK_S * 1e9))

    def loop(self) -> LoopStatus:
        latency = self.lag.latency
        if not latency.count:
            return LoopStatus()
        return LoopStatus(_us(latency, 0.5), _us(latency, 0.99), latency.worst_ns / 1e3)


def _us(latency: Latency, share: float) -> float:
    return latency.quantile_ns(share) / 1e3
