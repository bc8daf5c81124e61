"""Keep one connection alive, and look after tasks that nobody waits for.

The supervisor knows nothing of sockets: it starts a connection again whenever it ends, waits between the attempts,
and lets through only what no retry can mend. Random numbers and sleeping are passed in, so that a test neither waits
nor depends on luck.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import Any, NoReturn

from arb.errors import AuthFailed, ConfigError, Transient
from arb.exhausted import survive

Sleep = Callable[[float], Awaitable[object]]
Up = Callable[[], None]

FATAL = (AuthFailed, ConfigError)  # trying again would fail in the same way
FIRST_S = 0.1
CAP_S = 30.0


def backoff(rng: Random, first_s: float = FIRST_S, cap_s: float = CAP_S) -> Iterator[float]:
    """Seconds to wait before each retry, without end: anywhere up to a ceiling that doubles from `first_s` to `cap_s`.

    The whole range is drawn from ("full jitter"), so that clients thrown out together do not come back together.
    """
    ceiling = first_s
    while True:
        yield rng.uniform(0.0, ceiling)
        ceiling = min(cap_s, ceiling * 2.0)


def minded(task: asyncio.Task[Any], failed: Callable[[Exception], None]) -> None:
    """Have somebody told what a task fails of that nobody waits for; that it was cancelled is no failure."""

    def look(done: asyncio.Task[Any]) -> None:
        failure = None if done.cancelled() else done.exception()
        survive(failure)
        if isinstance(failure, Exception):
            failed(failure)

    task.add_done_callback(look)


def first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong first: that it was one of several tasks is a detail of whoever had them."""
    survive(failures)
    failure: BaseException = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


async def supervise(
    connection: Callable[[Up], Awaitable[None]],
    lost: Callable[[Exception | None], None],
    *,
    sleep: Sleep,
    rng: Random,
    first_s: float = FIRST_S,
    cap_s: float = CAP_S,
) -> NoReturn:
    """Run `connection` again and again until cancelled, or until it raises something FATAL.

    connection: called with `up`, which it calls once it works: the next loss then starts with a short wait again.
    lost: told of each end before the wait, with what the connection raised (None: it returned).
    A `Transient` that names a time to wait is waited for.
    """
    delays = backoff(rng, first_s, cap_s)

    def up() -> None:
        nonlocal delays
        delays = backoff(rng, first_s, cap_s)

    while True:
        at_least_s = 0.0
        failure: Exception | None = None
        try:
            await connection(up)
        except FATAL:
            raise
        except Exception as exc:  # noqa: BLE001  the connection's task ends here: whatever ended it is a reason to retry
            survive(exc)
            failure = exc
            if isinstance(exc, Transient):
                at_least_s = exc.retry_after_s
        lost(failure)
        await sleep(max(next(delays), at_least_s))
