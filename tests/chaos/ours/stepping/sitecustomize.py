"""On the path of an engine that is to suffer. SIGUSR1 sets its wall clock an hour forward, SIGUSR2 an hour back.

CHAOS_NOFILE, CHAOS_AS: its limits from the start, descriptors and bytes of memory.
"""

import os
import resource
import signal
import time

_HOUR_NS = 3_600_000_000_000
_real_ns = time.time_ns
_by_ns = 0


def _time_ns() -> int:
    return _real_ns() + _by_ns


def _set(number: int, _frame: object) -> None:
    global _by_ns
    _by_ns += _HOUR_NS if number == signal.SIGUSR1 else -_HOUR_NS


time.time_ns = _time_ns
signal.signal(signal.SIGUSR1, _set)
signal.signal(signal.SIGUSR2, _set)

for _name in ("NOFILE", "AS"):
    if _least := os.environ.get(f"CHAOS_{_name}"):
        resource.setrlimit(getattr(resource, f"RLIMIT_{_name}"), (int(_least), int(_least)))
