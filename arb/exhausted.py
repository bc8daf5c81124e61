"""A process that found no memory has lost what was half done at that moment, and cannot know what: it ends on the spot.

A flag that was set for an entry which then did not fit in its list is a book that is never looked at again, behind a
status that says all is well. So nobody goes on after a `MemoryError`, and nothing is tidied up either, since that takes
memory too (a thread that cannot be started is waited for without end). It is as if killed: the next start reads the
journal and asks the venues. Memory that SQLite lacks is another matter: it rolls back, and the journal says so.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EXIT_CODE = 1
LINE = b"error: out of memory: ended at once, as by kill -9; start again, and what was under way is found\n"


def survive(failure: BaseException | None) -> None:
    """For whoever goes on after a failure: does not return where memory ran out."""
    if isinstance(failure, BaseExceptionGroup):
        for part in failure.exceptions:
            survive(part)
    elif isinstance(failure, MemoryError):
        _end()


@contextmanager
def nothing_ignored() -> Iterator[None]:
    """Until left, what ends in nobody's hands (in a thread, in a destructor, in a callback of C) comes by here too."""
    unraisable, in_thread = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = _before(unraisable)
    threading.excepthook = _before(in_thread)
    try:
        yield
    finally:
        sys.unraisablehook, threading.excepthook = unraisable, in_thread


def _before(hook: Callable[[Any], object]) -> Callable[[Any], object]:
    def look(told: Any) -> object:
        if isinstance(told.exc_type, type) and issubclass(told.exc_type, MemoryError):
            _end()
        return hook(told)

    return look


def _end() -> None:
    """Without an object made."""
    try:
        os.write(2, LINE)
    finally:
        os._exit(EXIT_CODE)
