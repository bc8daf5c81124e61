"""Runs a command's coroutine until it ends or somebody interrupts it; the first signal asks, the second one insists."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from arb.errors import ConfigError
from arb.exhausted import nothing_ignored, survive

T = TypeVar("T")

GRACE_S = 10.0  # a run that was asked to stop and has not is cancelled then
LEAST_FILES = 48  # what two venues, a journal and their loop take, with some to spare
_SIGNALS = tuple(s for s in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)) if s is not None)


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[T]], grace_s: float = GRACE_S) -> tuple[T, bool]:
    """What `main` returned, and whether it was interrupted. `main` is told by the event it is given.

    Raises KeyboardInterrupt where it had to be cancelled, ConfigError where it could not even open its files.
    """
    _require_files()
    with nothing_ignored(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
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
    loop.set_exception_handler(_on_stray)
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
    except BaseException as exc:
        survive(exc)  # before the loop is closed: that starts a thread
        raise
    finally:
        for number in _SIGNALS:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        if deadline is not None:
            deadline.cancel()


def _on_stray(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What ends in nobody's hands, and would be a traceback: one line, like everything else that is told."""
    from loguru import logger

    failure = context.get("exception")
    survive(failure)
    logger.error("{}{}", context.get("message", "a callback failed"), "" if failure is None else f": {failure!r}")


def _require_files() -> None:
    """A loop that cannot open its own files says so in words that nobody understands: it is asked before."""
    taken: list[int] = []
    try:
        for _ in range(LEAST_FILES):
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as exc:
        raise ConfigError(
            f"{exc.strerror}: a run needs {LEAST_FILES} file descriptors, {len(taken)} are free; see 'ulimit -n'"
        ) from None
    finally:
        for number in taken:
            os.close(number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop
