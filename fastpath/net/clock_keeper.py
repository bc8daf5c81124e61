"""Measures a venue's time, again and again, by its own time call."""

from __future__ import annotations

import asyncio

from arb.errors import AuthFailed, VenueError
from arb.interfaces import Clock, Lane, PrivateCodec, Verb
from fastpath.net.alarm import Alarm
from fastpath.net.governor import Cost
from fastpath.net.offset import Offset
from fastpath.net.pacing import SECOND_NS
from fastpath.net.sender import Sender
from fastpath.net.wiring import OnError

EVERY_S = 5.0
FIRST_S, FIRST_SAMPLES = 0.2, 4  # a handful quickly: the best of them is soon a good one
AGAIN_S = 1.0  # where the venue did not answer


class ClockKeeper:
    """measured: set while there is an idea of the venue's time."""

    def __init__(self, codec: PrivateCodec, sender: Sender, clock: Clock, on_error: OnError) -> None:
        self.measured = asyncio.Event()
        self._codec = codec
        self._sender = sender
        self._clock = clock
        self._on_error = on_error
        self._offset = Offset()
        self._samples = 0
        self._alarm = Alarm()

    def venue_ns(self) -> int:
        """The venue's time; ours while it has not been measured."""
        found = self._offset.venue_ns(self._clock.mono_ns())
        return self._clock.wall_ns() if found is None else found

    def error_ns(self) -> int | None:
        return self._offset.error_ns(self._clock.mono_ns())

    def suspect(self) -> None:
        """The venue found our time wrong: measure it anew, at once."""
        self._offset.forget()
        self._samples = 0
        self.measured.clear()
        self._alarm.ring()

    async def ready(self) -> None:
        """Once measured. Raises VenueError where the venue does not tell."""
        if not self.measured.is_set():
            await self._measure(Lane.RECONCILE)

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed."""
        while True:
            wait_s = EVERY_S
            try:
                await self._measure(Lane.DATA if self.measured.is_set() else Lane.RECONCILE)
                if self._samples < FIRST_SAMPLES:
                    wait_s = FIRST_S
            except AuthFailed:
                raise
            except VenueError as error:
                self._on_error(error)
                wait_s = AGAIN_S
            await self._alarm.wait(round(wait_s * SECOND_NS))

    async def _measure(self, lane: Lane) -> None:
        told = await self._sender.ask(Cost(Verb.TIME), lane, self._codec.encode_time)
        self._offset.add(told.asked_ns, told.recv_ns, told.answer.venue_ns)
        self._samples += 1
        self.measured.set()
