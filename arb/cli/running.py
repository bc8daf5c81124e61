"""Runs a command's coroutine until it ends or somebody interrupts it; the first signal asks, the second one insists."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

GRACE_S = 10.0  # a run that was asked to stop and has not is cancelled then
_SIGNALS = tuple(s for s in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)) if s is not None)


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[T]], grace_s: float = GRACE_S) -> tuple[T, bool]:
    """What `main` returned, and whether it was interrupted. `main` is told by the event it is given.

    Raises KeyboardInterrupt where it had to be cancelled.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        result, interrupted = runner.run(_guard(main, grace_s))
    if result is None:
        raise KeyboardInterrupt
    return result[0], interrupted


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """For work without an event loop: tells whether a signal has come. The second one raises KeyboardInterrupt."""
    seen: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    before = [(number, signal.signal(number, on_signal)) for number in _SIGNALS]
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in before:
            signal.signal(number, handler)


async def _guard(main: Callable[[asyncio.Event], Awaitable[T]], grace_s: float) -> tuple[tuple[T] | None, bool]:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    task = asyncio.ensure_future(main(stop))
    interrupted = False
    deadline: asyncio.TimerHandle | None = None

    def on_signal() -> None:
        nonlocal interrupted, deadline
        if interrupted:
            task.cancel()
            return
        interrupted = True
        stop.set()
        deadline = loop.call_later(grace_s, task.cancel)

    for number in _SIGNALS:
        with suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, on_signal)
    try:
        return (await task,), interrupted
    except asyncio.CancelledError:
        if not interrupted:
            raise
        return None, True
    finally:
        for number in _SIGNALS:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        if deadline is not None:
            deadline.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop
