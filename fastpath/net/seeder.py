"""REST snapshots on demand, without ever becoming a storm.

`Queue` decides and is pure; `Seeder` runs what it decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from arb.domain import BookSnapshot, Symbol
from arb.errors import AuthFailed, Rejected, Transient, VenueError
from fastpath.net.alarm import Alarm
from fastpath.net.counters import Counters
from fastpath.net.errors import told
from fastpath.net.pacing import CALM_S, SECOND_NS, Bucket, Ladder
from fastpath.net.wiring import Wiring

MAX_IN_FLIGHT = 8


class Queue:
    """Which symbol is fetched next, and when.

    A symbol is in it once: waiting or in flight. Asked for while in flight, it is fetched once more afterwards, since
    the answer on its way may be too old for what was seen in the meantime. Asked for again and again, it waits ever
    longer (0.1 to 10 s; the first time not at all); each few seconds of calm make the next wait shorter again. All
    together keep to `rate_hz`.
    """

    def __init__(self, rate_hz: float, rng: Random, counters: Counters, burst: float = 0.0) -> None:
        """burst: so many at once; 0: half a second's worth."""
        self._bucket = Bucket(rate_hz, burst=max(1.0, burst or rate_hz / 2.0))
        self._renewals = Ladder(first_s=0.1, cap_s=10.0, quiet_s=60.0, rng=rng, free=1, calm_s=CALM_S)
        self._rejections = Ladder(first_s=60.0, cap_s=600.0, quiet_s=1200.0, rng=rng)
        self._counters = counters
        self._waiting: dict[Symbol, int] = {}  # not before
        self._in_flight: dict[Symbol, bool] = {}  # whether it was asked for again
        self._paused_ns = 0  # nothing before

    def ask(self, symbol: Symbol, now_ns: int) -> None:
        self._counters.resyncs += 1
        if symbol in self._in_flight:
            self._counters.coalesced += 1
            self._in_flight[symbol] = True
        elif symbol in self._waiting:
            self._counters.coalesced += 1
        else:
            self._waiting[symbol] = now_ns + self._renewals.step_ns(symbol, now_ns)

    def take(self, now_ns: int) -> Symbol | None:
        """The next symbol to fetch now, if any; it is in flight until `done` or `failed`."""
        if self.wait_ns(now_ns) != 0:
            return None
        symbol = min(self._waiting, key=self._waiting.__getitem__)
        del self._waiting[symbol]
        self._in_flight[symbol] = False
        self._bucket.take(now_ns)
        return symbol

    def spare(self, now_ns: int) -> bool:
        """Take the right to one call for something less urgent: only where no symbol is due."""
        due = any(at_ns <= now_ns for at_ns in self._waiting.values())
        if due or self._open_ns(now_ns):
            return False
        self._bucket.take(now_ns)
        return True

    def wait_ns(self, now_ns: int) -> int | None:
        """How long until `take` has something; 0: now; None: not before `ask`, `done` or `failed`."""
        if not self._waiting or len(self._in_flight) >= MAX_IN_FLIGHT:
            return None
        return max(self._open_ns(now_ns), min(self._waiting.values()) - now_ns)

    def done(self, symbol: Symbol, now_ns: int) -> None:
        if self._in_flight.pop(symbol):
            self._waiting[symbol] = now_ns + self._renewals.step_ns(symbol, now_ns)

    def failed(self, symbol: Symbol, error: VenueError, now_ns: int) -> None:
        """It stays wanted. Where the venue asks for patience, everything waits; what it rejects waits long."""
        self._in_flight.pop(symbol, None)
        ladder = self._rejections if isinstance(error, Rejected | AuthFailed) else self._renewals
        self._waiting[symbol] = now_ns + ladder.step_ns(symbol, now_ns)
        if isinstance(error, Transient):
            self.pause(error.retry_after_s, now_ns)

    def clear(self) -> None:
        """Nothing is wanted; paces and pauses stay, since the venue remembers them too."""
        self._waiting.clear()
        self._in_flight.clear()

    def pause(self, for_s: float, now_ns: int) -> None:
        self._paused_ns = max(self._paused_ns, now_ns + round(for_s * SECOND_NS))

    def _open_ns(self, now_ns: int) -> int:
        return max(0, self._paused_ns - now_ns, self._bucket.wait_ns(now_ns))


class Seeder:
    """load: one GET, decoded; raises VenueError.   deliver: where the answer goes, in the same step it has arrived."""

    def __init__(
        self,
        wiring: Wiring,
        queue: Queue,
        load: Callable[[Symbol], Awaitable[BookSnapshot]],
        deliver: Callable[[BookSnapshot], None],
    ) -> None:
        self._wiring = wiring
        self._queue = queue
        self._load = load
        self._deliver = deliver
        self._alarm = Alarm()

    def ask(self, symbol: Symbol) -> None:
        """Fetch `symbol` as soon as its turn comes."""
        self._queue.ask(symbol, self._now_ns())
        self._alarm.ring()

    async def run(self) -> None:
        """Until cancelled; calls in flight end with it, and nothing is wanted any more."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    while (symbol := self._queue.take(self._now_ns())) is not None:
                        group.create_task(self._serve(symbol))
                    await self._alarm.wait(self._queue.wait_ns(self._now_ns()))
        finally:
            self._queue.clear()

    async def _serve(self, symbol: Symbol) -> None:
        wiring = self._wiring
        try:
            snapshot = await self._load(symbol)
            self._queue.done(symbol, self._now_ns())  # before delivery: what that asks for is a new question
            wiring.counters.snapshots += 1
            self._deliver(snapshot)
        except Exception as exc:  # noqa: BLE001  the task of this symbol ends here; it must not end the others'
            wiring.counters.snapshot_failures += 1
            error = told(wiring.venue, exc)
            self._queue.failed(symbol, error, self._now_ns())
            wiring.on_error(error)
        finally:
            self._alarm.ring()

    def _now_ns(self) -> int:
        return self._wiring.clock.mono_ns()
