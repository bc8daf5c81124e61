"""Says where the event loop hangs, while it hangs: from a thread of its own, since the loop cannot."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, get_ident

from loguru import logger

from arb.interfaces import Clock
from arb.loop_lag import LoopLag

LOOK_S = 0.25
LOOKS = 4  # that find no turn of the loop since the one before: somebody should know why
AGAIN_NS = 30_000_000_000  # between two reports, however often it hangs


class Watchdog:
    """Decides when to speak. lag: written by the loop, read here.

    A hang is what the watchdog itself has lived through: where the whole process stood still, or a clock was turned,
    the loop is not to blame.
    """

    def __init__(self, lag: LoopLag, clock: Clock) -> None:
        self._lag = lag
        self._clock = clock
        self._beat_ns = 0  # as the last look found it
        self._looks = 0  # that have found the same
        self._told_ns = -AGAIN_NS
        self._told_beat_ns = 0  # the beat after which the hang that was told of began

    def hangs_ns(self) -> int:
        """A look. How long the loop has stood still, if that should be told now; else 0. Told once for each hang."""
        beat_ns, now_ns = self._lag.beat_ns, self._clock.mono_ns()
        self._looks = self._looks + 1 if beat_ns == self._beat_ns else 0
        self._beat_ns = beat_ns
        if not beat_ns or self._looks < LOOKS or beat_ns == self._told_beat_ns or now_ns - self._told_ns < AGAIN_NS:
            return 0
        self._told_ns, self._told_beat_ns = now_ns, beat_ns
        return now_ns - beat_ns


@contextmanager
def watched(lag: LoopLag, clock: Clock) -> Iterator[None]:
    """Until left, a hang of the thread that entered is logged with where it is."""
    watchdog, main, over = Watchdog(lag, clock), get_ident(), Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            stood_ns = watchdog.hangs_ns()
            if stood_ns:
                logger.error("the event loop has not turned for {:.1f} s; it is at\n{}", stood_ns / 1e9, _stack(main))

    thread = Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1.0)


def _stack(thread: int) -> str:
    """Files, lines and the source there: no values, hence no secrets."""
    frame = sys._current_frames().get(thread)
    return "".join(traceback.format_stack(frame)[-12:]).rstrip() if frame is not None else "its end"
