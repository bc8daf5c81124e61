"""Where events leave a private side: to the sink of the run at hand, whose own failures end that run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from arb.domain import Event
from arb.exhausted import survive
from arb.interfaces import Clock, Sink


class Outlet:
    """sink: of the run at hand; None between runs, when events wait for the next one.

    on_failure: hears what the sink raised. Whoever brought the event is not to blame and goes on.
    """

    def __init__(self, clock: Clock, on_failure: Callable[[Exception], None]) -> None:
        self.sink: Sink | None = None
        self._clock = clock
        self._on_failure = on_failure
        self._untold: list[Event] = []

    def tell(self, *events: Event) -> None:
        """All of them, and that it is time to decide."""
        for event in events:
            self.give(event)
        self.idle(self._clock.mono_ns())

    def give(self, event: Event) -> None:
        """One of several: `idle` follows."""
        if self.sink is None:
            self._untold.append(event)
            return
        try:
            self.sink.on_event(event)
        except Exception as exc:  # noqa: BLE001  an observer to us; the run ends with what it raised
            survive(exc)
            self._on_failure(exc)

    def idle(self, recv_ns: int) -> None:
        if self.sink is None:
            return
        try:
            self.sink.on_idle(recv_ns)
        except Exception as exc:  # noqa: BLE001  as above
            survive(exc)
            self._on_failure(exc)

    def soon(self, event: Event) -> None:
        """In the next loop turn: whoever submits hears nothing before `submit` has returned."""
        self._untold.append(event)
        if self.sink is not None:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Tell what had to wait."""
        if self.sink is not None and self._untold:
            untold, self._untold = self._untold, []
            self.tell(*untold)
