"""The request budget of an account: an order leaves at once or is refused; nothing of an order's ever queues.

ccxt's own limiter makes every call wait its turn, and after an idle minute the first two calls still wait for each
other: an order would lie there while its book moves on.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from math import inf

from arb.interfaces import Clock, Lane
from arb.supervise import Sleep

SECOND_NS = 1_000_000_000
LEAST = 4  # calls in a window, however slow the venue: both orders of a cycle, and what mends it
_ORDERS = frozenset({Lane.CANCEL, Lane.HEDGE, Lane.ORDER})
_SHARES = {Lane.CANCEL: 1.0, Lane.HEDGE: 0.95, Lane.ORDER: 0.8, Lane.RECONCILE: 1.0, Lane.DATA: 0.5}


class Window:
    """What was spent within a sliding window. rate_ms: what a call of cost 1 is worth."""

    def __init__(self, rate_ms: float) -> None:
        self.rate_ms = rate_ms
        self._spent: deque[tuple[int, float]] = deque()

    def spend(self, cost: float, now_ns: int) -> None:
        self._spent.append((now_ns, cost))

    def fits(self, calls: int, share: float, now_ns: int) -> bool:
        """Whether so many calls fit into a share of what the venue allows."""
        while self._spent and self._spent[0][0] <= now_ns - self._long_ns():
            self._spent.popleft()
        return sum(cost for _, cost in self._spent) + calls <= self._long_ns() / 1e6 / self.rate_ms * share

    def freer_ns(self, now_ns: int) -> int:
        """When the oldest call leaves the window."""
        return self._spent[0][0] + self._long_ns() if self._spent else now_ns

    def _long_ns(self) -> int:
        return max(SECOND_NS, int(LEAST * self.rate_ms * 1e6))


class Budget:
    """Stands in for ccxt's limiter. Two windows, as venues count orders and cancels apart from everything that reads.

    A lane may fill its share of a window only, so that cancels and hedges always find room.
    """

    def __init__(self, clock: Clock, sleep: Sleep, order_ms: float = 50.0, read_ms: float = 50.0) -> None:
        self._clock = clock
        self._sleep = sleep
        self._orders = Window(order_ms)
        self._reads = Window(read_ms)
        self._until_ns = 0
        self._prepaid: ContextVar[float] = ContextVar("prepaid", default=0.0)

    def learn(self, order_ms: float, read_ms: float) -> None:
        """What the venue allows: ms for each order, and for a call that ccxt says costs 1."""
        self._orders.rate_ms, self._reads.rate_ms = order_ms, read_ms

    async def __call__(self, cost: float | None = None) -> None:
        """What ccxt calls before each request. Counts, and never waits: whoever calls ccxt has had its turn."""
        due = (1.0 if cost is None else cost) - self._prepaid.get()
        self._prepaid.set(0.0)
        if due > 0.0:
            self._reads.spend(due, self._clock.mono_ns())

    def refusal(self, calls: int, lane: Lane) -> str:
        """Why so many calls would not leave now. Empty: they would."""
        now_ns = self._clock.mono_ns()
        if now_ns < self._until_ns and lane is not Lane.CANCEL:
            return f"the venue asked for a pause of another {(self._until_ns - now_ns) / 1e9:.1f} s"
        return "" if self._window(lane).fits(calls, _SHARES[lane], now_ns) else "the venue's rate limit is reached"

    def take(self, lane: Lane) -> None:
        """Book one call that leaves now."""
        self._window(lane).spend(1.0, self._clock.mono_ns())

    def begin(self, lane: Lane) -> None:
        """To be called in the task that makes a call already booked: its first request is not counted again."""
        self._prepaid.set(inf if lane in _ORDERS else 1.0)

    async def turn(self, lane: Lane) -> None:
        """Wait until one more call may leave, and book it."""
        while self.refusal(1, lane):
            now_ns = self._clock.mono_ns()
            free_ns = max(self._until_ns, self._window(lane).freer_ns(now_ns))
            await self._sleep(max(0.001, (free_ns - now_ns) / SECOND_NS))
        self.take(lane)
        self.begin(lane)

    def pause(self, seconds: float) -> None:
        """The venue said that it was too much."""
        self._until_ns = max(self._until_ns, self._clock.mono_ns() + int(seconds * SECOND_NS))

    def _window(self, lane: Lane) -> Window:
        return self._orders if lane in _ORDERS else self._reads
