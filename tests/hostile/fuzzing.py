"""A property over hostile input: a few examples in the suite, FUZZ_S seconds of them by command, always on a leash.

The leash is what "no hang" and "no growth" mean here: an example has CPU_S seconds of CPU (of CPU, since a busy machine
is nobody's fault) and the process may map MORE_BYTES beyond what it had when the property began.
"""

from __future__ import annotations

import inspect
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

CPU_S = 5.0
MORE_BYTES = 768 << 20
FUZZ_S = float(os.environ.get("FUZZ_S") or 0)  # seconds for each property; 0: the few examples of the suite

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")


class Hang(AssertionError):
    """The example took more CPU than any input may cost."""


@contextmanager
def on_a_leash(cpu_s: float = CPU_S, more_bytes: int = MORE_BYTES) -> Iterator[None]:
    """Raises Hang beyond cpu_s, also where somebody swallows it on its way; allocations beyond more_bytes fail."""
    hung = False

    def bark(_signal: int, _frame: FrameType | None) -> None:
        nonlocal hung
        hung = True
        raise Hang(f"more than {cpu_s:g} s of CPU")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGVTALRM, bark)
    if _STATM.exists():
        mapped = int(_STATM.read_text().split()[0]) * _PAGE
        resource.setrlimit(resource.RLIMIT_AS, (mapped + more_bytes, hard))
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    if hung:
        raise Hang(f"more than {cpu_s:g} s of CPU, and nobody was told")


def outcome(kind: type[E] | tuple[type[E], ...], act: Callable[[], T]) -> tuple[T | None, E | None]:
    """What it returns, or the one kind of error that it may raise; what else it raises is the finding."""
    try:
        return act(), None
    except kind as error:
        return None, error


def fuzz(examples: int, **drawn: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorates a test: the arguments named in `drawn` are drawn, the others are fixtures and parameters.

    Every example begins with the same fixtures: what it writes to must be its own or be written anew.
    """

    def decorate(prop: Callable[..., None]) -> Callable[..., None]:
        def run(**fixtures: Any) -> None:
            def example(**values: Any) -> None:
                with on_a_leash():
                    prop(**fixtures, **values)

            for number in _rounds():
                tried = settings(
                    max_examples=examples if number is None else 2 * examples,
                    deadline=None,
                    derandomize=number is None,
                    database=None,
                    print_blob=number is not None,
                    suppress_health_check=list(HealthCheck),
                )(given(**drawn)(example))
                (tried if number is None else seed(number)(tried))()

        signature = inspect.signature(prop)
        ours = [p for name, p in signature.parameters.items() if name not in drawn]
        run.__signature__ = signature.replace(parameters=ours)  # type: ignore[attr-defined]  # pytest reads it
        run.__name__, run.__doc__, run.__module__ = prop.__name__, prop.__doc__, prop.__module__
        return run

    return decorate


def _rounds() -> Iterator[int | None]:
    """None: the suite's one round, the same every time; else seeds until the time is up."""
    if not FUZZ_S:
        yield None
        return
    end_s = time.monotonic() + FUZZ_S
    while time.monotonic() < end_s:
        yield int.from_bytes(os.urandom(6), "big")
