"""The symbols of one connection, and the change of that connection before it dies: the new one first, then the old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from arb.domain import ConnId, Symbol
from arb.errors import Transient, VenueError
from arb.interfaces import Sink
from arb.supervise import Up, supervise
from fastpath.net.alarm import Alarm
from fastpath.net.errors import told
from fastpath.net.link import Link
from fastpath.net.pacing import SECOND_NS
from fastpath.net.wiring import Wiring

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

LIFE_SHARE = (0.90, 0.97)  # of `life_s`, drawn for each connection, so that those opened together do not end together
OVERLAP_S = 2.0
GRACE_S = 30.0  # a successor that cannot carry what the old one carries takes over nevertheless after so long
SETTLE_S = 10.0  # a new connection is not replaced before, whatever the venue announces
POLL_NS = SECOND_NS // 20


class Slot:
    """A place for one connection, kept filled by the supervisor."""

    def __init__(
        self, wiring: Wiring, conns: Iterator[ConnId], symbols: Sequence[Symbol], sink: Sink, notify: Callable[[], None]
    ) -> None:
        self._wiring = wiring
        self._conns = conns
        self._symbols = symbols
        self._sink = sink
        self._notify = notify
        self._link: Link | None = None
        self._share = 1.0
        self._task: asyncio.Task[None] | None = None

    def start(self, spawn: Spawn) -> None:
        self._task = spawn(self._run())

    def stop(self, farewell: str) -> None:
        """Close the connection; the task that `spawn` made ends by itself soon after."""
        if self._link is not None:
            self._link.farewell = farewell
        if self._task is not None:
            self._task.cancel()

    def lose(self, error: Transient) -> None:
        if self._link is not None:
            self._link.lose(error)

    def renew(self, symbol: Symbol) -> bool:
        return self._link is not None and self._link.renew(symbol)

    def worn_ns(self, now_ns: int) -> int | None:
        """How long until the connection should be replaced; None: it stands for as long as it will."""
        link = self._link
        if link is None or not link.connected_ns:
            return None
        ends = []
        if self._wiring.spec.life_s:
            ends.append(link.connected_ns + round(self._wiring.spec.life_s * self._share * SECOND_NS))
        if link.closing_ns:
            ends.append(max(link.closing_ns, link.connected_ns + round(SETTLE_S * SECOND_NS)))
        return max(0, min(ends) - now_ns) if ends else None

    def replaces(self, old: Slot, now_ns: int) -> bool:
        """Whether this one carries all that `old` carries, or all it will in reasonable time."""
        link = self._link
        if link is None or not link.settled:
            return False
        if old._link is None or old._link.flowing <= link.flowing:
            return True
        return now_ns - link.connected_ns >= round(GRACE_S * SECOND_NS)

    async def _run(self) -> None:
        await supervise(self._connect, self._on_lost, sleep=self._wiring.sleep, rng=self._wiring.rng)

    async def _connect(self, up: Up) -> None:
        self._share = self._wiring.rng.uniform(*LIFE_SHARE)
        self._link = Link(self._wiring, next(self._conns), self._symbols, self._sink, self._notify)
        breaker, clock = self._wiring.breaker, self._wiring.clock
        breaker.allows(clock.mono_ns())

        def works() -> None:
            breaker.record(True, clock.mono_ns())
            up()

        await self._link.run(works)

    def _on_lost(self, failure: Exception | None) -> None:
        """An attempt that failed is no event and a bug must not look like bad weather: both are told."""
        self._wiring.counters.losses += 1
        why = failure.message if isinstance(failure, VenueError) else repr(failure) if failure else "it ended"
        self._wiring.breaker.record(False, self._wiring.clock.mono_ns(), why)
        known = isinstance(failure, VenueError) and self._link is not None and self._link.opened
        if failure is not None and not known:
            self._wiring.on_error(told(self._wiring.venue, failure))


class Shard:
    """Up to `max_topics` symbols on one connection; on two while one replaces the other."""

    def __init__(
        self, wiring: Wiring, conns: Iterator[ConnId], symbols: Sequence[Symbol], sink: Sink, delay_s: float
    ) -> None:
        self._wiring = wiring
        self._conns = conns
        self.symbols = symbols
        self._sink = sink
        self._delay_s = delay_s
        self._slots: list[Slot] = []
        self._alarm = Alarm()

    async def run(self, spawn: Spawn) -> None:
        """Until cancelled. spawn: where the tasks of the connections live."""
        await self._wiring.sleep(self._delay_s)
        slot = self._fill(spawn)
        while True:
            while (left_ns := slot.worn_ns(self._now_ns())) != 0:
                await self._alarm.wait(left_ns)
            successor = self._fill(spawn)
            while not successor.replaces(slot, self._now_ns()):
                await self._alarm.wait(POLL_NS)
                if successor.replaces(slot, self._now_ns()):
                    await self._wiring.sleep(OVERLAP_S)  # and look again: it may have been lost meanwhile
            self._slots.remove(slot)
            slot.stop("rotated")
            self._wiring.counters.rotations += 1
            slot = successor

    def restart(self, why: str) -> None:
        """Every connection ends now; the supervisor of each makes another."""
        for slot in self._slots:
            slot.lose(Transient(self._wiring.venue, why))

    def renew(self, symbol: Symbol) -> bool:
        """Have the full book pushed again wherever `symbol` is carried. False: it is on its way already, or nowhere."""
        renewed = [slot.renew(symbol) for slot in self._slots]  # all of them, not up to the first
        return any(renewed)

    def _fill(self, spawn: Spawn) -> Slot:
        slot = Slot(self._wiring, self._conns, self.symbols, self._sink, self._alarm.ring)
        self._slots.append(slot)
        slot.start(spawn)
        return slot

    def _now_ns(self) -> int:
        return self._wiring.clock.mono_ns()
